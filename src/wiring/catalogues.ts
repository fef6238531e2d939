/**
 * One catalogue source per database and login, opened when its first session comes and shared by all targets that reach it so. What a
 * session of one defines is told to the others that read the same database with another login.
 * It does not resolve names; each snapshot is published to the analysis under its version.
 */
import { type RunningCatalogueSource, catalogueSource, versionCounter } from "../adapters/postgres/catalogue-source.ts";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { Clock } from "../base/clock.ts";
import type { Definition } from "../catalogue/source.ts";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import type { CatalogueData } from "../catalogue/types.ts";

export interface Catalogues {
  /** The source of one database. Its first snapshot is under way at once; until it is there the version is 0 and nothing is understood. */
  of(target: string, upstream: UpstreamOptions, database: string): RunningCatalogueSource;
  /** Something that no session did has changed what is in the databases of that name: they are read before they are used again. */
  moved(database: string): void;
  close(): Promise<void>;
}

export interface CataloguesParts {
  readonly clock: Clock;
  readonly publish: (own: CatalogueData, ground: CatalogueData) => void | Promise<void>;
  readonly define: (base: number, version: number, definitions: readonly Definition[]) => void;
  readonly retire: (version: number) => void;
  /** The database was read anew, which is used when this resolves, or a session of ours defined something in it. Never rejects. */
  readonly onChanged?: (target: string, database: string) => Promise<void>;
  readonly onFailure: (target: string, database: string, error: Error) => void;
}

/** Time between looks for changes that others made. */
const LOOK_EVERY_MS = 250;
const QUERY_MS_MAX = 20_000;
/** Sessions move to the newest version at their next statement; what they were judged by until then stays for this many versions. */
const VERSIONS_KEPT = 3;
/** Of those that were read: the last one is gone back to when what was defined since has changed nothing. */
const READ_KEPT = 2;

export function createCatalogues(parts: CataloguesParts): Catalogues {
  const nextVersion = versionCounter();
  const sources = new Map<string, RunningCatalogueSource>();
  /** Sources of the same database of the same server, as far as its address tells. */
  const places = new Map<string, Set<RunningCatalogueSource>>();

  function open(target: string, upstream: UpstreamOptions, database: string): RunningCatalogueSource {
    const read: number[] = [];
    const defined: number[] = [];
    const source = catalogueSource({
      connection: () => catalogueConnection(upstream, database),
      clock: parts.clock,
      nextVersion,
      publish: async (own, ground) => {
        await parts.publish(own, ground);
        await parts.onChanged?.(target, database);
        read.push(own.version);
        if (read.length > READ_KEPT) parts.retire(read.shift() as number);
      },
      define: (base, version, definitions) => {
        parts.define(base, version, definitions);
        void parts.onChanged?.(target, database);
        defined.push(version);
        if (defined.length > VERSIONS_KEPT) parts.retire(defined.shift() as number);
      },
      onFailure: (error) => parts.onFailure(target, database, error),
      everyMs: LOOK_EVERY_MS,
      queryMsMax: QUERY_MS_MAX,
    });
    // The failure is reported through onFailure; whoever needs a version asks again.
    source.refresh().catch(() => undefined);
    return source;
  }

  return {
    of(target, upstream, database) {
      const { host, port, role, tls, tlsServerName } = upstream;
      const place = JSON.stringify([host, port, database]);
      const key = JSON.stringify([place, role, tls, tlsServerName ?? ""]);
      const known = sources.get(key);
      if (known !== undefined) return known;
      const siblings = places.get(place) ?? new Set<RunningCatalogueSource>();
      places.set(place, siblings);
      const source = open(target, upstream, database);
      siblings.add(source);
      const telling = tellingSiblings(source, siblings);
      sources.set(key, telling);
      return telling;
    },
    moved(database) {
      for (const [place, siblings] of places) {
        const [, , at] = JSON.parse(place) as [string, number, string];
        if (at === database) for (const source of siblings) source.defined(undefined);
      }
    },
    async close() {
      await Promise.all([...sources.values()].map((source) => source.close()));
      sources.clear();
    },
  };
}

/** What is defined is applied to this source's catalogue; the others read it. */
function tellingSiblings(source: RunningCatalogueSource, siblings: ReadonlySet<RunningCatalogueSource>): RunningCatalogueSource {
  return {
    get version() {
      return source.version;
    },
    get digest() {
      return source.digest;
    },
    refresh: () => source.refresh(),
    usable: () => source.usable(),
    defined(definitions) {
      source.defined(definitions);
      for (const other of siblings) if (other !== source) other.defined(undefined);
    },
    close: () => source.close(),
  };
}
