/**
 * Approvals as whoever of the account may see them: the names of rules are left out, which an agent would write around.
 * The digest of the policy stays: it is what was agreed to.
 */
import type { ApprovalView } from "./contract.ts";

export function withoutRules(view: ApprovalView): ApprovalView {
  const { plan } = view;
  return { ...view, plan: { ...plan, policy: { ...plan.policy, rules: [] } } };
}
