/**
 * What the guard's side asks of whoever keeps plans and approvals: a held act is presented, measured, asked about, and used once.
 * It is a port: `approvals/` fulfils it, and a guard without one refuses every hold.
 */
import type { ActionId, ApprovalId } from "../base/ids.ts";
import type { Reason } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Measurement, Plan, Precondition } from "../model/plan.ts";
import type { Session, Target } from "../model/principal.ts";

export interface HeldAct {
  readonly action: ActionId;
  readonly session: Session;
  readonly target: Target;
  /** SHA-256 of the exact bytes with parameters and types: two acts are the same when these and the preconditions are. */
  readonly digest: string;
  /** As people may read it. */
  readonly shown: string;
  /** What it is for, in the words of whoever asks; absent: what the run was started for. */
  readonly purpose?: string;
  readonly parts: number;
  readonly reason: Reason;
  readonly rules: readonly string[];
  readonly policyDigest: string;
  readonly effects: readonly Effect[];
  /** Role, search_path, settings that change what a text means, catalogue version. */
  readonly preconditions: readonly Precondition[];
  /** What others said of what it would change, a sentence each; absent where nobody was asked. */
  readonly told?: readonly string[];
  /** Tries it and rolls it back. Rejects with {@link NotMeasurable} where no trial can tell, or it would take longer than it may. */
  readonly measure: () => Promise<Measured>;
  /** Aborted when whoever waits has gone. */
  readonly gone: AbortSignal;
}

export interface Measured {
  readonly measurement: Measurement;
  /** What no trial can tell of it all the same. */
  readonly unmeasured: readonly string[];
  /** Of the real server. */
  readonly identity: string;
  /** Tables of which row images were kept on trial, and how long they are kept at most; absent where undo is off. */
  readonly kept?: { readonly tables: readonly string[]; readonly keepMs: number };
}

/** `because` goes into the plan; `refuse` says that it must not be asked about at all. */
export class NotMeasurable extends Error {
  override readonly name = "NotMeasurable";
  readonly refuse: boolean;
  readonly identity: string;
  /** What others say that it would do, a sentence each: no measurement of ours. */
  readonly told: readonly string[];

  constructor(because: string, identity: string, refuse = false, told: readonly string[] = []) {
    super(because);
    this.identity = identity;
    this.refuse = refuse;
    this.told = told;
  }
}

export type Presented =
  | { readonly kind: "approved"; readonly ticket: Ticket }
  /** A person said no, or nobody may be asked. */
  | { readonly kind: "denied"; readonly reason: Reason }
  /** Nobody has answered yet: the reason holds the id, and where a person answers. */
  | { readonly kind: "waiting"; readonly approval: ApprovalId; readonly reason: Reason };

/** The right to carry out one plan once. */
export interface Ticket {
  readonly approval: ApprovalId;
  readonly plan: Plan;
  /** Rows by which what is done may differ from what was measured, of each table. */
  readonly toleranceRows: number;
  /**
   * Uses it up: durable in store and log when it resolves, with the server's transaction id where there is one. Rejects when it is not to
   * be had any more: then nothing may be sent.
   */
  begin(transaction: string | null): Promise<void>;
  /** Once after `begin`, or in its place where the server was not reached. */
  end(how: "used" | "stale" | "unknown" | "not_reached", because: string): Promise<void>;
}

export interface Approvals {
  /**
   * Resolves with an answer, or with `waiting` after the time that a connection may be held. Never rejects. The same act presented again by
   * the same principal joins what stands open, or gets the ticket.
   */
  present(act: HeldAct): Promise<Presented>;
}
