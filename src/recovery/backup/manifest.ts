/**
 * What is known of one backup, as the text that lies beside its files: with it the backup is there, without it it is not.
 * It reads and writes no file; a manifest that is not whole is none.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { canonicalJson } from "../../base/canonical.ts";
import type { Backup } from "../../model/recovery.ts";

export const manifestName = "manifest.json";

/** One file of a backup as it lies in the repository. */
export interface StoredFile {
  /** Plain name within the backup's folder; `.gz` and `.sealed` say what was done to its bytes, the last one last. */
  readonly name: string;
  /** `list`: the server's own list of a base backup's files, where it does not stand in the archive. */
  readonly what: "base" | "tablespace" | "list" | "database" | "globals";
  /** The tablespace's OID, or the database's name. */
  readonly of?: string;
  /** Of a tablespace: where it lay at the server. */
  readonly location?: string;
  /** As they lie there. */
  readonly bytes: number;
  readonly sha256: string;
  /** Uncompressed and unsealed. */
  readonly plainBytes: number;
}

export interface BackupManifest {
  readonly format: 1;
  readonly backup: Backup;
  readonly files: readonly StoredFile[];
  /** Where the WAL is that the backup needs to be consistent: in its own archive of files, in the WAL archive, or it needs none. */
  readonly wal: "inside" | "archive" | "none";
  readonly walSegmentBytes?: number;
  /** Each program that took part, with its version. */
  readonly tools: Readonly<Record<string, string>>;
  /** What is not in it, a sentence each. */
  readonly leftOut: readonly string[];
  /** What the server held by its own account when the backup began, for comparison: bytes of all databases, and tables of users. */
  readonly server: { readonly bytes: number; readonly tables: number };
}

/** The text, with a keyed digest where the repository is sealed: who has no key makes no manifest. */
export function manifestText(manifest: BackupManifest, key: Uint8Array | undefined): string {
  const mac = key === undefined ? {} : { mac: macOf(manifest, key) };
  return `${JSON.stringify({ ...manifest, ...mac }, null, 2)}\n`;
}

/** Throws an `Error` that says what is wrong. Without a key of a sealed repository it is read and not proven. */
export function parseManifest(text: string, key: Uint8Array | undefined): BackupManifest {
  const { mac, ...manifest } = JSON.parse(text) as BackupManifest & { readonly mac?: unknown };
  if (!isManifest(manifest)) throw new Error("it is no manifest of a backup");
  if (key === undefined) return manifest;
  const due = Buffer.from(macOf(manifest, key));
  const given = Buffer.from(typeof mac === "string" ? mac : "");
  if (due.length !== given.length || !timingSafeEqual(due, given)) throw new Error("it was changed, or made without the repository's key");
  return manifest;
}

function macOf(manifest: BackupManifest, key: Uint8Array): string {
  return createHmac("sha256", key).update("holdfast backup manifest 1\n").update(canonicalJson(manifest)).digest("hex");
}

function isManifest(value: unknown): value is BackupManifest {
  if (typeof value !== "object" || value === null) return false;
  const { format, backup, files } = value as Partial<BackupManifest>;
  return format === 1 && typeof backup?.id === "string" && Array.isArray(files) && files.every(isFile);
}

/** A name never leads out of the backup's folder. */
function isFile(value: unknown): boolean {
  const { name, bytes, sha256 } = value as Partial<StoredFile>;
  return (
    typeof name === "string" &&
    /^[A-Za-z0-9][\w.-]{0,120}$/.test(name) &&
    Number.isSafeInteger(bytes) &&
    /^[0-9a-f]{64}$/.test(sha256 ?? "")
  );
}
