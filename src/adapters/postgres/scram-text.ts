/**
 * PostgreSQL's textual form of a SCRAM verifier, as in `pg_authid.rolpassword`:
 * `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
 * It never sees a password.
 */
import type { ScramVerifier } from "./options.ts";
import { scramKeyBytes } from "./scram.ts";

const SHAPE = /^SCRAM-SHA-256\$([1-9][0-9]{0,8}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2}):([A-Za-z0-9+/]+={0,2})$/;

export function formatVerifier(verifier: ScramVerifier): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return `SCRAM-SHA-256$${verifier.iterations}:${base64(verifier.salt)}$${base64(verifier.storedKey)}:${base64(verifier.serverKey)}`;
}

/** `undefined` when the text is not a verifier; the text is never part of an error, for it is as good as a hash of the password. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const found = SHAPE.exec(text);
  if (found === null) return undefined;
  const [, iterations = "", salt = "", stored = "", server = ""] = found;
  const verifier = {
    iterations: Number(iterations),
    salt: Buffer.from(salt, "base64"),
    storedKey: Buffer.from(stored, "base64"),
    serverKey: Buffer.from(server, "base64"),
  };
  const whole = verifier.storedKey.length === scramKeyBytes && verifier.serverKey.length === scramKeyBytes;
  // Formatting again rejects base64 that decodes but was not canonical.
  return whole && formatVerifier(verifier) === text ? verifier : undefined;
}
