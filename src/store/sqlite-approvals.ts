/**
 * The embedded store's approvals: each change is one durable statement that finds the revision before it, or does nothing.
 * It does not know what a change means; who makes one has looked whether it may.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ApprovalId } from "../base/ids.ts";
import type { Approval, ApprovalState } from "../model/approval.ts";
import { parseApproval } from "./entries.ts";
import { keptMax } from "./port.ts";

/** Characters of approvals that are over: a plan holds the whole text of its act, and many long ones must not fill the file. */
const CLOSED_CHARACTERS_MAX = 16 * 1024 * 1024;

const over: Readonly<Record<ApprovalState, 0 | 1>> = {
  pending: 0,
  approved: 0,
  running: 0,
  denied: 1,
  expired: 1,
  abandoned: 1,
  stale: 1,
  used: 1,
  unknown: 1,
};

export class SqliteApprovals {
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #forget: StatementSync;
  readonly #one: StatementSync;
  readonly #all: StatementSync;
  readonly #listeners = new Set<(id: ApprovalId) => void>();

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare("INSERT INTO approvals (id, over, revision, body) VALUES (?, ?, 0, ?) ON CONFLICT (id) DO NOTHING");
    this.#update = database.prepare("UPDATE approvals SET over = ?, revision = ?, body = ? WHERE id = ? AND revision = ?");
    this.#forget = database.prepare(
      `DELETE FROM approvals WHERE place IN (SELECT place FROM (SELECT place, sum(length(body)) OVER newest AS characters,
         row_number() OVER newest AS number FROM approvals WHERE over = 1 WINDOW newest AS (ORDER BY place DESC))
         WHERE characters > ${CLOSED_CHARACTERS_MAX} OR number > ${keptMax})`,
    );
    this.#one = database.prepare("SELECT id, body FROM approvals WHERE id = ?");
    this.#all = database.prepare("SELECT id, body FROM approvals ORDER BY place");
  }

  change(approval: Approval): boolean {
    const { id, revision, state } = approval;
    const body = JSON.stringify(approval);
    if (revision === 0) this.#forget.run();
    const { changes } =
      revision === 0 ? this.#insert.run(id, over[state], body) : this.#update.run(over[state], revision, body, id, revision - 1);
    if (changes === 0) return false;
    for (const changed of this.#listeners) queueMicrotask(() => changed(id));
    return true;
  }

  one(id: ApprovalId): Approval | undefined {
    const row = this.#one.get(id) as Row | undefined;
    return row === undefined ? undefined : parsed(row);
  }

  all(): readonly Approval[] {
    return (this.#all.all() as unknown as Row[]).map(parsed);
  }

  onChange(changed: (id: ApprovalId) => void): () => void {
    const own = (id: ApprovalId): void => changed(id);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }
}

interface Row {
  readonly id: string;
  readonly body: string;
}

function parsed({ id, body }: Row): Approval {
  const entry = parseApproval(body);
  if (entry === undefined || entry.id !== id) throw new Error(`\`${id}\` in \`approvals\` is not understood`);
  return entry;
}
