/**
 * An answer's evidence held against a person's key: the control request that the person signed, naming just this approval, plan and answer.
 * It does not know whether the person may answer.
 */
import type { AnswerEvidence, ApprovalAnswer } from "../model/approval.ts";
import { type AnswerBody, answerPath } from "./contract.ts";
import { bodyDigest, signatureFits, statementText } from "./signed-statement.ts";

type Signature = Extract<AnswerEvidence, { kind: "signature" }>;

/** Why it does not hold; `undefined` when it does. `publicKey`: the person's, as the vault has it now. */
export function signatureProblem(
  { id, plan }: { readonly id: string; readonly plan: { readonly digest: string } },
  { person, answer, reason }: Pick<ApprovalAnswer, "person" | "answer" | "reason">,
  evidence: Signature,
  publicKey: string,
): string | undefined {
  const { nonce, gateway, method, path, signature } = evidence;
  if (evidence.publicKey !== publicKey) return "it was signed with another key than the person's";
  if (method !== "POST" || path !== answerPath(id)) return "another request was signed";
  const body = evidence.body as Partial<Record<keyof AnswerBody, unknown>> | null;
  if (typeof body !== "object" || body === null) return "what was signed holds no answer";
  if (body.approval !== id || body.planDigest !== plan.digest) return "the answer that was signed is to another plan";
  if (body.answer !== answer || typeof body.reason !== "string" || body.reason.trim() !== reason)
    return "the answer that was signed is another one";
  const statement = statementText({ gateway, person, nonce, method, path, bodyDigest: bodyDigest(evidence.body) });
  return signatureFits(statement, publicKey, signature) ? undefined : "the signature does not hold";
}
