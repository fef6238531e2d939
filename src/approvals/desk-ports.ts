/**
 * What the desk needs of the rest of the gateway: rules, persons, the log, and what is in force now.
 * The composition root fulfils it; the desk opens no file and no connection.
 */
import type { PlanParts } from "./make-plan.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import type { ApprovalRules } from "../model/approval-rules.ts";
import type { ApprovalEvent } from "../model/event.ts";
import type { Environment, Session, Target } from "../model/principal.ts";
import type { ControlStore } from "../store/port.ts";

/** A registered person, as the vault says now. */
export interface DeskPerson {
  readonly name: string;
  readonly approves: readonly Environment[];
  /** Has registered one. */
  readonly passkey: boolean;
}

export type ApprovalStore = Pick<ControlStore, "changeApproval" | "approval" | "approvals" | "onApproval">;

export interface DeskParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly store: ApprovalStore;
  /** Throws when the log does not take it: then nothing is let through. */
  readonly record: (event: ApprovalEvent) => void;
  /** Resolves when what was recorded is durable; rejects when it cannot be. */
  readonly seal: () => Promise<void>;
  /** Asked each time: they may be loaded anew. */
  readonly rules: () => ApprovalRules;
  readonly persons: () => readonly DeskPerson[];
  /** Why an answer does not hold against the person's keys as they are now; `undefined` when it does. */
  readonly evidenceProblem: (approval: Approval, answer: ApprovalAnswer) => string | undefined;
  /** The digest of the policy that is in force for a principal at a target; `undefined` where there is none. */
  readonly policyDigest: (target: string, principal: string) => string | undefined;
  /** What is known of whoever is behind a connection, and of the target's backups. */
  readonly asker: (session: Session, target: Target) => Pick<PlanParts, "run" | "actsFor" | "purpose" | "recovery">;
  /** Where a person answers in a browser; absent where no console is served. */
  readonly link?: (approval: Approval["id"]) => string | undefined;
  /** Names this gateway in what it uses. */
  readonly gateway: string;
  /** Told what nobody waits for: a store that cannot be read, a row that fits no plan. */
  readonly warn: (message: string) => void;
}

/** An answer that is not taken: `code` for programs, `message` and `next` for the person. */
export class AnswerRefused extends Error {
  override readonly name = "AnswerRefused";
  readonly code: "bad_request" | "not_allowed" | "not_found" | "conflict" | "unavailable";
  readonly next: string | undefined;

  constructor(code: AnswerRefused["code"], message: string, next?: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/** A person's answer as it came in: every term of it is part of what was signed. */
export interface GivenAnswer {
  readonly approval: string;
  readonly planDigest: string;
  readonly answer: "approve" | "deny";
  readonly reason: string;
  readonly confirm: string;
}

/** By whom, through what, and what proves it. */
export type AnsweredBy = Pick<ApprovalAnswer, "evidence" | "channel"> & { readonly person: Pick<DeskPerson, "name" | "approves"> };

/** What a plan's answers must show at least. */
export interface Demand {
  readonly quorum: number;
  readonly strength: Approval["strength"];
  readonly coolOffMs: number;
}
