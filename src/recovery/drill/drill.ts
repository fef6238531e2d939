/**
 * One restore drill: the newest backup read again, restored into a scratch server, replayed to a point, looked into; then all of it goes.
 * It changes nothing at the original but that a WAL segment ends there early. Who is told of the result is not its matter.
 */
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../base/message-of.ts";
import type { Clock } from "../../base/clock.ts";
import type { DrillId } from "../../base/ids.ts";
import type { Drill, DrillCheck, TableRows } from "../../model/recovery.ts";
import type { AdminClient } from "../../provision/sql.ts";
import type { Repository, StoredBackup } from "../backup/repository.ts";
import { verifyBackup } from "../backup/verify.ts";
import { parseLsn, segmentAt, parseSegment } from "../backup/wal-names.ts";
import { openLogicalScratch } from "../restore/logical.ts";
import { repositorySource } from "../restore/repository-source.ts";
import { RestoreFailed } from "../restore/restore-failed.ts";
import { openScratch, type Scratch, type ScratchParts } from "../restore/scratch.ts";
import { sweepScratchFolders } from "../restore/scratch-folder.ts";
import { type ReplayUntil, untilText } from "../restore/source.ts";
import { sampleTables } from "./figures.ts";
import { type DrillPoint, takePoint } from "./point.ts";
import { ownChecks, type OwnCheck, rowChecks, structureChecks } from "./scratch-checks.ts";

export interface DrillOptions {
  readonly id: DrillId;
  readonly target: string;
  /** The database whose tables are looked into. */
  readonly database: string;
  /** Tables to look at in any case, qualified. */
  readonly tables: readonly string[];
  /** How many are looked at in all. */
  readonly sample: number;
  readonly own: readonly OwnCheck[];
  /** Absent: to a point that is taken of the living server now, where it can be reached, and to the end of the WAL otherwise. */
  readonly until?: ReplayUntil;
  /** Of earlier drills of the target. */
  readonly earlier: readonly TableRows[];
}

export interface DrillParts {
  readonly repository: Repository;
  readonly clock: Clock;
  /** Of the living server; absent where it is not to be asked, or cannot be. */
  readonly live?: AdminClient;
  /** Finds the programs of a major version and says where scratch servers go. */
  readonly scratch: (major: number) => Promise<ScratchParts>;
  readonly scratchRoot: string;
  readonly say: (what: string) => void;
}

const TABLE_BYTES_MAX = 64 * 1024 ** 2;
const STATEMENT_MS_MAX = 120_000;
/** A segment that was ended is archived within moments, unless archiving is broken: then that is what the drill finds. */
const ARCHIVED_MS_MAX = 60_000;

/** Never rejects for what is wrong with a backup: that is a drill that did not pass. */
export async function runDrill(options: DrillOptions, parts: DrillParts): Promise<Drill> {
  const { clock } = parts;
  const atMs = clock.now();
  await sweepScratchFolders(parts.scratchRoot);
  const drill = new Drilling(options, parts);
  try {
    await drill.run();
  } catch (error) {
    drill.found({ name: error instanceof RestoreFailed ? error.step : "drill", passed: false, because: messageOf(error) });
  }
  const { id, target } = options;
  const { checks, backup, recoveryMs, lostMs, tables } = drill;
  const passed = checks.length > 0 && checks.every((check) => check.passed);
  return { id, target, backup: backup?.manifest.backup.id ?? null, atMs, passed, checks, recoveryMs, lostMs, tables };
}

class Drilling {
  readonly checks: DrillCheck[] = [];
  backup: StoredBackup | undefined;
  recoveryMs: number | null = null;
  lostMs: number | null = null;
  tables: readonly string[] = [];
  readonly #options: DrillOptions;
  readonly #parts: DrillParts;

  constructor(options: DrillOptions, parts: DrillParts) {
    this.#options = options;
    this.#parts = parts;
  }

  found(...checks: readonly DrillCheck[]): void {
    this.checks.push(...checks);
  }

  async run(): Promise<void> {
    const { repository, say } = this.#parts;
    const { backups, broken } = await repository.list(this.#options.target);
    for (const { folder, because } of broken) this.found({ name: "backup", passed: false, because: `\`${folder}\`: ${because}` });
    const [newest] = backups;
    if (newest === undefined) return this.found({ name: "backup", passed: false, because: "there is no backup to restore" });
    this.backup = newest;
    const { method, id } = newest.manifest.backup;
    if (!newest.manifest.files.some(({ what }) => what === "base" || what === "database"))
      return this.found({ name: "backup", passed: false, because: `backup ${id} (${method}) holds no files that a drill could restore` });
    say(`reading backup ${id}`);
    this.found(...(await verifyBackup(repository, newest)));
    // A backup that is known not to be whole is restored all the same: what can be had of it is worth to be known.
    const logical = method === "dump";
    // Only WAL that is archived leads further than the backup itself.
    const further = newest.manifest.wal === "archive" && this.#options.until === undefined;
    const point = further ? await this.#takePoint() : undefined;
    const until = this.#options.until ?? (point === undefined ? { kind: "end" as const } : { kind: "lsn" as const, lsn: point.lsn });
    if (!logical) await this.#demandWal(newest, until, point);
    await this.#restore(newest, until, point);
  }

  async #takePoint(): Promise<DrillPoint | undefined> {
    const { live, clock, say } = this.#parts;
    const { database, tables, sample, id } = this.#options;
    if (live === undefined) return undefined;
    say("looking at the living server");
    try {
      const drawn = { tables: sample, tableBytesMax: TABLE_BYTES_MAX, seed: id };
      const now = () => clock.now();
      const point = await takePoint({ client: live, database, sample: drawn, named: tables, statementMs: STATEMENT_MS_MAX, now });
      if (point.switched === true) return point;
      say(`the login may not end a WAL segment (${point.switched}): replaying to the end of the archive`);
    } catch (error) {
      say(`the living server cannot be compared with: ${messageOf(error)}`);
    }
    return undefined;
  }

  /** A server that recovers takes a gap for the end of all WAL, and starts as if nothing were missing. */
  async #demandWal({ manifest }: StoredBackup, until: ReplayUntil, point: DrillPoint | undefined): Promise<void> {
    const { backup, walSegmentBytes = 16 * 1024 ** 2, wal } = manifest;
    if (wal !== "archive") return;
    const archive = this.#parts.repository.wal(this.#options.target);
    const from = parseLsn(backup.from ?? "");
    const timeline = point?.timeline ?? backup.timeline ?? 1;
    if (from === undefined || timeline !== backup.timeline) return;
    const size = BigInt(walSegmentBytes);
    const due = until.kind === "lsn" ? parseLsn(until.lsn) : undefined;
    // The position begins what comes next: its own segment is needed only where something of it lies before.
    if (point !== undefined && due !== undefined && due % size > 0n)
      await this.#archived(segmentAt(timeline, due, walSegmentBytes), walSegmentBytes);
    const segments = await archive.segments(walSegmentBytes);
    const newest = segments.filter((each) => each.timeline === timeline && !each.partial).at(-1)?.number ?? from / size;
    const last = due === undefined ? newest : (due - 1n) / size;
    const missing = await archive.missing(timeline, from / size, last, walSegmentBytes);
    const partial = new Set(segments.filter((each) => each.partial).map(({ name }) => name));
    const lost = missing.filter((name) => !(partial.has(name) && parseSegment(name, walSegmentBytes)?.number === last));
    const name = "WAL without a gap";
    if (lost.length === 0) {
      const count = Number(last - from / size) + 1;
      this.found({ name, passed: true, because: `${count} segments from ${backup.from ?? ""} to ${untilText(until)}` });
    } else {
      const more = lost.length > 5 ? ` and ${lost.length - 5} more` : "";
      this.found({ name, passed: false, because: `missing in the archive: ${lost.slice(0, 5).join(", ")}${more}` });
    }
  }

  async #archived(name: string, segmentBytes: number): Promise<void> {
    const { repository, clock, say } = this.#parts;
    const endMs = clock.monotonic() + ARCHIVED_MS_MAX;
    const archive = repository.wal(this.#options.target);
    say(`waiting for WAL segment ${name}`);
    while (clock.monotonic() < endMs) {
      if ((await archive.segments(segmentBytes)).some((each) => each.name === name && !each.partial)) return;
      await delay(200);
    }
  }

  async #restore(newest: StoredBackup, until: ReplayUntil, point: DrillPoint | undefined): Promise<void> {
    const { repository, clock, say } = this.#parts;
    const { target } = this.#options;
    const { backup } = newest.manifest;
    const parts = await this.#parts.scratch(Math.floor(backup.serverVersion / 10_000));
    const source = repositorySource(repository, target, newest);
    say("restoring into a scratch server");
    const startedMs = clock.monotonic();
    const scratch =
      backup.method === "dump" ? await openLogicalScratch(source, parts) : await openScratch(source, { until, atEnd: "promote" }, parts);
    try {
      this.recoveryMs = Math.round(clock.monotonic() - startedMs);
      const { lsn, lastCommitMs } = scratch.replayed;
      // What was replayed to a point taken just now has lost nothing up to it.
      this.lostMs = Math.max(0, clock.now() - (point?.atMs ?? lastCommitMs ?? backup.endedAtMs));
      this.found({ name: "server starts", passed: true, because: `replayed to ${lsn ?? "the dump's moment"} in ${this.recoveryMs} ms` });
      say("looking into it");
      await this.#look(scratch, point);
    } finally {
      await scratch.end();
    }
  }

  async #look(scratch: Scratch, point: DrillPoint | undefined): Promise<void> {
    const { database, tables: named, sample, own, earlier, id } = this.#options;
    const client = await scratch.connect(database);
    try {
      const drawn = { tables: sample, tableBytesMax: TABLE_BYTES_MAX, seed: id };
      const known = point?.figures ?? [];
      const sampled = await sampleTables(client, drawn, named);
      // What the living server was asked about is looked at first; a table that did not come back is missed there.
      this.tables = [...new Set([...known.map(({ table }) => table), ...sampled])];
      if (this.tables.length === 0)
        this.found({ name: "rows", passed: false, because: `database \`${database}\` came back without a table` });
      this.found(...(await structureChecks(client, sampled)));
      this.found(...(await rowChecks(client, database, this.tables, { exact: known, earlier }, STATEMENT_MS_MAX)));
      this.found(...(await ownChecks(client, own, STATEMENT_MS_MAX)));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
