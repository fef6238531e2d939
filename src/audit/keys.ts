/**
 * The key pair that signs checkpoints: made once, kept in a state directory, mode 0600.
 * It does not seal the key: without a vault the file is plain, and whoever reads it can sign in the log's name. With one the private
 * half is handed in, and only the public half lies here.
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
  if (existing === null && (await exists(join(directory, publicKeyFile))))
    throw new Error(`the audit log's signing key \`${path}\` is gone: put it back, or the vault that holds it`);
  const privateKey = existing ?? (await createKey(path));
  const signer = signerOf(privateKey, keyName);
  const publicPath = join(directory, publicKeyFile);
  // A start that was killed between the two files is completed by the next.
  if (existing === null || !(await exists(publicPath))) {
    await writeNew(publicPath, `${verifierKeyText(keyName, signer.publicKey)}\n`, 0o644);
  }
  return signer;
}

/** A signer over a key that the vault holds; `directory` gets its public half. Throws when another key's public half lies there. */
export async function sealedSigner(pem: string, directory: string, keyName: string): Promise<CheckpointSigner> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const signer = signerOf(createPrivateKey(pem), keyName);
  const text = `${verifierKeyText(keyName, signer.publicKey)}\n`;
  const path = join(directory, publicKeyFile);
  const found = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (found === null) await writeNew(path, text, 0o644);
  else if (found !== text)
    throw new Error(`\`${path}\` is not the public half of the key in the vault: one of the two was put in the other's place`);
  return signer;
}

/** The plain key of an installation that had no vault, or a new one, as PEM for the vault. */
export async function keyToSeal(directory: string): Promise<string> {
  const key = (await readPrivateKey(join(directory, privateFile))) ?? generateKeyPairSync("ed25519").privateKey;
  return key.export({ format: "pem", type: "pkcs8" }) as string;
}

/** Once the vault holds the key durably. What the disk keeps of the file's former blocks is beyond us. */
export async function removePlainKey(directory: string): Promise<void> {
  await rm(join(directory, privateFile), { force: true });
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
