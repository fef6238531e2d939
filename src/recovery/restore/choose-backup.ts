/** The backup that a moment can be reached from: the newest that was complete before it. It opens none. */
import type { StoredBackup } from "../backup/repository.ts";
import { parseLsn } from "../backup/wal-names.ts";
import type { Moment } from "./moment.ts";
import { RestoreFailed } from "./restore-failed.ts";

/** `backups` newest first. Throws {@link RestoreFailed} that says which is the nearest. */
export function chooseBackup(backups: readonly StoredBackup[], moment: Moment): StoredBackup {
  const usable = backups.filter(({ manifest }) => manifest.files.some(({ what }) => what === "base" || what === "database"));
  const found = usable.find((each) => wasCompleteBefore(each, moment));
  if (found !== undefined) return found;
  const nearest = usable.at(-1);
  if (nearest === undefined) throw new RestoreFailed("backup", "the repository holds no backup of this target that could be restored");
  const { id, endedAtMs } = nearest.manifest.backup;
  throw new RestoreFailed(
    "backup",
    `no backup was complete before that: the nearest one, ${id}, ended at ${new Date(endedAtMs).toISOString()}, which is later`,
  );
}

function wasCompleteBefore({ manifest }: StoredBackup, { until, atMs }: Moment): boolean {
  const { to, endedAtMs } = manifest.backup;
  const [end, due] = [parseLsn(to ?? ""), until.kind === "lsn" ? parseLsn(until.lsn) : undefined];
  if (end !== undefined && due !== undefined) return end <= due;
  return endedAtMs <= atMs;
}
