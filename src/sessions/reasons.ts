/**
 * The sentences that an agent reads when its session's budget or a grant stops it: figures, and what it may do instead.
 * They never say how a budget could be got round.
 */
import type { Reason } from "../model/decision.ts";
import type { GrantFact } from "../model/grant.ts";

export interface Spent {
  readonly reason: Reason;
  readonly figure: number;
  readonly allowed: number;
}

export const nextWhenSpent = "finish with what you have, and tell the person you work for what is left to do";

export function budgetSpent(what: string, figure: number, allowed: number): Spent {
  const message = `the session's budget is used up: ${figure} ${what} of ${allowed}`;
  return { reason: { code: "budget_exhausted", message, next: nextWhenSpent }, figure, allowed };
}

export function nothingLeft(what: string, left: number, used: number, allowed: number): Spent {
  const message = `${used} of ${allowed} ${what} are changed, and the ${left} that are left may be used by another transaction of this session`;
  return {
    reason: { code: "budget_exhausted", message, next: "try again when the session's other transactions have ended" },
    figure: used,
    allowed,
  };
}

export function grantOver(grants: readonly GrantFact[], because: string): Reason {
  const tables = [...new Set(grants.flatMap((grant) => grant.tables))].join("`, `");
  const message = `the grant on \`${tables}\` is over: ${because}`;
  return { code: "grant_lapsed", message, next: "ask a person for another: holdfast ask --table ... --allow ... --purpose ..." };
}

export const breakGlassOver: Reason = {
  code: "grant_lapsed",
  message: "the time in which nobody was asked is over",
  next: "send it again: a person will be asked",
};

export function suspended(because: string): Reason {
  return { code: "suspended", message: `the session is suspended: ${because}`, next: "a person has to lift the suspension" };
}

/** Nothing that changes something passes while nobody could stop it. */
export function cutOff(because: string): Reason {
  return { code: "suspended", message: `nothing is changed now: ${because}`, next: "try again later; reading goes on" };
}
