/**
 * Puts the journal's triggers on tables that were made, or made partitions and children, since the database was provisioned.
 * It makes no journal: that is provisioning's, which a person agrees to.
 */
import { messageOf } from "../base/message-of.ts";
import { run } from "./apply.ts";
import { Draft } from "./draft.ts";
import { groupsOf } from "./plan.ts";
import { planUndoJournal } from "./plan-undo-journal.ts";
import { readState } from "./read-state.ts";
import type { AdminClient } from "./sql.ts";
import { journalComment } from "./undo-journal-sql.ts";
import { type JournalState, readJournal } from "./undo-journal-state.ts";
import { type KeepRequest, triggerChanges } from "./undo-journal-triggers.ts";

export interface Attached {
  /** Tables as `schema.name` that were given triggers, or other ones. */
  readonly attached: readonly string[];
  /** Tables whose changes are still not kept, or not as they should be. */
  readonly lacking: readonly string[];
  /** Why, where there are some. */
  readonly because: string;
}

/** Others hold a new table for a moment at most; the next look tries again. */
const LOCK_WAIT = "2s";

/** Tables whose triggers are not as they should be; `null` where the database has no journal of this version. */
export function tablesWithout(journal: JournalState, keep: KeepRequest): readonly string[] | null {
  if (journal.schema?.comment !== journalComment(journal.lz4)) return null;
  return journal.tables.filter((table) => triggerChanges(table, keep) !== null).map(({ schema, name }) => `${schema}.${name}`);
}

/** `undefined` where the database has no journal. Never leaves a transaction open; rejects with what the connection says. */
export async function attachJournal(client: AdminClient, target: string, keep: KeepRequest): Promise<Attached | undefined> {
  const before = tablesWithout(await readJournal(client), keep);
  if (before === null) return undefined;
  if (before.length === 0) return { attached: [], lacking: [], because: "" };
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`);
    // Two gateways on one database take turns.
    await client.query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('holdfast provision'))");
    const request = { ...nothing, target, undo: keep };
    const state = await readState(client, target, ["lo_unlink"]);
    const draft = new Draft(state);
    planUndoJournal(draft, request, groupsOf(request));
    const { steps, notes, refusals } = draft.plan();
    if (refusals.length === 0) for (const step of steps) await run(client, step);
    const lacking = tablesWithout(await readJournal(client), keep) ?? before;
    await client.query("COMMIT");
    return { attached: before.filter((name) => !lacking.includes(name)), lacking, because: [...refusals, ...notes].join("; ") };
  } catch (error) {
    await client.query("ROLLBACK");
    return { attached: [], lacking: before, because: messageOf(error) };
  }
}

const nothing = {
  migrationRole: null,
  brokerRole: null,
  sharedRoles: [],
  schemas: [],
  hide: [],
  writers: [],
  rows: [],
  functions: [],
  keep: null,
  public: { temporary: "keep", connect: "keep" },
} as const;
