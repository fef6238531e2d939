/**
 * One catalogue source per target and database, opened when its first session comes and shared by all that follow.
 * It does not resolve names; each snapshot is published to the analysis under its version.
 */
import { type RunningCatalogueSource, catalogueSource, versionCounter } from "../adapters/postgres/catalogue-source.ts";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import type { CatalogueData } from "../catalogue/types.ts";

export interface Catalogues {
  /** The source of one database. Its first snapshot is under way at once; until it is there the version is 0 and nothing is understood. */
  of(target: string, upstream: UpstreamOptions, database: string): RunningCatalogueSource;
  close(): Promise<void>;
}

export interface CataloguesParts {
  readonly publish: (data: CatalogueData) => void | Promise<void>;
  readonly retire: (version: number) => void;
  readonly onFailure: (target: string, database: string, error: Error) => void;
}

/** Time between looks for changes that others made. */
const LOOK_EVERY_MS = 5_000;
const QUERY_MS_MAX = 20_000;
/** Sessions move to the newest version at their next statement; what they were judged by until then stays for this many versions. */
const VERSIONS_KEPT = 3;

export function createCatalogues(parts: CataloguesParts): Catalogues {
  const nextVersion = versionCounter();
  const sources = new Map<string, RunningCatalogueSource>();

  function open(target: string, upstream: UpstreamOptions, database: string): RunningCatalogueSource {
    const published: number[] = [];
    const source = catalogueSource({
      connection: () => catalogueConnection(upstream, database),
      nextVersion,
      publish: async (data) => {
        await parts.publish(data);
        published.push(data.version);
        if (published.length > VERSIONS_KEPT) parts.retire(published.shift() as number);
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
      const key = JSON.stringify([target, database]);
      const known = sources.get(key);
      if (known !== undefined) return known;
      const source = open(target, upstream, database);
      sources.set(key, source);
      return source;
    },
    async close() {
      await Promise.all([...sources.values()].map((source) => source.close()));
      sources.clear();
    },
  };
}
