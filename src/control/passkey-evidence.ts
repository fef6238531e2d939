/**
 * What a passkey signs to approve a plan, and whether an assertion holds: with nothing but the record and node's own cryptography, so that
 * a third party can do the same. It does not know who owns the key.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { AnswerEvidence } from "../model/approval.ts";

export type PasskeyEvidence = Extract<AnswerEvidence, { kind: "passkey" }>;

/** What an approval was about, as the record of the question has it. */
export interface ApprovalTerms {
  readonly actDigest: string;
  readonly planDigest: string;
  readonly nonce: string;
}

const purpose = "holdfast-approval-v1";

/**
 * The challenge, 32 bytes: SHA-256 over the UTF-8 bytes of the purpose, the act's digest, the plan's digest and the approval's nonce, as
 * they stand in the record, with one line feed (0x0a) between each two. It stands for a yes alone: a refusal is never signed by a passkey.
 */
export function approvalChallenge({ actDigest, planDigest, nonce }: ApprovalTerms): Buffer {
  return createHash("sha256").update([purpose, actDigest, planDigest, nonce].join("\n"), "utf8").digest();
}

/** Why the assertion is none over these terms by this evidence's own public key; `undefined` when it holds. Never throws. */
export function passkeyProblem(evidence: PasskeyEvidence, terms: ApprovalTerms): string | undefined {
  return assertionProblem(evidence, approvalChallenge(terms).toString("base64url"));
}

/** As {@link passkeyProblem}, for any challenge in base64url. */
export function assertionProblem(evidence: PasskeyEvidence, challenge: string): string | undefined {
  try {
    return problemOf(evidence, challenge);
  } catch {
    return "the assertion is not one";
  }
}

/** How often the authenticator says that it was used; 0 where it does not count. Throws when the data is too short. */
export function counterOf({ authenticatorData }: Pick<PasskeyEvidence, "authenticatorData">): number {
  return bytesOf(authenticatorData).readUInt32BE(33);
}

/** WebAuthn level 2, 7.2: in the order of what says most about a failure. */
function problemOf(evidence: PasskeyEvidence, challenge: string): string | undefined {
  const clientData = bytesOf(evidence.clientData);
  const said = JSON.parse(clientData.toString("utf8")) as Readonly<Record<string, unknown>>;
  if (said["type"] !== "webauthn.get") return "the client data is not an assertion's";
  if (said["challenge"] !== challenge) return "the passkey signed something else";
  if (said["origin"] !== evidence.origin) return "the client data names another origin";
  if (said["crossOrigin"] === true) return "it was asked for from within a page of others";
  if (!fits(evidence.origin, evidence.rpId)) return "the origin is not one that the passkey is for";
  const data = bytesOf(evidence.authenticatorData);
  if (data.length < 37) return "the authenticator's data is too short";
  const rpIdHash = createHash("sha256").update(evidence.rpId, "utf8").digest();
  if (!data.subarray(0, 32).equals(rpIdHash)) return "the authenticator answered for another site";
  const flags = data[32] ?? 0;
  if ((flags & present) === 0) return "nobody was there when it was signed";
  if ((flags & verified) === 0) return "the authenticator did not verify who was there";
  const signed = Buffer.concat([data, createHash("sha256").update(clientData).digest()]);
  const key = createPublicKey({ key: bytesOf(evidence.publicKey), format: "der", type: "spki" });
  // What stands behind a key's last byte is passed over when it is read: the record has the key and nothing else.
  if (!key.export({ format: "der", type: "spki" }).equals(bytesOf(evidence.publicKey))) return "the public key is not written as keys are";
  // Ed25519 has its digest within; ES256 and RS256 take SHA-256.
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return verify(digest, signed, key, bytesOf(evidence.signature)) ? undefined : "the passkey's signature does not hold";
}

const present = 0x01;
const verified = 0x04;

function fits(origin: string, rpId: string): boolean {
  const { hostname, protocol } = new URL(origin);
  const named = hostname === rpId || hostname.endsWith(`.${rpId}`);
  return named && (protocol === "https:" || hostname === "localhost");
}

/** One text has one value: what is written otherwise and decodes to the same bytes is refused, so that no byte can change unseen. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new Error("not base64url");
  return bytes;
}
