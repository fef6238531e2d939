/**
 * Applies DDL texts to a catalogue snapshot.
 */
import type { Names, ParseSql } from "../catalogue.ts";
import type { CatalogueData } from "../types.ts";

export function withDdl(data: CatalogueData, texts: readonly string[], parse: ParseSql, names?: Names): { readonly data: CatalogueData; readonly notUnderstood: readonly string[] } {
  void parse; void names;
  return { data, notUnderstood: texts };
}
