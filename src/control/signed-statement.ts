/**
 * The exact text that a person signs for one request, and the test of a signature over it.
 * It holds the terms by their digest: whoever has the body, or the record of it, can hold the two together.
 */
import { verify } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { canonicalJson, digestOf } from "../base/canonical.ts";
import { signedPurpose } from "./authority-port.ts";
import { publicKeyOf } from "./person-key.ts";

export interface Signed {
  /** The control socket's absolute path: what was signed for one gateway opens nothing at another. */
  readonly gateway: string;
  readonly person: string;
  readonly nonce: string;
  readonly method: string;
  readonly path: string;
  /** Digest of the body's canonical JSON. */
  readonly bodyDigest: string;
}

/** The socket's path as both sides name it, whatever links lead to its folder; as it stands where the folder is not there. */
export function gatewayName(socketPath: string): string {
  try {
    return join(realpathSync(dirname(socketPath)), basename(socketPath));
  } catch {
    return socketPath;
  }
}

export function bodyDigest(body: unknown): string {
  return digestOf(body ?? null);
}

/** Canonical JSON (RFC 8785) of the request and what it is signed for. */
export function statementText({ gateway, person, nonce, method, path, bodyDigest: body }: Signed): string {
  return canonicalJson({ purpose: signedPurpose, gateway, person, nonce, method, path, body });
}

/** False for anything that is no signature too. `publicKey` and `signature` in base64. */
export function signatureFits(statement: string, publicKey: string, signature: string): boolean {
  const bytes = Buffer.from(signature, "base64");
  if (bytes.length !== 64 || bytes.toString("base64") !== signature) return false;
  try {
    return verify(null, Buffer.from(statement), publicKeyOf(publicKey), bytes);
  } catch {
    return false;
  }
}
