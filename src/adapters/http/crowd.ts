/**
 * How much one login may have open and under way at once, so that one program leaves room for the others.
 * It counts; it closes nothing and waits for nothing.
 */
import type { Reason } from "../../model/decision.ts";

export interface CrowdLimits {
  /** Connections of one login to the proxy. */
  readonly connections: number;
  /** Requests of one login that have no answer yet; an open WebSocket is one. */
  readonly requests: number;
}

export class Crowd {
  readonly #limits: CrowdLimits;
  readonly #underWay = new Map<string, number>();

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  /** A reason where `open` connections are all that a login may have. */
  connecting(open: number): Reason | undefined {
    const { connections } = this.#limits;
    return open < connections ? undefined : reasonOf("connections", open, connections, "connections");
  }

  /** A reason where it may not begin another request; otherwise {@link leave} is owed. */
  enter(principal: string): Reason | undefined {
    const now = this.#underWay.get(principal) ?? 0;
    const { requests } = this.#limits;
    if (now >= requests) return reasonOf("requests", now, requests, "requests");
    this.#underWay.set(principal, now + 1);
    return undefined;
  }

  leave(principal: string): void {
    const left = (this.#underWay.get(principal) ?? 1) - 1;
    if (left > 0) this.#underWay.set(principal, left);
    else this.#underWay.delete(principal);
  }
}

function reasonOf(what: string, now: number, allowed: number, key: string): Reason {
  return {
    code: "too_many_at_once",
    message: `the session has ${now} ${what} at once, ${allowed} are permitted`,
    next: `finish some first; an operator may set \`http.per_login.${key}\``,
  };
}
