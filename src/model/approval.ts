/**
 * An approval: one question to persons about one plan, their answers, and what became of it.
 * It opens nothing by standing somewhere: each answer carries the evidence by which it is held against the person's key when it is used.
 */
import type { ApprovalId } from "../base/ids.ts";
import type { Plan } from "./plan.ts";

/**
 * pending -> approved | denied | expired | abandoned | stale; approved -> running | denied | expired | stale;
 * running -> used | unknown | stale | approved
 * (`stale`: the act did other than planned and was rolled back; back to `approved`: the server was not reached, so nothing ran;
 * `denied` after `approved`: a person took it back before it was used); unknown -> used | stale, once the server was asked.
 */
export type ApprovalState = "pending" | "approved" | "denied" | "expired" | "abandoned" | "stale" | "running" | "used" | "unknown";

/** What proves an answer: a passphrase's signature, or a passkey's over the plan digest, which what cannot be taken back needs. */
export type ApprovalStrength = "signature" | "passkey";

export type ApprovalChannel = "console" | "command" | "chat";

export interface Approval {
  readonly id: ApprovalId;
  /** Counts its changes: whoever changes it must have seen the last. */
  readonly revision: number;
  readonly plan: Plan;
  /** Fresh for each: part of what a passkey signs. */
  readonly nonce: string;
  readonly strength: ApprovalStrength;
  /** Persons who must agree. */
  readonly quorum: number;
  readonly answers: readonly ApprovalAnswer[];
  readonly state: ApprovalState;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** Not carried out before; `null` where there is no wait after the last agreement. */
  readonly notBeforeMs: number | null;
  /** Times the same act was presented while it stood open. */
  readonly count: number;
  /** Who waits for it sees this: why it was denied, or what became of it. */
  readonly because?: string;
  readonly use?: ApprovalUse;
}

export interface ApprovalAnswer {
  readonly person: string;
  readonly answer: "approve" | "deny";
  readonly atMs: number;
  readonly channel: ApprovalChannel;
  readonly reason: string;
  /** Milliseconds from when the person was first shown it to the answer; `null` where nobody knows. */
  readonly tookMs: number | null;
  readonly evidence: AnswerEvidence;
}

export type AnswerEvidence =
  /** A control request that the person signed: its body names this approval, the plan's digest and the answer. */
  | {
      readonly kind: "signature";
      readonly publicKey: string;
      readonly signature: string;
      readonly nonce: string;
      readonly gateway: string;
      readonly method: string;
      readonly path: string;
      readonly body: unknown;
    }
  /** A WebAuthn assertion; every field base64url as the browser gives it. `publicKey` is SPKI. */
  | {
      readonly kind: "passkey";
      readonly credential: string;
      readonly publicKey: string;
      readonly clientData: string;
      readonly authenticatorData: string;
      readonly signature: string;
      readonly origin: string;
      readonly rpId: string;
    }
  /** A denial takes no more than a person who is logged in. */
  | { readonly kind: "login" };

export interface ApprovalUse {
  /** Drawn anew for each try: after a lost reply of the store it tells whether the try was ours. */
  readonly attempt: string;
  readonly gateway: string;
  readonly atMs: number;
  /** The server's transaction id, by which an unknown outcome is settled; `null` where the act cannot run in a transaction. */
  readonly transaction: string | null;
}

const rulePrefix = "approval:";

/** An approval stands among the rules of the decision that rests on it under this id. */
export function approvalRuleId(id: ApprovalId): string {
  return `${rulePrefix}${id}`;
}

/** Whether a decision rests on an approval. */
export function restsOnApproval(rules: readonly string[]): boolean {
  return rules.some((id) => id.startsWith(rulePrefix));
}
