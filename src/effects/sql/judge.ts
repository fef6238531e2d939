/**
 * One payload judged in this thread: picks the catalogue by version, adds the context's uncommitted DDL, analyses.
 * It does not protect the thread: what breaks the parser comes back as `broken`, and the caller must stop using it.
 */
import { loadModule, parseSync } from "libpg-query";
import type { Catalogue } from "../../catalogue/catalogue.ts";
import { openCatalogue } from "../../catalogue/snapshot.ts";
import type { CatalogueData } from "../../catalogue/types.ts";
import type { SqlCallPayload, SqlContext, SqlPayload } from "../../model/action.ts";
import type { Analysis } from "../analyse.ts";
import { analyseCall, analyseSql, namesOf } from "./script.ts";

export interface Judge {
  publish(data: CatalogueData): void;
  retire(version: number): void;
  judge(payload: SqlPayload | SqlCallPayload): { readonly analysis: Analysis; readonly broken: boolean };
}

interface Known {
  readonly catalogue: Catalogue;
  readonly uncertain: boolean;
}

/** Catalogues with uncommitted DDL that are kept; a session that runs DDL mostly asks for its newest. */
const DERIVED_MAX = 16;

export async function createJudge(): Promise<Judge> {
  await loadModule();
  const published = new Map<number, Catalogue>();
  const derived = new Map<string, Known>();

  const derive = (context: SqlContext, base: Catalogue): Known => {
    if (context.pendingDdl.length === 0) return { catalogue: base, uncertain: false };
    const key = JSON.stringify([
      context.catalogueVersion,
      context.searchPath,
      context.temporary,
      context.temporaryViews,
      context.pendingDdl,
    ]);
    const found = derived.get(key);
    if (found !== undefined) return found;
    const { catalogue, notUnderstood } = base.withDdl(context.pendingDdl, parseSync, namesOf(context));
    const made: Known = { catalogue, uncertain: notUnderstood.length > 0 };
    const [oldest] = derived.keys();
    if (derived.size >= DERIVED_MAX && oldest !== undefined) derived.delete(oldest);
    derived.set(key, made);
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
    publish: (data) => published.set(data.version, openCatalogue(data)),
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
