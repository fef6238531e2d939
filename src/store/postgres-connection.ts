/**
 * One connection of the PostgreSQL store, made anew when it was lost: statements one after the other, each durable when it resolves and
 * bounded in time. It repeats no statement: whoever lost a reply has to look.
 */
import { Client, type ClientConfig } from "pg";
import type { Clock } from "../base/clock.ts";
import { StoreUnavailable } from "./port.ts";

export interface PostgresPlace {
  /** Where and as whom; asked for each connection, so that a password is not kept. */
  readonly config: () => Promise<ClientConfig>;
  /** For people, `host:port/database`. */
  readonly shown: string;
  /** A statement takes this long at most, from when it was asked for; with its connection where one has to be made. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Default of {@link PostgresPlace.timeoutMs}. */
export const STORE_MS_MAX = 8_000;

export type Row = Readonly<Record<string, unknown>>;

interface Backend {
  readonly pid: number;
  readonly start: string;
}

/** The settings that a put's meaning rests on. What the role or the database says otherwise is overruled; what is stricter stays. */
function settings(timeoutMs: number): string {
  return `SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
    set_config('default_transaction_isolation', 'read committed', false), set_config('default_transaction_read_only', 'off', false),
    set_config('search_path', 'pg_catalog', false), set_config('client_encoding', 'UTF8', false),
    set_config('statement_timeout', '${timeoutMs}', false), set_config('lock_timeout', '${timeoutMs}', false)`;
}

export class PostgresConnection {
  readonly #place: PostgresPlace;
  readonly #application: string;
  #client: Client | undefined;
  #backend: Backend | undefined;
  /** Whose last statement's reply was lost: it must be over before anybody looks what became of it. */
  #former: Backend | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(place: PostgresPlace, application: string) {
    this.#place = place;
    this.#application = application;
  }

  /** Rejects with {@link StoreUnavailable}: then the statement may have been carried out or not, but is over before the next one begins. */
  run(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const deadline = this.#now() + this.#place.timeoutMs;
    const turn = this.#last.then(() => this.#run(text, values, deadline));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #now(): number {
    return this.#place.clock.monotonic();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#client?.end().catch(() => undefined);
    this.#client = undefined;
  }

  /** The connection itself, for what comes from the server unasked. */
  async client(): Promise<Client> {
    await this.run("SELECT 1");
    if (this.#client === undefined) throw this.#unavailable("the connection was lost");
    return this.#client;
  }

  async #run(text: string, values: readonly unknown[], deadline: number): Promise<readonly Row[]> {
    if (this.#closed) throw this.#unavailable("it is closed");
    try {
      if (deadline <= this.#now()) throw new Error("it does not answer in time");
      const client = await this.#connected(deadline);
      return await this.#bounded(client, client.query<Row>(text, [...values]), deadline).then(({ rows }) => rows);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async #connected(deadline: number): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new Client({
      ...(await this.#place.config()),
      application_name: this.#application,
      keepAlive: true,
      connectionTimeoutMillis: Math.max(1, Math.ceil(deadline - this.#now())),
    });
    const lost = (): void => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
      await this.#bounded(client, this.#prepare(client, deadline), deadline);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    return client;
  }

  async #prepare(client: Client, deadline: number): Promise<void> {
    await client.query(settings(this.#place.timeoutMs));
    const found = await client.query<{ pid: number; start: string; standby: boolean; durable: string }>(
      `SELECT pid, backend_start::text AS start, pg_is_in_recovery() AS standby, current_setting('synchronous_commit') AS durable
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
    );
    const [row] = found.rows;
    if (row === undefined) throw new Error("the server does not say who is connected");
    if (row.standby) throw new Error("the server is a standby, which takes no writes");
    demandDurable(row.durable);
    if (this.#former !== undefined) await ended(client, this.#former, () => deadline > this.#now());
    this.#former = undefined;
    this.#backend = { pid: row.pid, start: row.start };
  }

  /** What does not answer in time is cut off: its connection is never used again. */
  async #bounded<T>(client: Client, work: Promise<T>, deadline: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("it does not answer in time")), Math.max(1, deadline - this.#now()));
    });
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      // The server's own refusal, after which the connection goes on; anything else leaves it open what became of the statement.
      if (!isRefusal(error)) {
        work.catch(() => undefined);
        if (this.#client === client || this.#client === undefined) this.#former = this.#backend ?? this.#former;
        this.#client = undefined;
        void client.end().catch(() => undefined);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #unavailable(cause: unknown): StoreUnavailable {
    if (cause instanceof StoreUnavailable) return cause;
    const because = cause instanceof Error ? cause.message : String(cause);
    return new StoreUnavailable(`the control store at \`${this.#place.shown}\` cannot be used: ${because}`);
  }
}

/** Throws where a transaction would be acknowledged before it is durable. */
export function demandDurable(setting: unknown): void {
  if (setting !== "on" && setting !== "remote_apply")
    throw new StoreUnavailable(`the control store acknowledges what is not durable yet: \`synchronous_commit\` is \`${String(setting)}\``);
}

/** Classes 08 (connection) and 57P (the server goes down) end the connection; every other refusal of the server does not. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("08") && !code.startsWith("57P");
}

/** Resolves when the backend is gone: what it was doing is then done or will never be. */
async function ended(client: Client, { pid, start }: Backend, inTime: () => boolean): Promise<void> {
  const same = "FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2";
  await client.query(`SELECT pg_terminate_backend(pid) ${same}`, [pid, start]);
  while ((await client.query(`SELECT 1 ${same}`, [pid, start])).rows.length > 0) {
    if (!inTime()) throw new Error("a former connection to it does not end");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
