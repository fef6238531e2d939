/**
 * A person's key pair, derived from a passphrase each time it is needed: nothing of the private half is ever stored.
 * It does not ask for the passphrase, and keeps none.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type KeyCost, keyFromPassphrase, usualKeyCost } from "../base/passphrase-key.ts";
import type { RandomBytes } from "../base/ids.ts";

/** RFC 8410: what stands before the 32 bytes of an Ed25519 private key, and of a public one. */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** How a person's key is made from the passphrase: `salt` in base64. It helps nobody who does not know the passphrase. */
export type PersonKeyParameters = { readonly salt: string } & { readonly [K in keyof KeyCost]: number };

/** Throws when `parts`, which came from a socket, are no such parameters. Their strength is looked at when they are used. */
export function keyParametersOf(parts: unknown): PersonKeyParameters {
  const { salt, cost, blockSize, parallelization } = (parts ?? {}) as Readonly<Record<string, unknown>>;
  const figures = typeof cost === "number" && typeof blockSize === "number" && typeof parallelization === "number";
  if (typeof salt !== "string" || !figures) throw new Error("the challenge holds no parameters of a key");
  return { salt, cost, blockSize, parallelization };
}

export function newKeyParameters(random: RandomBytes): PersonKeyParameters {
  return { salt: Buffer.from(random(32)).toString("base64"), ...usualKeyCost };
}

/** Rejects when the parameters are below the floor: a false socket could ask for weak ones. The passphrase is the caller's to wipe. */
export async function derivePersonKey(passphrase: Uint8Array, parameters: PersonKeyParameters): Promise<KeyObject> {
  const salt = Buffer.from(parameters.salt, "base64");
  const seed = await keyFromPassphrase(passphrase, salt, parameters);
  const der = Buffer.concat([pkcs8Prefix, seed]);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    seed.fill(0);
    der.fill(0);
  }
}

/** The public half as 32 bytes in base64. */
export function publicKeyText(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(spkiPrefix.length).toString("base64");
}

/** Throws when the text is not 32 bytes in base64. */
export function publicKeyOf(text: string): KeyObject {
  const raw = Buffer.from(text, "base64");
  if (raw.length !== 32 || raw.toString("base64") !== text) throw new Error("not an Ed25519 public key: want 32 bytes in base64");
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: "der", type: "spki" });
}
