/**
 * The vault's bytes: a header anybody can read and a body that only the passphrase opens, both authenticated together.
 * It reads and writes no file, and does not know what the body holds.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { canonicalJson } from "../base/canonical.ts";
import type { RandomBytes } from "../base/ids.ts";
import { type KeyCost, costProblem, keyFromPassphrase, usualKeyCost } from "../base/passphrase-key.ts";

/** Opens and seals every version of one vault, until its passphrase is changed. Held in memory by whoever has opened it. */
export interface VaultKey {
  readonly key: Buffer;
  /** Base64. */
  readonly salt: string;
  readonly cost: KeyCost;
}

export interface VaultHeader {
  /** Counts every write: an older one put back is known by it. */
  readonly generation: number;
  readonly salt: string;
  readonly cost: KeyCost;
  /** Base64, 12 bytes, new with each write. */
  readonly nonce: string;
}

/** The bytes are no vault, or not one that this key opens. */
export class VaultUnreadable extends Error {
  override readonly name = "VaultUnreadable";
}

/** A vault holds names, keys and addresses: more than this is something else. */
export const vaultBytesMax = 4 * 1024 * 1024;

const format = "holdfast-vault";
const version = 1;
const tagBytes = 16;

export async function newVaultKey(passphrase: Uint8Array, random: RandomBytes, cost = usualKeyCost): Promise<VaultKey> {
  const salt = Buffer.from(random(32));
  return { key: await keyFromPassphrase(passphrase, salt, cost), salt: salt.toString("base64"), cost };
}

/** The key that the header's own parameters make. Rejects when they are below the floor: nobody seals so, but who wants to guess. */
export async function vaultKeyOf(passphrase: Uint8Array, { salt, cost }: VaultHeader): Promise<VaultKey> {
  return { key: await keyFromPassphrase(passphrase, Buffer.from(salt, "base64"), cost), salt, cost };
}

/** One line of canonical JSON, and the sealed body in base64 behind it. */
export function sealVault(plain: Uint8Array, generation: number, { key, salt, cost }: VaultKey, random: RandomBytes): Buffer {
  const nonce = Buffer.from(random(12));
  const header = headerText({ generation, salt, cost, nonce: nonce.toString("base64") });
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(header));
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(`${header}\n${body.toString("base64")}\n`);
}

/** Throws {@link VaultUnreadable}. What it says was authenticated by nobody yet. */
export function vaultHeader(bytes: Uint8Array): VaultHeader {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const line = text.slice(0, Math.max(0, text.indexOf("\n")));
  const header = headerOf(line);
  if (header === null || headerText(header) !== line) throw new VaultUnreadable("the vault's first line is damaged, or it is no vault");
  const problem = costProblem(header.cost);
  if (problem !== null) throw new VaultUnreadable(`the vault is not opened: ${problem}`);
  return header;
}

/** The plain body, for the caller to wipe. Throws {@link VaultUnreadable}: a wrong passphrase and a changed byte cannot be told apart. */
export function unsealVault(bytes: Uint8Array, { key, salt, cost }: VaultKey): Buffer {
  const header = vaultHeader(bytes);
  if (header.salt !== salt || canonicalJson(header.cost) !== canonicalJson(cost))
    throw new VaultUnreadable("the vault was sealed anew with another passphrase, or is another vault");
  const [line = "", encoded = "", end, ...more] = Buffer.from(bytes).toString("utf8").split("\n");
  const body = Buffer.from(encoded, "base64");
  const wrong = new VaultUnreadable("wrong passphrase, or the vault is damaged");
  if (body.length < tagBytes || body.toString("base64") !== encoded || end !== "" || more.length > 0) throw wrong;
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(header.nonce, "base64"), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(line));
  decipher.setAuthTag(body.subarray(body.length - tagBytes));
  const plain = decipher.update(body.subarray(0, body.length - tagBytes));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    throw wrong;
  }
}

function headerText({ generation, salt, cost: { cost, blockSize, parallelization }, nonce }: VaultHeader): string {
  const kdf = { name: "scrypt", cost, blockSize, parallelization, salt };
  return canonicalJson({ format, version, generation, kdf, cipher: "aes-256-gcm", nonce });
}

/** `null` for whatever is not of the shape; {@link vaultHeader} then holds its text against the line, byte for byte. */
function headerOf(line: string): VaultHeader | null {
  try {
    const { generation, kdf, nonce } = JSON.parse(line) as { generation: unknown; kdf: Readonly<Record<string, unknown>>; nonce: unknown };
    const { salt, cost, blockSize, parallelization } = kdf;
    if (typeof salt !== "string" || typeof nonce !== "string" || Buffer.from(nonce, "base64").length !== 12) return null;
    if (typeof cost !== "number" || typeof blockSize !== "number" || typeof parallelization !== "number") return null;
    if (typeof generation !== "number" || !Number.isSafeInteger(generation) || generation < 1) return null;
    return { generation, salt, nonce, cost: { cost, blockSize, parallelization } };
  } catch {
    return null;
  }
}
