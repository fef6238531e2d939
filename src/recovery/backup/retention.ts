/**
 * Which backups go, and which WAL: pure. What is kept by number or by age stays; the newest good one always does, and all WAL that a kept
 * base backup needs to be replayed to any later moment.
 */
import type { Backup } from "../../model/recovery.ts";
import { parseLsn } from "./wal-names.ts";

export interface Keeping {
  /** The newest so many stay, whatever their age. */
  readonly full: number;
  /** All younger than this stay, whatever their number. */
  readonly ageMs: number;
}

export interface Retained {
  /** Oldest first. */
  readonly removed: readonly Backup[];
  /**
   * The number of the first segment that is needed, of the earliest timeline that a kept base backup is of: all before it goes. Later
   * timelines are not here, and left as they are.
   */
  readonly walFrom: ReadonlyMap<number, bigint>;
}

/** `backups` are whole ones. `segmentBytes` by backup. */
export function retained(backups: readonly (Backup & { readonly segmentBytes?: number })[], keep: Keeping, nowMs: number): Retained {
  const newestFirst = [...backups].sort((a, b) => b.startedAtMs - a.startedAtMs);
  const stays = (backup: Backup, at: number): boolean => at === 0 || at < keep.full || nowMs - backup.startedAtMs < keep.ageMs;
  const kept = newestFirst.filter(stays);
  const removed = newestFirst.filter((backup, at) => !stays(backup, at)).reverse();
  return { removed, walFrom: neededWal(kept) };
}

/**
 * The oldest kept base backup decides: from its first segment on, its timeline's WAL stays. Earlier timelines than its own are needed by
 * none, and go whole; later ones all stay.
 */
function neededWal(kept: readonly (Backup & { readonly segmentBytes?: number })[]): ReadonlyMap<number, bigint> {
  const from = new Map<number, bigint>();
  for (const { timeline, from: position, segmentBytes } of kept) {
    const lsn = parseLsn(position ?? "");
    if (timeline === undefined || lsn === undefined || segmentBytes === undefined) continue;
    const number = lsn / BigInt(segmentBytes);
    const known = from.get(timeline);
    if (known === undefined || number < known) from.set(timeline, number);
  }
  // A later timeline's own beginning lies behind a kept backup of an earlier one: only the earliest timeline is cut.
  const earliest = Math.min(...from.keys());
  return new Map([...from].filter(([timeline]) => timeline === earliest));
}
