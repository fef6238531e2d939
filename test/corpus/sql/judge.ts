/**
 * The analysis as tests use it: in this thread, over the catalogue that schema.sql makes.
 * It does not protect the thread from text that breaks the parser.
 */
import { loadModule, parseSync } from "libpg-query";
import { builtinCatalogue } from "../../../src/catalogue/builtin/builtin.ts";
import type { Catalogue } from "../../../src/catalogue/catalogue.ts";
import { openCatalogue } from "../../../src/catalogue/snapshot.ts";
import type { Analysis } from "../../../src/effects/analyse.ts";
import { analyseSql } from "../../../src/effects/sql/script.ts";
import type { SqlContext } from "../../../src/model/action.ts";
import { schemaText } from "./corpus.ts";

export const corpusContext: SqlContext = {
  role: "app", sessionRole: "app", searchPath: ["pg_catalog", "public"], temporary: [], catalogueVersion: 0, pendingDdl: [],
};

let opened: Catalogue | undefined;

/** The catalogue of schema.sql. Throws when any of its DDL is not understood. */
export async function corpusCatalogue(): Promise<Catalogue> {
  if (opened !== undefined) return opened;
  await loadModule();
  const names = { searchPath: ["public"], temporary: [] };
  const { catalogue, notUnderstood } = openCatalogue(builtinCatalogue()).withDdl([schemaText()], parseSync, names);
  if (notUnderstood.length > 0) throw new Error(`schema.sql is not understood: ${notUnderstood.join("; ")}`);
  opened = catalogue;
  return catalogue;
}

export async function analyseInCorpus(sql: string, context: SqlContext = corpusContext): Promise<Analysis> {
  return analyseSql(sql, context, await corpusCatalogue());
}
