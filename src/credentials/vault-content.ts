/**
 * What a vault holds: secrets by name, the keys of persons, the log's signing key, and what the gateway must remember beyond the
 * agent's reach. It does not seal; every change makes a new content.
 */
import type { Environment } from "../model/principal.ts";

export const secretKinds = ["url", "password", "token", "key-pair", "text"] as const;
export type SecretKind = (typeof secretKinds)[number];

export interface VaultSecret {
  readonly kind: SecretKind;
  /** Of a key pair: id, key and token, with spaces between them. */
  readonly value: string;
  /** Hosts that it may be sent to; empty: wherever the configuration names it. */
  readonly hosts: readonly string[];
  readonly createdAtMs: number;
  readonly rotatedAtMs: number | null;
}

export interface VaultPerson {
  readonly approves: readonly Environment[];
  /** How the key is made from the passphrase: scrypt's parameters, `salt` in base64. */
  readonly key: { readonly salt: string; readonly cost: number; readonly blockSize: number; readonly parallelization: number };
  /** Ed25519, 32 bytes in base64. The private half is nowhere. */
  readonly publicKey: string;
  readonly createdAtMs: number;
  /** They go with the person, and with the passphrase: a new one registers its own. */
  readonly passkeys?: readonly VaultPasskey[];
}

/** A WebAuthn credential of a person: what signs what cannot be taken back. */
export interface VaultPasskey {
  /** Its id, base64url. */
  readonly credential: string;
  /** SPKI, base64url. */
  readonly publicKey: string;
  readonly rpId: string;
  readonly label: string;
  readonly registeredAtMs: number;
  /** As the authenticator last said how often it was used; many always say 0. */
  readonly counter: number;
}

export interface VaultContent {
  readonly secrets: Readonly<Record<string, VaultSecret>>;
  readonly persons: Readonly<Record<string, VaultPerson>>;
  /** PKCS#8 PEM of the key that signs the log's checkpoints. */
  readonly auditKey: string;
  /** The log had at least this many signed records: one that has fewer was cut. */
  readonly logSize: number;
  /** Digest of the configuration that a person accepted; `null` while any is taken. */
  readonly configDigest: string | null;
  /** Its file's text, so that a person sees what changed since; absent where the file was too long. */
  readonly configText?: string;
  /** The last of them, newest last: what is told in the log. */
  readonly changes: readonly { readonly generation: number; readonly atMs: number; readonly what: string }[];
}

/** Beyond them a record would be cut, and then say of somebody's key that there is none. */
const keysTold = { persons: 200, passkeys: 80 };

/** For the log: whose signature is held against which key from here on. */
export function keysOf({ persons }: VaultContent) {
  const all = Object.entries(persons);
  const keys = all.map(([person, { publicKey }]) => ({ person, publicKey }));
  const passkeys = all.flatMap(([person, { passkeys: own = [] }]) =>
    own.map(({ credential, publicKey, rpId }) => ({ person, credential, publicKey, rpId })),
  );
  return {
    persons: all.map(([person]) => person),
    ...(keys.length > keysTold.persons ? {} : { keys }),
    ...(passkeys.length > keysTold.passkeys ? {} : { passkeys }),
  };
}

const changesKept = 50;

export function withChange(content: VaultContent, generation: number, atMs: number, what: string): VaultContent {
  return { ...content, changes: [...content.changes, { generation, atMs, what }].slice(-changesKept) };
}

export function contentBytes(content: VaultContent): Buffer {
  return Buffer.from(JSON.stringify({ contentVersion: 1, ...content }), "utf8");
}

/** Of bytes that were authenticated: the shape is ours, unless a newer Holdfast sealed them. Throws then. */
export function contentOf(bytes: Buffer): VaultContent {
  const { contentVersion, ...content } = JSON.parse(bytes.toString("utf8")) as VaultContent & { readonly contentVersion: number };
  if (contentVersion !== 1) throw new Error("the vault was written by a newer Holdfast: use that one");
  return content;
}

/** As configurations refer to it. */
export function secretNameProblem(name: string): string | null {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(name) ? null : "a name has letters, digits, `_`, `.` and `-`, a letter first, at most 64";
}
