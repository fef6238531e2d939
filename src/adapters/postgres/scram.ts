/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): the keys, and the verifier made from a password.
 * It does not know the exchange: `scram-server.ts` and `scram-client.ts` do.
 */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { ScramVerifier } from "./options.ts";
import { saslPrep } from "./scram-saslprep.ts";

/** Bytes of every key, hash and proof of SCRAM-SHA-256. */
export const scramKeyBytes = 32;

export const scram = {
  hmac: (key: Uint8Array, data: Uint8Array | string): Buffer => createHmac("sha256", key).update(data).digest(),
  hash: (data: Uint8Array): Buffer => createHash("sha256").update(data).digest(),
  /** PBKDF2 on the calling thread: for commands and tests. A login derives on the thread pool instead. */
  saltedPassword: (password: string, salt: Uint8Array, iterations: number): Buffer =>
    pbkdf2Sync(saslPrep(password), salt, iterations, scramKeyBytes, "sha256"),
  clientKey: (salted: Uint8Array): Buffer => scram.hmac(salted, "Client Key"),
  serverKey: (salted: Uint8Array): Buffer => scram.hmac(salted, "Server Key"),
  xor(a: Uint8Array, b: Uint8Array): Buffer {
    return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
  },
};

/** The verifier of a password, as `CREATE ROLE ... PASSWORD` would make it. PostgreSQL itself uses 4096 iterations and 16 bytes of salt. */
export function makeVerifier(password: string, how: { readonly iterations: number; readonly salt: Uint8Array }): ScramVerifier {
  const salted = scram.saltedPassword(password, how.salt, how.iterations);
  return {
    iterations: how.iterations,
    salt: how.salt,
    storedKey: scram.hash(scram.clientKey(salted)),
    serverKey: scram.serverKey(salted),
  };
}
