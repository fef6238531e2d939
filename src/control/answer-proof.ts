/**
 * Whether a person's answer is proven by what stands in the record beside it, as anybody can see who has the record alone.
 * It does not say whose key it is, nor whether the answer counts.
 */
import { assertNever } from "../base/assert.ts";
import type { ApprovalAnswer } from "../model/approval.ts";
import { type ApprovalTerms, passkeyProblem } from "./passkey-evidence.ts";
import { signatureProblem } from "./signature-evidence.ts";

/** Why the evidence does not prove the answer to the approval with these terms; `undefined` when it does. Never throws. */
export function proofProblem(id: string, terms: ApprovalTerms, answer: ApprovalAnswer): string | undefined {
  const { evidence } = answer;
  switch (evidence.kind) {
    case "login":
      return answer.answer === "deny" ? undefined : "a login alone approves nothing";
    case "signature":
      return signatureProblem({ id, plan: { digest: terms.planDigest } }, answer, evidence, evidence.publicKey);
    case "passkey":
      // The challenge stands for a yes: an assertion under a no would be one too.
      return answer.answer === "approve" ? passkeyProblem(evidence, terms) : "a refusal is not signed by a passkey";
    default:
      return assertNever(evidence, "evidence of an answer");
  }
}
