/**
 * What the log says of approvals: which are used up or closed, and which answers it holds. A fold over its records, earlier processes'
 * included: the store may be an old copy or forged, the log is neither.
 * It does not read the log.
 */
import { digestOf } from "../base/canonical.ts";
import type { ApprovalId } from "../base/ids.ts";
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import type { ApprovalEvent } from "../model/event.ts";

export class ApprovalFacts {
  /** By plan digest: an answer by passkey names the plan, and not the approval. */
  readonly #spent = new Map<string, string>();
  readonly #planOf = new Map<ApprovalId, string>();
  readonly #asked = new Set<ApprovalId>();
  readonly #attempts = new Map<ApprovalId, string>();
  readonly #settled = new Set<string>();
  /** When each answer came, by its digest. */
  readonly #answered = new Map<string, number>();
  readonly #seen = new Map<string, number>();

  step(event: ApprovalEvent): void {
    switch (event.kind) {
      case "approval_asked":
        this.#asked.add(event.approval);
        this.#planOf.set(event.approval, event.planDigest);
        return;
      case "approval_answered": {
        const { kind: _, approval, planDigest, ...answer } = event;
        this.#planOf.set(approval, planDigest);
        this.#answered.set(answerKey(approval, answer), answer.atMs);
        return;
      }
      case "approval_closed":
        this.#spend(event.approval, this.#planOf.get(event.approval), `it is ${event.state}: ${event.because}`);
        return;
      case "approval_used":
        this.#attempts.set(event.approval, event.attempt);
        this.#planOf.set(event.approval, event.planDigest);
        this.#spend(event.approval, event.planDigest, "it was used");
        return;
      case "approval_settled":
        this.#settled.add(event.attempt);
        if (event.how === "not_reached") this.#giveBack(event.approval);
        return;
    }
  }

  /** Why it can never be used again, whatever stands in the store. */
  spent({ id, plan }: Approval): string | undefined {
    return this.#spent.get(id) ?? this.#spent.get(plan.digest);
  }

  hasAsked(id: ApprovalId): boolean {
    return this.#asked.has(id);
  }

  hasAnswer(id: ApprovalId, answer: ApprovalAnswer): boolean {
    return this.#answered.has(answerKey(id, answer));
  }

  /** When an answer is known to have been there: by the log, or, where another gateway took it, since it was first seen here. */
  answeredAt(id: ApprovalId, answer: ApprovalAnswer, nowMs: number): number {
    const key = answerKey(id, answer);
    const known = this.#answered.get(key) ?? this.#seen.get(key);
    if (known === undefined) this.#seen.set(key, nowMs);
    return known ?? nowMs;
  }

  /** Whether the log has the use, and whether it has what became of it. */
  attempt(id: ApprovalId, attempt: string): "unknown here" | "begun" | "settled" {
    if (this.#settled.has(attempt)) return "settled";
    return this.#attempts.get(id) === attempt ? "begun" : "unknown here";
  }

  #spend(id: ApprovalId, planDigest: string | undefined, because: string): void {
    this.#spent.set(id, because);
    if (planDigest !== undefined) this.#spent.set(planDigest, because);
  }

  #giveBack(id: ApprovalId): void {
    this.#spent.delete(id);
    const planDigest = this.#planOf.get(id);
    if (planDigest !== undefined) this.#spent.delete(planDigest);
  }
}

function answerKey(id: ApprovalId, answer: ApprovalAnswer): string {
  return digestOf([id, answer]);
}
