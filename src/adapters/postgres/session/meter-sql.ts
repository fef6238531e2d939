/**
 * The query that reads what the open transaction really did to each table, and fails when that is more than permitted: sent in
 * front of COMMIT it costs no round trip, because the server itself skips the COMMIT.
 * It does not send anything.
 *
 * Measured on PostgreSQL 15 and 18: `pg_stat_get_xact_tuples_*` is readable by an unprivileged role, counts what cascades,
 * triggers, functions, DO blocks, COPY and MERGE did, and counts attempts: rows that a savepoint's rollback took back stay in it.
 * Counts of *earlier* transactions, committed or rolled back, linger in the backend until its statistics are flushed, which happens
 * at most once a second, outside transactions. `pg_stat_force_next_flush` (since 15) makes it happen at the next ReadyForQuery in
 * idle state, so each reading asks for that, and no baseline is needed. TRUNCATE sets the counts of its table to zero and counts
 * nothing itself: it is recognised by a table under an exclusive lock that is too small for the live rows of the statistics.
 */
import type { TableCount } from "../../../model/outcome.ts";

/** Name of the prepared statement, portal and setting of the meter; begins with the reserved prefix. */
export const METER_NAME = "holdfast_meter";
/** Name of the reading that the server keeps prepared. */
export const KEPT_NAME = "holdfast_reading";
const MARK = "holdfast_meter: ";
/** A heap tuple takes no less than this many bytes of a page: 24 of header and 4 of line pointer. */
const TUPLE_BYTES_MIN = 28;

// Every name and operator is qualified: a schema of the agent's must not answer for us.
const op = (name: string): string => `OPERATOR(pg_catalog.${name})`;
const fn = (name: string): string => `pg_catalog.${name}`;
const inMode = (mode: string, then: string): string => `CASE WHEN k.mode ${op("=")} '${mode}' THEN ${then} ELSE 0 END`;
const count = (what: string): string => inMode("RowExclusiveLock", `${fn(`pg_stat_get_xact_tuples_${what}`)}(k.relation)`);
const live = `${fn("pg_stat_get_live_tuples")}(k.relation)`;
const cut = inMode(
  "AccessExclusiveLock",
  `CASE WHEN ${fn("pg_relation_size")}(k.relation) ${op("/")} ${TUPLE_BYTES_MIN} ${op("<")} ${live} THEN ${live} ELSE 0 END`,
);

/**
 * Every table that this transaction changed is still locked by it, so that the locks and not the catalogue are read: the cost does
 * not grow with the schema, and a snapshot taken before a table was made does not hide it. Relations below 16384 are the server's own.
 */
const PER_TABLE = `SELECT r.ins ${op("+")} r.upd ${op("+")} r.del ${op("+")} r.cut AS n,
 ${fn("concat_ws")}(' ', r.ins, r.upd, r.del, r.cut, ${fn("translate")}(i.identity, E'\\n', ' ')) AS line
 FROM (SELECT k.relation, ${count("inserted")} AS ins, ${count("updated")} AS upd, ${count("deleted")} AS del, ${cut} AS cut
  FROM ${fn("pg_lock_status")}() k
  WHERE k.pid ${op("=")} ${fn("pg_backend_pid")}() AND k.relation ${op(">=")} CAST(16384 AS pg_catalog.oid)
  AND k.mode ${op("=")} ANY (ARRAY['RowExclusiveLock', 'AccessExclusiveLock']) OFFSET 0) r,
 LATERAL ${fn("pg_identify_object")}(1259, r.relation, 0) i
 WHERE r.ins ${op("+")} r.upd ${op("+")} r.del ${op("+")} r.cut ${op(">")} 0
 AND i.type ${op("=")} ANY (ARRAY['table', 'materialized view']) AND ${fn("left")}(i.schema, 7) ${op("<>")} 'pg_temp'`;

const TOTAL = `COALESCE(${fn("sum")}(t.n), 0)`;
const LINES = `${fn("string_agg")}(t.line, E'\\n' ORDER BY t.n DESC)`;
const BEFORE = `COALESCE(CAST(${fn("substring")}(${fn("current_setting")}('holdfast.meter', true), '^[0-9]+$') AS bigint), 0)`;
const TEXT_CHARACTERS_MAX = 3000;

/** Bounds of one reading, in rows. `sinceLast` bounds what was changed since the reading before it in the same transaction. */
export interface MeterBounds {
  readonly total: number;
  readonly sinceLast: number;
  /** Stands in front of a kept reading of these bounds and reads nothing: it fails when that reading is not ours. */
  readonly guards?: true;
}

const known = new Map<string, string>();

/** One row of one value that matters, the second: lines of `inserted updated deleted truncated name`, or NULL when nothing changed. */
export function meterSql({ total, sinceLast }: MeterBounds): string {
  const key = `${total} ${sinceLast}`;
  let sql = known.get(key);
  if (sql === undefined) {
    const tests: string[] = [];
    if (total < Infinity) tests.push(`${TOTAL} ${op(">")} ${Math.floor(total)}`);
    if (sinceLast < Infinity) tests.push(`${TOTAL} ${op("-")} ${BEFORE} ${op(">")} ${Math.floor(sinceLast)}`);
    sql = readingSql(tests);
    if (known.size > 256) known.clear();
    known.set(key, sql);
  }
  return sql;
}

function readingSql(tests: readonly string[]): string {
  const failing = `${fn("concat")}('${MARK}', ${TOTAL}, E'\\n', ${fn("left")}(${LINES}, ${TEXT_CHARACTERS_MAX}))`;
  const fails = [`${fn("current_setting")}('track_counts') ${op("<>")} 'on'`, ...tests].join(" OR ");
  return `SELECT ${fn("pg_stat_force_next_flush")}(),
 CASE WHEN ${fails} THEN CAST(CAST(${failing} AS integer) AS text) ELSE ${LINES} END,
 ${fn("set_config")}('holdfast.meter', CAST(${TOTAL} AS text), true)
FROM (${PER_TABLE}) t`;
}

/** The same with the bound as a parameter. */
export const KEPT_SQL = readingSql([`${TOTAL} ${op(">")} CAST($1 AS pg_catalog.int8)`]);

/** Divides by zero unless the kept reading was made by a Parse message: PREPARE, in a function too, shows as `from_sql`. */
export const GUARD_SQL = `SELECT 1 ${op("/")} ${fn("count")}(*) FROM ${fn("pg_prepared_statement")}() p
 WHERE p.name ${op("=")} '${KEPT_NAME}' AND NOT p.from_sql`;

/** A bound as the server reads it. */
export function rowsBound(rows: number): string {
  return rows < Infinity ? String(Math.floor(rows)) : "9223372036854775807";
}

/** Makes the server flush its counts when it is idle next: what an earlier transaction left must not count for the next. */
export const FLUSH_COUNTS_SQL = `SELECT ${fn("pg_stat_force_next_flush")}()`;

/** The tables of a reading; one entry a table, in the server's order. */
export function tablesOf(lines: string | null): TableCount[] {
  const tables = new Map<string, TableCount>();
  for (const line of (lines ?? "").split("\n")) {
    const match = /^(\d+) (\d+) (\d+) (\d+) (.+)$/.exec(line);
    if (match === null) continue;
    const [inserted = 0, updated = 0, deleted = 0, truncated = 0] = match.slice(1, 5).map(Number);
    const table = match[5] as string;
    const same = tables.get(table);
    tables.set(table, {
      table,
      inserted: inserted + (same?.inserted ?? 0),
      updated: updated + (same?.updated ?? 0),
      deleted: deleted + (same?.deleted ?? 0),
      truncated: truncated + (same?.truncated ?? 0),
    });
  }
  return [...tables.values()];
}

/** The figures in the server's error, when it was the meter that failed the transaction; `undefined` for any other error. */
export function excessOf(message: string): { readonly total: number; readonly tables: readonly TableCount[] } | undefined {
  const at = message.indexOf(MARK);
  if (at < 0) return undefined;
  const text = message.slice(at + MARK.length);
  const total = Number.parseInt(text, 10);
  if (!Number.isSafeInteger(total)) return undefined;
  // The server's quote ends the text; a line that was cut in the middle does not count.
  const lines = text.replace(/"[^"]*$/, "");
  return { total, tables: tablesOf(lines.slice(lines.indexOf("\n") + 1)) };
}

/** For people: `public.orders 2,000 deleted; public.items 1 updated`. */
export function figuresOf(tables: readonly TableCount[]): string {
  const part = (rows: number, what: string): string[] => (rows === 0 ? [] : [`${rows} ${what}`]);
  return tables
    .map(({ table, inserted, updated, deleted, truncated }) => {
      const parts = [...part(inserted, "inserted"), ...part(updated, "updated"), ...part(deleted, "deleted")];
      return `${table}: ${[...parts, ...part(truncated, "truncated (by the statistics)")].join(", ")}`;
    })
    .join("; ");
}
