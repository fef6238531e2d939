/**
 * Bins behind the control socket: what rests in them, brought back or emptied for a person who signed it; and what nobody has to ask for:
 * the record of what came in, and the end of what is too old or too much.
 * What goes in is the sessions' matter; `bin-doors.ts` has their side.
 */
import type { Client } from "pg";
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { newBinEntryId, type RandomBytes } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { BinControl, SignedBinEmpty, SignedBinRestore } from "../control/bin-port.ts";
import type { BinRestored, BinView } from "../control/contract.ts";
import { ControlRefusal, type Signer } from "../control/parts.ts";
import type { AuditEvent } from "../model/event.ts";
import type { BinEntry } from "../model/recovery.ts";
import { emptyDatabase, keepDatabase, listDatabases, restoreDatabase } from "../recovery/bin/database.ts";
import { emptyEntries } from "../recovery/bin/empty.ts";
import { BinRefusal, type EntryRow, entryOf, namesOf, readEntries } from "../recovery/bin/entries.ts";
import { makeRoom } from "../recovery/bin/replace.ts";
import { restoreEntries } from "../recovery/bin/restore.ts";
import { besideDatabase } from "./bin-database.ts";
import { atBin, binDatabaseOf, inTransaction, takeTurn } from "./bin-place.ts";
import { BinKeeping } from "./bin-keeping.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface BinsParts {
  readonly config: () => Config;
  readonly environment: EnvironmentVariables;
  readonly log: WatchedLog;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  /** What was in the bin is in that database again. */
  readonly restored: (database: string) => void;
}

export class Bins implements BinControl {
  readonly #parts: BinsParts;
  readonly #keeping: BinKeeping;

  constructor(parts: BinsParts) {
    this.#parts = parts;
    this.#keeping = new BinKeeping(parts);
  }

  /** Looks after the bins from now on, until {@link close}. */
  start(): void {
    this.#keeping.start();
  }

  /** Something may have come into the target's bin; a database where `database` is absent. */
  put(target: string, database: string | undefined): void {
    this.#keeping.put(target, database);
  }

  async list(named: string): Promise<BinView> {
    const { config, environment } = this.#parts;
    const targets = (named === "" ? config().targets : [this.#target(named)]).filter(({ apiOnly }) => apiOnly !== true);
    const entries: BinEntry[] = [];
    const without: string[] = [];
    for (const target of targets) {
      const database = binDatabaseOf(target, environment);
      const rows = await told(atBin(target, environment, (client) => readEntries(client, ["kept"])));
      if (rows === undefined) without.push(target.name);
      else entries.push(...rows.map((row) => entryOf(row, target.name, database)));
      entries.push(...(await this.#databases(target)));
    }
    return { entries: entries.sort((a, b) => b.atMs - a.atMs), without };
  }

  async restore(signed: SignedBinRestore, by: Signer): Promise<BinRestored> {
    const target = this.#asked(signed.target, by);
    const ids = new Set(signed.entries);
    const databases = (await this.#databases(target)).filter(({ id }) => ids.has(id));
    const replaced: string[] = [];
    // A database first: what else is asked for may have been in it, and is then one with it.
    for (const entry of databases) replaced.push(...(await this.#restoreDatabase(target, entry, signed, by)));
    const rest = signed.entries.filter((id) => databases.every((entry) => entry.id !== id));
    if (rest.length === 0) return { restored: databases, replaced, leftOut: [] };
    const { config: _, environment, random } = this.#parts;
    const database = binDatabaseOf(target, environment);
    const done = await told(
      atBin(target, environment, (client) =>
        inTransaction(client, async () => {
          await takeTurn(client);
          const rows = chosen(await readEntries(client, ["kept"]), rest);
          const made: string[] = [];
          const { copyBytesMax } = target.bin;
          const options = {
            withoutConstraints: signed.withoutConstraints,
            ...(signed.as === "" ? {} : { as: signed.as }),
            // One entry after the other: what came back out of a younger one may have the names of an older one.
            ...(signed.replace ? { makeRoom: (row: EntryRow) => makeRoom(client, row, { random, copyBytesMax, made }) } : {}),
          };
          const { leftOut } = await restoreEntries(client, rows, options);
          const restored = rows.map((row) => entryOf(row, target.name, database));
          await this.#record(restored, "bin_restored", by);
          return { restored, replaced: made, leftOut };
        }),
      ),
    );
    if (done === undefined) throw noBin(target);
    this.#parts.restored(database);
    this.#keeping.put(target.name, database);
    return { ...done, restored: [...databases, ...done.restored], replaced: [...replaced, ...done.replaced] };
  }

  async empty(signed: SignedBinEmpty, by: Signer): Promise<readonly BinEntry[]> {
    const target = this.#asked(signed.target, by);
    const { environment } = this.#parts;
    const ids = new Set(signed.entries);
    const databases = (await this.#databases(target)).filter(({ id }) => ids.has(id));
    for (const entry of databases) {
      await this.#record([entry], "bin_emptied", by);
      await told(besideDatabase(target, environment, entry.database, (client) => emptyDatabase(client, entry.id)));
    }
    const rest = signed.entries.filter((id) => databases.every((entry) => entry.id !== id));
    if (rest.length === 0) return databases;
    const database = binDatabaseOf(target, environment);
    const emptied = await told(
      atBin(target, environment, (client) =>
        inTransaction(client, async () => {
          await takeTurn(client);
          const rows = chosen(await readEntries(client, ["kept"]), rest);
          await emptyEntries(client, rows);
          const gone = rows.map((row) => entryOf(row, target.name, database));
          await this.#record(gone, "bin_emptied", by);
          return gone;
        }),
      ),
    );
    if (emptied === undefined) throw noBin(target);
    return [...databases, ...emptied];
  }

  close(): Promise<void> {
    return this.#keeping.close();
  }

  async #databases(target: TargetConfig): Promise<readonly BinEntry[]> {
    const { environment } = this.#parts;
    if (!target.bin.enabled) return [];
    return told(besideDatabase(target, environment, null, (client) => listDatabases(client, target.name)));
  }

  async #restoreDatabase(target: TargetConfig, entry: BinEntry, signed: SignedBinRestore, by: Signer): Promise<readonly string[]> {
    const { environment, clock, random } = this.#parts;
    const as = signed.as === "" ? undefined : signed.as;
    return told(
      besideDatabase(target, environment, entry.database, async (client) => {
        const made = signed.replace && as === undefined ? await this.#replaceDatabase(client, entry, { clock, random, by }) : [];
        await this.#record([entry], "bin_restored", by);
        await restoreDatabase(client, entry.id, as);
        this.#keeping.put(target.name, undefined);
        return made;
      }),
    );
  }

  /** Whoever is connected to the one in its place loses that connection. */
  async #replaceDatabase(
    client: Client,
    { target, database: name }: BinEntry,
    { clock, random, by }: Pick<BinsParts, "clock" | "random"> & { readonly by: Signer },
  ): Promise<readonly string[]> {
    const entry = newBinEntryId(random);
    const act = { target, name, ifExists: true, force: true, current: "", role: by.person.name, entry, atMs: clock.now(), ownLogins: [] };
    const answer = await keepDatabase(client, act);
    if (answer.kind === "refused") throw new BinRefusal(`database \`${name}\` does not make room: ${answer.error.message}`);
    return answer.kind === "kept" ? [entry] : [];
  }

  /** Durable before it is done: an end that a crash prevents shows in the list. */
  async #record(entries: readonly BinEntry[], kind: "bin_restored" | "bin_emptied", { person, nonce }: Signer): Promise<void> {
    const { log } = this.#parts;
    if (!log.writable) throw new ControlRefusal("unavailable", "the audit log cannot be written: nothing is done");
    for (const entry of entries) log.log.append(endOf(entry, kind, { person: person.name, nonce, because: `by ${person.name}` }));
    await log.log.seal();
  }

  #asked(named: string, { person }: Signer): TargetConfig {
    const target = this.#target(named);
    if (person.approves.includes(target.environment)) return target;
    const may = person.approves.join(", ") || "nothing";
    throw new ControlRefusal(
      "not_allowed",
      `\`${person.name}\` may decide about ${may}, and target \`${target.name}\` is ${target.environment}`,
    );
  }

  #target(named: string): TargetConfig {
    const { targets } = this.#parts.config();
    const found = targets.find(({ name }) => name === named);
    if (found !== undefined) return found;
    throw new ControlRefusal("not_found", `no target is named \`${named}\``, `give one of ${targets.map(({ name }) => name).join(", ")}`);
  }
}

/** The record of an entry's end. */
export function endOf(
  { id, target, database, objects, bytes }: BinEntry,
  kind: "bin_restored" | "bin_emptied",
  rest: { readonly person?: string; readonly nonce?: string; readonly because: string },
): AuditEvent {
  return { kind, entry: id, target, database, names: namesOf(objects), bytes, ...rest };
}

function chosen(rows: readonly EntryRow[], ids: readonly string[]): readonly EntryRow[] {
  return ids.map((id) => {
    const row = rows.find(({ name }) => name === id);
    if (row === undefined) throw new ControlRefusal("not_found", `\`${id}\` does not rest in the bin`, "see `holdfast bin list`");
    return row;
  });
}

function noBin({ name }: TargetConfig): ControlRefusal {
  return new ControlRefusal("conflict", `target \`${name}\` has no bin`, "run `holdfast provision` with `bin` in force");
}

/** The server's words without its details, which hold values. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ControlRefusal) throw error;
    const { code } = error as { code?: unknown };
    if (code === "55P03" || code === "40P01")
      throw new ControlRefusal("conflict", "others hold what this is about: nothing was changed", "try again");
    throw new ControlRefusal("conflict", error instanceof BinRefusal ? error.message : `nothing was changed: ${messageOf(error)}`);
  }
}
