/**
 * Where the meter's reading has its figures from: every table that the open transaction may have changed, with the server's counts.
 * It compares nothing; `meter-sql.ts` does.
 *
 * By the locks: what a transaction changed it still has locked, so the cost does not grow with the schema. But the server walks its whole
 * lock table for it, which is as long as max_connections times max_locks_per_transaction: at 1,200 connections 450 µs of its processor
 * time (PostgreSQL 18), and every partition of that table is held meanwhile.
 *
 * By the tables: the counts of each one in the catalogue, at some 2 µs a table. They are never less than those by the locks: what a
 * savepoint's rollback took back stays counted, and rows that CREATE TABLE AS or REFRESH wrote are in it. So where they are within the
 * bounds, nothing else is looked at, and where they are not, or a table may have been truncated, the locks decide. Under other isolation
 * levels than READ COMMITTED the transaction's snapshot would hide tables that were made since.
 *
 * Behind COMMIT AND CHAIN the counts of the transaction before go on, and the locks of what it changed are gone: the tables tell then
 * what was added, and the locks what is no table any more, or not yet one.
 */

const op = (name: string): string => `OPERATOR(pg_catalog.${name})`;
const fn = (name: string): string => `pg_catalog.${name}`;
/** Relations below are the server's own. */
const FIRST_OWN = "CAST(16384 AS pg_catalog.oid)";
/** A heap tuple takes no less than this many bytes of a page: 24 of header and 4 of line pointer. */
const TUPLE_BYTES_MIN = 28;

const live = (relation: string): string => `${fn("pg_stat_get_live_tuples")}(${relation})`;
/** TRUNCATE counts nothing itself: a table whose file is too small for the live rows of the statistics. */
const cut = (relation: string): string =>
  `CASE WHEN ${fn("pg_relation_size")}(${relation}) ${op("/")} ${TUPLE_BYTES_MIN} ${op("<")} ${live(relation)} THEN ${live(relation)} ELSE 0 END`;
const counted = (what: string, relation: string): string => `${fn(`pg_stat_get_xact_tuples_${what}`)}(${relation})`;

const inMode = (mode: string, then: string): string => `CASE WHEN k.mode ${op("=")} '${mode}' THEN ${then} ELSE 0 END`;
const count = (what: string): string => inMode("RowExclusiveLock", counted(what, "k.relation"));

/** Columns: relation, ins, upd, del, cut. A table that is locked in both modes has two rows. */
const BY_LOCKS = `SELECT k.relation, ${count("inserted")} AS ins, ${count("updated")} AS upd, ${count("deleted")} AS del,
  ${inMode("AccessExclusiveLock", cut("k.relation"))} AS cut
  FROM ${fn("pg_lock_status")}() k
  WHERE k.pid ${op("=")} ${fn("pg_backend_pid")}() AND k.relation ${op(">=")} ${FIRST_OWN}
  AND k.mode ${op("=")} ANY (ARRAY['RowExclusiveLock', 'AccessExclusiveLock'])`;

/**
 * What is locked and not among the tables: tables that the snapshot hides, and those that were dropped, whose counts of the transaction
 * before would else be missed and be room for as many. Dropped temporary tables are among these: nothing tells them apart any more.
 */
const BESIDE_TABLES = `SELECT l.relation, ${["inserted", "updated", "deleted"].map((what) => counted(what, "l.relation")).join(", ")},
  CASE WHEN l.whole THEN ${cut("l.relation")} ELSE 0 END
  FROM (SELECT k.relation, ${fn("bool_or")}(k.mode ${op("=")} 'AccessExclusiveLock') AS whole FROM ${fn("pg_lock_status")}() k
   WHERE k.pid ${op("=")} ${fn("pg_backend_pid")}() AND k.relation ${op(">=")} ${FIRST_OWN}
   AND k.mode ${op("=")} ANY (ARRAY['RowExclusiveLock', 'AccessExclusiveLock']) GROUP BY k.relation) l
  WHERE NOT EXISTS (SELECT FROM seen s WHERE s.relation ${op("=")} l.relation)`;

/** TRUNCATE writes the table's row in the catalogue, and a transaction's own rows are no older than it is: others' may be as young. */
const BY_TABLES = `SELECT c.oid AS relation, ${counted("inserted", "c.oid")} AS ins, ${counted("updated", "c.oid")} AS upd,
  ${counted("deleted", "c.oid")} AS del,
  CASE WHEN ${fn("age")}(c.xmin) ${op("<=")} 0 THEN ${cut("c.oid")} ELSE 0 END AS cut
  FROM pg_catalog.pg_class c WHERE c.oid ${op(">=")} ${FIRST_OWN} AND c.relkind ${op("=")} ANY (CAST(ARRAY['r', 'm'] AS pg_catalog."char"[]))
  AND c.relpersistence ${op("<>")} 't'`;

const setting = (name: string): string => `CAST(${fn("current_setting")}('${name}') AS pg_catalog.int8)`;
/**
 * Where the tables are cheaper: a table takes 2 µs and three rows of the catalogue, 590 bytes; the locks take 5 ns for each place of their
 * table and 35 µs besides. The catalogue of an empty database has 115,000 bytes. Measured on PostgreSQL 18.
 */
// Operators that are written so all bind alike, from left to right.
const SMALL = `${fn("pg_relation_size")}(CAST(1259 AS pg_catalog.oid)) ${op("<")}
 (${setting("max_connections")} ${op("*")} ${setting("max_locks_per_transaction")} ${op("*")} 3 ${op("/")} 2 ${op("+")} 125000)`;

const ALL = `s.ins ${op("+")} s.upd ${op("+")} s.del ${op("+")} s.cut`;

export interface Source {
  /** WITH clause; may be empty. */
  readonly first: string;
  /** In FROM, with the columns relation, ins, upd, del, cut. */
  readonly from: string;
  /** Whether counts of an earlier transaction go on, SQL: tables that were dropped have their part in them. */
  readonly chained: string;
}

export const byLocks: Source = { first: "", from: `(${BY_LOCKS} OFFSET 0)`, chained: "false" };

/**
 * `total` is the bound; `chained` whether counts of an earlier transaction go on, both SQL; `suspect` an SQL condition on `s` with the
 * columns of a source: some table may be beyond a bound of its own.
 */
export function byTables(total: string, chained: string, suspect?: string): Source {
  const fits = [
    `${fn("current_setting")}('transaction_isolation') ${op("=")} 'read committed'`,
    `COALESCE(${fn("sum")}(${ALL}), 0) ${op("<=")} ${total}`,
    `COALESCE(${fn("sum")}(s.cut), 0) ${op("=")} 0`,
    ...(suspect === undefined ? [] : [`NOT COALESCE(${fn("bool_or")}(${suspect}), false)`]),
  ].join(" AND ");
  const first = `WITH small AS MATERIALIZED (SELECT ${chained} OR ${SMALL} AS yes),
 seen AS MATERIALIZED (SELECT s.relation, s.ins, s.upd, s.del, s.cut FROM (${BY_TABLES} AND (SELECT yes FROM small) OFFSET 0) s
  WHERE ${ALL} ${op(">")} 0),
 enough AS MATERIALIZED (SELECT (SELECT yes FROM small) AND (${chained} OR ${fits}) AS yes FROM seen s)
 `;
  const from = `(SELECT s.relation, s.ins, s.upd, s.del, s.cut FROM seen s WHERE (SELECT yes FROM enough)
  UNION ALL ${BY_LOCKS} AND NOT (SELECT yes FROM enough) UNION ALL ${BESIDE_TABLES} AND ${chained} OFFSET 0)`;
  return { first, from, chained };
}
