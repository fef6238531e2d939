/**
 * Hears of what others put into the PostgreSQL store: told by the server at once, and read after when the connection had been lost.
 * It carries names and revisions only; what changed is read from the store.
 */
import type { Client } from "pg";
import { PostgresConnection, type PostgresPlace } from "./postgres-connection.ts";

export const channel = "holdfast_control";

/** `approval`, `account`: with a revision. `ask`, `grant`, `gateway`: something of that kind is other than before. */
export type HeardKind = "approval" | "account" | "ask" | "grant" | "gateway";
const kinds: ReadonlySet<string> = new Set<HeardKind>(["approval", "account", "ask", "grant", "gateway"]);

export interface HearingOptions {
  readonly place: PostgresPlace;
  /** The channel's connection is asked this often whether it still lives: a dead one tells nothing. */
  readonly pingMs: number;
  readonly heard: (kind: HeardKind, id: string) => void;
  /** Told when it stops to hear, and when it hears again. */
  readonly changed: (hearing: boolean) => void;
}

const AGAIN_MS = 250;
const KNOWN_MAX = 20_000;

export class Hearing {
  readonly #options: HearingOptions;
  /** For what must not wait behind the store's own work: whoever can write through it can hear through it. */
  readonly connection: PostgresConnection;
  /** Revisions that were told of, so that what was missed can be told apart from what was not. */
  readonly #known = new Map<string, number>();
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: HearingOptions) {
    this.#options = options;
    this.connection = new PostgresConnection(options.place, "holdfast store: hearing");
  }

  get connected(): boolean {
    return this.#client !== undefined;
  }

  /** Resolves when everything that is put from now on is told. */
  async open(): Promise<void> {
    await this.#listen(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.connection.close();
  }

  async #listen(first: boolean): Promise<void> {
    const client = await this.connection.client();
    client.on("notification", ({ payload }) => this.#told(payload ?? ""));
    await this.connection.run(`LISTEN ${channel}`);
    // After LISTEN: what is put while this reads is told as well, and twice is no harm.
    const rows = await this.connection.run(
      `SELECT 'approval' AS kind, id, revision FROM holdfast_control.approvals UNION ALL
       SELECT 'account', id, revision FROM holdfast_control.accounts`,
    );
    this.#client = client;
    client.once("end", () => this.#lost(client));
    client.once("error", () => this.#lost(client));
    this.#options.changed(true);
    for (const { kind, id, revision } of rows) this.#hear(kind as HeardKind, id as string, revision as number, first);
    if (!first) for (const kind of ["ask", "grant", "gateway"] as const) this.#options.heard(kind, "");
    this.#again(this.#options.pingMs);
  }

  #told(payload: string): void {
    const [kind = "", id = "", revision = ""] = payload.split(" ");
    // Anybody who may connect to the database may notify: it is a hint to read, and nothing more.
    if (kinds.has(kind)) this.#hear(kind as HeardKind, id, revision === "" ? undefined : Number(revision), false);
  }

  #hear(kind: HeardKind, id: string, revision: number | undefined, silent: boolean): void {
    if (revision !== undefined) {
      const name = `${kind} ${id}`;
      if (this.#known.get(name) === revision) return;
      if (this.#known.size >= KNOWN_MAX) this.#known.clear();
      this.#known.set(name, revision);
    }
    if (!silent) this.#options.heard(kind, id);
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (this.#closed) return;
    this.#options.changed(false);
    this.#again(0);
  }

  #again(afterMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), afterMs).unref();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const client = this.#client;
    try {
      if (client === undefined) return await this.#listen(false);
      await this.connection.run("SELECT 1");
      // Made anew beneath us: nothing was listened to on it.
      if ((await this.connection.client()) !== client) this.#lost(client);
      else this.#again(this.#options.pingMs);
    } catch {
      if (client !== undefined) this.#lost(client);
      this.#again(AGAIN_MS);
    }
  }
}
