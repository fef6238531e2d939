/**
 * Looks after the journals of row images: triggers for tables that are new, and the end of images that are too old or too many.
 * It asks nobody, and says in the log and in a warning what it did; what it could not do it tries again.
 */
import { messageOf } from "../base/message-of.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { attachJournal } from "../provision/attach-journal.ts";
import { ident } from "../provision/sql.ts";
import { readJournal } from "../provision/undo-journal-state.ts";
import { sweepJournal } from "../recovery/journal-sweep.ts";
import { keepRequest } from "./provisioning.ts";
import { recoveryClient } from "./recovery-client.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface JournalKeeperParts {
  readonly config: () => Config;
  readonly environment: EnvironmentVariables;
  readonly log: WatchedLog;
  readonly warn: (message: string) => void;
}

const SWEEP_EVERY_MS = 300_000;
/** Beyond it a session goes on, and what it does to a new table may not be kept. */
const WAIT_MS_MAX = 5_000;

type Work = (target: TargetConfig, database: string) => Promise<void>;

export class JournalKeeper {
  readonly #parts: JournalKeeperParts;
  /** By target: one piece of work at a time. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Looks for new tables that wait for their turn. */
  readonly #queued = new Map<string, Promise<void>>();
  /** Targets whose database had no journal at the last look: nobody waits for the next one. */
  readonly #without = new Set<string>();
  #started = false;
  /** What was warned of last, by target: not again at every look. */
  readonly #said = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(parts: JournalKeeperParts) {
    this.#parts = parts;
  }

  /** From now on, until {@link close}. */
  start(): void {
    this.#started = true;
    this.#timer = setInterval(() => this.#all(), SWEEP_EVERY_MS).unref();
    this.#all();
  }

  /**
   * Something in the database is defined otherwise than before. Resolves when new tables have their triggers, or after a bound: what is
   * judged by the new catalogue comes after them. Never rejects.
   */
  changed(target: string, database: string): Promise<void> {
    const found = this.#parts.config().targets.find(({ name }) => name === target);
    if (this.#closing || found === undefined || !this.#started) return Promise.resolve();
    if (this.#without.has(target) || this.#databaseOf(found) !== database) return Promise.resolve();
    // One that has not begun yet will see this change, too.
    const queued = this.#queued.get(target) ?? this.#inTurn(found, (at, place) => this.#attach(at, place));
    this.#queued.set(target, queued);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS_MAX).unref();
    });
    return Promise.race([queued, late]).finally(() => clearTimeout(timer));
  }

  /** When what is under way is done. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    await Promise.all(this.#turns.values());
  }

  #all(): void {
    for (const target of this.#parts.config().targets)
      void this.#inTurn(target, async (at, database) => {
        await this.#attach(at, database);
        await this.#sweep(at, database);
      });
  }

  #inTurn(target: TargetConfig, work: Work): Promise<void> {
    const before = this.#turns.get(target.name) ?? Promise.resolve();
    const database = this.#databaseOf(target);
    const turn = before.then(async () => {
      if (this.#closing || !target.undo.enabled || database === undefined) return;
      await work(target, database).catch((error: unknown) =>
        this.#warn(target, `images of rows are not looked after: ${messageOf(error)}`),
      );
    });
    this.#turns.set(target.name, turn);
    return turn;
  }

  async #attach(target: TargetConfig, database: string): Promise<void> {
    const { environment } = this.#parts;
    this.#queued.delete(target.name);
    const upstream = resolveUpstreamAddress(target.upstream, environment);
    if ("message" in upstream) return;
    const { client } = await recoveryClient(target, environment, { database });
    try {
      const done = await attachJournal(client, target.name, keepRequest(target, upstream.upstream.role, environment));
      if (done === undefined) this.#without.add(target.name);
      else this.#without.delete(target.name);
      if (done === undefined || done.lacking.length === 0) return;
      const more = done.lacking.length > 3 ? `, and ${done.lacking.length - 3} more` : "";
      this.#warn(target, `changes of ${done.lacking.slice(0, 3).join(", ")}${more} cannot be undone: ${done.because || "no reason given"}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #sweep(target: TargetConfig, database: string): Promise<void> {
    const { environment, log } = this.#parts;
    if (!log.writable) return;
    const { client, actAs } = await recoveryClient(target, environment, { database });
    try {
      if ((await readJournal(client)).schema === null) return;
      if (actAs !== undefined) await client.query(`SET ROLE ${ident(actAs)}`);
      await sweepJournal(client, target.undo, async (swept) => {
        log.log.append({ kind: "undo_swept", target: target.name, database, ...swept });
        await log.log.seal();
      });
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  #warn(target: TargetConfig, message: string): void {
    if (this.#said.get(target.name) === message) return;
    this.#said.set(target.name, message);
    this.#parts.warn(`target \`${target.name}\`: ${message}`);
  }

  #databaseOf(target: TargetConfig): string | undefined {
    const resolved = resolveUpstreamAddress(target.upstream, this.#parts.environment);
    return "message" in resolved ? undefined : (resolved.upstream.database ?? resolved.upstream.role);
  }
}
