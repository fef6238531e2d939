/**
 * What the routes about backups ask of the running gateway, and what they tell. The composition root fulfils it.
 * Looking takes nobody, and neither does making one; only a person who signs removes one.
 */
import type { Backup, RecoveryAlarm } from "../model/recovery.ts";
import type { Signer } from "./parts.ts";

/** Every method rejects with `ControlRefusal` where it is not to be. */
export interface BackupControl {
  readonly view: () => Promise<readonly TargetBackupsView[]>;
  /** Begins one, and resolves as soon as it has begun: `view` tells how far it is. */
  readonly now: (target: string) => Promise<BegunBackup>;
  readonly remove: (backup: string, by: Signer) => Promise<void>;
  /** Drops the slot at the server, so that it keeps no more WAL for us, and receives none until the gateway starts again. */
  readonly dropSlot: (target: string, by: Signer) => Promise<void>;
}

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
