/**
 * The judgement of an act that persons agreed to: the policy's hold turned into an allow that rests on the approval.
 * It lifts nothing but that hold; a deny stays one, and a hold by another policy is a question of its own.
 */
import { approvalRuleId } from "../model/approval.ts";
import type { Approved } from "./guard.ts";
import type { Judgement } from "./judge.ts";

export function approvedJudgement(judgement: Judgement, { approval, policyDigest }: Approved, newId: () => string): Judgement {
  const { decision } = judgement;
  if (decision.kind === "deny") return judgement;
  if (decision.policyDigest === policyDigest) {
    const rules = [...decision.rules, approvalRuleId(approval)];
    const owed = decision.kind === "hold" ? decision.owed : decision.obligations.filter(({ kind }) => kind === "recovery_point");
    return { ...judgement, id: newId(), code: "approved", decision: { kind: "allow", obligations: owed ?? [], rules, policyDigest } };
  }
  if (decision.kind === "hold") return judgement;
  // It would run in the session now, within the limits of that permission, and not as planned.
  const reason = { code: "approval_lapsed", message: "the policy has changed and permits this now", next: "send it again" } as const;
  const { rules } = decision;
  return { ...judgement, id: newId(), code: reason.code, decision: { kind: "deny", reason, rules, policyDigest: decision.policyDigest } };
}
