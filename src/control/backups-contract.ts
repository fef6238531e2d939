/**
 * What the gateway tells of backups: all that the command line may import about them from the control side.
 * It holds no secret; causes and folders in it are for persons of the house.
 */
import type { Backup, RecoveryAlarm } from "../model/recovery.ts";

export interface BegunBackup {
  readonly target: string;
  readonly backup: string;
}

export interface TargetBackupsView {
  readonly target: string;
  readonly method: Backup["method"];
  /** Absent where the provider keeps them. */
  readonly repository?: string;
  readonly sealed: boolean;
  /** Newest first. */
  readonly backups: readonly StoredBackupView[];
  readonly broken: readonly string[];
  readonly running: RunningBackupView | null;
  /** `null` while one is made. */
  readonly nextAtMs: number | null;
  readonly failure: { readonly atMs: number; readonly because: string } | null;
  readonly wal: WalView | null;
  readonly alarms: readonly { readonly about: RecoveryAlarm; readonly because: string; readonly sinceMs: number }[];
  /** What should be better at the server, a sentence each. */
  readonly advice: readonly string[];
}

export interface StoredBackupView extends Backup {
  /** Absolute folder; empty where the provider keeps it. */
  readonly folder: string;
  /** SHA-256 of its manifest. */
  readonly manifest: string;
  readonly leftOut: readonly string[];
}

export interface RunningBackupView {
  readonly backup: string;
  readonly startedAtMs: number;
  /** From the server so far, and about how many it will be. */
  readonly bytes: number;
  readonly expectedBytes: number;
}

export interface WalView {
  readonly state: "starting" | "streaming" | "waiting" | "stopped" | "elsewhere";
  readonly sinceMs: number;
  readonly problem: string | null;
  readonly slot: string;
  /** Not received yet. */
  readonly lagBytes: number | null;
  readonly archived: { readonly name: string; readonly atMs: number } | null;
  readonly missing: readonly string[];
}
