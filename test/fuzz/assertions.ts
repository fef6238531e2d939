/**
 * What persons signed, damaged anywhere: an assertion, its terms, the record around them. Nothing that differs from what was signed
 * holds, and nothing throws. The authenticator is software; its answers are made by the standard's words and not by our own code.
 */
import type { AuditEvent } from "../../src/model/event.ts";
import { approvalChallenge, type PasskeyEvidence, passkeyProblem } from "../../src/control/passkey-evidence.ts";
import { PersonsReader } from "../../src/control/persons-reader.ts";
import { SoftwareAuthenticator } from "../console/software-authenticator.ts";
import { damagedText, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

const origin = "http://localhost:7433";
const terms = { actDigest: "a".repeat(64), planDigest: "b".repeat(64), nonce: "0123456789abcdefghjkmnpqrs" };
const signed = [
  "clientData",
  "authenticatorData",
  "signature",
  "publicKey",
  "origin",
  "rpId",
] as const satisfies readonly (keyof PasskeyEvidence)[];
let made: PasskeyEvidence | undefined;

export function assertionsAndRecords(random: Random): void {
  made ??= evidence();
  const good = made;
  const field = pick(random, signed);
  const bent = { ...good, [field]: damagedText(random, good[field]) };
  const problem = passkeyProblem(bent, terms);
  if ((problem === undefined) !== (bent[field] === good[field])) throw new Error(`a damaged ${field} holds: ${bent[field]}`);
  const term = pick(random, ["actDigest", "planDigest", "nonce"] as const);
  const others = { ...terms, [term]: damagedText(random, terms[term]) };
  if ((passkeyProblem(good, others) === undefined) !== (others[term] === terms[term])) throw new Error(`a damaged ${term} holds`);
  damagedRecord(random, good);
}

/** The record's line with damage anywhere: it is found, or nothing that was signed is other than it was. */
function damagedRecord(random: Random, good: PasskeyEvidence): void {
  const { credential, publicKey, rpId } = good;
  const id = "q_0123456789ab";
  const asked = { kind: "approval_asked", approval: id, ...terms, quorum: 1, strength: "passkey" };
  const answer = {
    kind: "approval_answered",
    approval: id,
    planDigest: terms.planDigest,
    person: "ada",
    answer: "approve",
    reason: "",
    evidence: good,
  };
  const line = damagedText(random, JSON.stringify(answer));
  let damaged: AuditEvent;
  try {
    damaged = JSON.parse(line) as AuditEvent;
  } catch {
    return;
  }
  if (typeof damaged !== "object" || damaged === null) return;
  const reader = new PersonsReader();
  reader.step({ kind: "vault_opened", generation: 1, persons: ["ada"], keys: [], passkeys: [], because: "" });
  reader.step({ kind: "passkey_registered", person: "ada", credential, publicKey, rpId, nonce: "n" });
  reader.step(asked as AuditEvent);
  if (reader.step(damaged) !== null || reader.figures().answers.passkey === 0) return;
  const { evidence: kept, ...rest } = damaged as Extract<AuditEvent, { kind: "approval_answered" }>;
  const same = rest.person === "ada" && rest.answer === "approve" && rest.approval === id && rest.planDigest === terms.planDigest;
  const whole = kept.kind === "passkey" && signed.every((name) => kept[name] === good[name]);
  const known = kept.kind === "passkey" && kept.credential === credential;
  if (!same || !whole || !known) throw new Error(`a damaged record holds: ${line}`);
}

function evidence(): PasskeyEvidence {
  const authenticator = new SoftwareAuthenticator(origin);
  const { response } = authenticator.get({ challenge: approvalChallenge(terms).toString("base64url"), rpId: "localhost" });
  const { clientDataJSON: clientData, authenticatorData, signature } = response;
  const { credential, publicKey } = authenticator;
  return { kind: "passkey", credential, publicKey, clientData, authenticatorData, signature, origin, rpId: "localhost" };
}
