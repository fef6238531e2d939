/**
 * A target's backups that others keep, while the gateway runs: looked at every while, begun on schedule where that is ours to do, recorded
 * when there is a new one, with the same alarms as our own.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { type BackupId, newBackupId, type RandomBytes } from "../base/ids.ts";
import { digestOf, sha256Hex } from "../base/canonical.ts";
import { messageOf } from "../base/message-of.ts";
import type { BackupConfig } from "../config/backup-schema.ts";
import type { TargetBackupsView } from "../control/backups-contract.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { RecoveryEvent } from "../model/recovery-event.ts";
import type { Backup } from "../model/recovery.ts";
import type { AlarmBook } from "../recovery/backup/alarm-book.ts";
import { alarmsOf, backupAlarms } from "../recovery/backup/alarms.ts";
import type { BackupProvider, ProvidedBackup } from "../recovery/backup/provided.ts";
import { dueAtMs } from "../recovery/backup/schedule.ts";

export interface ProvidedBackupsParts {
  readonly target: string;
  readonly method: "external" | "pgbackrest";
  readonly backup: BackupConfig;
  readonly provider: BackupProvider;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly record: (event: RecoveryEvent) => void;
  readonly alarms: AlarmBook;
  readonly advice: readonly string[];
}

const TICK_MS = 2_000;
const LOOK_EVERY_MS = 60_000;

export class ProvidedBackups {
  readonly #parts: ProvidedBackupsParts;
  readonly #ended = new AbortController();
  readonly #sinceMs: number;
  #known: readonly Backup[] = [];
  /** Ids that we gave, by the provider's own label. */
  readonly #ids = new Map<string, BackupId>();
  #looked = false;
  #lookedAtMs = -Infinity;
  #problem: string | undefined;
  #running: { readonly id: BackupId; readonly startedAtMs: number } | undefined;
  #work: Promise<void> = Promise.resolve();
  #failure: { readonly atMs: number; readonly because: string } | undefined;
  #failures = 0;
  #loop: Promise<void> | undefined;

  constructor(parts: ProvidedBackupsParts) {
    this.#parts = parts;
    this.#sinceMs = parts.clock.now();
  }

  /** What is not ours to read. */
  readonly backups = [];

  get newestAtMs(): number | undefined {
    return this.#known[0]?.endedAtMs;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async now(): Promise<BackupId> {
    if (this.#parts.provider.make === undefined)
      throw new ControlRefusal("conflict", "the provider makes the backups of it, and Holdfast only looks at them");
    if (this.#running !== undefined)
      throw new ControlRefusal("conflict", `backup ${this.#running.id} is being made`, "see holdfast backup status");
    return this.#begin(this.#parts.provider.make);
  }

  async remove(id: string): Promise<boolean> {
    if (this.#known.some((each) => each.id === id)) throw new ControlRefusal("conflict", "whoever keeps the backups removes them");
    return false;
  }

  async dropSlot(): Promise<void> {
    throw new ControlRefusal("not_found", "no WAL is received of it");
  }

  view(): TargetBackupsView {
    const { target, method, backup, alarms, advice, clock, provider } = this.#parts;
    const running = this.#running;
    return {
      target,
      method,
      ...(backup.repository === undefined ? {} : { repository: backup.repository }),
      sealed: backup.key !== undefined,
      backups: this.#known.map((each) => ({ ...each, folder: "", manifest: digestOf(each), leftOut: [] })),
      broken: [],
      running: running === undefined ? null : { backup: running.id, startedAtMs: running.startedAtMs, bytes: 0, expectedBytes: 0 },
      nextAtMs: running === undefined && provider.make !== undefined ? Math.max(clock.now(), this.#dueAtMs()) : null,
      failure: this.#failure ?? null,
      wal: null,
      alarms: alarms.standing(target).map(({ about, because, sinceMs }) => ({ about, because, sinceMs })),
      advice,
    };
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#loop;
    await this.#work;
  }

  async #run(): Promise<void> {
    const { clock, provider } = this.#parts;
    while (!this.#ended.signal.aborted) {
      if (clock.monotonic() - this.#lookedAtMs > LOOK_EVERY_MS && this.#running === undefined) await this.#look();
      const due = this.#running === undefined && this.#problem === undefined && clock.now() >= this.#dueAtMs();
      if (due && provider.make !== undefined) this.#begin(provider.make);
      await delay(TICK_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  #dueAtMs(): number {
    const tried = { goodMs: this.#known[0]?.startedAtMs, failedMs: this.#failure?.atMs, failures: this.#failures };
    return dueAtMs(this.#parts.backup.schedule, tried);
  }

  /** One that was not there when we looked last is on record from now on; those of before our start are not told again. */
  async #look(): Promise<void> {
    const { clock, provider, target, method, warn, record } = this.#parts;
    this.#lookedAtMs = clock.monotonic();
    try {
      const found = (await provider.list(this.#ended.signal)).map((each) => this.#backupOf(each));
      const fresh = found.filter(({ id }) => this.#looked && !this.#known.some((each) => each.id === id));
      for (const { id, bytes, from, to, ...rest } of [...fresh].reverse()) {
        const positions = from === undefined || to === undefined ? {} : { from, to };
        record({ kind: "backup_done", backup: id, target, method, bytes, ...positions, manifest: digestOf({ id, bytes, ...rest }) });
      }
      this.#known = found;
      this.#looked = true;
      this.#problem = undefined;
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const problem = messageOf(error);
      if (problem !== this.#problem) warn(`target \`${target}\`: its backups cannot be asked for: ${problem}`);
      this.#problem = problem;
    }
    this.#alarm();
  }

  #backupOf({ label, startedAtMs, endedAtMs, bytes, from, to }: ProvidedBackup): Backup {
    const { target, method } = this.#parts;
    const id = this.#ids.get(label) ?? (`k_${sha256Hex(`${target} ${label}`).slice(0, 12)}` as BackupId);
    const positions = from === undefined || to === undefined ? {} : { from, to };
    return { id, target, method, startedAtMs, endedAtMs, bytes, ...positions, serverVersion: 0, databases: [] };
  }

  #begin(make: NonNullable<BackupProvider["make"]>): BackupId {
    const { target, method, clock, random, record, warn, provider } = this.#parts;
    const id = newBackupId(random);
    this.#running = { id, startedAtMs: clock.now() };
    record({ kind: "backup_started", backup: id, target, method });
    const made = async (): Promise<void> => {
      await make(this.#ended.signal);
      // The one that we began has the id that we gave it.
      const [newest] = await provider.list(this.#ended.signal);
      if (newest === undefined) throw new Error("it was made, and is not listed");
      this.#ids.set(newest.label, id);
      this.#failure = undefined;
      this.#failures = 0;
      await this.#look();
      this.#running = undefined;
    };
    this.#work = made().catch((error: unknown) => {
      const because = this.#ended.signal.aborted ? "the gateway stopped" : messageOf(error);
      this.#running = undefined;
      this.#failure = { atMs: clock.now(), because };
      this.#failures += 1;
      record({ kind: "backup_failed", backup: id, target, because });
      if (!this.#ended.signal.aborted) warn(`target \`${target}\`: backup ${id} failed: ${because}`);
      this.#alarm();
    });
    return id;
  }

  #alarm(): void {
    const { target, backup, clock, alarms } = this.#parts;
    const [newest, previous] = this.#known;
    const facts = {
      nowMs: clock.now(),
      sinceMs: this.#sinceMs,
      running: this.#running !== undefined,
      newest,
      previous,
      oldMs: backup.oldMs,
      failure: this.#failure === undefined ? undefined : { because: this.#failure.because, empty: false },
      repository: this.#problem,
      sameRadius: undefined,
      broken: [],
      wal: undefined,
    };
    alarms.set(target, backupAlarms, alarmsOf(facts));
  }
}
