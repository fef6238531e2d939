/**
 * What one run did, told from the audit log: what it read and changed, what was refused, how its transactions ended.
 * It does not measure anything itself.
 */
import { counted, figure } from "../../base/counted.ts";
import type { ActionId } from "../../base/ids.ts";
import type { AuditEvent } from "../../model/event.ts";
import type { TableCount } from "../../model/outcome.ts";

export interface Committed {
  inserted: number;
  updated: number;
  deleted: number;
  truncated: number;
}

export interface RunSummary {
  sessions: number;
  statements: number;
  rowsRead: number;
  rowsChanged: number;
  refused: number;
  unknown: number;
  /** Reason codes of refusals, with their counts. */
  readonly codes: Map<string, number>;
  /** Resources that allowed statements would change, by `type:name`. */
  readonly changed: Set<string>;
  /** Rows that were committed, by table, where the server's counts are known. */
  readonly committed: Map<string, Committed>;
  /** What `holdfast undo` knows it by: its run, else its principal. */
  name: string;
  /** Grants that persons gave it, and statements that rested on them. */
  grants: number;
  grantUses: number;
}

/** A fold over the records from the run's first on: every record belongs to the run when nobody else uses the gateway. */
export function createSummary(principal: string): { readonly summary: RunSummary; step(event: AuditEvent): void } {
  const fold = new RunFold(principal);
  return { summary: fold.summary, step: (event) => fold.step(event) };
}

type Of<K extends AuditEvent["kind"]> = Extract<AuditEvent, { kind: K }>;

class RunFold {
  readonly summary: RunSummary = {
    sessions: 0,
    statements: 0,
    rowsRead: 0,
    rowsChanged: 0,
    refused: 0,
    unknown: 0,
    codes: new Map(),
    changed: new Set(),
    committed: new Map(),
    name: "",
    grants: 0,
    grantUses: 0,
  };
  readonly #principal: string;
  readonly #own = new Set<string>();
  readonly #runs = new Set<string>();
  readonly #grants = new Set<string>();
  /** Rows of statements whose transaction has not ended: until it has, each counts as one by itself. */
  readonly #loose = new Map<ActionId, number>();
  readonly #writes = new Map<string, readonly string[]>();

  constructor(principal: string) {
    this.#principal = principal;
    this.summary.name = principal;
  }

  step(event: AuditEvent): void {
    switch (event.kind) {
      case "session_opened":
        if (event.principal !== this.#principal) return;
        this.#own.add(event.session);
        this.summary.sessions += 1;
        return;
      case "judgement":
        this.#writes.set(event.judgement, changedBy(event));
        return;
      case "intent":
        if (this.#belongs(event.action)) this.#intent(event);
        return;
      case "outcome":
        if (this.#belongs(event.action)) this.#outcome(event);
        return;
      case "transaction_ended":
        if (this.#own.has(event.session)) this.#ended(event);
        return;
      case "run_started":
        if (event.principal !== this.#principal) return;
        this.#runs.add(event.run);
        this.summary.name = event.run;
        return;
      case "grant_given":
        if (!this.#runs.has(event.run)) return;
        this.#grants.add(event.grant);
        this.summary.grants += 1;
        return;
      case "grant_used":
        if (this.#grants.has(event.grant)) this.summary.grantUses += 1;
        return;
      default:
        return;
    }
  }

  #belongs(action: ActionId): boolean {
    return this.#own.has(action.slice(0, action.lastIndexOf(".")));
  }

  #intent(event: Of<"intent">): void {
    const { summary } = this;
    summary.statements += 1;
    if (event.decision === "allow") for (const name of this.#writes.get(event.judgement) ?? []) summary.changed.add(name);
    else {
      summary.refused += 1;
      summary.codes.set(event.code, (summary.codes.get(event.code) ?? 0) + 1);
    }
  }

  #outcome({ action, outcome }: Of<"outcome">): void {
    if (outcome.status === "unknown") {
      this.summary.unknown += 1;
      return;
    }
    const { rowsReturned, rowsChanged, tables } = outcome.measured;
    this.summary.rowsRead += rowsReturned ?? 0;
    if (outcome.status !== "succeeded") return;
    if (tables !== undefined) return this.#commit(tables, rowsChanged ?? 0);
    if (rowsChanged === undefined) return;
    this.#loose.set(action, rowsChanged);
    this.summary.rowsChanged += rowsChanged;
  }

  #ended({ actions, end, tables, rowsChanged }: Of<"transaction_ended">): void {
    for (const action of actions) {
      this.summary.rowsChanged -= this.#loose.get(action) ?? 0;
      this.#loose.delete(action);
    }
    if (end === "committed") this.#commit(tables ?? [], rowsChanged);
  }

  #commit(tables: readonly TableCount[], rows: number): void {
    const { committed } = this.summary;
    let counted = 0;
    for (const { table, inserted, updated, deleted, truncated } of tables) {
      const sum = committed.get(table) ?? { inserted: 0, updated: 0, deleted: 0, truncated: 0 };
      sum.inserted += inserted;
      sum.updated += updated;
      sum.deleted += deleted;
      sum.truncated += truncated;
      counted += inserted + updated + deleted + truncated;
      committed.set(table, sum);
    }
    this.summary.rowsChanged += tables.length === 0 ? rows : counted;
  }
}

function changedBy({ effects }: Extract<AuditEvent, { kind: "judgement" }>): readonly string[] {
  const changing = new Set(["create", "update", "delete", "define", "grant"]);
  return effects.filter(({ operation }) => changing.has(operation)).map(({ resource }) => `${resource.type}:${resource.name}`);
}

/** A few lines for a person, printed when the program has ended. */
export function summaryText(summary: RunSummary): string {
  const { sessions, statements, rowsRead, rowsChanged, refused, unknown, codes, changed } = summary;
  const lines = [
    `  ${counted(statements, "statement")} in ${counted(sessions, "connection")}, ${counted(rowsRead, "row")} read, ${counted(rowsChanged, "row")} changed`,
  ];
  if (summary.committed.size > 0)
    lines.push(
      `  committed: ${committedText(summary.committed)}`,
      `  a person takes that back, as far as it is kept, with: holdfast undo ${summary.name}`,
    );
  else if (changed.size > 0)
    lines.push(
      `  may have changed ${[...changed].sort().slice(0, 8).join(", ")}${changed.size > 8 ? `, and ${changed.size - 8} more` : ""}`,
    );
  if (refused > 0) lines.push(`  ${figure(refused)} refused: ${[...codes].map(([code, count]) => `${code} ${figure(count)}`).join(", ")}`);
  if (summary.grants > 0)
    lines.push(`  ${counted(summary.grants, "grant")} from persons, used by ${counted(summary.grantUses, "statement")}`);
  if (unknown > 0) lines.push(`  ${figure(unknown)} with an outcome that is not known`);
  return `${lines.join("\n")}\n`;
}

/** What was committed and stays: whoever wants it back needs these figures. */
function committedText(committed: RunSummary["committed"]): string {
  const part = (rows: number, what: string): string[] => (rows === 0 ? [] : [`${figure(rows)} ${what}`]);
  return [...committed]
    .map(([table, { inserted, updated, deleted, truncated }]) => {
      const parts = [
        ...part(inserted, "inserted"),
        ...part(updated, "updated"),
        ...part(deleted, "deleted"),
        ...part(truncated, "truncated"),
      ];
      return `${table} ${parts.join(", ")}`;
    })
    .join("; ");
}
