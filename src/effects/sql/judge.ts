/**
 * One payload judged in this thread: picks the catalogue by version, adds the context's uncommitted DDL, analyses.
 * It does not protect the thread: what breaks the parser comes back as `broken`, and the caller must stop using it.
 */
import { loadModule, parseSync } from "libpg-query";
import type { Catalogue, Names } from "../../catalogue/catalogue.ts";
import { assert } from "../../base/assert.ts";
import { extendCatalogue, openCatalogue } from "../../catalogue/snapshot.ts";
import type { Definition } from "../../catalogue/source.ts";
import type { CatalogueData } from "../../catalogue/types.ts";
import type { SqlCallPayload, SqlContext, SqlPayload } from "../../model/action.ts";
import type { Analysis } from "../analyse.ts";
import { analyseCall, analyseSql, namesOf } from "./script.ts";

export interface Judge {
  /** What came with a server; snapshots name it by its number. */
  ground(number: number, data: CatalogueData): void;
  forgetGround(number: number): void;
  /** Laid over a ground, or whole when none is named. */
  publish(data: CatalogueData, ground?: number): void;
  /** The catalogue of `base` with these definitions applied is `version`. */
  define(base: number, version: number, definitions: readonly Definition[]): void;
  retire(version: number): void;
  judge(payload: SqlPayload | SqlCallPayload): { readonly analysis: Analysis; readonly broken: boolean };
}

interface Known {
  readonly catalogue: Catalogue;
  readonly uncertain: boolean;
}

function withText({ catalogue, uncertain }: Known, text: string, names: Names): Known {
  const made = catalogue.withDdl([text], parseSync, names);
  return { catalogue: made.catalogue, uncertain: uncertain || made.notUnderstood.length > 0 };
}

/** Catalogues with uncommitted DDL that are kept; a session that runs DDL mostly asks for its newest. */
const DERIVED_MAX = 16;

export async function createJudge(): Promise<Judge> {
  await loadModule();
  const grounds = new Map<number, Catalogue>();
  const published = new Map<number, Catalogue>();
  const derived = new Map<string, Known>();

  const derive = (context: SqlContext, base: Catalogue): Known => {
    if (context.pendingDdl.length === 0) return { catalogue: base, uncertain: false };
    const names = JSON.stringify([context.catalogueVersion, context.searchPath, context.temporary, context.temporaryViews]);
    const keyOf = (count: number): string => `${names}${context.pendingDdl.slice(0, count).join("\0")}`;
    // A session that runs DDL mostly asks for what it had and one statement more.
    let count = context.pendingDdl.length;
    let made: Known | undefined = derived.get(keyOf(count));
    while (made === undefined && count > 0) made = derived.get(keyOf(--count));
    made ??= { catalogue: base, uncertain: false };
    for (const text of context.pendingDdl.slice(count)) made = withText(made, text, namesOf(context));
    const [oldest] = derived.keys();
    if (derived.size >= DERIVED_MAX && oldest !== undefined) derived.delete(oldest);
    derived.set(keyOf(context.pendingDdl.length), made);
    return made;
  };

  const analyse = (payload: SqlPayload | SqlCallPayload): Analysis => {
    const base = published.get(payload.context.catalogueVersion);
    if (base === undefined)
      return {
        kind: "refused",
        code: "analysis_unavailable",
        message: `no catalogue of version ${payload.context.catalogueVersion} is loaded`,
      };
    const { catalogue, uncertain } = derive(payload.context, base);
    return payload.kind === "sql"
      ? analyseSql(payload.text, payload.context, catalogue, uncertain, payload.parameterTypes)
      : analyseCall(payload, catalogue, uncertain);
  };

  return {
    ground: (number, data) => grounds.set(number, openCatalogue(data)),
    forgetGround: (number) => grounds.delete(number),
    publish(data, number) {
      const ground = number === undefined ? undefined : grounds.get(number);
      assert(number === undefined || ground !== undefined, "what a snapshot is laid over was told before it");
      published.set(data.version, ground === undefined ? openCatalogue(data) : extendCatalogue(ground, data));
    },
    define(base, version, definitions) {
      const below = published.get(base);
      // Without it the version stays unknown, and what names it is refused.
      if (below === undefined) return;
      let made: Known = { catalogue: below, uncertain: false };
      for (const { text, searchPath } of definitions) made = withText(made, text, { searchPath, temporary: [] });
      if (!made.uncertain) published.set(version, made.catalogue);
    },
    retire(version) {
      published.delete(version);
      for (const key of derived.keys()) if (key.startsWith(`[${version},`)) derived.delete(key);
    },
    judge(payload) {
      try {
        return { analysis: analyse(payload), broken: false };
      } catch (error) {
        const what = error instanceof Error ? error.constructor.name : typeof error;
        return {
          analysis: { kind: "refused", code: "analysis_unavailable", message: `the analysis failed: ${what}; send a simpler statement` },
          broken: true,
        };
      }
    },
  };
}
