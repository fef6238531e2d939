/**
 * From a decision to the right to send: persons asked, conditions kept, the intent durable. One way for a request and for a message that
 * is an act of its own.
 * It sends nothing.
 */
import type { HttpRequest } from "../../model/http-request.ts";
import type { Reason } from "../../model/decision.ts";
import type { Ticket } from "../../pipeline/approvals-port.ts";
import type { Admission, Allowed } from "../../pipeline/guard.ts";
import { type OwnAnswer, refusalAnswer } from "./answers.ts";
import { uncountable } from "./capabilities.ts";
import { present } from "./held.ts";
import type { HttpSession } from "./http-session.ts";
import type { HttpOptions } from "./options.ts";

export interface Passing {
  readonly admission: Allowed;
  readonly ticket?: Ticket;
}

export interface Asking {
  readonly session: HttpSession;
  readonly request: HttpRequest;
  /** What the provider says that it would do, for whoever is asked about it. */
  readonly preview?: () => Promise<readonly string[]>;
  readonly gone: AbortSignal;
}

/** A read that nothing stands against: its intent may become durable after it. `undefined` for all that {@link passing} looks at. */
export function passingNow(admission: Admission, counts: () => boolean): Passing | undefined {
  if (admission.kind !== "allow" || !admission.readOnly || uncountable(admission, counts) !== undefined) return undefined;
  return admission.current?.() === false ? undefined : { admission };
}

/** From an admission to the right to send: persons asked, conditions kept, the intent durable. */
export async function passing(
  admission: Admission,
  { session, request, preview, gone }: Asking,
  options: HttpOptions,
): Promise<Passing | OwnAnswer> {
  const { guard, approvals } = options;
  if (admission.kind === "deny") return refusalAnswer(admission.reason);
  if (admission.kind === "hold") {
    const held = await present(admission, request, { session, parts: { guard, approvals, preview }, gone });
    if (held.kind === "refused") return refusalAnswer(held.answer.reason, { status: 403, ...held.answer });
    return sealed(held, guard.seal.bind(guard), { request, options });
  }
  return sealed({ admission }, admission.readOnly ? () => Promise.resolve() : guard.seal.bind(guard), { request, options });
}

interface Sealing {
  readonly request: HttpRequest;
  readonly options: HttpOptions;
}

async function sealed(passing: Passing, seal: () => Promise<void>, { request, options }: Sealing): Promise<Passing | OwnAnswer> {
  const { guard, rowsOf } = options;
  const { admission, ticket } = passing;
  const unkept = uncountable(admission, () => rowsOf(request) !== undefined);
  const unsent = async (reason: Reason): Promise<OwnAnswer> => {
    guard.settle(admission, { status: "failed", code: reason.code, measured: { elapsedMs: 0 } });
    await ticket?.end("not_reached", reason.message).catch(() => undefined);
    return refusalAnswer(reason);
  };
  if (unkept !== undefined) return unsent(unkept);
  if (admission.current?.() === false)
    return unsent({ code: "not_permitted", message: "what permitted it changed before it was sent", next: "send it again" });
  try {
    await seal();
  } catch {
    return unsent({ code: "record_unavailable", message: "the audit log cannot be written, so nothing is let through" });
  }
  return passing;
}
