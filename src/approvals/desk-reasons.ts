/**
 * What an agent reads of a question to persons: its id, the measured figures, a person's words, and the way on.
 * Never a rule's name or wording: an agent that is told the rule writes around it.
 */
import type { Approval, ApprovalState } from "../model/approval.ts";
import type { Reason } from "../model/decision.ts";
import type { Plan, TableChange } from "../model/plan.ts";
import type { Refusal } from "./desk-refusals.ts";

const TABLES_MAX = 3;

/** "41 rows deleted in public.orders (of 100), 12 more through what follows". */
export function figuresOf({ measured }: Plan): string {
  if (measured === null) return "what it would do could not be measured";
  const gone = measured.objects.filter(({ change }) => change !== "created").map(({ change, type, name }) => `${type} ${name} ${change}`);
  const rows = measured.tables.map(tableFigures).filter((text) => text !== "");
  const all = [...gone, ...rows];
  if (all.length === 0) return "measured: nothing changes";
  const left = all.length - TABLES_MAX;
  return `measured: ${all.slice(0, TABLES_MAX).join("; ")}${left > 0 ? `; and ${left} more` : ""}`;
}

function tableFigures({ table, direct, following, rowsBefore }: TableChange): string {
  const parts = (["deleted", "updated", "inserted"] as const).flatMap((key) => {
    const rows = direct[key] + following[key];
    return rows === 0 ? [] : [`${rows} ${rows === 1 ? "row" : "rows"} ${key}`];
  });
  const share = rowsBefore === null || parts.length === 0 ? "" : ` of ${rowsBefore}`;
  return parts.length === 0 ? "" : `${parts.join(", ")} in ${table}${share}`;
}

export function waitingReason({ id, plan, expiresAtMs }: Approval, nowMs: number, link: string | undefined): Reason {
  const minutes = Math.max(1, Math.round((expiresAtMs - nowMs) / 60_000));
  const where = link === undefined ? `holdfast approve ${id}` : `${link} or: holdfast approve ${id}`;
  return {
    code: "approval_required",
    message: `held until a person has answered approval ${id}; ${figuresOf(plan)}; nothing was changed`,
    next: `send the same statement again, unchanged, within ${minutes} min; a person answers at ${where}`,
  };
}

export function coolingReason({ id, plan }: Approval, leftMs: number): Reason {
  return {
    code: "approval_required",
    message: `approval ${id} was given, and is not carried out for ${Math.ceil(leftMs / 1000)} s yet; ${figuresOf(plan)}; nothing was changed`,
    next: "send the same statement again, unchanged, after that",
  };
}

export function runningReason({ id, state }: Approval): Reason {
  const what = state === "unknown" ? "was carried out, and what became of it is not known yet" : "is being carried out now";
  return {
    code: "approval_required",
    message: `approval ${id} for the same statement ${what}`,
    next: "read what became of it before sending it again",
  };
}

/** `instead`: what the policy would let through in its place. */
export function refusedReason({ approval, person, reason }: Refusal, plan: Plan | undefined, instead: string | undefined): Reason {
  const figures = plan === undefined ? "" : `; ${figuresOf(plan)}`;
  return {
    code: "approval_denied",
    message: `${person} said no to it (approval ${approval}): ${reason}${figures}; nothing was changed`,
    next: `do not send it again; ${instead === undefined ? "do what the reason leaves open" : withoutWaiting(instead)}`,
  };
}

/** What the policy says of an act that is held ends with the way that was just taken. */
function withoutWaiting(next: string): string {
  return next.replace(/, or wait for a person's answer$/, "");
}

const became: Readonly<Partial<Record<ApprovalState, string>>> = {
  expired: "nobody has agreed in time, which is a no",
  stale: "it is of no use any more",
  abandoned: "whoever asked had gone",
};

export function overReason({ id, state, because, plan }: Approval): Reason {
  if (state === "used")
    return {
      code: "approval_denied",
      message: `the same statement was carried out meanwhile, on another connection: approval ${id} is used`,
      next: "look at what it did before sending it again",
    };
  return {
    code: "approval_denied",
    message: `approval ${id} is ${state}: ${because ?? became[state] ?? "it is over"}; ${figuresOf(plan)}; nothing was changed`,
    next: "send the statement again only if it is still wanted: a person is then asked anew",
  };
}

/** Fewer persons may answer than must agree. */
export function tooFewReason(may: number, quorum: number, environment: string): Reason {
  const who = may === 0 ? "nobody is registered who may answer" : `${may} of ${quorum} persons are registered who may answer`;
  return {
    code: "approval_unavailable",
    message: `it needs a person's approval, and ${who} for ${environment}`,
    next: "do it in another way, or tell the operator: holdfast person add NAME",
  };
}

export function tooManyReason(open: number): Reason {
  return {
    code: "approval_unavailable",
    message: `it needs a person's approval, and ${open} questions are open already`,
    next: "wait for their answers before asking for more",
  };
}

export function notAskedReason(because: string): Reason {
  return { code: "approval_unavailable", message: `it needs a person's approval, and cannot be asked about: ${because}` };
}
