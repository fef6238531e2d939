/**
 * Records about what takes acts back: undo, the bin, recovery points, backups, drills, restores, and alarms about them.
 * They hold names and figures, and never a row.
 */
import type { ActionId, BackupId, BinEntryId, DrillId, UndoId } from "../base/ids.ts";
import type { TableCount } from "./outcome.ts";
import type { BackupMethod, DrillCheck, RecoveryAlarm } from "./recovery.ts";

export type RecoveryEvent =
  /** Durable before anything is taken back. The transactions are the server's ids of what the acts did. */
  | {
      readonly kind: "undo_started";
      readonly undo: UndoId;
      readonly target: string;
      readonly database: string;
      readonly transactions: readonly string[];
      readonly planDigest: string;
      readonly skipConflicts: boolean;
      /** Its own transaction, not committed yet: by it a start after a crash learns what became of it. */
      readonly transaction?: string;
      readonly person: string;
      readonly nonce: string;
    }
  | {
      readonly kind: "undo_done";
      readonly undo: UndoId;
      readonly how: "done" | "stale" | "failed" | "unknown";
      readonly tables: readonly TableCount[];
      /** Rows left as they are because of conflicts. */
      readonly skipped: number;
      /** Its own transaction, by which it can be taken back itself. */
      readonly transaction: string | null;
      readonly because: string;
    }
  /** The oldest row images went because of their age or the room they took: what they belong to cannot be taken back any more. */
  | {
      readonly kind: "undo_swept";
      readonly target: string;
      readonly database: string;
      readonly beforeMs: number;
      readonly transactions: number;
      readonly bytes: number;
      readonly because: string;
    }
  | {
      readonly kind: "bin_put";
      readonly entry: BinEntryId;
      readonly target: string;
      readonly database: string;
      readonly action?: ActionId;
      readonly tag: string;
      readonly names: readonly string[];
      readonly objects: number;
      readonly bytes: number;
    }
  | {
      readonly kind: "bin_restored" | "bin_emptied";
      readonly entry: BinEntryId;
      readonly target: string;
      readonly database: string;
      readonly names: readonly string[];
      readonly bytes: number;
      /** Absent where retention did it. */
      readonly person?: string;
      readonly nonce?: string;
      readonly because: string;
    }
  /** Where the server stood just before a destructive act was let through. */
  | {
      readonly kind: "recovery_point";
      readonly target: string;
      readonly action: ActionId;
      /** `null` where the server did not say: then `because` has the reason, and a restore goes by transaction or time. */
      readonly lsn: string | null;
      /** Of `pg_create_restore_point`; `null` where the login may not make one. */
      readonly name: string | null;
      readonly because?: string;
    }
  | { readonly kind: "backup_started"; readonly backup: BackupId; readonly target: string; readonly method: BackupMethod }
  | {
      readonly kind: "backup_done";
      readonly backup: BackupId;
      readonly target: string;
      readonly method: BackupMethod;
      readonly bytes: number;
      readonly from?: string;
      readonly to?: string;
      /** SHA-256 of the repository's own list of its files. */
      readonly manifest: string;
    }
  | {
      readonly kind: "backup_failed" | "backup_removed";
      readonly backup: BackupId;
      readonly target: string;
      readonly because: string;
    }
  | {
      readonly kind: "drill_done";
      readonly drill: DrillId;
      readonly target: string;
      readonly backup: BackupId | null;
      readonly passed: boolean;
      readonly checks: readonly DrillCheck[];
      readonly recoveryMs: number | null;
      readonly lostMs: number | null;
      readonly tables: readonly string[];
    }
  /** A scratch server was made as of a moment, or rows or tables of it were brought back. */
  | {
      readonly kind: "restored";
      readonly target: string;
      readonly backup: BackupId;
      /** The moment: a WAL position, a restore point's name or a time. */
      readonly until: string;
      readonly what: "scratch" | "tables" | "cluster";
      readonly names: readonly string[];
      readonly person: string;
      readonly because: string;
    }
  | { readonly kind: "recovery_alarm"; readonly target: string; readonly about: RecoveryAlarm; readonly because: string }
  | { readonly kind: "recovery_alarm_over"; readonly target: string; readonly about: RecoveryAlarm };
