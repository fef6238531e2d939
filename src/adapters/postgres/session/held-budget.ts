/**
 * What an approved act would change, held against what its session may still change: the figures of the plan, before anything is sent. And
 * what it has returned, against what the session may still read.
 * What was really changed is counted afterwards, like that of any act.
 */
import { back } from "../codec/shapes.ts";
import type { Allowed } from "../../../pipeline/guard.ts";
import type { Ticket } from "../../../pipeline/approvals-port.ts";
import type { Refusal } from "./act.ts";
import type { HeldAnswer } from "./held.ts";
import { actLimits } from "./facts.ts";
import { refusal } from "./refusal.ts";

export function overBudget({ obligations, statements, id }: Allowed, { plan, toleranceRows }: Ticket): Refusal | undefined {
  const { rowsChangedPerTransactionMax: allowed } = actLimits(obligations);
  if (allowed === Infinity) return undefined;
  if (plan.measured === null) {
    // VACUUM and its kin change no rows.
    if (statements.every(({ immediate }) => immediate)) return undefined;
    const because = "the rows that it would change could not be measured, and the session may change no more than";
    return { ...refusal("obligation_unfulfilled", `${because} ${allowed}`), action: id };
  }
  const rows = plan.measured.tables.reduce((sum, { direct, following }) => {
    const counts = [direct, following].map(({ inserted, updated, deleted }) => inserted + updated + deleted);
    return sum + counts.reduce((a, b) => a + b, toleranceRows);
  }, 0);
  if (rows <= allowed) return undefined;
  const message = `${rows} rows would be changed by what was approved, and the session's budget leaves ${allowed}`;
  return { ...refusal("budget_exhausted", message, "tell the person you work for what is left to do"), action: id };
}

/** Counts the rows of an act that was carried out. More than the session may read do not go to the client. */
export function readTooMuch(answers: readonly Buffer[], { reading, id }: Allowed): HeldAnswer | undefined {
  if (reading === undefined) return undefined;
  for (const answer of answers) {
    if (answer[0] !== back.dataRow) continue;
    const over = reading.take(answer.length - 5);
    if (over === undefined) continue;
    const { figure, what, allowed, next } = over;
    const message = `it was carried out, and its rows are not returned: ${figure} ${what}, more than the ${allowed} permitted`;
    return { kind: "refused", refusal: { ...refusal("budget_exhausted", message, next), action: id } };
  }
  return undefined;
}
