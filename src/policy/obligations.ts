/**
 * Joins obligations: one of each kind, the strictest figure.
 * It does not decide which obligations apply.
 */
import type { Obligation } from "../model/decision.ts";
import { assertNever } from "../base/assert.ts";

/** The order in which obligations are listed: fixed, so that equal decisions are equal bytes. */
const ORDER: readonly Obligation["kind"][] = [
  "rows_returned_max",
  "bytes_returned_max",
  "rows_changed_max",
  "rows_changed_per_transaction_max",
  "rows_changed_per_table_max",
  "rows_changed_share_max",
  "statement_ms_max",
  "bin",
  "recovery_point",
];

/** One obligation a kind: the smallest figure of those given, in a fixed order. */
export function strictest(obligations: readonly Obligation[]): readonly Obligation[] {
  const byKind = new Map<Obligation["kind"], Obligation>();
  for (const obligation of obligations) {
    const known = byKind.get(obligation.kind);
    if (known === undefined || figureOf(obligation) < figureOf(known)) byKind.set(obligation.kind, obligation);
  }
  return ORDER.flatMap((kind) => byKind.get(kind) ?? []);
}

/** The figure of an obligation in its own unit: rows, per cent, bytes or milliseconds; 0 for one that has none. */
export function figureOf(obligation: Obligation): number {
  switch (obligation.kind) {
    case "rows_returned_max":
    case "rows_changed_max":
    case "rows_changed_per_transaction_max":
    case "rows_changed_per_table_max":
      return obligation.rows;
    case "rows_changed_share_max":
      return obligation.percent;
    case "bytes_returned_max":
      return obligation.bytes;
    case "statement_ms_max":
      return obligation.ms;
    case "bin":
    case "recovery_point":
      return 0;
    default:
      return assertNever(obligation, "figureOf");
  }
}
