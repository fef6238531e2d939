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
 *
 * What a table held *before* the transaction is the larger of `pg_stat_get_live_tuples`, which a transaction does not move until it
 * is over, and `reltuples`, which ANALYZE inside it does: rows that it inserted itself are taken off there. Neither is exact.
 *
 * What the server's own triggers add to the journal of row images is not the agent's: rows inserted there, and only those, are left out.
 */
import type { TableCount } from "../../../model/outcome.ts";
import { undoTable } from "../../../model/undo-journal.ts";
import { byLocks, byTables, type Source } from "./meter-source.ts";

/** Name of the prepared statement, portal and setting of the meter; begins with the reserved prefix. */
export const METER_NAME = "holdfast_meter";
/** Name of the reading that the server keeps prepared. */
export const KEPT_NAME = "holdfast_reading";
const MARK = "holdfast_meter: ";
/** So many rows of a table may be updated and deleted whatever share of it they are: small tables are for daily work. */
export const SHARE_ROWS_MIN = 20;

// Every name and operator is qualified: a schema of the agent's must not answer for us.
const op = (name: string): string => `OPERATOR(pg_catalog.${name})`;
const fn = (name: string): string => `pg_catalog.${name}`;
const xact = (what: string): string => `${fn(`pg_stat_get_xact_tuples_${what}`)}(r.relation)`;
/** A table with its size before the transaction (`known`, 0 when unknown), what it lost of that, and all that changed. */
const WITH_SIZE = `, LATERAL (SELECT r.cut ${op("+")} ${xact("updated")} ${op("+")} ${xact("deleted")} AS gone, ${xact("inserted")} AS ins,
  GREATEST(${fn("pg_stat_get_live_tuples")}(r.relation), COALESCE((SELECT CAST(c.reltuples AS pg_catalog.int8) FROM pg_catalog.pg_class c
   WHERE c.oid ${op("=")} r.relation), 0) ${op("-")} ${xact("inserted")}, 0) AS known OFFSET 0) s`;
const SIZE = `CASE WHEN s.known ${op(">")} 0 THEN CAST(s.known AS text) ELSE '-' END`;

/** Whether one table is beyond `rows` or `percent`, each an SQL expression; a share of -1 is none. */
function beyond(rows: string, percent: string): string {
  return `(s.ins ${op("+")} s.gone) ${op(">")} ${rows} OR CASE WHEN ${percent} ${op(">=")} 0 AND s.known ${op(">")} 0
 AND s.gone ${op(">")} ${SHARE_ROWS_MIN} THEN (s.gone ${op("*")} 100) ${op(">")} (${percent} ${op("*")} s.known) ELSE false END`;
}

function perTable({ from, chained }: Source, over?: string): string {
  const [size, overs, withSize] = over === undefined ? ["", "", ""] : [`${SIZE}, `, `,\n ${over} AS over`, WITH_SIZE];
  const name = `COALESCE(${fn("translate")}(i.identity, E'\\n', ' '), 'dropped')`;
  return `SELECT r.ins ${op("+")} r.upd ${op("+")} r.del ${op("+")} r.cut AS n,
 ${fn("concat_ws")}(' ', r.ins, r.upd, r.del, r.cut, ${size}${name}) AS line${overs}
 FROM ${from} r,
 LATERAL ${fn("pg_identify_object")}(1259, r.relation, 0) i${withSize}
 WHERE r.ins ${op("+")} r.upd ${op("+")} r.del ${op("+")} r.cut ${op(">")} 0
 AND (i.type ${op("=")} ANY (ARRAY['table', 'materialized view']) AND ${fn("left")}(i.schema, 7) ${op("<>")} 'pg_temp'
  OR i.identity IS NULL AND ${chained})
 AND NOT (COALESCE(i.identity, '') ${op("=")} '${undoTable}' AND r.upd ${op("+")} r.del ${op("+")} r.cut ${op("=")} 0)`;
}

const TOTAL = `COALESCE(${fn("sum")}(t.n), 0)`;
/** What is too much for its own bound comes first: the error's text has an end. */
const linesBy = (order: string): string => `${fn("string_agg")}(t.line, E'\\n' ORDER BY ${order})`;
const BEFORE = `COALESCE(CAST(${fn("substring")}(${fn("current_setting")}('holdfast.meter', true), '^[0-9]+$') AS bigint), 0)`;
const TEXT_CHARACTERS_MAX = 3000;

/** Bounds of each table: rows that change, and those that are updated and deleted in per cent of its rows before. */
export interface TableBounds {
  readonly rows: number;
  readonly percent: number;
}

/** Bounds of one reading, in rows. `sinceLast` bounds what was changed since the reading before it in the same transaction. */
export interface MeterBounds {
  readonly total: number;
  readonly sinceLast: number;
  /** Rows that the server still counts of transactions before this one (COMMIT AND CHAIN); they are in `total`. */
  readonly carried: number;
  /** Bounds every table by itself; absent where no table has a bound of its own. */
  readonly table?: TableBounds;
  /** Stands in front of a kept reading of these bounds and reads nothing: it fails when that reading is not ours. */
  readonly guards?: true;
}

const known = new Map<string, string>();

/**
 * One row. Its second value is lines of `inserted updated deleted truncated name`, or NULL when nothing changed. With
 * bounds for each table its size before stands in front of the name, `-` when the server does not know it. Its fourth is the
 * transaction's id, or NULL before it has one.
 */
export function meterSql(bounds: MeterBounds): string {
  const { total, sinceLast, carried, table } = bounds;
  const key = boundsKey(bounds);
  let sql = known.get(key);
  if (sql === undefined) {
    const tests: string[] = [];
    if (total < Infinity) tests.push(`${TOTAL} ${op(">")} ${Math.floor(total)}`);
    if (sinceLast < Infinity) tests.push(`${TOTAL} ${op("-")} GREATEST(${BEFORE}, ${carried}) ${op(">")} ${Math.floor(sinceLast)}`);
    const source = carried > 0 ? byTables(rowsBound(total), "true") : byLocks;
    sql = readingSql(source, tests, table === undefined ? undefined : beyond(rowsBound(table.rows), percentBound(table.percent)));
    if (known.size > 256) known.clear();
    known.set(key, sql);
  }
  return sql;
}

/** Tells one reading's bounds from another's. */
export function boundsKey({ total, sinceLast, carried, table }: MeterBounds): string {
  return `${total} ${sinceLast} ${carried} ${table?.rows} ${table?.percent}`;
}

function readingSql(source: Source, tests: readonly string[], over?: string): string {
  const lines = linesBy(over === undefined ? "t.n DESC" : "t.over DESC, t.n DESC");
  const failing = `${fn("concat")}('${MARK}', ${TOTAL}, E'\\n', ${fn("left")}(${lines}, ${TEXT_CHARACTERS_MAX}))`;
  const fails = [
    `${fn("current_setting")}('track_counts') ${op("<>")} 'on'`,
    ...tests,
    ...(over === undefined ? [] : [`${fn("bool_or")}(t.over)`]),
  ].join(" OR ");
  return `${source.first}SELECT ${fn("pg_stat_force_next_flush")}(),
 CASE WHEN ${fails} THEN CAST(CAST(${failing} AS integer) AS text) ELSE ${lines} END,
 ${fn("set_config")}('holdfast.meter', CAST(${TOTAL} AS text), true), CAST(${fn("pg_current_xact_id_if_assigned")}() AS text)
FROM (${perTable(source, over)}) t`;
}

const parameter = (n: number): string => `CAST($${n} AS pg_catalog.int8)`;
const totalTest = `${TOTAL} ${op(">")} ${parameter(1)}`;
/** The same, with the bound as a parameter, where nothing is carried. */
export const KEPT_SQL = readingSql(byTables(parameter(1), "false"), [totalTest]);
const suspect = `(s.ins ${op("+")} s.upd ${op("+")} s.del ${op("+")} s.cut) ${op(">")} ${parameter(2)} OR
 ${parameter(3)} ${op(">=")} 0 AND (s.upd ${op("+")} s.del ${op("+")} s.cut) ${op(">")} ${SHARE_ROWS_MIN}`;
/** The same with the bounds of each table as two more. */
export const KEPT_TABLES_SQL = readingSql(byTables(parameter(1), "false", suspect), [totalTest], beyond(parameter(2), parameter(3)));

/** Divides by zero unless the kept reading was made by a Parse message: PREPARE, in a function too, shows as `from_sql`. */
export const GUARD_SQL = `SELECT 1 ${op("/")} ${fn("count")}(*) FROM ${fn("pg_prepared_statement")}() p
 WHERE p.name ${op("=")} '${KEPT_NAME}' AND NOT p.from_sql`;

/** A bound as the server reads it. */
export function rowsBound(rows: number): string {
  return rows < Infinity ? String(Math.floor(rows)) : "9223372036854775807";
}

/** A share as the server reads it. */
export function percentBound(percent: number): string {
  return percent < Infinity ? String(percent) : "-1";
}

/** Makes the server flush its counts when it is idle next: what an earlier transaction left must not count for the next. */
export const FLUSH_COUNTS_SQL = `SELECT ${fn("pg_stat_force_next_flush")}()`;

// A name that begins with a digit or a hyphen is quoted: what stands before it is a size.
const LINE = /^(\d+) (\d+) (\d+) (\d+) (?:(-|\d+) )?(.+)$/;

/** What each table of a reading held before the transaction, as far as the server knows it. */
function sizesOf(lines: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const line of lines.split("\n")) {
    const [, , , , , size, table] = LINE.exec(line) ?? [];
    if (table !== undefined && size !== undefined && size !== "-") sizes.set(table, Number(size));
  }
  return sizes;
}

/** The tables of a reading; one entry a table, in the server's order. */
export function tablesOf(lines: string | null): TableCount[] {
  const tables = new Map<string, TableCount>();
  for (const line of (lines ?? "").split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [inserted = 0, updated = 0, deleted = 0, truncated = 0] = match.slice(1, 5).map(Number);
    const table = match[6] as string;
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

interface Excess {
  readonly total: number;
  readonly tables: readonly TableCount[];
  /** Rows that a table held before; those that the server does not know are not in it. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** The figures in the server's error, when it was the meter that failed the transaction; `undefined` for any other error. */
export function excessOf(message: string): Excess | undefined {
  const at = message.indexOf(MARK);
  if (at < 0) return undefined;
  const text = message.slice(at + MARK.length);
  const total = Number.parseInt(text, 10);
  if (!Number.isSafeInteger(total)) return undefined;
  // The server's quote ends the text; a line that was cut in the middle does not count.
  const lines = text.replace(/"[^"]*$/, "");
  const each = lines.slice(lines.indexOf("\n") + 1);
  return { total, tables: tablesOf(each), sizes: sizesOf(each) };
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
