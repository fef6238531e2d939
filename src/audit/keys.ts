/**
 * The key pair that signs checkpoints: made once, kept in a state directory, mode 0600.
 * It does not seal the key: until there is a vault the file is plain, and whoever reads it can sign in the log's name.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { link, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointSigner } from "./note.ts";
import { verifierKeyText } from "./note.ts";

const privateFile = "audit.key";
/** The public key's text, for `audit verify` and to keep elsewhere. */
export const publicKeyFile = "audit.pub";

/** Loads the signer from `directory`, making it on first use. Throws when the key file may be read by others or does not parse. */
export async function loadOrCreateSigner(directory: string, keyName: string): Promise<CheckpointSigner> {
  if (!/^[^\s+]+$/.test(keyName)) throw new Error(`audit key name \`${keyName}\` holds white space or a plus sign`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, privateFile);
  const existing = await readPrivateKey(path);
  const privateKey = existing ?? (await createKey(path));
  const signer = signerOf(privateKey, keyName);
  const publicPath = join(directory, publicKeyFile);
  // A start that was killed between the two files is completed by the next.
  if (existing === null || !(await exists(publicPath))) {
    await writeNew(publicPath, `${verifierKeyText(keyName, signer.publicKey)}\n`, 0o644);
  }
  return signer;
}

/** A signer over an Ed25519 private key that somebody else keeps. */
export function signerOf(privateKey: KeyObject, keyName: string): CheckpointSigner {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return { keyName, publicKey: spki.subarray(spki.length - 32), sign: (message) => sign(null, message, privateKey) };
}

async function readPrivateKey(path: string): Promise<KeyObject | null> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new Error(`audit key \`${path}\` can be read by others: run chmod 600 on it`);
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType !== "ed25519") throw new Error(`audit key \`${path}\` is not an Ed25519 key`);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function createKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeNew(path, privateKey.export({ format: "pem", type: "pkcs8" }) as string, 0o600);
  return privateKey;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

/** Whole or not at all, even when killed half way; and exclusive: a key that appeared meanwhile is never overwritten. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const unfinished = `${path}.new`;
  await rm(unfinished, { force: true });
  const handle = await open(unfinished, "wx", mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await link(unfinished, path).finally(() => rm(unfinished, { force: true }));
}
