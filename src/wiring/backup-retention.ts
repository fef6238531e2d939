/**
 * What goes of a target's backups and WAL by age, carried out; and what of its WAL is not there that should be.
 * Which ones those are `recovery/backup/retention.ts` says.
 */
import type { BackupId } from "../base/ids.ts";
import type { Repository, StoredBackup } from "../recovery/backup/repository.ts";
import { type Keeping, retained } from "../recovery/backup/retention.ts";
import { parseLsn } from "../recovery/backup/wal-names.ts";

export interface Removing {
  readonly repository: Repository;
  readonly target: string;
  readonly keep: Keeping;
  readonly nowMs: number;
}

/** Only for who holds the lock. `removed` is called for each that is gone. */
export async function removeOld(
  { repository, target, keep, nowMs }: Removing,
  backups: readonly StoredBackup[],
  removed: (id: BackupId) => void,
): Promise<void> {
  const all = backups.map(({ manifest: { backup, walSegmentBytes } }) =>
    walSegmentBytes === undefined ? backup : { ...backup, segmentBytes: walSegmentBytes },
  );
  const old = retained(all, keep, nowMs);
  for (const { id } of old.removed) {
    const found = backups.find(({ manifest }) => manifest.backup.id === id);
    if (found === undefined) continue;
    await repository.remove(found);
    removed(id);
  }
  const segmentBytes = backups.find(({ manifest }) => manifest.walSegmentBytes !== undefined)?.manifest.walSegmentBytes;
  if (segmentBytes === undefined) return;
  for (const [timeline, number] of old.walFrom) await repository.wal(target).removeBefore(timeline, number, segmentBytes);
}

/** Segments between that base backup and the newest segment of its timeline that are not there. */
export async function missingSince(repository: Repository, { manifest }: StoredBackup): Promise<readonly string[]> {
  const { walSegmentBytes: size } = manifest;
  const { timeline, from, target } = manifest.backup;
  const lsn = parseLsn(from ?? "");
  if (size === undefined || timeline === undefined || lsn === undefined) return [];
  const archive = repository.wal(target);
  const newest = (await archive.segments(size)).filter((each) => each.timeline === timeline && !each.partial).at(-1);
  return newest === undefined ? [] : archive.missing(timeline, lsn / BigInt(size), newest.number, size);
}
