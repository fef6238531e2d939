/**
 * Which conditions of a permission this adapter keeps. Bounds on rows are about SQL: a call that carries none moves no rows, and one
 * that does is refused under such a bound, but for what it returns where its pack says how rows stand in answers.
 */
import type { Reason } from "../../model/decision.ts";
import type { Allowed, Capabilities } from "../../pipeline/guard.ts";

export const capabilities: Capabilities = {
  asks: true,
  obligations: new Set([
    "bytes_returned_max",
    "statement_ms_max",
    "rows_returned_max",
    "rows_changed_max",
    "rows_changed_per_transaction_max",
    "rows_changed_per_table_max",
    "rows_changed_share_max",
  ]),
};

const ofApis: ReadonlySet<string> = new Set(["api_resource", "api_host"]);

/** A reason where a permission rests on counting rows that pass unseen here. `counts`: those that come back can be counted. */
export function uncountable({ statements, obligations, readOnly }: Allowed, counts: () => boolean): Reason | undefined {
  if (!carriesSql({ statements })) return undefined;
  const missing = obligations.find(({ kind }) => (readOnly ? kind === "rows_returned_max" : kind.startsWith("rows_changed")));
  if (missing === undefined || (readOnly && counts())) return undefined;
  return {
    code: "obligation_unfulfilled",
    message: `the permission asks for \`${missing.kind}\`, which cannot be kept for SQL inside an API call`,
    next: "send the statement over the database's own connection",
  };
}

/** Some of its effects are those of SQL. */
export function carriesSql({ statements }: Pick<Allowed, "statements">): boolean {
  return statements.some(({ effects }) => effects.some(({ resource }) => !ofApis.has(resource.type)));
}

export interface AnswerBounds {
  readonly bytesMax: number;
  readonly msMax: number | undefined;
  /** Absent: as many as there are. */
  readonly rowsMax: number | undefined;
}

export function boundsOf({ obligations }: Pick<Allowed, "obligations">): AnswerBounds {
  let bytesMax = Number.POSITIVE_INFINITY;
  let msMax: number | undefined;
  let rowsMax: number | undefined;
  for (const obligation of obligations) {
    if (obligation.kind === "bytes_returned_max") bytesMax = obligation.bytes;
    if (obligation.kind === "statement_ms_max") msMax = obligation.ms;
    if (obligation.kind === "rows_returned_max") rowsMax = obligation.rows;
  }
  return { bytesMax, msMax, rowsMax };
}
