/**
 * Restore drills of a gateway's targets: on their schedule, and when a person asks; each on record, and what is wrong told as an alarm.
 * It also puts restores on record that persons run themselves.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { type BackupId, newDrillId, type RandomBytes } from "../base/ids.ts";
import { messageOf } from "../base/message-of.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { DrillControl, RestoreRecord, WantedDrill } from "../control/drill-port.ts";
import { ControlRefusal, type Signer } from "../control/parts.ts";
import type { Drill, RecoveryAlarm } from "../model/recovery.ts";
import { type DrillOptions, type DrillParts, runDrill } from "../recovery/drill/drill.ts";
import { type DrillBook, type DrillsKnown, drillAlarms } from "../recovery/drill/drill-book.ts";
import { openDrillBook } from "./drill-book-place.ts";
import { recoveryClient } from "./recovery-client.ts";
import { databaseOf, scratchPartsOf, scratchRoot, targetRepository } from "./restore-places.ts";
import { momentFor } from "./restoring.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface DrillsParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: WatchedLog;
  readonly warn: (message: string) => void;
  /** When the newest backup of a target ended. */
  readonly backedUpAtMs: (target: string) => number | undefined;
  readonly alarm: (target: string, among: readonly RecoveryAlarm[], found: ReadonlyMap<RecoveryAlarm, string>) => void;
  /** What policy knows of drills is another by now. */
  readonly changed: () => void;
}

const CLOSE_MS_MAX = 5_000;
const LOOK_EVERY_MS = 60_000;
/** A gateway that has just started has other things to do, and so has whoever has just made the first backup. */
const FIRST_AFTER_MS = 600_000;
/** After one that failed the next comes sooner than the schedule says. */
const AGAIN_AFTER_MS = 6 * 3_600_000;

export class Drills implements DrillControl {
  readonly #parts: DrillsParts;
  readonly #book: DrillBook;
  readonly #startedAtMs: number;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #busy: string | undefined;

  constructor(parts: DrillsParts, book: DrillBook) {
    this.#parts = parts;
    this.#book = book;
    this.#startedAtMs = parts.clock.now();
  }

  static async open(parts: DrillsParts): Promise<Drills> {
    const drills = new Drills(parts, await openDrillBook(parts.config));
    if (parts.config.targets.some(drillable)) void drills.#follow();
    return drills;
  }

  known(target: string): DrillsKnown | undefined {
    return this.#book.of(target);
  }

  async drill({ target: name, before }: WantedDrill, _by: Signer): Promise<Drill> {
    const target = this.#target(name);
    if (this.#busy !== undefined) throw new ControlRefusal("conflict", `a drill of \`${this.#busy}\` is under way`, "wait for its end");
    try {
      return await this.#run(target, before);
    } catch (error) {
      if (error instanceof WiringError) throw new ControlRefusal("conflict", error.message);
      throw error;
    }
  }

  async restored({ target: name, backup, until, what, names }: RestoreRecord, { person }: Signer): Promise<void> {
    const { log } = this.#parts;
    const target = this.#target(name);
    if (!person.approves.includes(target.environment))
      throw new ControlRefusal("not_allowed", `\`${person.name}\` does not decide about ${target.environment}`);
    if (!log.writable)
      throw new ControlRefusal("unavailable", "the audit log cannot be written", "stop the gateway, and restore without it");
    const because = "signed while the gateway ran";
    log.log.append({ kind: "restored", target: target.name, backup: backup as BackupId, until, what, names, person: person.name, because });
    await log.log.seal();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    // What reads a large backup goes on for a while; the scratch server's guard clears up after this process.
    const ended = this.#running.catch(() => undefined);
    const waiting = new AbortController();
    await Promise.race([ended, delay(CLOSE_MS_MAX, undefined, { signal: waiting.signal }).catch(() => undefined)]);
    waiting.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      for (const target of this.#parts.config.targets.filter(drillable)) if (!signal.aborted) await this.#look(target);
    }
  }

  async #look(target: TargetConfig): Promise<void> {
    const { clock, warn, alarm, backedUpAtMs } = this.#parts;
    const [everyMs, oldMs] = [target.backup?.drill.everyMs ?? 0, target.backup?.drill.oldMs ?? 0];
    const backed = backedUpAtMs(target.name);
    // Without a backup that is the alarm.
    if (backed === undefined) return;
    const known = this.#book.of(target.name);
    const sinceMs = Math.max(backed, this.#startedAtMs);
    alarm(target.name, ["drill_failed", "no_drill"], drillAlarms(known, { nowMs: clock.now(), sinceMs, oldMs }));
    const again = known?.newest.passed === false ? Math.min(everyMs, AGAIN_AFTER_MS) : everyMs;
    const dueMs = known === undefined ? sinceMs + FIRST_AFTER_MS : known.newest.atMs + again;
    if (clock.now() < dueMs || this.#busy !== undefined) return;
    await this.#run(target, "").catch((error: unknown) => warn(`target \`${target.name}\`: no drill: ${messageOf(error)}`));
  }

  /** Rejects where there is nothing to drill, or the log cannot take its result. */
  async #run(target: TargetConfig, before: string): Promise<Drill> {
    this.#busy = target.name;
    const running = this.#drill(target, before);
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#busy = undefined;
    }
  }

  async #drill(target: TargetConfig, before: string): Promise<Drill> {
    const { log, random, changed, alarm, clock } = this.#parts;
    const drill = await drillTarget(this.#parts, target, {
      before,
      id: newDrillId(random),
      known: this.#book.of(target.name),
      signal: this.#stopping.signal,
    });
    if (this.#stopping.signal.aborted) throw new WiringError("Holdfast is shutting down: the drill was not brought to its end");
    const { id, backup, passed, checks, recoveryMs, lostMs, tables } = drill;
    log.log.append({ kind: "drill_done", drill: id, target: target.name, backup, passed, checks, recoveryMs, lostMs, tables });
    await log.log.seal();
    await this.#book.note(drill);
    const oldMs = target.backup?.drill.oldMs ?? 0;
    const at = { nowMs: clock.now(), sinceMs: this.#startedAtMs, oldMs };
    alarm(target.name, ["drill_failed", "no_drill"], drillAlarms(this.#book.of(target.name), at));
    changed();
    return drill;
  }

  #target(name: string): TargetConfig {
    const { targets } = this.#parts.config;
    const found = name === "" && targets.length === 1 ? targets[0] : targets.find((each) => each.name === name);
    if (found === undefined)
      throw new ControlRefusal("not_found", name === "" ? "there are several targets: name one" : `no target is named \`${name}\``);
    return found;
  }
}

function drillable({ backup }: TargetConfig): boolean {
  return backup?.repository !== undefined;
}

export interface DrillWanted {
  /** An act, a position or a time; empty is now. */
  readonly before: string;
  readonly id: DrillOptions["id"];
  readonly known: DrillsKnown | undefined;
  readonly signal?: AbortSignal;
  readonly say?: (what: string) => void;
}

type DrillPlace = Pick<DrillsParts, "config" | "environment" | "clock">;

/** One drill, put on no record. Rejects with `WiringError` where there is nothing to drill. */
export async function drillTarget({ config, environment, clock }: DrillPlace, target: TargetConfig, wanted: DrillWanted): Promise<Drill> {
  const { before, id, known, signal, say = () => undefined } = wanted;
  if (!drillable(target))
    throw new WiringError(`target \`${target.name}\` has no \`backup\` with a \`repository\`: there is nothing to restore`);
  const atMs = clock.now();
  const repository = await targetRepository(target, environment).catch((error: unknown) => ({ unusable: messageOf(error) }));
  if ("unusable" in repository) {
    const checks = [{ name: "repository", passed: false, because: repository.unusable }];
    return { id, target: target.name, backup: null, atMs, passed: false, checks, recoveryMs: null, lostMs: null, tables: [] };
  }
  const database = databaseOf(target, environment);
  const settings = target.backup?.drill;
  const until = before === "" ? undefined : (await momentFor({ config, environment, nowMs: clock.now() }, before)).until;
  const live = until === undefined ? await recoveryClient(target, environment, { database }).catch(() => undefined) : undefined;
  const root = scratchRoot(config, target);
  const parts: DrillParts = {
    repository,
    clock,
    ...(live === undefined ? {} : { live: live.client }),
    scratch: (major) =>
      scratchPartsOf(target, environment, {
        root,
        name: id,
        major,
        onProgress: () => undefined,
        ...(signal === undefined ? {} : { signal }),
      }),
    scratchRoot: root,
    say,
  };
  const options: DrillOptions = {
    id,
    target: target.name,
    database,
    tables: settings?.tables ?? [],
    sample: settings?.sample ?? 10,
    own: settings?.checks ?? [],
    ...(until === undefined ? {} : { until }),
    earlier: known?.rows ?? [],
  };
  try {
    return await runDrill(options, parts);
  } finally {
    await live?.client.end().catch(() => undefined);
  }
}
