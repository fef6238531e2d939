/**
 * An API call that a person must agree to: in the form in which persons are asked of it, and the one time that it may then be sent.
 * No trial of such a call can be rolled back, so none is made: the plan says so.
 */
import { digestOf } from "../../base/canonical.ts";
import type { Action } from "../../model/action.ts";
import type { Reason } from "../../model/decision.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import { type Approvals, NotMeasurable, type Ticket } from "../../pipeline/approvals-port.ts";
import type { Allowed, Guard, Held } from "../../pipeline/guard.ts";
import { shownAct } from "../../pipeline/shown-act.ts";
import { capabilities } from "./capabilities.ts";
import type { OwnAnswer } from "./answers.ts";
import type { HttpSession } from "./http-session.ts";

export type HeldAnswer =
  | { readonly kind: "refused"; readonly answer: Pick<OwnAnswer, "reason" | "decision" | "headers"> }
  | { readonly kind: "approved"; readonly admission: Allowed; readonly ticket: Ticket };

export interface HeldParts {
  readonly guard: Guard;
  readonly approvals: Approvals | undefined;
  /** What the provider says that it would do. */
  readonly preview?: (() => Promise<readonly string[]>) | undefined;
}

/** Headers that say how a client is made and not what it wants: the same call by another client is the same act. */
const ofNoMatter = /^(user-agent|accept|accept-encoding|accept-language|date|traceparent|tracestate|x-request-id|x-b3-.*|x-datadog-.*)$/;

/** Waits for a person's answer as long as a connection may be held. Never rejects. */
export async function present(
  held: Held,
  request: HttpRequest,
  { session, parts, gone }: { readonly session: HttpSession; readonly parts: HeldParts; readonly gone: AbortSignal },
): Promise<HeldAnswer> {
  const { guard, approvals, preview } = parts;
  if (approvals === undefined) return refused({ ...held.reason, code: "approval_unavailable" });
  if (request.opaque !== undefined && (request.bytes === undefined || request.body === ""))
    return refused({
      code: "approval_unavailable",
      message: `it needs a person's approval, and cannot be shown: ${request.opaque}`,
      next: "send it as text that a person can read",
    });
  const digest = actDigest(request);
  const spent = guard.question?.(session.session, digest);
  if (spent !== undefined) return refused(spent);
  const presented = await approvals.present({
    action: held.id,
    session: session.session,
    target: session.caller.target,
    digest,
    shown: shown(request),
    parts: 1,
    reason: held.reason,
    rules: held.rules,
    policyDigest: held.policyDigest,
    effects: held.effects,
    preconditions: (request.resolved ?? []).map(({ resource, operation, binds }) => ({ name: `${operation} ${resource}`, value: binds })),
    told: [...new Set((request.resolved ?? []).flatMap(({ told }) => told))],
    measure: async () => {
      const told = (await preview?.()) ?? [];
      throw new NotMeasurable("a call of an API cannot be tried and rolled back", new URL(request.url).origin, false, told);
    },
    gone,
  });
  if (presented.kind === "denied") return refused(presented.reason);
  if (presented.kind === "waiting")
    // No word of when to ask again: clients of Azure would do so by themselves, and show the sentence to nobody meanwhile.
    return refused(presented.reason, "hold", { "holdfast-approval": presented.approval });
  return approvedAct(session.action(request), presented.ticket, guard);
}

/** Of everything that a provider could read another meaning out of; who sends it, and when, is not part of the act. */
export function actDigest({ method, url, headers, body }: HttpRequest): string {
  const told = headers.filter(([name]) => !ofNoMatter.test(name)).toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return digestOf({ form: "holdfast-http-v1", method: method.toUpperCase(), url, headers: told, body });
}

function shown({ method, url, headers, bytes, ...rest }: HttpRequest): string {
  const push = headers.some(([name, value]) => name === "content-type" && /git-receive-pack/i.test(value));
  const body = bytes === undefined ? rest.body : readableIn(Buffer.from(bytes, "base64").toString("latin1"), push);
  const lines = headers.filter(([name]) => !ofNoMatter.test(name)).map(([name, value]) => `${name}: ${value}`);
  return shownAct([`${method.toUpperCase()} ${url}`, ...lines, ...(body === "" ? [] : ["", body])].join("\n"));
}

/** Judged again under an id of its own: policy, budget and session have the last word. */
async function approvedAct(action: Action, ticket: Ticket, guard: Guard): Promise<HeldAnswer> {
  const { approval, plan } = ticket;
  const again = await guard.admitApproved?.(action, capabilities, { approval, policyDigest: plan.policy.digest });
  if (again?.kind !== "allow") {
    const reason: Reason = again?.reason ?? { code: "approval_unavailable", message: "it needs a person's approval" };
    return refused(reason);
  }
  try {
    await ticket.begin(null);
  } catch (error) {
    guard.settle(again, { status: "failed", code: "approval_lapsed", measured: { elapsedMs: 0 } });
    const why = error instanceof Error ? error.message : "it is not to be had any more";
    return refused({ code: "approval_lapsed", message: `the approval is not to be had any more: ${why}` });
  }
  return { kind: "approved", admission: again, ticket };
}

function refused(reason: Reason, decision: "deny" | "hold" = "deny", headers: Readonly<Record<string, string>> = {}): HeldAnswer {
  return { kind: "refused", answer: { reason, decision, headers } };
}

/** Texts among bytes: of a push what it lists, before the objects that it brings. The digest of the act is over all of it. */
function readableIn(bytes: string, push: boolean): string {
  return (push ? (bytes.split("PACK")[0] ?? "") : bytes).replace(/[^\x20-\x7e]+/g, "\n");
}
