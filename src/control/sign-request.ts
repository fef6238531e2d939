/**
 * The person's side: from passphrase and challenge to a signature over exactly one request to exactly one gateway.
 * It trusts nothing that the socket says: weak parameters are refused, and what is signed is the request as the person's client made it.
 */
import { messageOf } from "../base/message-of.ts";
import { type KeyObject, sign } from "node:crypto";
import type { Challenge, SignedRequest } from "./authority-port.ts";
import { derivePersonKey, keyParametersOf } from "./person-key.ts";
import { bodyDigest, gatewayName, statementText } from "./signed-statement.ts";

export interface RequestToSign {
  readonly person: string;
  /** Of the person, by `passphraseBytes`; the caller's to wipe. */
  readonly passphrase: Uint8Array;
  /** As the socket gave it: not trusted. */
  readonly challenge: Challenge;
  /** The path of the control socket that the person means. */
  readonly gateway: string;
  readonly method: string;
  readonly path: string;
  /** Every term of what is asked, for the person cannot trust what the socket shows: the id of an ask alone would not do. */
  readonly body: unknown;
}

/** Rejects with what to do when the challenge is none, or asks for parameters below the floor. */
export async function signRequest(request: RequestToSign): Promise<Pick<SignedRequest, "person" | "nonce" | "signature">> {
  const { person, passphrase, challenge, gateway, method, path, body } = request;
  const { nonce, key } = challenge;
  let privateKey: KeyObject;
  try {
    if (typeof nonce !== "string" || !/^[A-Za-z0-9_-]{40,200}$/.test(nonce)) throw new Error("the challenge holds no nonce of Holdfast's");
    privateKey = await derivePersonKey(passphrase, keyParametersOf(key));
  } catch (error) {
    const cause = messageOf(error);
    throw new Error(`nothing was signed, the socket may not be Holdfast's: ${cause}`);
  }
  const statement = statementText({ gateway: gatewayName(gateway), person, nonce, method, path, bodyDigest: bodyDigest(body) });
  return { person, nonce, signature: sign(null, Buffer.from(statement), privateKey).toString("base64") };
}
