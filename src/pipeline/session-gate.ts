/**
 * What the guard asks of whoever knows the run behind a connection: may it go on, within what is left, and on which grants.
 * It is a port: `sessions/` fulfils it, and a guard without one knows no runs.
 */
import type { Action } from "../model/action.ts";
import type { ActionId, RunId, SessionId } from "../base/ids.ts";
import type { Decision, Obligation, Reason } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Outcome, TableCount, TransactionEnd } from "../model/outcome.ts";
import type { Session, Target } from "../model/principal.ts";

/** What of a judgement the gate looks at. */
export interface JudgedAct {
  readonly decision: Decision;
  readonly effects: readonly Effect[];
  readonly readOnly: boolean;
}

/** The gate's answer to one act. */
export interface Gated {
  /** Stronger than an allow. `figure` of `allowed` is recorded as a limit that was reached. */
  readonly refused?: { readonly reason: Reason; readonly figure?: number; readonly allowed?: number };
  /** Beside the decision's own; the strictest figure of each kind holds. */
  readonly obligations: readonly Obligation[];
  /** Counts what is returned against what all connections of the run may read. */
  readonly reading?: ReadingBudget;
  /** False once what the answer rested on has changed: the act must then be judged again before it is sent. */
  readonly current?: () => boolean;
}

/** `figure` `what` is more than is `allowed`, in words for the agent. */
export interface ReadTooMuch {
  readonly what: string;
  readonly figure: number;
  readonly allowed: number;
  readonly next: string;
}

/** Shared by every connection of a run, and counted as rows go by. */
export interface ReadingBudget {
  /** Takes one row of so many bytes. What it returns says that the row must not go on. */
  take(bytes: number): ReadTooMuch | undefined;
}

export interface SessionGate {
  /** The run that the connection belongs to. */
  sessionOpened(session: Session, target: Target): RunId | undefined;
  sessionClosed(session: SessionId): void;
  /** Synchronous, between decision and record, once an act. `asks`: what is held comes before `question`, which counts it. */
  admit(action: Action, judged: JudgedAct, asks?: boolean): Gated;
  /** Counts an act that persons are about to be asked of, once by its digest. A reason, and the figures, when no more may be asked. */
  question(session: SessionId, digest: string): Gated["refused"];
  settled(action: ActionId, outcome: Outcome): void;
  transactionEnded(session: SessionId, end: TransactionEnd, rowsChanged: number, tables: readonly TableCount[] | undefined): void;
  /** No transaction is open on the connection, and everything that it sent is settled. */
  idle(session: SessionId): void;
  /** What a connection may do next depends on how its last act ended. */
  inOrder(session: SessionId): boolean;
}
