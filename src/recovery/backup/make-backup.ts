/**
 * One backup from the beginning to the manifest: room is looked for, a method makes the files, the WAL it needs is waited for, and only
 * then it counts. Whatever fails leaves nothing behind. It takes no lock and records nothing: the caller does both.
 */
import { statfs } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { assertNever } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { BackupId, RandomBytes } from "../../base/ids.ts";
import type { Backup } from "../../model/recovery.ts";
import { baseBackup } from "./base-backup.ts";
import { dumpBackup } from "./dump.ts";
import { type BackupJob, BackupUnusable, type MadeFiles } from "./job.ts";
import type { BackupManifest } from "./manifest.ts";
import type { ProgramPlaces, ServerLogin } from "./programs.ts";
import type { Replicate } from "./replication-port.ts";
import { type Repository, RepositoryProblem, type StoredBackup } from "./repository.ts";
import type { ServerFacts } from "./server-facts.ts";
import { parseLsn, segmentsBetween } from "./wal-names.ts";

export interface MakeBackup {
  readonly repository: Repository;
  readonly target: string;
  readonly id: BackupId;
  readonly method: "basebackup" | "dump";
  readonly login: ServerLogin;
  readonly replicate: Replicate;
  readonly programs: ProgramPlaces;
  readonly facts: ServerFacts;
  /** WAL arrives at the archive now: the backup needs not hold it itself. */
  readonly walArchived: boolean;
  /** How long the WAL that the backup needs may take to arrive. */
  readonly walWaitMs: number;
  readonly spool: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly progress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Rejects with what the method rejects with, and with {@link RepositoryProblem} where there is no room. */
export async function makeBackup(parts: MakeBackup): Promise<StoredBackup> {
  const { repository, target, id, clock, facts } = parts;
  await demandRoom(parts);
  const startedAtMs = clock.now();
  const draft = await repository.draft(target, id, startedAtMs);
  try {
    const made = await byMethod(parts, draft.folder);
    if (made.wal === "archive") await walArrived(parts, made);
    const { files, wal, tools, leftOut } = made;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const manifest: BackupManifest = {
      format: 1,
      backup: backupOf(parts, made, { startedAtMs, bytes }),
      files,
      wal,
      ...(made.from === undefined ? {} : { walSegmentBytes: facts.walSegmentBytes }),
      tools,
      leftOut,
      server: { bytes: facts.bytes, tables: facts.tables },
    };
    return await draft.finish(manifest);
  } catch (error) {
    await draft.abandon();
    throw error;
  }
}

function byMethod(parts: MakeBackup, folder: string): Promise<MadeFiles> {
  const { repository, method, login, replicate, programs, facts, walArchived, spool, random, progress, signal } = parts;
  const { key } = repository;
  if (repository.sealed && key === undefined)
    throw new RepositoryProblem("the repository is sealed, and its key is not given: set `backup.key`");
  const job: BackupJob = {
    folder,
    label: `holdfast ${parts.id}`,
    key,
    login,
    replicate,
    programs,
    facts,
    walArchived,
    spool,
    random,
    progress,
    signal,
  };
  switch (method) {
    case "basebackup":
      return baseBackup(job);
    case "dump":
      return dumpBackup(job);
    default:
      return assertNever(method, "method");
  }
}

function backupOf(parts: MakeBackup, made: MadeFiles, own: Pick<Backup, "startedAtMs" | "bytes">): Backup {
  const { id, target, method, clock, facts } = parts;
  const { from, to, timeline, databases } = made;
  const positions = from === undefined || to === undefined || timeline === undefined ? {} : { from, to, timeline };
  const identity = facts.systemIdentifier === undefined ? {} : { systemIdentifier: facts.systemIdentifier };
  return { id, target, method, ...own, endedAtMs: clock.now(), ...positions, serverVersion: facts.version, ...identity, databases };
}

/** What the server holds compresses, so this asks for more than is needed, and a disk does not fill in the middle of it. */
async function demandRoom({ repository, facts }: MakeBackup): Promise<void> {
  const { bavail, bsize } = await statfs(repository.folder);
  const room = bavail * bsize;
  if (room < facts.bytes)
    throw new RepositoryProblem(
      `\`${repository.folder}\` has room for ${room} bytes, and the server holds ${facts.bytes}: make room, or keep fewer backups`,
    );
}

const lookEveryMs = 200;

/** The server ends a segment when a backup ends, so that it arrives whole. */
async function walArrived(parts: MakeBackup, { from, to, timeline }: MadeFiles): Promise<void> {
  const { repository, target, facts, clock, walWaitMs, signal } = parts;
  const [first, last] = [parseLsn(from ?? ""), parseLsn(to ?? "")];
  if (first === undefined || last === undefined) throw new BackupUnusable("the server named no WAL positions", { empty: false });
  const needed = segmentsBetween(first, last, facts.walSegmentBytes);
  const archive = repository.wal(target);
  for (const begunMs = clock.monotonic(); ; ) {
    const missing = await archive.missing(timeline ?? 1, ...needed, facts.walSegmentBytes);
    if (missing.length === 0) return;
    if (clock.monotonic() - begunMs > walWaitMs)
      throw new BackupUnusable(`the WAL that it needs did not arrive: ${missing.slice(0, 3).join(", ")}; see \`holdfast backup status\``, {
        empty: false,
      });
    await delay(lookEveryMs, undefined, { signal });
  }
}
