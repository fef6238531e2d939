/**
 * One administrator's connection that is opened when it is needed, again after it broke, and used by one task at a time.
 * It knows no statement but the one that asks the server about itself.
 */
import type { Clock } from "../base/clock.ts";
import type { AdminClient } from "../provision/sql.ts";
import { aboutSql } from "./lease-sql.ts";

/** A client that can end; `pg.Client` is one. */
export interface ClosableClient extends AdminClient {
  end(): Promise<void>;
  on(event: "error", told: (error: Error) => void): unknown;
}

/** A connected client and what its server said. */
export interface Admin {
  readonly client: AdminClient;
  readonly version: number;
  readonly superuser: boolean;
  /** Milliseconds that the server's wall clock is ahead of ours. */
  readonly aheadMs: number;
}

export class AdminConnection {
  readonly #connect: () => Promise<ClosableClient>;
  readonly #clock: Clock;
  #open: { readonly client: ClosableClient; readonly admin: Admin } | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(connect: () => Promise<ClosableClient>, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Runs `task` after those before it. A failure closes the connection: what was set on it is not known any more. */
  use<T>(task: (admin: Admin) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      const admin = await this.#admin();
      try {
        return await task(admin);
      } catch (error) {
        await this.#drop();
        throw error;
      }
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** After the tasks under way. */
  async close(): Promise<void> {
    await this.#last;
    this.#closed = true;
    await this.#drop();
  }

  async #admin(): Promise<Admin> {
    if (this.#open !== undefined) return this.#open.admin;
    if (this.#closed) throw new Error("the administrator's connection is closed");
    const client = await this.#connect();
    client.on("error", () => {
      if (this.#open?.client === client) this.#open = undefined;
    });
    await client.query("SET search_path = pg_catalog, pg_temp");
    const before = this.#clock.now();
    const { rows } = await client.query(aboutSql);
    const about = rows[0] as { version: number; now: number; superuser: boolean };
    // Behind rather than ahead by the time the answer took: a lease never outlives its word.
    const admin = { client, version: about.version, superuser: about.superuser, aheadMs: Math.floor(about.now - before) };
    this.#open = { client, admin };
    return admin;
  }

  async #drop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.client.end().catch(() => undefined);
  }
}
