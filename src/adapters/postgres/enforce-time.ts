/**
 * Time limits of running sessions, kept by one coarse ticker for all of them, besides the server's own settings.
 * It does not measure: a limit is kept to within one tick.
 */
import type { SessionLimits } from "../../model/session-limits.ts";
import type { WireSession } from "./session/session.ts";
import { refusal } from "./session/refusal.ts";

const TICK_MS = 250;
/** A cancelled statement has this long to end before its session does. */
const CANCEL_GRACE_MS = 5_000;

export interface Ticking {
  tick(nowMs: number): void;
}

/** Calls every member a few times a second; runs only while it has members, and does not keep the process alive. */
export class Ticker {
  readonly #members = new Set<Ticking>();
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(member: Ticking): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  remove(member: Ticking): void {
    this.#members.delete(member);
    if (this.#members.size > 0 || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = this.#now();
    for (const member of this.#members) member.tick(now);
  }
}

/** The time limits of one session. `tick` says by its calls what has to happen. */
export class Deadlines {
  readonly #limits: SessionLimits;
  readonly #session: WireSession;
  readonly #cancel: () => void;
  readonly #openedMs: number;
  #transaction = -1;
  #transactionSinceMs = 0;
  #idleSinceMs = 0;
  #activity = -1;
  #cancelled: { readonly what: object; readonly atMs: number } | undefined = undefined;

  constructor(limits: SessionLimits, session: WireSession, nowMs: number, cancel: () => void) {
    this.#limits = limits;
    this.#session = session;
    this.#openedMs = nowMs;
    this.#cancel = cancel;
  }

  /** `activity` changes whenever the client sent something. */
  tick(nowMs: number, activity: number): void {
    const { core } = this.#session;
    const limits = this.#limits;
    if (core.closed !== undefined) return;
    if (passed(nowMs - this.#openedMs, limits.sessionMsMax)) {
      core.fatal("time_limit", `the session has lasted the permitted ${limits.sessionMsMax} ms`, "57P05");
      return;
    }
    this.#statement(nowMs);
    this.#inTransaction(nowMs, activity);
  }

  #statement(nowMs: number): void {
    const { core } = this.#session;
    const act = core.expect.front?.act;
    if (act === undefined || !act.inFlight) return;
    const limit = Math.min(this.#limits.statementMsMax ?? Infinity, act.limits.statementMsMax);
    if (nowMs - act.startedMs <= limit) return;
    if (this.#cancelled?.what === act) {
      if (nowMs - this.#cancelled.atMs > CANCEL_GRACE_MS)
        core.fatal("time_limit", `a statement did not end when cancelled after ${limit} ms`);
      return;
    }
    this.#cancelled = { what: act, atMs: nowMs };
    const because = refusal("time_limit", `the statement ran longer than the permitted ${limit} ms`, "ask for less in one statement");
    core.timedOut = { ...because, action: act.admission.id };
    core.parts.guard.limitReached(core.parts.session, act.admission.id, because.reason, Math.round(nowMs - act.startedMs), limit);
    this.#cancel();
  }

  #inTransaction(nowMs: number, activity: number): void {
    const { core } = this.#session;
    if (core.status === 0x49) {
      this.#transaction = -1;
      this.#idleSinceMs = 0;
      return;
    }
    if (this.#transaction !== core.transaction.count) {
      this.#transaction = core.transaction.count;
      this.#transactionSinceMs = nowMs;
    } else if (passed(nowMs - this.#transactionSinceMs, this.#limits.transactionMsMax)) {
      core.fatal("time_limit", `the transaction has lasted the permitted ${this.#limits.transactionMsMax} ms and is rolled back`, "25P04");
      return;
    }
    if (!core.drained || activity !== this.#activity || this.#idleSinceMs === 0) {
      this.#activity = activity;
      this.#idleSinceMs = nowMs;
    } else if (passed(nowMs - this.#idleSinceMs, this.#limits.idleInTransactionMsMax)) {
      core.fatal(
        "time_limit",
        `the transaction was idle for the permitted ${this.#limits.idleInTransactionMsMax} ms and is rolled back`,
        "25P03",
      );
    }
  }
}

/** The limits that are kept here besides the server's, by the name of the server's setting. */
export function keptBySetting(limits: SessionLimits): Readonly<Record<string, number>> {
  const all = {
    statement_timeout: limits.statementMsMax,
    transaction_timeout: limits.transactionMsMax,
    idle_in_transaction_session_timeout: limits.idleInTransactionMsMax,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, number] => entry[1] !== null));
}

function passed(elapsedMs: number, limitMs: number | null): boolean {
  return limitMs !== null && elapsedMs > limitMs;
}
