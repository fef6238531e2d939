/**
 * What the parts of the desk share: book, facts, refusals, and the closing of an approval that is over without having been used.
 * It answers nobody.
 */
import type { ApprovalId } from "../base/ids.ts";
import type { Approval, ApprovalAnswer, ApprovalState } from "../model/approval.ts";
import type { ApprovalEvent } from "../model/event.ts";
import { tableCounts } from "../model/plan.ts";
import { Book } from "./desk-book.ts";
import { ApprovalFacts } from "./desk-facts.ts";
import type { DeskParts } from "./desk-ports.ts";
import { Refusals } from "./desk-refusals.ts";

export class DeskRoom {
  readonly parts: DeskParts;
  readonly book: Book;
  readonly facts = new ApprovalFacts();
  readonly refusals = new Refusals();

  constructor(parts: DeskParts) {
    this.parts = parts;
    this.book = new Book(parts.store, parts.warn);
  }

  /** Throws when the log does not take it. */
  record(event: ApprovalEvent): void {
    this.parts.record(event);
    this.facts.step(event);
  }

  /** The question, where this log does not hold it: another gateway asked, or the process ended in between. */
  recordAsked({ id, plan, nonce, strength, quorum, expiresAtMs }: Approval): void {
    if (this.facts.hasAsked(id)) return;
    const { asked, target, measured, unmeasured, policy } = plan;
    this.record({
      kind: "approval_asked",
      approval: id,
      plan: plan.id,
      planDigest: plan.digest,
      actDigest: plan.act.digest,
      ...(asked.action === undefined ? {} : { action: asked.action }),
      principal: asked.principal,
      ...(asked.run === undefined ? {} : { run: asked.run }),
      target: target.name,
      environment: target.environment,
      tables: measured === null ? null : tableCounts(measured),
      unmeasured,
      policyDigest: policy.digest,
      rules: policy.rules,
      nonce,
      strength,
      quorum,
      expiresAtMs,
    });
  }

  recordAnswer({ id, plan }: Approval, answer: ApprovalAnswer): void {
    if (this.facts.hasAnswer(id, answer)) return;
    this.record({ kind: "approval_answered", approval: id, planDigest: plan.digest, ...answer });
  }

  /** `undefined` when it is not in one of the states any more. Whoever makes the change records it, and nobody else. */
  async close(
    id: ApprovalId,
    from: readonly ApprovalState[],
    state: "expired" | "abandoned" | "stale",
    because: string | ((current: Approval) => string),
  ): Promise<Approval | undefined> {
    const told = (current: Approval): string => (typeof because === "string" ? because : because(current));
    const closes = (current: Approval) => (from.includes(current.state) ? { ...current, state, because: told(current) } : undefined);
    const closed = await this.book.change(id, closes, (seen) => seen.state === state);
    if (closed !== undefined) this.record({ kind: "approval_closed", approval: id, state, because: closed.because ?? "" });
    return closed;
  }

  expired({ expiresAtMs, plan }: Approval): boolean {
    return this.parts.clock.now() >= Math.min(expiresAtMs, plan.expiresAtMs);
  }

  expire(id: ApprovalId): Promise<Approval | undefined> {
    // Somebody may have answered just now.
    return this.close(id, ["pending", "approved"], "expired", ({ answers, quorum, state }) => {
      const agreed = answers.filter(({ answer }) => answer === "approve").length;
      return state === "approved" ? "it was approved, and not used in time" : `${agreed} of ${quorum} persons agreed in time`;
    });
  }

  /** Another policy is in force than the one under which it was asked. Never for a target that other gateways serve. */
  policyGone({ plan }: Pick<Approval, "plan">): boolean {
    const now = this.parts.policyDigest(plan.target.name, plan.asked.principal);
    return now !== undefined && now !== plan.policy.digest;
  }

  /** The policy under which it was asked is the one in force here. */
  policyHolds({ plan }: Pick<Approval, "plan">): boolean {
    return this.parts.policyDigest(plan.target.name, plan.asked.principal) === plan.policy.digest;
  }

  /** From now on its answers are known to be there. */
  see({ id, answers, state }: Approval): void {
    if (state !== "pending" && state !== "approved") return;
    const now = this.parts.clock.now();
    for (const answer of answers) this.facts.answeredAt(id, answer, now);
  }

  /** Not before this time, by what this gateway has seen itself: the store may say another. */
  notBeforeMs(approval: Approval, coolOffMs: number): number {
    const now = this.parts.clock.now();
    const last = Math.max(0, ...approval.answers.map((answer) => this.facts.answeredAt(approval.id, answer, now)));
    return Math.max(approval.notBeforeMs ?? 0, coolOffMs === 0 ? 0 : last + coolOffMs);
  }
}
