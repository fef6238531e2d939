/**
 * Looks after bins without being asked: records what came in once its transaction is committed, whoever died in between, and empties what
 * is too old or more than fits, oldest first, each with a record of its own.
 * Two gateways on one database take turns.
 */
import type { Client } from "pg";
import type { TargetConfig } from "../config/config.ts";
import { messageOf } from "../base/message-of.ts";
import { listDatabases, emptyDatabase, markDatabaseTold } from "../recovery/bin/database.ts";
import { emptyEntries, overdue } from "../recovery/bin/empty.ts";
import { entryOf, namesOf, readEntries } from "../recovery/bin/entries.ts";
import { dropOldTickets } from "../recovery/bin/ticket.ts";
import type { BinEntry } from "../model/recovery.ts";
import { besideDatabase } from "./bin-database.ts";
import { atBin, binDatabaseOf, inTransaction, turnIsFree } from "./bin-place.ts";
import type { BinsParts } from "./bin.ts";

const SWEEP_EVERY_MS = 600_000;

export class BinKeeping {
  readonly #parts: BinsParts;
  /** By target: one look at a time. */
  readonly #turns = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(parts: BinsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweepAll(), SWEEP_EVERY_MS).unref();
    this.#sweepAll();
  }

  put(target: string, database: string | undefined): void {
    const at = this.#parts.config().targets.find(({ name }) => name === target);
    if (at !== undefined) this.#inTurn(at, () => (database === undefined ? this.#tellDatabases(at) : this.#tell(at, database)));
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    await Promise.all(this.#turns.values());
  }

  #sweepAll(): void {
    for (const target of this.#parts.config().targets) {
      if (target.bin.enabled) this.#inTurn(target, () => this.#sweep(target));
    }
  }

  #inTurn(target: TargetConfig, task: () => Promise<void>): void {
    if (this.#closing) return;
    const guarded = () =>
      task().catch((error: unknown) =>
        this.#parts.warn(`target \`${target.name}\`: its bin could not be looked after: ${messageOf(error)}`),
      );
    this.#turns.set(target.name, (this.#turns.get(target.name) ?? Promise.resolve()).then(guarded));
  }

  async #sweep(target: TargetConfig): Promise<void> {
    const { environment, clock } = this.#parts;
    const database = binDatabaseOf(target, environment);
    await this.#tell(target, database);
    await this.#tellDatabases(target);
    await atBin(target, environment, async (client) => {
      await dropOldTickets(client, clock.now() - target.bin.keepMs);
      const going = overdue(await readEntries(client, ["kept"]), { nowMs: clock.now(), ...target.bin });
      for (const { entry, because } of going) {
        await inTransaction(client, async () => {
          if (!(await turnIsFree(client))) return;
          await emptyEntries(client, [entry]);
          await this.#emptied(entryOf(entry, target.name, database), because);
        });
      }
    });
    await this.#sweepDatabases(target);
  }

  async #sweepDatabases(target: TargetConfig): Promise<void> {
    const { environment, clock } = this.#parts;
    await besideDatabase(target, environment, null, async (client) => {
      for (const entry of await listDatabases(client, target.name)) {
        if (clock.now() - entry.atMs <= target.bin.keepMs) continue;
        await this.#emptied(entry, "it rested as long as bin.keep says");
        await emptyDatabase(client, entry.id);
      }
    });
  }

  /** Durable before it is done: a crash in between shows in the list. */
  async #emptied({ id, target, database, objects, bytes }: BinEntry, because: string): Promise<void> {
    const { log } = this.#parts;
    if (!log.writable) throw new Error("the audit log cannot be written");
    log.log.append({ kind: "bin_emptied", entry: id, target, database, names: namesOf(objects), bytes, because });
    await log.log.seal();
  }

  /** What is committed and not yet on record. Marked after the log has it: a crash tells it twice at worst. */
  async #tell(target: TargetConfig, database: string): Promise<void> {
    const tell = (client: Client) =>
      inTransaction(client, async () => {
        if (!(await turnIsFree(client))) return;
        const fresh = await readEntries(client, ["kept", "restored", "emptied"], true);
        if (fresh.length === 0) return;
        for (const row of [...fresh].reverse()) this.#told(entryOf(row, target.name, database));
        await this.#parts.log.log.seal();
        await client.query("UPDATE holdfast_bin.entry SET told = true WHERE id = ANY ($1)", [fresh.map(({ id }) => id)]);
      });
    await atBin(target, this.#parts.environment, tell, database);
  }

  async #tellDatabases(target: TargetConfig): Promise<void> {
    const { environment } = this.#parts;
    await besideDatabase(target, environment, null, async (client) => {
      for (const entry of await listDatabases(client, target.name)) {
        if (entry.told) continue;
        this.#told(entry);
        await this.#parts.log.log.seal();
        await markDatabaseTold(client, entry.id);
      }
    });
  }

  #told({ id, target, database, action, tag, objects, bytes }: BinEntry): void {
    const { log } = this.#parts;
    if (!log.writable) throw new Error("the audit log cannot be written");
    const by = action === undefined ? {} : { action };
    log.log.append({ kind: "bin_put", entry: id, target, database, ...by, tag, names: namesOf(objects), objects: objects.length, bytes });
  }
}
