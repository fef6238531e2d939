/**
 * What a restore asks of wherever a backup lies: its files as plain streams, and the WAL after it, by name.
 * A repository fulfils it; nothing here knows folders, seals or keys.
 */
import type { Readable } from "node:stream";
import type { Backup } from "../../model/recovery.ts";

/** One tar archive, or one file of pg_dump. */
export interface SourceFile {
  /** `list`: the server's own list of files, which a restore does not need. */
  readonly what: "base" | "tablespace" | "list" | "database" | "globals";
  /** The tablespace's OID, or the database's name. */
  readonly of?: string;
  readonly plainBytes: number;
  /** Plain bytes: unsealed, uncompressed. It fails where a byte is other than it was written. */
  open(): Promise<Readable>;
}

export interface WalSource {
  /** Plain bytes of a segment, or of the part of it that is there, or of a timeline's history file. `undefined` where there is none. */
  read(name: string): Promise<Readable | undefined>;
}

export interface RestoreSource {
  readonly backup: Backup;
  readonly files: readonly SourceFile[];
  /** Absent for logical backups, and for those that hold all the WAL that they will ever have. */
  readonly wal?: WalSource;
}

/** How far to replay. */
export type ReplayUntil =
  /** All that there is. */
  | { readonly kind: "end" }
  /** What began before the position is in, what began there or later is not. */
  | { readonly kind: "lsn"; readonly lsn: string }
  /** Everything before the end of that transaction (its lower 32 bits). */
  | { readonly kind: "before_transaction"; readonly transaction: string }
  /** Up to the restore point of that name. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "time"; readonly atMs: number };

/** In words and for the record. */
export function untilText(until: ReplayUntil): string {
  switch (until.kind) {
    case "end":
      return "the end of the WAL";
    case "lsn":
      return until.lsn;
    case "before_transaction":
      return `before transaction ${until.transaction}`;
    case "name":
      return until.name;
    default:
      return new Date(until.atMs).toISOString();
  }
}

/** What somebody who waits is told. Bytes are plain ones. */
export type RestoreProgress =
  | { readonly step: "files"; readonly bytes: number; readonly of: number }
  | { readonly step: "start" }
  | { readonly step: "replay"; readonly at: string; readonly to: string | null };

export type OnProgress = (progress: RestoreProgress) => void;
