/**
 * What one run did, told from the audit log: what it read and changed, what was refused, how its transactions ended.
 * It does not measure anything itself.
 */
import type { ActionId } from "../../base/ids.ts";
import type { AuditEvent } from "../../model/event.ts";
import { figure } from "../output.ts";

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
}

/** A fold over the records from the run's first on: every record belongs to the run when nobody else uses the gateway. */
export function createSummary(principal: string): { readonly summary: RunSummary; step(event: AuditEvent): void } {
  const summary: RunSummary = {
    sessions: 0,
    statements: 0,
    rowsRead: 0,
    rowsChanged: 0,
    refused: 0,
    unknown: 0,
    codes: new Map(),
    changed: new Set(),
  };
  const own = new Set<string>();
  const writes = new Map<string, readonly string[]>();
  const belongs = (action: ActionId): boolean => own.has(action.slice(0, action.lastIndexOf(".")));

  function step(event: AuditEvent): void {
    switch (event.kind) {
      case "session_opened":
        if (event.principal !== principal) return;
        own.add(event.session);
        summary.sessions += 1;
        return;
      case "judgement":
        writes.set(event.judgement, changedBy(event));
        return;
      case "intent":
        if (!belongs(event.action)) return;
        summary.statements += 1;
        if (event.decision === "allow") for (const name of writes.get(event.judgement) ?? []) summary.changed.add(name);
        else {
          summary.refused += 1;
          summary.codes.set(event.code, (summary.codes.get(event.code) ?? 0) + 1);
        }
        return;
      case "outcome":
        if (!belongs(event.action)) return;
        if (event.outcome.status === "unknown") summary.unknown += 1;
        else summary.rowsRead += event.outcome.measured.rowsReturned ?? 0;
        return;
      case "transaction_ended":
        if (own.has(event.session) && event.end === "committed") summary.rowsChanged += event.rowsChanged;
        return;
      default:
        return;
    }
  }
  return { summary, step };
}

function changedBy({ effects }: Extract<AuditEvent, { kind: "judgement" }>): readonly string[] {
  const changing = new Set(["create", "update", "delete", "define", "grant"]);
  return effects.filter(({ operation }) => changing.has(operation)).map(({ resource }) => `${resource.type}:${resource.name}`);
}

/** A few lines for a person, printed when the program has ended. */
export function summaryText(summary: RunSummary): string {
  const { sessions, statements, rowsRead, rowsChanged, refused, unknown, codes, changed } = summary;
  const lines = [
    `  ${figure(statements)} statements in ${figure(sessions)} connections, ${figure(rowsRead)} rows read, ${figure(rowsChanged)} rows changed`,
  ];
  if (changed.size > 0)
    lines.push(
      `  may have changed ${[...changed].sort().slice(0, 8).join(", ")}${changed.size > 8 ? `, and ${changed.size - 8} more` : ""}`,
    );
  if (refused > 0) lines.push(`  ${figure(refused)} refused: ${[...codes].map(([code, count]) => `${code} ${figure(count)}`).join(", ")}`);
  if (unknown > 0) lines.push(`  ${figure(unknown)} with an outcome that is not known`);
  return `${lines.join("\n")}\n`;
}
