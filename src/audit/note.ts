/**
 * C2SP signed notes and tlog checkpoints: made, parsed and their Ed25519 signatures verified.
 * It does not keep keys or files. Format: c2sp.org/signed-note, c2sp.org/tlog-checkpoint.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Who signs a log's checkpoints. `keyName` must hold no white space and no plus sign. */
export interface CheckpointSigner {
  readonly keyName: string;
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** A public key as its text gives it: `name+hash+base64(0x01 || key)`. */
export interface VerifierKey {
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** Root hash, base64. */
  readonly root: string;
  /** The whole note, signatures included. */
  readonly text: string;
}

const ed25519Type = 1;
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** The first four bytes of SHA-256(name, line feed, signature type, key). */
function keyId(name: string, publicKey: Uint8Array): Buffer {
  return createHash("sha256").update(`${name}\n`).update(Buffer.of(ed25519Type)).update(publicKey).digest().subarray(0, 4);
}

/** The verifier key's text form, for people to keep outside the machine. */
export function verifierKeyText(name: string, publicKey: Uint8Array): string {
  const body = Buffer.concat([Buffer.of(ed25519Type), publicKey]).toString("base64");
  return `${name}+${keyId(name, publicKey).toString("hex")}+${body}`;
}

/** Parses `name+hash+base64`; throws an `Error` that says what is wrong with it. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name, id, body] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || id === undefined || body === undefined) {
    throw new Error(`not a public key: \`${text.trim().slice(0, 80)}\`: want name+hash+base64`);
  }
  const bytes = Buffer.from(body, "base64");
  if (bytes.length !== 33 || bytes[0] !== ed25519Type) throw new Error(`public key \`${name}\` is not an Ed25519 key`);
  const raw = bytes.subarray(1);
  if (keyId(name, raw).toString("hex") !== id) throw new Error(`public key \`${name}\` does not fit its hash: it was copied wrongly`);
  return { name, id: Buffer.from(id, "hex"), key: createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: "der", type: "spki" }) };
}

/** A signed checkpoint for `size` leaves under `root`. */
export function signCheckpoint(origin: string, size: number, root: Uint8Array, signer: CheckpointSigner): Checkpoint {
  const rootText = Buffer.from(root).toString("base64");
  const body = `${origin}\n${size}\n${rootText}\n`;
  const signature = Buffer.concat([keyId(signer.keyName, signer.publicKey), signer.sign(Buffer.from(body))]);
  return { origin, size, root: rootText, text: `${body}\n— ${signer.keyName} ${signature.toString("base64")}\n` };
}

const notePattern = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n\n((?:— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)$/;

/** Parses one checkpoint note; `null` when it is not one, byte for byte. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [, origin, size, root] = notePattern.exec(text) ?? [];
  if (origin === undefined || size === undefined || root === undefined) return null;
  if (Buffer.from(root, "base64").toString("base64") !== root) return null;
  return { origin, size: Number(size), root, text };
}

/** True when one of the note's signatures is by `key` and good. Other people's signatures (witnesses) are passed over. */
export function signatureHolds(checkpoint: Checkpoint, key: VerifierKey): boolean {
  const at = checkpoint.text.indexOf("\n\n");
  const body = Buffer.from(checkpoint.text.slice(0, at + 1));
  for (const line of checkpoint.text
    .slice(at + 2)
    .trimEnd()
    .split("\n")) {
    const [, name, encoded = ""] = line.split(" ");
    const bytes = Buffer.from(encoded, "base64");
    if (name !== key.name || bytes.toString("base64") !== encoded || !bytes.subarray(0, 4).equals(key.id)) continue;
    if (bytes.length === 68 && verify(null, body, key.key, bytes.subarray(4))) return true;
  }
  return false;
}

/** A file of notes: each followed by an empty line. `rest` is what is left after the last whole note that parses. */
export function parseNotes(text: string): { readonly notes: readonly Checkpoint[]; readonly rest: string } {
  const notes: Checkpoint[] = [];
  let at = 0;
  while (at < text.length) {
    const bodyEnd = text.indexOf("\n\n", at);
    const end = bodyEnd < 0 ? -1 : text.indexOf("\n\n", bodyEnd + 2);
    const note = end < 0 ? null : parseCheckpoint(text.slice(at, end + 1));
    if (note === null) break;
    notes.push(note);
    at = end + 2;
  }
  return { notes, rest: text.slice(at) };
}
