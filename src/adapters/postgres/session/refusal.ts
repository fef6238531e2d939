/**
 * A reason as the ErrorResponse that a client reads: SQLSTATE, a sentence that says it is ours, figures, the next step.
 * It does not decide what state the transaction is in afterwards.
 */
import { reasonCodes, type ReasonCode } from "../../../model/codes.ts";
import { errorResponse } from "../codec/write.ts";
import type { Refusal } from "./act.ts";

export function refusalFrame(refusal: Refusal): Buffer {
  const { reason } = refusal;
  // Programs look for these words: a name that the server does not hold is answered as the server would.
  if (refusal.sqlstate !== undefined) return errorResponse({ severity: "ERROR", sqlstate: refusal.sqlstate, message: reason.message });
  const action = refusal.action === null ? "" : `, action: ${refusal.action}`;
  return errorResponse({
    severity: "ERROR",
    sqlstate: reasonCodes[reason.code].sqlstate ?? "42501",
    message: `holdfast: ${reason.message}`,
    detail: `code: ${reason.code}${action}${refusal.figures === undefined ? "" : `\n${refusal.figures}`}`,
    ...(reason.next === undefined ? {} : { hint: reason.next }),
  });
}

/** The connection ends. `sqlstate` where it is not the reason code's own. */
export function fatalFrame(code: ReasonCode, message: string, sqlstate?: string): Buffer {
  return errorResponse({
    severity: "FATAL",
    sqlstate: sqlstate ?? reasonCodes[code].sqlstate ?? "XX000",
    message: `holdfast: ${message}`,
    detail: `code: ${code}`,
  });
}

export function refusal(code: ReasonCode, message: string, next?: string, sqlstate?: string): Refusal {
  const reason = next === undefined ? { code, message } : { code, message, next };
  return sqlstate === undefined ? { reason, action: null } : { reason, action: null, sqlstate };
}
