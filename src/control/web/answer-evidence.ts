/**
 * What proves a person's answer, out of what the browser sent with it: the login for a refusal, the passphrase's signature, a passkey's.
 * It answers nothing; the approvals hold the evidence against the person's keys once more when it is used.
 */
import type { AnswerEvidence } from "../../model/approval.ts";
import { type AnswerBody, answerPath } from "../contract.ts";
import { Fields } from "../fields.ts";
import { ControlRefusal } from "../parts.ts";
import { gatewayName } from "../signed-statement.ts";
import type { WebConsole } from "./parts.ts";
import { passkeyEvidence } from "./passkey-proof.ts";
import { passphraseOf, proven } from "./proof.ts";
import type { LoggedIn } from "./route.ts";

/** Rejects with `ControlRefusal` for a proof that does not hold, or does not do for this answer. */
export async function answerEvidence(body: AnswerBody, proof: unknown, console: WebConsole, by: LoggedIn): Promise<AnswerEvidence> {
  const fields = new Fields(proof, ["kind", "passphrase", "assertion"]);
  const kind = fields.oneOf("kind", ["login", "passphrase", "passkey"]);
  switch (kind) {
    case "login":
      if (body.answer === "deny") return { kind: "login" };
      throw new ControlRefusal("person_needed", "to approve takes a proof for just this", "give the passphrase, or use a passkey");
    case "passphrase":
      return signature(body, passphraseOf(fields.raw("passphrase")), console, by);
    case "passkey":
      // What a passkey signs stands for a yes.
      if (body.answer === "deny") throw new ControlRefusal("bad_request", "a denial takes no passkey", "send it with the login");
      return passkeyEvidence(fields.raw("assertion"), await console.parts.approvals.one(body.approval), console, by);
  }
}

/** The same statement that `holdfast approve` signs: the record does not depend on where a person answered. */
async function signature(body: AnswerBody, passphrase: string, console: WebConsole, { login, person }: LoggedIn): Promise<AnswerEvidence> {
  const { parts, guesses } = console;
  const place = { method: "POST", path: answerPath(body.approval) } as const;
  const bucket = `by ${login.person}`;
  const { evidence } = await proven({ ...parts, guesses }, { person: person.name, passphrase, ...place, body, bucket });
  const { publicKey, signature: signed, nonce } = evidence;
  return { kind: "signature", publicKey, signature: signed, nonce, gateway: gatewayName(parts.gateway), ...place, body };
}
