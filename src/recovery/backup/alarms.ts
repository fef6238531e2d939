/**
 * What a person has to be told about a target's backups: pure, from what is known of them now.
 * It tells nobody; `alarm-book.ts` does, once for each change.
 */
import type { RecoveryAlarm } from "../../model/recovery.ts";

/** What this folder finds out; drills have their own. */
export const backupAlarms = [
  "no_backup",
  "backup_failed",
  "old_backup",
  "empty_backup",
  "wal_failing",
  "same_blast_radius",
  "repository_unreachable",
] as const;

export interface BackupFacts {
  readonly nowMs: number;
  /** Since when this gateway has looked after them. */
  readonly sinceMs: number;
  /** One is being made. */
  readonly running: boolean;
  readonly newest: { readonly startedAtMs: number; readonly bytes: number } | undefined;
  /** The one before it, of the same method. */
  readonly previous: { readonly bytes: number } | undefined;
  readonly oldMs: number;
  /** The last try, where it failed. */
  readonly failure: { readonly because: string; readonly empty: boolean } | undefined;
  /** Why the repository cannot be used. */
  readonly repository: string | undefined;
  /** Why the backups are lost with the data. */
  readonly sameRadius: string | undefined;
  /** Folders in the repository that have a backup's name and are none. */
  readonly broken: readonly string[];
  /** Absent where no WAL is received. */
  readonly wal: WalFacts | undefined;
}

export interface WalFacts {
  readonly state: "starting" | "streaming" | "waiting" | "stopped" | "elsewhere";
  readonly sinceMs: number;
  readonly problem: string | undefined;
  readonly lost: string | undefined;
  /** Not received yet; `undefined` where it could not be asked. */
  readonly lagBytes: number | undefined;
  readonly lagBytesMax: number;
  /** Of the slot, as the server has it: `reserved`, `extended`, `unreserved`, `lost`. */
  readonly slot: string | undefined;
  /** Segments missing between the newest base backup and the newest segment. */
  readonly missing: readonly string[];
}

/** Time for a first backup, and for a server's restart. */
const GRACE_MS = 5 * 60_000;
/** A backup so much smaller than the one before is more likely a mistake than a clean-up. */
const SHRUNK = 0.2;

export function alarmsOf(facts: BackupFacts): ReadonlyMap<RecoveryAlarm, string> {
  const alarms = new Map<RecoveryAlarm, string>();
  const { nowMs, newest, previous, failure, repository, sameRadius } = facts;
  if (repository !== undefined) alarms.set("repository_unreachable", repository);
  if (failure !== undefined) alarms.set(failure.empty ? "empty_backup" : "backup_failed", failure.because);
  if (sameRadius !== undefined) alarms.set("same_blast_radius", sameRadius);
  // Without the repository nobody knows what is in it.
  if (repository === undefined) {
    const first = failure === undefined && (facts.running || nowMs - facts.sinceMs < GRACE_MS);
    if (newest === undefined && !first) alarms.set("no_backup", withBroken("there is no backup of it", facts.broken));
    if (newest !== undefined && nowMs - newest.startedAtMs > facts.oldMs)
      alarms.set("old_backup", `the newest backup is ${ageText(nowMs - newest.startedAtMs)} old`);
    if (newest !== undefined && previous !== undefined && newest.bytes < previous.bytes * SHRUNK)
      alarms.set("empty_backup", `the newest backup has ${newest.bytes} bytes, and the one before it had ${previous.bytes}`);
  }
  const wal = facts.wal === undefined ? undefined : walProblem(facts.wal, nowMs);
  if (wal !== undefined) alarms.set("wal_failing", wal);
  return alarms;
}

function walProblem({ state, sinceMs, problem, lost, lagBytes, lagBytesMax, slot, missing }: WalFacts, nowMs: number): string | undefined {
  if (lost !== undefined) return `WAL was lost, and a new base backup is due: ${lost}`;
  if (slot === "lost") return "the server has thrown away WAL that the slot was to keep: raise max_slot_wal_keep_size";
  if (missing.length > 0) return `${missing.length} WAL segments are missing in the archive, \`${missing[0]}\` first`;
  const down = state !== "streaming" && state !== "elsewhere" && nowMs - sinceMs > GRACE_MS;
  if (down) return `WAL has not been received for ${ageText(nowMs - sinceMs)}${problem === undefined ? "" : `: ${problem}`}`;
  if (lagBytes !== undefined && lagBytes > lagBytesMax) return `${lagBytes} bytes of WAL are not received yet`;
  if (slot === "unreserved") return "the server is about to throw away WAL that is not received yet: raise max_slot_wal_keep_size";
  return undefined;
}

function withBroken(text: string, broken: readonly string[]): string {
  return broken.length === 0 ? text : `${text}: ${broken[0]}`;
}

export function ageText(ms: number): string {
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 2 * 86_400_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}
