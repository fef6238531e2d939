/**
 * Watches one target's read replica: whether it is one, whose, and how far it has replayed; one connection to each server, a few
 * questions a second, shared by all sessions.
 * It routes nothing; `session/route.ts` asks it before each read.
 */
import { messageOf } from "../../base/message-of.ts";
import { Client, type ClientConfig } from "pg";
import type { Clock } from "../../base/clock.ts";
import { Freshness, placeOf } from "./replica-freshness.ts";

export interface ReplicaWatch {
  /**
   * Whether the replica may answer this principal's reads, judged under this version of the catalogue: it is fresh, holds what the
   * principal has written, and is no older than that version.
   */
  ready(principal: string, catalogueVersion: number): boolean;
  /** The principal may have changed something until now. */
  wrote(principal: string): void;
  /** One more read was answered there. */
  answered(): void;
  status(): ReplicaState;
  close(): Promise<void>;
}

export interface ReplicaState {
  /** `fresh` within the permitted lag, `behind` beyond it, `unusable` when it cannot be asked or is no replica of this server. */
  readonly state: "fresh" | "behind" | "unusable";
  readonly because?: string;
  readonly lagMs?: number;
  /** Reads it has answered since the start. */
  readonly reads: number;
}

export interface ReplicaWatchOptions {
  readonly primary: () => ClientConfig;
  readonly replica: () => ClientConfig;
  readonly clock: Clock;
  readonly lagMsMax: number;
  /** Told each change of state, as one clause. */
  readonly changed: (message: string) => void;
}

const PROBE_EVERY_MS = 250;
/** After a failure a server is left alone for so long. */
const AGAIN_AFTER_MS = 1_000;
const ANSWER_MS_MAX = 5_000;

export function watchReplica(options: ReplicaWatchOptions): ReplicaWatch {
  return new Watch(options);
}

const PRIMARY_SQL = "SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text";
const REPLICA_SQL = "SELECT pg_catalog.pg_is_in_recovery()::pg_catalog.text, pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text";
/** A server that is in recovery has no place to write at: asking it for one fails. */
const CLUSTER_SQL = `SELECT system_identifier::pg_catalog.text, pg_catalog.current_setting('wal_block_size') FROM pg_catalog.pg_control_system()`;

/** What a result looks like, or means, depends on these; a role's and a database's own values are the same on both. */
const SETTINGS_SQL = `SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('DateStyle', 'IntervalStyle', 'TimeZone',
  'array_nulls', 'bytea_output', 'default_text_search_config', 'extra_float_digits', 'gin_fuzzy_search_limit', 'lc_monetary',
  'lc_numeric', 'lc_time', 'quote_all_identifiers', 'row_security', 'search_path', 'server_encoding', 'timezone_abbreviations',
  'transform_null_equals', 'xmlbinary', 'xmloption') ORDER BY name`;
/** They are compared again after so many probes: a configuration file can be read again. */
const SETTINGS_EVERY = 20;

interface Asked {
  readonly client: Client;
  readonly cluster: string;
  readonly pageBytes: number;
}

class Watch implements ReplicaWatch {
  readonly #options: ReplicaWatchOptions;
  readonly #freshness: Freshness;
  readonly #timer: NodeJS.Timeout;
  readonly #primary: Server;
  readonly #replica: Server;
  #problem: string | undefined = "it has not been asked yet";
  #reads = 0;
  /** The connection to which all that is known of the replica belongs. */
  #watched: Asked | undefined;
  #compared: { readonly replica: Asked; probes: number; readonly found: string | undefined } | undefined;
  #told: ReplicaState["state"] | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ReplicaWatchOptions) {
    this.#options = options;
    this.#freshness = new Freshness(options.lagMsMax);
    this.#primary = new Server(options.primary, options.clock);
    this.#replica = new Server(options.replica, options.clock);
    this.#timer = setInterval(() => this.#tick(), PROBE_EVERY_MS).unref();
    this.#tick();
  }

  ready(principal: string, catalogueVersion: number): boolean {
    if (this.#problem !== undefined || !this.#freshness.fresh(this.#options.clock.monotonic())) return false;
    const version = `catalogue ${catalogueVersion}`;
    // What a statement was judged by must be there: a replica that is older may have another meaning for a name.
    if (!this.#freshness.marked(version)) this.#freshness.mark(version);
    return this.#freshness.holds(version) && this.#freshness.holds(`principal ${principal}`);
  }

  wrote(principal: string): void {
    this.#freshness.mark(`principal ${principal}`);
  }

  answered(): void {
    this.#reads += 1;
  }

  status(): ReplicaState {
    const now = this.#options.clock.monotonic();
    const lagMs = this.#freshness.lagMs(now);
    const lag = lagMs === undefined ? {} : { lagMs: Math.round(lagMs) };
    if (this.#problem !== undefined) return { state: "unusable", because: this.#problem, reads: this.#reads };
    return { state: this.#freshness.fresh(now) ? "fresh" : "behind", ...lag, reads: this.#reads };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#primary.close();
    this.#replica.close();
    await this.#running;
  }

  /** One round at a time; while a server does not answer, the lag grows by itself. */
  #tick(): void {
    this.#running ??= this.#probe().finally(() => {
      this.#running = undefined;
      this.#tell();
    });
  }

  async #probe(): Promise<void> {
    const primary = await this.#primary.connected();
    if (typeof primary === "string") return this.#failed(`the primary cannot be asked: ${primary}`, false);
    this.#freshness.probing(this.#options.clock.monotonic());
    const written = await this.#primary.ask(PRIMARY_SQL);
    if (typeof written === "string") return this.#failed(`the primary cannot be asked: ${written}`, false);
    const place = placeOf(written[0] ?? "", primary.pageBytes);
    if (place === undefined) return this.#failed("the primary's place in its log is not understood", true);
    this.#freshness.written(place);
    const replica = await this.#replica.connected();
    if (typeof replica === "string") return this.#failed(replica, true);
    if (replica.cluster !== primary.cluster) return this.#failed("it is not a copy of this server: their system identifiers differ", true);
    if (this.#watched !== replica) this.#freshness.lost();
    this.#watched = replica;
    if (this.#freshness.diverged) return this.#failed("it has replayed what this server has not written: it follows another one", false);
    const different = await this.#settingsDiffer(replica);
    if (different !== undefined) return this.#failed(different, true);
    const answer = await this.#replica.ask(REPLICA_SQL);
    if (typeof answer === "string") return this.#failed(answer, true);
    const [recovering, replayed] = answer;
    if (recovering !== "true") return this.#failed("it is not in recovery, so it is no replica any more", true);
    const reached = placeOf(replayed ?? "", replica.pageBytes);
    if (reached === undefined) return this.#failed("it does not say how far it has replayed", true);
    this.#problem = undefined;
    this.#freshness.replayed(reached);
  }

  /** Why results of the two servers could look different, if they could; asked at first, with a new connection, and now and then. */
  async #settingsDiffer(replica: Asked): Promise<string | undefined> {
    if (this.#compared?.replica === replica && ++this.#compared.probes < SETTINGS_EVERY) return this.#compared.found;
    const [here, there] = [await this.#primary.all(SETTINGS_SQL), await this.#replica.all(SETTINGS_SQL)];
    if (typeof here === "string") return `the primary cannot be asked: ${here}`;
    if (typeof there === "string") return there;
    const values = new Map(there.map(([name, value]) => [name, value]));
    const [name, value] = here.find((setting) => values.get(setting[0]) !== setting[1]) ?? [];
    const found =
      name == null ? undefined : `\`${name}\` is \`${value}\` here and \`${values.get(name)}\` there: give both servers the same`;
    this.#compared = { replica, probes: 0, found };
    return found;
  }

  #failed(because: string, lost: boolean): void {
    this.#problem = because;
    if (lost) this.#freshness.lost();
  }

  #tell(): void {
    const { state, because, lagMs } = this.status();
    if (state === this.#told) return;
    // The first round may come before a replica that starts together with us.
    const first = this.#told === undefined;
    this.#told = state;
    if (state === "unusable") this.#options.changed(`reads go to the primary: ${because}`);
    else if (state === "behind")
      this.#options.changed(`reads go to the primary: the replica is ${lagMs ?? "an unknown number of"} ms behind`);
    else if (!first) this.#options.changed("reads go to the replica again");
  }
}

/** One connection that is made again when it breaks. Every problem is a value. */
class Server {
  readonly #config: () => ClientConfig;
  readonly #clock: Clock;
  #asked: Asked | undefined;
  #failedMs = Number.NEGATIVE_INFINITY;
  #problem = "";
  #closed = false;

  constructor(config: () => ClientConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  async connected(): Promise<Asked | string> {
    if (this.#asked !== undefined) return this.#asked;
    if (this.#closed) return "closed";
    if (this.#clock.monotonic() - this.#failedMs < AGAIN_AFTER_MS) return this.#problem;
    let client: Client | undefined;
    try {
      client = new Client({
        ...this.#config(),
        application_name: "holdfast",
        connectionTimeoutMillis: ANSWER_MS_MAX,
        query_timeout: ANSWER_MS_MAX,
      });
      client.on("error", () => this.#lose(client, "the connection was lost"));
      client.on("end", () => this.#lose(client, "the connection was closed"));
      await client.connect();
      const { rows } = await client.query<string[]>({ text: CLUSTER_SQL, rowMode: "array" });
      const [cluster = "", pageBytes = ""] = rows[0] ?? [];
      if (this.#closed) throw new Error("closed");
      this.#asked = { client, cluster, pageBytes: Number(pageBytes) };
      return this.#asked;
    } catch (error) {
      return this.#lose(client, messageOf(error));
    }
  }

  async ask(sql: string): Promise<readonly (string | null)[] | string> {
    const rows = await this.all(sql);
    return typeof rows === "string" ? rows : (rows[0] ?? []);
  }

  async all(sql: string): Promise<readonly (readonly (string | null)[])[] | string> {
    const client = this.#asked?.client;
    if (client === undefined) return this.#problem;
    try {
      return (await client.query<(string | null)[]>({ text: sql, rowMode: "array" })).rows;
    } catch (error) {
      return this.#lose(client, messageOf(error));
    }
  }

  close(): void {
    this.#closed = true;
    this.#lose(this.#asked?.client, "closed");
  }

  #lose(client: Client | undefined, because: string): string {
    client?.end().catch(() => undefined);
    if (client !== undefined && this.#asked !== undefined && client !== this.#asked.client) return because;
    this.#asked = undefined;
    this.#failedMs = this.#clock.monotonic();
    this.#problem = because;
    return because;
  }
}
