/**
 * What a session has used of what it may: one figure each, with how near its end it is.
 * A budget without a limit is no bar.
 */
import type { SessionView } from "../../src/control/contract.ts";
import { bytes, count } from "./numbers.ts";
import { duration } from "./times.ts";

export interface BudgetLine {
  readonly name: string;
  readonly used: number;
  readonly of: number | null;
  readonly usedText: string;
  readonly ofText: string | null;
}

export function budgetLines(session: SessionView, nowMs: number): readonly BudgetLine[] {
  const { budget, used } = session;
  const line = (name: string, spent: number, of: number | null, text: (number: number) => string): BudgetLine => ({
    name,
    used: spent,
    of,
    usedText: text(spent),
    ofText: of === null ? null : text(of),
  });
  const wallMs = Math.max(0, (session.endedAtMs ?? nowMs) - session.startedAtMs);
  return [
    line("statements", used.statements, budget.statements, count),
    line("rows read", used.rowsRead, budget.rowsRead, count),
    line("rows changed", used.rowsChanged, budget.rowsChanged, count),
    line("data returned", used.bytes, budget.bytes, bytes),
    line("questions to persons", used.held, budget.held, count),
    line("time", wallMs, budget.wallMs, duration),
  ];
}
