/**
 * Whether a person's answer is proven: first by itself, as anybody with the record can see, then by the keys that the person has now.
 * It does not say whether the answer counts; who may answer what is for the approvals.
 */
import { recordedAsIs } from "../audit/redact.ts";
import { assertNever } from "../base/assert.ts";
import type { AnswerEvidence, Approval, ApprovalAnswer } from "../model/approval.ts";
import type { RegisteredPerson } from "./authority.ts";
import type { AnswerBody } from "./contract.ts";
import { type ApprovalTerms, passkeyProblem } from "./passkey-evidence.ts";
import { bodyDigest, signatureFits, statementText } from "./signed-statement.ts";

/** Why the evidence does not prove the answer to the approval with these terms; `undefined` when it does. Never throws. */
export function proofProblem(id: string, terms: ApprovalTerms, answer: ApprovalAnswer): string | undefined {
  const { evidence } = answer;
  switch (evidence.kind) {
    case "login":
      return answer.answer === "deny" ? undefined : "a login alone approves nothing";
    case "signature":
      return signatureProblem(id, terms, answer, evidence);
    case "passkey":
      // The challenge stands for a yes: an assertion under a no would be one too.
      return answer.answer === "approve" ? passkeyProblem(evidence, terms) : "a refusal is not signed by a passkey";
    default:
      return assertNever(evidence, "evidence of an answer");
  }
}

/** As {@link proofProblem}, and held against the keys that the person has now. */
export function evidenceProblem(
  { id, plan, nonce }: Pick<Approval, "id" | "plan" | "nonce">,
  answer: ApprovalAnswer,
  persons: readonly RegisteredPerson[],
): string | undefined {
  const person = persons.find(({ name }) => name === answer.person);
  if (person === undefined) return `\`${answer.person}\` is not registered`;
  if (!recordedAsIs(answer.reason)) return "its reason looks as if it held a secret, or is too long: say it otherwise";
  const problem = keyProblem(person, answer.evidence);
  return problem ?? proofProblem(id, { actDigest: plan.act.digest, planDigest: plan.digest, nonce }, answer);
}

function keyProblem({ publicKey, passkeys = [] }: RegisteredPerson, evidence: AnswerEvidence): string | undefined {
  switch (evidence.kind) {
    case "login":
      return undefined;
    case "signature":
      return evidence.publicKey === publicKey ? undefined : "the person has another passphrase now";
    case "passkey": {
      const own = passkeys.find(({ credential }) => credential === evidence.credential);
      const same = own !== undefined && own.publicKey === evidence.publicKey && own.rpId === evidence.rpId;
      return same ? undefined : "the person has no such passkey";
    }
    default:
      return assertNever(evidence, "evidence of an answer");
  }
}

function signatureProblem(
  id: string,
  { planDigest }: ApprovalTerms,
  { person, answer, reason }: ApprovalAnswer,
  evidence: Extract<AnswerEvidence, { kind: "signature" }>,
): string | undefined {
  const { gateway, nonce, method, path, body } = evidence;
  const said = (typeof body === "object" && body !== null ? body : {}) as Partial<AnswerBody>;
  if (said.approval !== id || said.planDigest !== planDigest || said.answer !== answer || said.reason !== reason)
    return "what was signed is another answer";
  // Nothing else that a person signs has a path like it.
  if (method !== "POST" || !path.startsWith("/v1/approvals")) return "what was signed is no answer";
  const statement = statementText({ gateway, person, nonce, method, path, bodyDigest: bodyDigest(body) });
  return signatureFits(statement, evidence.publicKey, evidence.signature) ? undefined : "the signature does not hold";
}
