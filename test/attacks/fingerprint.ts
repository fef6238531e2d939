/**
 * The state of a whole server as named parts, each a short text that differs when the part does: rows, objects, rights, files, sessions.
 * It leaves out what servers change by themselves (statistics of use, WAL positions, the planner's own) and what ends with a session.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";

export type Fingerprint = ReadonlyMap<string, string>;

/** System catalogues that hold no object of anybody's. */
const leftOut = ["pg_statistic", "pg_statistic_ext_data", "pg_largeobject_metadata"];

/**
 * A row's xmin and ctid change with every update of it, so they stand for the contents of the catalogues. Temporary objects are the
 * session's own. Counters and states that outlive a transaction are read beside them.
 */
const clusterSql = `
SELECT 'settings', pg_catalog.md5(pg_catalog.string_agg(concat_ws('=', name, setting, sourcefile), ',' ORDER BY name))
  FROM pg_catalog.pg_file_settings
UNION ALL SELECT 'slots', pg_catalog.string_agg(slot_name::text, ',' ORDER BY slot_name) FROM pg_catalog.pg_replication_slots
UNION ALL SELECT 'prepared transactions', pg_catalog.string_agg(gid, ',' ORDER BY gid) FROM pg_catalog.pg_prepared_xacts
UNION ALL SELECT 'origins', pg_catalog.string_agg(roname, ',' ORDER BY roname) FROM pg_catalog.pg_replication_origin
UNION ALL SELECT 'configuration loaded', pg_catalog.pg_conf_load_time()::text
UNION ALL SELECT 'backup', (SELECT pg_catalog.count(*)::text FROM pg_catalog.pg_ls_dir('.') AS d(name) WHERE name = 'backup_label')
UNION ALL SELECT 'statistics reset', pg_catalog.concat_ws(',', (SELECT max(stats_reset) FROM pg_catalog.pg_stat_database),
  (SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter), (SELECT stats_reset FROM pg_catalog.pg_stat_wal))`;

const objectsSql = `
SELECT 'catalogue ' || c.relname, c.oid::regclass::text
FROM pg_catalog.pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' ORDER BY 1`;

const relationsSql = `
SELECT n.nspname || '.' || c.relname, c.oid::regclass::text, c.relkind 
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1`;

export interface FingerprintParts {
  /** Superusers connected to the databases that count, by name. */
  readonly databases: ReadonlyMap<string, pg.Client>;
  /** Folders of the server's machine whose files count; the data directory's own top level too. */
  readonly folders: readonly string[];
  readonly dataDirectory: string;
  /** What else is to stay as it is, observed by the caller: other sessions, notifications. */
  readonly others: Readonly<Record<string, string | number>>;
}

export async function fingerprint(parts: FingerprintParts): Promise<Fingerprint> {
  const found = new Map<string, string>(Object.entries(parts.others).map(([name, value]) => [name, String(value)]));
  for (const [database, client] of parts.databases)
    for (const [name, value] of await databaseParts(client)) found.set(`${database}: ${name}`, value ?? "");
  const [first] = parts.databases.values();
  if (first !== undefined) for (const [name, value] of await rowsOf(first, clusterSql)) found.set(name as string, value ?? "");
  for (const folder of parts.folders) for (const [name, value] of files(folder)) found.set(name, value);
  for (const name of ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "PG_VERSION"])
    found.set(`file ${name}`, hashOf(join(parts.dataDirectory, name)));
  found.set("data directory", readdirSync(parts.dataDirectory).sort().join());
  return found;
}

/** The parts that are not the same in both, for a message. */
export function differences(before: Fingerprint, after: Fingerprint): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${before.get(name) ?? "(none)"} -> ${after.get(name) ?? "(none)"}`);
}

const catalogueTexts = new WeakMap<pg.Client, string>();

async function databaseParts(client: pg.Client): Promise<readonly (readonly (string | null)[])[]> {
  // A superuser's open transaction must not be in the way of DROP and ALTER; so each query is its own.
  const catalogue = catalogueTexts.get(client) ?? (await catalogueText(client));
  catalogueTexts.set(client, catalogue);
  const found = [...(await rowsOf(client, catalogue))];
  const relations = await rowsOf(client, relationsSql);
  const counts = relations.map(([name, relation, kind]) =>
    kind === "S"
      ? `SELECT ${text(`sequence ${name}`)}, last_value || ' ' || is_called FROM ${relation}`
      : kind === "m"
        ? `SELECT ${text(`materialized ${name}`)}, pg_catalog.pg_relation_filenode(${text(relation)}::regclass)::text`
        : `SELECT ${text(`rows ${name}`)}, count(*) || ' ' ||
            coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') FROM ONLY ${relation} AS t`,
  );
  if (counts.length > 0) found.push(...(await rowsOf(client, counts.join(" UNION ALL "))));
  return found;
}

async function catalogueText(client: pg.Client): Promise<string> {
  // Rows of initdb itself are counted; a changed one would carry a later transaction's number.
  const [[initdb] = []] = await rowsOf(client, "SELECT max(xmin::text::bigint)::text FROM pg_catalog.pg_proc WHERE oid < 16384");
  const own = (await rowsOf(client, objectsSql)).filter(([name]) => !leftOut.includes((name ?? "").replace("catalogue ", "")));
  return own
    .map(([name, relation]) => {
      // Rows that a temporary object makes in the shared tables of objects come and go with it.
      const filter = temporaryFilters[relation ?? ""] ?? "true";
      const later = `t.xmin::text::bigint > ${initdb}`;
      return `SELECT ${text(name)}, count(*) FILTER (WHERE NOT ${later}) || ' ' ||
        coalesce(md5(string_agg(t.ctid || ' ' || t.xmin, ',' ORDER BY t.ctid) FILTER (WHERE ${later} AND ${filter})), '')
        FROM ${relation} AS t`;
    })
    .join(" UNION ALL ");
}

const isTemporary = (oid: string): string =>
  `NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${oid} AND n.nspname ~ '^pg_(toast_)?temp_')`;

const temporaryFilters: Readonly<Record<string, string>> = {
  pg_class: "NOT (t.relnamespace::regnamespace::text ~ '^pg_(toast_)?temp_')",
  pg_type: "NOT (t.typnamespace::regnamespace::text ~ '^pg_(toast_)?temp_')",
  pg_namespace: "NOT (t.nspname ~ '^pg_(toast_)?temp_')",
  pg_attribute: isTemporary("t.attrelid"),
  pg_index: isTemporary("t.indrelid"),
  pg_constraint: isTemporary("t.conrelid"),
  pg_attrdef: isTemporary("t.adrelid"),
  pg_sequence: isTemporary("t.seqrelid"),
  pg_depend: "false",
};

async function rowsOf(client: pg.Client, sql: string): Promise<readonly (string | null)[][]> {
  const { rows } = await client.query<(string | null)[]>({ text: sql, rowMode: "array" });
  return rows;
}

function files(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [`file ${entry.name}`, hashOf(join(entry.parentPath, entry.name))]);
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}

function text(value: string | null | undefined): string {
  return `'${(value ?? "").replaceAll("'", "''")}'`;
}
