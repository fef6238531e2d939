/**
 * Writes `src/catalogue/builtin/postgresql-18.json` from a real, freshly initialised server.
 * Usage: node scripts/make-builtins.ts postgres://user@host:port/postgres
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { loadCatalogue } from "../src/adapters/postgres/catalogue.ts";
import { pack, unpack } from "../src/catalogue/builtin/codec.ts";
import { isBuiltIn, type CatalogueData } from "../src/catalogue/types.ts";

const connectionString = process.argv[2];
if (!connectionString) throw new Error("give the connection string of a fresh server: node scripts/make-builtins.ts postgres://...");

const client = new pg.Client({ connectionString });
await client.connect();
const { data } = await loadCatalogue(client);
await client.end();

const foreign = [...data.relations, ...data.functions, ...data.types].filter(
  (object) => !isBuiltIn(object.oid) && object.schema !== "pg_catalog",
);
if (foreign.length > 0) throw new Error(`not a fresh database: it holds \`${foreign[0]?.schema}.${foreign[0]?.name}\``);

const packed = pack(data);
/** Every field that is kept must come back as it was; owners and texts of initdb's own objects are not kept. */
const kept = (d: CatalogueData) =>
  JSON.stringify([d.functions, d.operators, d.casts, d.types, d.relations.map((r) => [r.oid, r.name, r.columns.length])]);
if (kept(unpack(packed)) !== kept(data)) throw new Error("packing loses something: compare codec.ts with types.ts");

const lines = Object.entries(packed).map(([key, value]: [string, unknown]) =>
  Array.isArray(value)
    ? `${JSON.stringify(key)}:[\n${value.map((row) => JSON.stringify(row)).join(",\n")}\n]`
    : `${JSON.stringify(key)}:${JSON.stringify(value)}`,
);
writeFileSync(fileURLToPath(new URL("../src/catalogue/builtin/postgresql-18.json", import.meta.url)), `{\n${lines.join(",\n")}\n}\n`);
