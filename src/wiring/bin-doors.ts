/**
 * The bins of the gateway's targets, as their sessions need them: whether there is one, tickets for it, and databases put into it.
 * What rests there, and for how long, is not known here.
 */
import type { Client } from "pg";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/message-of.ts";
import { newBinEntryId, type RandomBytes } from "../base/ids.ts";
import type { BinnedDatabase, BinPort, BinTicket, BinWanted, SeenDatabase } from "../adapters/postgres/session/bin-port.ts";
import type { TargetConfig } from "../config/config.ts";
import { ident } from "../provision/sql.ts";
import { type TicketRequest, writeTicket } from "../recovery/bin/ticket.ts";
import { binDatabase, lookAtDropped } from "./bin-database.ts";
import { recoveryClient } from "./recovery-client.ts";
import type { EnvironmentVariables } from "./target-options.ts";

export interface BinDoorsParts {
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  /** A database has a bin that had none, or the other way round: decisions rest on it. */
  readonly changed: () => void;
  /** Something may have come into this database's bin; `undefined`: a database did. */
  readonly put: (target: string, database: string | undefined) => void;
}

/** A bin is looked for again after this time where none was found. */
const LOOK_AGAIN_MS = 10_000;
/** A bin that Holdfast's login may give no tickets for is none: persons are asked then. */
const INSTALLED = `SELECT pg_catalog.to_regprocedure('holdfast_bin.carry_out(text)') IS NOT NULL
  AND coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('holdfast_bin.ticket'), 'INSERT'), false) AS there`;

export class BinDoors {
  readonly #parts: BinDoorsParts;
  readonly #doors = new Map<string, BinDoor>();

  constructor(parts: BinDoorsParts) {
    this.#parts = parts;
  }

  /** Resolves when it is known whether the database has a bin. Never rejects. */
  async look(target: TargetConfig, database: string): Promise<void> {
    await this.#of(target, database).look();
  }

  /** What can rest of this database: everything, it as a whole and others, or nothing. */
  keeps({ name, bin }: TargetConfig, database: string): "kept" | "databases" | undefined {
    if (!bin.enabled) return undefined;
    return this.#doors.get(keyOf(name, database))?.keeps === true ? "kept" : "databases";
  }

  /** The database's bin for what persons approved; `undefined` where it has none. Never rejects. */
  async room(target: TargetConfig, database: string): Promise<BinPort | undefined> {
    if (!target.bin.enabled) return undefined;
    const door = this.#of(target, database);
    await door.lookAgain();
    return door.keeps ? door : undefined;
  }

  /** What a session of this database is given. */
  port(target: TargetConfig, database: string): BinPort {
    const door = this.#of(target, database);
    void door.lookAgain();
    return door;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#doors.values()].map((door) => door.close()));
  }

  #of(target: TargetConfig, database: string): BinDoor {
    const key = keyOf(target.name, database);
    const known = this.#doors.get(key);
    if (known !== undefined) return known;
    const door = new BinDoor(target, database, this.#parts);
    this.#doors.set(key, door);
    return door;
  }
}

function keyOf(target: string, database: string): string {
  return JSON.stringify([target, database]);
}

class BinDoor implements BinPort {
  readonly #target: TargetConfig;
  readonly #database: string;
  readonly #parts: BinDoorsParts;
  #client: Client | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #lookedMs = -Infinity;
  #looking: Promise<void> | undefined;
  #closed = false;
  keeps = false;

  constructor(target: TargetConfig, database: string, parts: BinDoorsParts) {
    this.#target = target;
    this.#database = database;
    this.#parts = parts;
  }

  look(): Promise<void> {
    this.#looking ??= this.#find().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async lookAgain(): Promise<void> {
    if (!this.keeps && this.#parts.clock.monotonic() - this.#lookedMs >= LOOK_AGAIN_MS) await this.look();
  }

  async #find(): Promise<void> {
    this.#lookedMs = this.#parts.clock.monotonic();
    if (!this.#target.bin.enabled) return;
    let there = false;
    try {
      const { rows } = await this.#query((client) => client.query<{ there: boolean }>(INSTALLED));
      there = rows[0]?.there === true;
    } catch (error) {
      this.#parts.warn(
        `target \`${this.#target.name}\`: whether \`${this.#database}\` has a bin could not be looked up: ${messageOf(error)}`,
      );
    }
    this.#found(there);
    // Where there is none, nobody needs the connection.
    if (!there) await this.#drop();
  }

  #found(there: boolean): void {
    if (this.keeps === there) return;
    this.keeps = there;
    this.#parts.changed();
  }

  async issue(wanted: readonly BinWanted[]): Promise<readonly BinTicket[]> {
    const { copyBytesMax } = this.#target.bin;
    try {
      const tickets: BinTicket[] = [];
      for (const one of wanted) {
        const { id } = await this.#query((client) => writeTicket(client, requestOf(one, copyBytesMax), this.#parts.random));
        tickets.push({ ticket: id });
      }
      return tickets;
    } catch (error) {
      // Uninstalled meanwhile: persons are asked from the next statement on.
      if (["3F000", "42P01"].includes((error as { code?: string }).code ?? "")) this.#found(false);
      this.#parts.warn(`target \`${this.#target.name}\`: no ticket for the bin of \`${this.#database}\`: ${messageOf(error)}`);
      return wanted.map(() => ({ because: "the bin could not be reached" }));
    }
  }

  async lookAtDatabase({ database, action, role }: BinWanted): Promise<SeenDatabase> {
    if (database === undefined) return { kind: "unavailable", because: "the statement names no database" };
    const { environment, clock, warn } = this.#parts;
    try {
      const seen = await lookAtDropped(this.#target, environment, {
        ...database,
        current: this.#database,
        role,
        action,
        atMs: clock.now(),
      });
      return seen.kind === "refused" ? { kind: "failed", sqlstate: seen.error.code, message: seen.error.message } : seen;
    } catch (error) {
      warn(`target \`${this.#target.name}\`: whether a database fits into the bin could not be looked up: ${messageOf(error)}`);
      return { kind: "unavailable", because: "the server could not be asked" };
    }
  }

  async dropDatabase({ database, action, role }: BinWanted): Promise<BinnedDatabase> {
    if (database === undefined) return { kind: "unavailable", because: "the statement names no database" };
    const { environment, clock, random, put, warn } = this.#parts;
    const act = { ...database, current: this.#database, role, entry: newBinEntryId(random), action, atMs: clock.now() };
    try {
      const answer = await binDatabase(this.#target, environment, act);
      if (answer.kind === "refused") {
        const { code: sqlstate, message, detail, hint } = answer.error;
        return { kind: "failed", sqlstate, message, ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) };
      }
      put(this.#target.name, undefined);
      return answer.kind === "skipped" ? { kind: "done", notice: answer.notice } : { kind: "done" };
    } catch (error) {
      warn(`target \`${this.#target.name}\`: a database could not be put into the bin: ${messageOf(error)}`);
      return { kind: "unavailable", because: "the server could not be asked" };
    }
  }

  ended(_tickets: readonly string[], end: "committed" | "rolled_back" | "unknown"): void {
    if (end !== "rolled_back") this.#parts.put(this.#target.name, this.#database);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await this.#drop();
  }

  /** On the connection that is kept, one after the other; a connection that broke is made anew once. */
  #query<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#tried(work));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #tried<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("the gateway is closing");
    const kept = this.#client;
    const client = kept ?? (this.#client = await this.#connect());
    try {
      return await work(client);
    } catch (error) {
      // An answer of the server's own: the connection stands.
      const { code = "" } = error as { code?: string };
      if (/^[0-9A-Z]{5}$/.test(code) && !/^(?:08|57)/.test(code)) throw error;
      await this.#drop();
      if (kept === undefined) throw error;
      return await work((this.#client = await this.#connect()));
    }
  }

  async #connect(): Promise<Client> {
    const { client, actAs } = await recoveryClient(this.#target, this.#parts.environment, { database: this.#database });
    try {
      if (actAs !== undefined) await client.query(`SET ROLE ${ident(actAs)}`);
      await client.query("SET statement_timeout = '10s'");
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}

function requestOf({ text, tag, searchPath, role, serverProcess, action }: BinWanted, copyBytesMax: number): TicketRequest {
  const path = searchPath.map(ident).join(", ");
  return { text, tag, searchPath: path === "" ? '""' : path, role, serverProcess, action, copyBytesMax };
}
