/**
 * Keeps one snapshot of one database's catalogue current: on demand after DDL, and on a timer.
 * It does not hold snapshots for analysis; it publishes each new one and says by its version which is current.
 */
import { Client, type ClientConfig } from "pg";
import type { CatalogueData } from "../../catalogue/types.ts";
import type { CatalogueSource } from "../../catalogue/source.ts";
import { loadCatalogue, probeCatalogue, type LoadedCatalogue } from "./catalogue.ts";

/** The version while no catalogue can be read: no snapshot has it, so the analysis of everything is refused. */
export const NO_CATALOGUE = 0;

export interface CatalogueSourceOptions {
  /** The login that reads the catalogue; any role will do. Asked for at each connection, so that passwords are not kept. */
  readonly connection: () => ClientConfig;
  /** Draws the next version; one counter for all sources of the process, never {@link NO_CATALOGUE}. */
  readonly nextVersion: () => number;
  /** Gets each new snapshot before its version becomes current. If it rejects, the refresh fails. */
  readonly publish: (data: CatalogueData) => void | Promise<void>;
  /** Told each failure once; the version is {@link NO_CATALOGUE} until a later refresh succeeds. */
  readonly onFailure: (error: Error) => void;
  /** Time between looks at the server for changes made by others. */
  readonly everyMs: number;
  /** Time that one answer of the server may take. */
  readonly queryMsMax: number;
}

export interface RunningCatalogueSource extends CatalogueSource {
  /** Ends the timer and the connection. A refresh under way fails. */
  close(): Promise<void>;
}

/** A counter of versions for all sources of one process: 1, 2, 3 ... */
export function versionCounter(): () => number {
  let last = NO_CATALOGUE;
  return () => ++last;
}

/** Connects at the first `refresh`; the timer runs from then on. */
export function catalogueSource(options: CatalogueSourceOptions): RunningCatalogueSource {
  return new Source(options);
}

class Source implements RunningCatalogueSource {
  readonly #options: CatalogueSourceOptions;
  #version = NO_CATALOGUE;
  #client: Client | undefined;
  /** The last snapshot that was published; kept through failures, so that unchanged content gets its old version back. */
  #published: { readonly digest: string; readonly version: number } | undefined;
  /** The state of the server that the published snapshot was read in or before. */
  #probe: string | undefined;
  #running: Promise<number> | undefined;
  /** The refresh that starts when the running one ends: whoever asks meanwhile shares it. */
  #queued: Promise<number> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: CatalogueSourceOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#version;
  }

  refresh(): Promise<number> {
    return this.#enqueue(() => this.#load());
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#version = NO_CATALOGUE;
    await this.#disconnect();
  }

  /**
   * A refresh under way may have begun before the caller's commit, so it does not serve; the next one, which has not begun, does.
   */
  #enqueue(read: () => Promise<number>): Promise<number> {
    if (this.#closed) return Promise.reject(new Error("the catalogue source is closed"));
    this.#timer ??= setInterval(() => this.#look(), this.#options.everyMs).unref();
    if (!this.#running) return this.#start(read);
    this.#queued ??= this.#running.then(
      () => this.#start(read),
      () => this.#start(read),
    );
    return this.#queued;
  }

  #start(read: () => Promise<number>): Promise<number> {
    this.#queued = undefined;
    const run = read().catch(async (cause: unknown) => {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.#version = NO_CATALOGUE;
      await this.#disconnect();
      const failure = new Error(`the catalogue cannot be read: ${error.message}`, { cause: error });
      if (!this.#closed) this.#options.onFailure(failure);
      throw failure;
    });
    const settled = (): void => {
      // With one waiting, the place stays taken until it starts: two at once would share a connection.
      if (this.#running === run && !this.#queued) this.#running = undefined;
    };
    this.#running = run;
    run.then(settled, settled);
    return run;
  }

  /** The timer's turn: nothing when a refresh is under way or waits, as that one sees more. */
  #look(): void {
    if (this.#running || this.#closed) return;
    // The failure has been reported by `#start`; nobody waits for this one.
    this.#start(() => this.#loadIfChanged()).catch(() => undefined);
  }

  async #loadIfChanged(): Promise<number> {
    const probe = await probeCatalogue(await this.#connected());
    if (probe === this.#probe && this.#version !== NO_CATALOGUE) return this.#version;
    return this.#load(probe);
  }

  /** Probes before it reads: what changes in between is seen again by the next probe, never missed. */
  async #load(probed?: string): Promise<number> {
    const client = await this.#connected();
    const probe = probed ?? (await probeCatalogue(client));
    const loaded = await loadCatalogue(client);
    const version = await this.#publish(loaded);
    if (this.#closed) throw new Error("the catalogue source is closed");
    this.#probe = probe;
    this.#version = version;
    return version;
  }

  async #publish({ data, digest }: LoadedCatalogue): Promise<number> {
    if (this.#published?.digest === digest) return this.#published.version;
    const version = this.#options.nextVersion();
    await this.#options.publish({ ...data, version });
    this.#published = { digest, version };
    return version;
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client;
    const client = new Client({
      ...this.#options.connection(),
      application_name: "holdfast catalogue",
      query_timeout: this.#options.queryMsMax,
      connectionTimeoutMillis: this.#options.queryMsMax,
      keepAlive: true,
    });
    // A connection that breaks while idle is replaced at the next look; without a listener it would end the process.
    client.on("error", () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    if (this.#closed) {
      await client.end();
      throw new Error("the catalogue source is closed");
    }
    this.#client = client;
    return client;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // Ending a broken connection may fail in its own way; it is gone either way.
    await client?.end().catch(() => undefined);
  }
}
