/**
 * A passkey's registration: what the browser is asked for, and the key that comes of its answer.
 * It stores nothing, and takes no attestation's word for what kind of authenticator it is.
 */
import { messageOf } from "../base/message-of.ts";
import { createPublicKey } from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { ControlRefusal } from "./parts.ts";
import type { RegisteredPasskey } from "./authority.ts";

export interface Ceremony {
  readonly person: string;
  /** 32 bytes, base64url. */
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
}

/** COSE's numbers: Ed25519 and ECDSA with P-256, and RSA, which some authenticators built into a computer have alone. */
const algorithms = [-8, -7, -257];

/** For `navigator.credentials.create`; `known`: credentials that need not be registered again. */
export async function registrationOptions({ person, challenge, rpId }: Ceremony, known: readonly string[]): Promise<unknown> {
  const { generateRegistrationOptions } = await import("@simplewebauthn/server");
  return generateRegistrationOptions({
    rpName: "Holdfast",
    rpID: rpId,
    userName: person,
    userDisplayName: person,
    userID: new Uint8Array(Buffer.from(person, "utf8").subarray(0, 64)),
    challenge: new Uint8Array(Buffer.from(challenge, "base64url")),
    attestationType: "none",
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
    supportedAlgorithmIDs: algorithms,
  });
}

/** The key of a browser's answer. Rejects with {@link ControlRefusal} when it does not answer the ceremony. */
export async function registeredKey(
  answer: unknown,
  { challenge, origin, rpId }: Ceremony,
): Promise<Pick<RegisteredPasskey, "credential" | "publicKey" | "counter">> {
  const [{ verifyRegistrationResponse }, { decodeCredentialPublicKey }] = await Promise.all([
    import("@simplewebauthn/server"),
    import("@simplewebauthn/server/helpers"),
  ]);
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: answer as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    });
    if (!verified) throw new Error("its attestation does not hold");
    const { id, publicKey, counter } = registrationInfo.credential;
    const key = createPublicKey({ key: jwkOf(decodeCredentialPublicKey(publicKey) as unknown as Cose), format: "jwk" });
    return { credential: id, publicKey: key.export({ format: "der", type: "spki" }).toString("base64url"), counter };
  } catch (error) {
    const cause = messageOf(error);
    throw new ControlRefusal("bad_request", `the passkey was not registered: ${cause.slice(0, 200)}`, "try again");
  }
}

/** A key in COSE's form (RFC 9053): numbers for names. */
interface Cose {
  get(label: number): unknown;
}

function jwkOf(cose: Cose): JsonWebKey {
  const part = (label: number): string => {
    const bytes = cose.get(label);
    if (!(bytes instanceof Uint8Array)) throw new Error("its key is incomplete");
    return Buffer.from(bytes).toString("base64url");
  };
  const algorithm = cose.get(3);
  if (algorithm === -7 && cose.get(-1) === 1) return { kty: "EC", crv: "P-256", x: part(-2), y: part(-3) };
  if (algorithm === -8 && cose.get(-1) === 6) return { kty: "OKP", crv: "Ed25519", x: part(-2) };
  if (algorithm === -257) return { kty: "RSA", n: part(-1), e: part(-2) };
  throw new Error("its kind of key is not supported");
}
