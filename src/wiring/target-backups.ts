/**
 * One target's backups while the gateway runs: on their schedule, one at a time over all gateways, with retention and what is alarming.
 * How a backup is made stands in `recovery/backup`; this joins it to the server, the log and the clock.
 */
import { mkdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import type { Clock } from "../base/clock.ts";
import { type BackupId, newBackupId, type RandomBytes } from "../base/ids.ts";
import { messageOf } from "../base/message-of.ts";
import { passphraseBytes } from "../base/passphrase-key.ts";
import type { BackupConfig } from "../config/backup-schema.ts";
import { readSecret } from "../config/read-secret.ts";
import type { TargetBackupsView } from "../control/backups-contract.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { RecoveryEvent } from "../model/recovery-event.ts";
import { alarmsOf, backupAlarms } from "../recovery/backup/alarms.ts";
import type { AlarmBook } from "../recovery/backup/alarm-book.ts";
import { BackupUnusable } from "../recovery/backup/job.ts";
import { makeBackup } from "../recovery/backup/make-backup.ts";
import { placeProblem, sameRadius, workedIn } from "../recovery/backup/place.ts";
import type { ProgramPlaces } from "../recovery/backup/programs.ts";
import { createRepository, type Listed, type Repository, RepositoryProblem, type StoredBackup } from "../recovery/backup/repository.ts";
import { dueAtMs } from "../recovery/backup/schedule.ts";
import { readServerFacts, takeBackupLock } from "../recovery/backup/server-facts.ts";
import { onThisMachine } from "./backup-place.ts";
import { backupAddress, backupLogin } from "./backup-login.ts";
import { missingSince, removeOld } from "./backup-retention.ts";
import { forgetMaking, leftMaking, noteMaking } from "./backup-note.ts";
import { replicationTo } from "./replication.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import { WalKeeper } from "./wal-keeper.ts";

export interface TargetBackupsParts {
  readonly target: string;
  readonly backup: BackupConfig & { readonly repository: string; readonly method: "basebackup" | "dump" };
  readonly environment: EnvironmentVariables;
  readonly programs: ProgramPlaces;
  /** This gateway's own folder for the target: logins' files, and what cannot be streamed. */
  readonly place: string;
  /** Folders in which agents are known to work, or to have worked since the start. */
  readonly workplaces: () => readonly string[];
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly record: (event: RecoveryEvent) => void;
  /** What was recorded is durable when it resolves. */
  readonly seal: () => Promise<void>;
  readonly alarms: AlarmBook;
}

const TICK_MS = 2_000;
const LOOK_EVERY_MS = 30_000;
/** Another gateway makes one: it is asked again after this. */
const ELSEWHERE_MS = 60_000;
const STREAMING_WAIT_MS = 15_000;
const WAL_WAIT_MS = 10 * 60_000;
const EMPTY: Listed = { backups: [], broken: [] };

interface Running {
  readonly id: BackupId;
  readonly startedAtMs: number;
  bytes: number;
  expectedBytes: number;
}

export class TargetBackups {
  readonly #parts: TargetBackupsParts;
  readonly #wal: WalKeeper | undefined;
  readonly #ended = new AbortController();
  readonly #sinceMs: number;
  #repository: Repository | undefined;
  #problem: string | undefined;
  #radius: string | undefined;
  #worked: string | undefined;
  #listed = EMPTY;
  #lookedAtMs = -Infinity;
  #running: Running | undefined;
  #opening: Promise<void> | undefined;
  #work: Promise<void> = Promise.resolve();
  #failure: { readonly atMs: number; readonly because: string; readonly empty: boolean } | undefined;
  #failures = 0;
  #elsewhereUntilMs = -Infinity;
  #loop: Promise<void> | undefined;

  constructor(parts: TargetBackupsParts) {
    this.#parts = parts;
    this.#sinceMs = parts.clock.now();
    this.#wal = parts.backup.wal ? new WalKeeper(parts) : undefined;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  get newestAtMs(): number | undefined {
    return this.backups[0]?.manifest.backup.endedAtMs;
  }

  /** Newest first. */
  get backups(): readonly StoredBackup[] {
    return this.#listed.backups;
  }

  /** Begins one. Rejects with `ControlRefusal` where one is being made, or nothing can be. */
  async now(): Promise<BackupId> {
    this.#demandIdle();
    await this.#openRepository();
    this.#demandIdle();
    if (this.#problem !== undefined) throw new ControlRefusal("unavailable", this.#problem);
    const begun = await this.#begin();
    if (begun === undefined) throw new ControlRefusal("conflict", "another gateway is making a backup of it", "see holdfast backup status");
    return begun;
  }

  #demandIdle(): void {
    if (this.#running === undefined) return;
    throw new ControlRefusal("conflict", `backup ${this.#running.id} is being made`, "see holdfast backup status");
  }

  /** Rejects with `ControlRefusal`: the newest stays. */
  async remove(id: string, because: string): Promise<boolean> {
    await this.#look();
    const found = this.backups.find(({ manifest }) => manifest.backup.id === id);
    if (found === undefined) return false;
    if (found === this.backups[0])
      throw new ControlRefusal("conflict", `\`${id}\` is the newest backup of it`, "make another first: holdfast backup now");
    await this.#repository?.remove(found);
    this.#parts.record({ kind: "backup_removed", backup: found.manifest.backup.id, target: this.#parts.target, because });
    await this.#look();
    return true;
  }

  async dropSlot(): Promise<void> {
    if (this.#wal === undefined) throw new ControlRefusal("not_found", "no WAL is received of it");
    await this.#wal.dropSlot().catch((error: unknown) => {
      throw new ControlRefusal("unavailable", `the slot is not dropped: ${messageOf(error)}`);
    });
  }

  view(): TargetBackupsView {
    const { target, backup, alarms } = this.#parts;
    const failure = this.#failure;
    return {
      target,
      method: backup.method,
      repository: backup.repository,
      sealed: backup.key !== undefined,
      backups: this.backups.map(({ manifest, folder, digest }) => ({
        ...manifest.backup,
        folder,
        manifest: digest,
        leftOut: manifest.leftOut,
      })),
      broken: this.#listed.broken.map(({ folder, because }) => `${folder}: ${because}`),
      running: this.#running === undefined ? null : runningView(this.#running),
      nextAtMs: this.#running === undefined ? Math.max(this.#parts.clock.now(), this.#dueAtMs()) : null,
      failure: failure === undefined ? null : { atMs: failure.atMs, because: failure.because },
      wal: this.#wal?.view() ?? null,
      alarms: alarms.standing(target).map(({ about, because, sinceMs }) => ({ about, because, sinceMs })),
      advice: this.#wal?.advice ?? [],
    };
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#loop;
    await this.#work;
    await this.#wal?.close();
  }

  async #run(): Promise<void> {
    const { clock, warn, target } = this.#parts;
    while (!this.#ended.signal.aborted) {
      try {
        await this.#openRepository();
        this.#worked = await workedIn(this.#parts.backup.repository, this.#parts.workplaces());
        if (this.#repository !== undefined) await this.#wal?.look(this.#repository);
        if (clock.monotonic() - this.#lookedAtMs > LOOK_EVERY_MS) await this.#look();
        const due =
          this.#repository !== undefined && this.#running === undefined && clock.now() >= Math.max(this.#dueAtMs(), this.#elsewhereUntilMs);
        if (due) await this.#begin();
        this.#alarm();
      } catch (error) {
        warn(`target \`${target}\`: its backups could not be looked after: ${messageOf(error)}`);
      }
      await delay(TICK_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  #dueAtMs(): number {
    const goodMs = this.backups[0]?.manifest.backup.startedAtMs;
    return dueAtMs(this.#parts.backup.schedule, { goodMs, failedMs: this.#failure?.atMs, failures: this.#failures });
  }

  /**
   * Again each time: what is on a mount may come back, and go. Whoever asks meanwhile waits too: before a backup begins, it must be told
   * what became of the last.
   */
  #openRepository(): Promise<void> {
    this.#opening ??= this.#openNow().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openNow(): Promise<void> {
    const { backup, environment, random, place } = this.#parts;
    try {
      const uid = process.getuid?.() ?? null;
      const problem = await placeProblem(backup.repository, uid);
      if (problem !== undefined) throw new RepositoryProblem(problem);
      await mkdir(place, { recursive: true, mode: 0o700 });
      if (this.#repository === undefined) {
        const key = backup.key === undefined ? undefined : readSecret(backup.key, environment);
        if (key?.ok === false) throw new RepositoryProblem(`its key cannot be had: ${key.message}`);
        const passphrase = key === undefined ? {} : { passphrase: passphraseBytes(key.value) };
        const repository = await createRepository({ folder: backup.repository, random, ...passphrase });
        if (repository.sealed && key === undefined) throw new RepositoryProblem("it is sealed, and `backup.key` is not given");
        this.#repository = repository;
        await this.#look();
        await this.#tellOfLast();
      } else await this.#repository.targets();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = messageOf(error);
      // Opened anew when it is back: it may be another one.
      this.#repository = undefined;
    }
  }

  async #look(): Promise<void> {
    const { clock, target } = this.#parts;
    this.#lookedAtMs = clock.monotonic();
    if (this.#repository === undefined) return;
    this.#listed = await this.#repository.list(target);
    const newest = this.backups.find(({ manifest }) => manifest.wal === "archive");
    if (newest !== undefined) this.#wal?.found(await missingSince(this.#repository, newest));
  }

  /** `undefined` where another gateway makes one. A failure to begin is one of the backup: it is recorded, and does not reject. */
  async #begin(): Promise<BackupId | undefined> {
    const { target, backup, environment, clock, random, record, place } = this.#parts;
    const id = newBackupId(random);
    let client: Client | undefined;
    this.#running = { id, startedAtMs: clock.now(), bytes: 0, expectedBytes: 0 };
    const started = { kind: "backup_started", backup: id, target, method: backup.method } as const;
    try {
      client = await backupAddress(target, backup, environment).connect();
      if (!(await takeBackupLock(client, "backup"))) {
        await client.end();
        this.#running = undefined;
        this.#elsewhereUntilMs = clock.now() + ELSEWHERE_MS;
        return undefined;
      }
      await noteMaking(place, id);
      record(started);
    } catch (error) {
      await client?.end().catch(() => undefined);
      record(started);
      this.#failed(id, error);
      return id;
    }
    const held = client;
    this.#work = this.#make(id, held)
      .catch((error: unknown) => this.#failed(id, error))
      .then(() => this.#told())
      .finally(() => held.end().catch(() => undefined));
    return id;
  }

  async #make(id: BackupId, client: Client): Promise<void> {
    const { target, backup, environment, programs, place, clock, random, record, warn } = this.#parts;
    const repository = this.#repository;
    const running = this.#running;
    if (repository === undefined || running === undefined) throw new RepositoryProblem(this.#problem ?? "the repository is not open");
    // Whoever holds the lock knows that what is half done is nobody's.
    const left = await repository.sweep(target);
    if (left.length > 0) warn(`target \`${target}\`: ${left.length} half-made or half-removed backups are removed`);
    const facts = await readServerFacts(client);
    running.expectedBytes = facts.bytes;
    const login = backupLogin(target, backup, environment);
    this.#radius = await sameRadius(backup.repository, facts.dataDirectory, onThisMachine(login.host));
    const made = await makeBackup({
      repository,
      target,
      id,
      method: backup.method,
      login,
      replicate: () => replicationTo(login, random),
      programs,
      facts,
      walArchived: await this.#streaming(),
      walWaitMs: WAL_WAIT_MS,
      spool: place,
      clock,
      random,
      progress: (bytes) => void (running.bytes += bytes),
      signal: this.#ended.signal,
    });
    record({ kind: "backup_done", backup: id, target, method: backup.method, ...doneOf(made) });
    this.#failure = undefined;
    this.#failures = 0;
    if (made.manifest.wal === "archive") this.#wal?.renewed();
    await this.#look();
    const old = (each: BackupId) =>
      record({ kind: "backup_removed", backup: each, target, because: "it is older than the configuration keeps them" });
    await removeOld({ repository, target, keep: backup.keep, nowMs: clock.now() }, this.backups, old);
    await this.#look();
    this.#running = undefined;
    this.#alarm();
  }

  /** The receiver may just be starting. */
  async #streaming(): Promise<boolean> {
    const { clock } = this.#parts;
    const begunMs = clock.monotonic();
    while (this.#wal !== undefined && clock.monotonic() - begunMs < STREAMING_WAIT_MS && !this.#ended.signal.aborted) {
      if (this.#wal.streaming) return true;
      await delay(100, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
    return false;
  }

  #failed(id: BackupId, error: unknown): void {
    const { target, clock, record, warn } = this.#parts;
    const because = this.#ended.signal.aborted ? "the gateway stopped" : messageOf(error);
    this.#running = undefined;
    this.#failure = { atMs: clock.now(), because, empty: error instanceof BackupUnusable && error.empty };
    this.#failures += 1;
    record({ kind: "backup_failed", backup: id, target, because });
    if (this.#ended.signal.aborted) return;
    warn(`target \`${target}\`: backup ${id} failed: ${because}`);
    this.#alarm();
  }

  /** A process before this one was killed while it made one. */
  async #tellOfLast(): Promise<void> {
    const { target, backup, place, record } = this.#parts;
    const id = await leftMaking(place);
    if (id === undefined) return;
    const found = this.backups.find(({ manifest }) => manifest.backup.id === id);
    if (found === undefined) this.#failed(id, new Error("the gateway was killed while it was made; nothing of it counts"));
    else record({ kind: "backup_done", backup: id, target, method: backup.method, ...doneOf(found) });
    await this.#told();
  }

  /** What became of it is durable: only then nobody has to tell it again. A log that is broken refuses everything by itself. */
  async #told(): Promise<void> {
    await this.#parts.seal().then(
      () => forgetMaking(this.#parts.place),
      () => undefined,
    );
  }

  #alarm(): void {
    const { target, backup, clock, alarms } = this.#parts;
    const [newest, ...older] = this.backups.map(({ manifest }) => manifest.backup);
    const facts = {
      nowMs: clock.now(),
      sinceMs: this.#sinceMs,
      running: this.#running !== undefined,
      newest,
      previous: older.find(({ method }) => method === newest?.method),
      oldMs: backup.oldMs,
      failure: this.#failure,
      repository: this.#problem,
      sameRadius:
        this.#worked === undefined || this.#radius === undefined ? (this.#worked ?? this.#radius) : `${this.#worked}; ${this.#radius}`,
      broken: this.#listed.broken.map(({ folder, because }) => `${folder}: ${because}`),
      wal: this.#wal?.facts(),
    };
    alarms.set(target, backupAlarms, alarmsOf(facts));
  }
}

function doneOf({ manifest, digest }: StoredBackup) {
  const { bytes, from, to } = manifest.backup;
  return { bytes, ...(from === undefined || to === undefined ? {} : { from, to }), manifest: digest };
}

function runningView({ id, startedAtMs, bytes, expectedBytes }: Running) {
  return { backup: id, startedAtMs, bytes, expectedBytes };
}
