/**
 * Keeps the catalogue of one database current: by the texts of what the gateway's sessions define, and by looking at the server, often
 * while anybody asks and never otherwise.
 * It does not hold snapshots for analysis; it publishes each new one and says by its version which is current.
 */
import { Client, type ClientConfig } from "pg";
import type { CatalogueData } from "../../catalogue/types.ts";
import type { CatalogueSource, Definition } from "../../catalogue/source.ts";
import type { Clock } from "../../base/clock.ts";
import { loadCatalogue, loadChanges, type LoadedCatalogue } from "./catalogue.ts";

/** The version while no catalogue can be read: no snapshot has it, so the analysis of everything is refused. */
export const NO_CATALOGUE = 0;

export interface CatalogueSourceOptions {
  /** The login that reads the catalogue; any role will do. Asked for at each connection, so that passwords are not kept. */
  readonly connection: () => ClientConfig;
  readonly clock: Pick<Clock, "monotonic">;
  /** Draws the next version; one counter for all sources of the process, never {@link NO_CATALOGUE}. */
  readonly nextVersion: () => number;
  /**
   * Gets each new snapshot before its version becomes current: what was made in this database, to be laid over what came with the
   * server, which is the same object as long as it has not changed. If it rejects, the refresh fails.
   */
  readonly publish: (own: CatalogueData, ground: CatalogueData) => void | Promise<void>;
  /** Makes the catalogue of one version, with these definitions applied, known under another. Absent: each definition is read. */
  readonly define?: (base: number, version: number, definitions: readonly Definition[]) => void;
  /** Told each failure once; the version is {@link NO_CATALOGUE} until a later refresh succeeds. */
  readonly onFailure: (error: Error) => void;
  /** Time between looks at the server for changes made by others, while anybody asks. */
  readonly everyMs: number;
  /** Time that one answer of the server may take. */
  readonly queryMsMax: number;
}

export interface RunningCatalogueSource extends Required<CatalogueSource> {
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

/** Definitions known by their texts alone: after so many, or so long, the server is asked. */
const DEFINITIONS_MAX = 256;
const DEFINED_MS_MAX = 2_000;
/** Looking takes no more than one part in so many of the server's time, but for the longest time between looks. */
const PARTS_OF_TIME = 10;
const LOOK_MS_MAX = 2_000;

class Source implements RunningCatalogueSource {
  readonly #options: CatalogueSourceOptions;
  #version = NO_CATALOGUE;
  #client: Client | undefined;
  /** What was read last and the version it was published as; kept through failures, so that unchanged content gets its version back. */
  #read: { readonly loaded: LoadedCatalogue; readonly version: number } | undefined;
  /** Counts what was defined: tells whether a reading may lack some of it. */
  #definitions = 0;
  /** Definitions that the version holds by their texts, on top of what was read. */
  #onTop = 0;
  /** Something was defined that the version does not hold. */
  #owed = false;
  /** The last look is too old. */
  #unsure = true;
  /** Somebody has asked since the last look. */
  #asked = false;
  #running: Promise<number> | undefined;
  /** The refresh that starts when the running one ends: whoever asks meanwhile shares it. */
  #queued: Promise<number> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #definedTimer: NodeJS.Timeout | undefined;
  /** What the last look took. */
  #lookMs = 0;
  #closed = false;

  constructor(options: CatalogueSourceOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#version;
  }

  get digest(): string | undefined {
    return this.#onTop === 0 && !this.#owed && this.#version === this.#read?.version ? this.#read.loaded.digest : undefined;
  }

  usable(): boolean {
    this.#asked = true;
    return !this.#owed && !this.#unsure;
  }

  /**
   * A refresh under way may have begun before the caller's commit, so it does not serve; the next one, which has not begun, does.
   */
  refresh(): Promise<number> {
    if (this.#closed) return Promise.reject(new Error("the catalogue source is closed"));
    if (!this.#running) return this.#start();
    const next = (): Promise<number> => this.#start();
    this.#queued ??= this.#running.then(next, next);
    return this.#queued;
  }

  defined(definitions: readonly Definition[] | undefined): void {
    if (this.#closed) return;
    this.#definitions += 1;
    const { define } = this.#options;
    if (definitions === undefined || define === undefined || this.#version === NO_CATALOGUE || this.#onTop >= DEFINITIONS_MAX) {
      this.#owed = true;
      return;
    }
    if (this.#owed || definitions.length === 0) return;
    const version = this.#options.nextVersion();
    define(this.#version, version, definitions);
    this.#version = version;
    this.#onTop += definitions.length;
    // Their texts have told all that matters; the server has the last word all the same.
    this.#definedTimer ??= setTimeout(() => {
      this.#definedTimer = undefined;
      if (this.#onTop > 0) this.#owed = true;
    }, DEFINED_MS_MAX).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#definedTimer);
    this.#version = NO_CATALOGUE;
    await this.#disconnect();
  }

  #start(): Promise<number> {
    this.#queued = undefined;
    const run = this.#look().catch(async (cause: unknown) => {
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

  /** What was seen is good for a while. Then comes the next look, when somebody has asked meanwhile; else whoever asks waits for it. */
  #seen(): void {
    this.#unsure = false;
    this.#asked = false;
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.#due(), this.#everyMs()).unref();
  }

  #everyMs(): number {
    return Math.max(this.#options.everyMs, Math.min(this.#lookMs * PARTS_OF_TIME, LOOK_MS_MAX));
  }

  #due(): void {
    this.#unsure = !this.#asked;
    if (this.#unsure) return;
    // A look that takes as long again is late: then everybody waits for it.
    this.#timer = setTimeout(() => {
      this.#unsure = true;
    }, this.#everyMs()).unref();
    // What goes on being defined would make it be read in vain: then the look is left to be late.
    if (this.#onTop > 0 || this.#running) return;
    // The failure has been reported by `#start`; nobody waits for this one.
    this.refresh().catch(() => undefined);
  }

  /** Sees to it that the version holds what the server does. */
  async #look(): Promise<number> {
    for (;;) {
      const began = this.#definitions;
      const client = await this.#connected();
      const sent = this.#options.clock.monotonic();
      const loaded = await this.#changed(client);
      this.#lookMs = this.#options.clock.monotonic() - sent;
      if (this.#closed) throw new Error("the catalogue source is closed");
      // What was defined while it was read may lack in it: with that on top, it might be in twice.
      if (this.#definitions === began) {
        const version = await this.#publish(loaded);
        if (this.#definitions === began) {
          this.#version = version;
          this.#onTop = 0;
          this.#owed = false;
          clearTimeout(this.#definedTimer);
          this.#definedTimer = undefined;
          this.#seen();
          return version;
        }
      }
      // Nobody waits as long as what is there may be used.
      if (!this.#owed && !this.#unsure && this.#version !== NO_CATALOGUE) return this.#version;
    }
  }

  async #changed(client: Client): Promise<LoadedCatalogue> {
    if (this.#read === undefined) return loadCatalogue(client);
    const { loaded } = this.#read;
    const found = await loadChanges(client, loaded);
    return "digest" in found ? found : { ...loaded, state: found };
  }

  async #publish(loaded: LoadedCatalogue): Promise<number> {
    const { nextVersion, publish } = this.#options;
    const same = this.#read?.loaded.digest === loaded.digest ? this.#read.version : undefined;
    const version = same ?? nextVersion();
    if (same === undefined) await publish({ ...loaded.own, version }, loaded.ground);
    if (this.#closed) throw new Error("the catalogue source is closed");
    this.#read = { loaded, version };
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
