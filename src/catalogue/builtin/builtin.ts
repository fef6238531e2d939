/**
 * The catalogue of an empty PostgreSQL 18 database: what `explain sql` resolves names with when there is no server.
 * It does not stand in for a live server's catalogue, which is always loaded from that server.
 */
import { readFileSync } from "node:fs";
import type { CatalogueData } from "../types.ts";
import { unpack, type PackedCatalogue } from "./codec.ts";

let loaded: CatalogueData | undefined;

/** pg_catalog, information_schema and an empty `public`. Read from disk at the first call, the same object afterwards; `version` is 0. */
export function builtinCatalogue(): CatalogueData {
  loaded ??= unpack(JSON.parse(readFileSync(new URL("./postgresql-18.json", import.meta.url), "utf8")) as PackedCatalogue);
  return loaded;
}
