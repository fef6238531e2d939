/**
 * What an act can be taken back with: kept row images, the bin, recovery points, backups and drills, as data.
 * It restores nothing; `recovery/` does.
 */
import type { ActionId, BackupId, BinEntryId, DrillId, SessionId, UndoId } from "../base/ids.ts";
import type { TableCount } from "./outcome.ts";

/** One committed transaction of an agent whose row images are kept. It is taken back as a whole. */
export interface KeptTransaction {
  /** The server's 64-bit transaction id (`xid8`), as text. */
  readonly transaction: string;
  /** Login role that it ran as (`session_user`). */
  readonly role: string;
  readonly serverProcess: number;
  readonly atMs: number;
  readonly tables: readonly TableCount[];
  /** Known where the log names the transaction. */
  readonly session?: SessionId;
  readonly actions?: readonly ActionId[];
}

/** What an undo would do, shown before it is done; `digest` binds everything else. */
export interface UndoPlan {
  readonly id: UndoId;
  readonly target: string;
  readonly database: string;
  readonly transactions: readonly string[];
  readonly tables: readonly UndoTable[];
  readonly conflicts: readonly UndoConflict[];
  /** What stays as it is (sequences, what other servers were told ...): a sentence each, for people. */
  readonly notUndone: readonly string[];
  readonly digest: string;
}

export interface UndoTable {
  /** Qualified, as the server writes it today. */
  readonly table: string;
  /** Rows that the acts deleted and that come back. */
  readonly inserted: number;
  /** Rows that get their former values again. */
  readonly updated: number;
  /** Rows that the acts inserted and that go. */
  readonly deleted: number;
}

export type UndoConflictKind =
  /** The row is there and no longer as the act left it. */
  | "changed"
  /** The row that the act left is gone. */
  | "gone"
  /** Another row has the key, or another unique value, of one that would come back. */
  | "taken"
  /** Rows of others refer to one that would go. */
  | "referenced"
  /** A row that would come back refers to one that is not there. */
  | "parent_gone"
  /** The table, or a column that cannot be left out, is not there any more. */
  | "table_changed"
  /** A constraint that was added since does not allow the former values. */
  | "not_allowed";

export interface UndoConflict {
  readonly table: string;
  readonly kind: UndoConflictKind;
  /** The row's key as the server writes it, masked where its column is not public; absent for what concerns the whole table. */
  readonly key?: string;
  readonly because: string;
}

/** One act whose objects rest in the bin. */
export interface BinEntry {
  readonly id: BinEntryId;
  readonly target: string;
  readonly database: string;
  readonly atMs: number;
  /** `DROP TABLE`, `TRUNCATE TABLE`, `ALTER TABLE` (a column) ...: the tag that the client got. */
  readonly tag: string;
  readonly role: string;
  readonly action?: ActionId;
  readonly objects: readonly BinObject[];
  readonly bytes: number;
  readonly state: "kept" | "restored" | "emptied";
}

export interface BinObject {
  /** As the server's `pg_identify_object` calls it: `table`, `view`, `sequence`, `function`, `type`, `table column` ... */
  readonly type: string;
  /** Qualified, as it was. */
  readonly name: string;
  /** Whether the act named it, or it went along. */
  readonly direct: boolean;
}

export type BackupMethod = "pgbackrest" | "basebackup" | "dump" | "external";

export interface Backup {
  readonly id: BackupId;
  readonly target: string;
  readonly method: BackupMethod;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly bytes: number;
  /** WAL positions between which it is consistent; absent for logical ones. */
  readonly from?: string;
  readonly to?: string;
  readonly timeline?: number;
  /** Version of the server, as 150018. */
  readonly serverVersion: number;
  /** `pg_control`'s system identifier: another cluster's backup is no backup of this one. */
  readonly systemIdentifier?: string;
  readonly databases: readonly string[];
}

export interface DrillCheck {
  readonly name: string;
  readonly passed: boolean;
  /** What was found: a figure where it passed, the reason where it did not. */
  readonly because: string;
  /** Of one table as it came back: later drills are held against it. */
  readonly figures?: TableRows;
}

export interface TableRows {
  readonly database: string;
  /** Qualified. */
  readonly table: string;
  readonly rows: number;
}

/** One restore into a scratch server, checked. */
export interface Drill {
  readonly id: DrillId;
  readonly target: string;
  readonly backup: BackupId | null;
  readonly atMs: number;
  readonly passed: boolean;
  readonly checks: readonly DrillCheck[];
  /** From the first byte copied to a server that answers. */
  readonly recoveryMs: number | null;
  /** Between the newest change that came back and the moment of the drill. */
  readonly lostMs: number | null;
  /** Tables that were looked into, qualified. */
  readonly tables: readonly string[];
}

export type RecoveryAlarm =
  | "no_backup"
  | "backup_failed"
  | "old_backup"
  | "empty_backup"
  | "wal_failing"
  | "drill_failed"
  | "no_drill"
  | "same_blast_radius"
  | "repository_unreachable";
