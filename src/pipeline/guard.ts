/**
 * The two crossings between an edge and the core: `admit` before an act is sent, `settle` after it.
 * It does not know any protocol; the steps behind it stand one a file beside this one.
 */
import type { Action } from "../model/action.ts";
import type { ActionId, ApprovalId } from "../base/ids.ts";
import type { Obligation, Reason, StatementSummary } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Outcome, TableCount, TransactionEnd } from "../model/outcome.ts";
import type { Session, Target } from "../model/principal.ts";
import type { ReadingBudget } from "./session-gate.ts";

export interface Guard {
  /**
   * Resolves when the decision is made and its intent is appended (not yet durable: see `seal`). Never rejects: a failure inside is
   * a deny.
   */
  admit(action: Action, can: Capabilities): Promise<Admission>;
  /** The same, at once, when this text was judged before under the same context; `undefined` otherwise. The hot path. */
  admitNow(action: Action, can: Capabilities): Admission | undefined;
  /**
   * An act that was held, again under an id of its own, because persons agreed to a plan of it: allowed on the approval, unless session,
   * budget or policy say otherwise by now. Held when the policy is not the one that the plan was made under. Never rejects.
   */
  admitApproved?(action: Action, can: Capabilities, approved: Approved): Promise<Admission>;
  /**
   * Before persons are asked about an act (`digest` tells it from others): counts it once among what the run may ask. A reason when it may
   * not ask more.
   */
  question?(session: Session, digest: string): Reason | undefined;
  /** Resolves when every intent appended so far is durable. Rejects when the record cannot be written: nothing may then be sent. */
  seal(): Promise<void>;
  /** Once per allowed admission. One that never comes is settled as `unknown` at restart. */
  settle(admission: Allowed, outcome: Outcome): void;
  /** Acts of a transaction that ended together; recorded after the server's answer. */
  settleTransaction(
    session: Session,
    actions: readonly ActionId[],
    end: TransactionEnd,
    rowsChanged: number,
    tables?: readonly TableCount[],
    /** The server's id of it, where it was read. */
    transaction?: string,
  ): void;
  sessionOpened(session: Session, target: Target, serverProcess: number | undefined): void;
  sessionClosed(session: Session, because: string): void;
  loginRefused(user: string, peer: string, because: string): void;
  limitReached(session: Session, action: ActionId | null, reason: Reason, figure: number, allowed: number): void;
  /** No transaction is open on the connection, and everything that it sent is settled. */
  sessionIdle?(session: Session): void;
  /** True while what the session may do next depends on how its last act ended: the next is judged when that is known. */
  inOrder?(session: Session): boolean;
}

/** What this adapter can fulfil; an obligation outside it turns the allow into a deny. */
export interface Capabilities {
  readonly obligations: ReadonlySet<Obligation["kind"]>;
  /** What is held is brought before persons: `question` counts it then, and not `admit`. */
  readonly asks?: boolean;
}

/** What persons agreed to. */
export interface Approved {
  readonly approval: ApprovalId;
  /** Of the policy that the plan was made under. */
  readonly policyDigest: string;
}

export type Admission = Allowed | Denied | Held;

export interface Allowed {
  readonly kind: "allow";
  readonly id: ActionId;
  readonly statements: readonly StatementSummary[];
  readonly obligations: readonly Obligation[];
  /** Nothing durable can change: no `seal` is owed before it is sent. */
  readonly readOnly: boolean;
  /** Rows that it returns are counted here too, one by one: the run's connections share what they may read. */
  readonly reading?: ReadingBudget;
  /** False once what it rested on has changed: it must be judged again before it is sent. */
  readonly current?: () => boolean;
}

/** `statements` are there when the text was understood: the adapter still needs its shape to answer as the server would. */
export interface Denied {
  readonly kind: "deny";
  readonly id: ActionId;
  readonly reason: Reason;
  readonly statements: readonly StatementSummary[];
}

/** An act that a person must agree to, with what a plan of it is made of. */
export interface Held {
  readonly kind: "hold";
  readonly id: ActionId;
  readonly reason: Reason;
  readonly statements: readonly StatementSummary[];
  readonly effects: readonly Effect[];
  readonly rules: readonly string[];
  readonly policyDigest: string;
  /** False once the policy has changed: it must be judged again before anybody is asked. */
  readonly current: () => boolean;
}
