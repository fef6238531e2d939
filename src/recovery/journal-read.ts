/**
 * Reads the journal of row images: which committed transactions of agents are kept, what of each table, and the images themselves.
 * It opens no connection, takes nothing back and deletes nothing.
 */
import type { TableCount } from "../model/outcome.ts";
import type { KeptTransaction } from "../model/recovery.ts";
import { undoTable } from "../model/undo-journal.ts";
import type { AdminClient } from "../provision/sql.ts";

/** What is given narrows; all of it must fit. */
export interface KeptFilter {
  /** Transactions whose newest change is not older, by the server's clock. */
  readonly sinceMs?: number;
  /** Login roles. */
  readonly roles?: readonly string[];
  /** 64-bit transaction ids as text. */
  readonly transactions?: readonly string[];
  readonly serverProcess?: number;
}

/** Transactions whose images are there, the newest first. Only committed ones are seen: the images are part of the transaction. */
export async function keptTransactions(client: AdminClient, filter: KeptFilter = {}): Promise<readonly KeptTransaction[]> {
  const { sinceMs, roles, transactions, serverProcess } = filter;
  const { rows } = await client.query(KEPT_SQL, [
    transactions ?? null,
    roles ?? null,
    serverProcess ?? null,
    sinceMs === undefined ? null : sinceMs / 1000,
  ]);
  return (rows as readonly KeptRow[]).map(({ tables, ...kept }) => ({ ...kept, tables: tables.map(countOf) }));
}

/** The images of one shape of one table in one transaction. */
export interface KeptImages {
  readonly transaction: string;
  /** Object id of the table. */
  readonly relation: number;
  /** Attribute numbers of the texts' fields, in their order. */
  readonly columns: readonly number[];
  /** Rows as they were, in the record's text form; with their repetitions, in no order that means anything. */
  readonly gone: readonly string[];
  /** Rows as they became. */
  readonly came: readonly string[];
}

/** All images of the transactions in memory: for what is small, and for tests. Undo nets them at the server. */
export async function keptImages(client: AdminClient, transactions: readonly string[]): Promise<readonly KeptImages[]> {
  const { rows } = await client.query(IMAGES_SQL, [transactions]);
  return rows as readonly KeptImages[];
}

interface KeptRow extends Omit<KeptTransaction, "tables"> {
  readonly tables: readonly Omit<TableCount, "truncated">[];
}

const countOf = (table: Omit<TableCount, "truncated">): TableCount => ({ ...table, truncated: 0 });

// The operators are the system's: names of a schema of somebody's must not answer for them, whatever the caller's search_path is.
const eq = "OPERATOR(pg_catalog.=)";
const KEPT_SQL = `WITH each AS MATERIALIZED (
  SELECT c.transaction, c.relation, pg_catalog.min(c.role::pg_catalog.text) AS role, pg_catalog.min(c.pid) AS pid,
    pg_catalog.max(c.at) AS at,
    COALESCE(pg_catalog.sum(pg_catalog.cardinality(c.came)) FILTER (WHERE c.op ${eq} 'I'), 0)::pg_catalog.float8 AS inserted,
    COALESCE(pg_catalog.sum(pg_catalog.cardinality(c.gone)) FILTER (WHERE c.op ${eq} 'U'), 0)::pg_catalog.float8 AS updated,
    COALESCE(pg_catalog.sum(pg_catalog.cardinality(c.gone)) FILTER (WHERE c.op ${eq} 'D'), 0)::pg_catalog.float8 AS deleted
  FROM ${undoTable} c
  WHERE ($1::pg_catalog.text[] IS NULL OR c.transaction ${eq} ANY ($1::pg_catalog.text[]::pg_catalog.int8[]))
    AND ($2::pg_catalog.text[] IS NULL OR c.role::pg_catalog.text ${eq} ANY ($2::pg_catalog.text[]))
    AND ($3::pg_catalog.int4 IS NULL OR c.pid ${eq} $3::pg_catalog.int4)
  GROUP BY c.transaction, c.relation)
SELECT e.transaction::pg_catalog.text AS transaction, pg_catalog.min(e.role) AS role, pg_catalog.min(e.pid) AS "serverProcess",
  pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.max(e.at)) OPERATOR(pg_catalog.*) 1000)::pg_catalog.float8 AS "atMs",
  pg_catalog.json_agg(pg_catalog.json_build_object('table', COALESCE(i.identity, pg_catalog.concat('relation ', e.relation, ', which is gone')),
    'inserted', e.inserted, 'updated', e.updated, 'deleted', e.deleted) ORDER BY i.identity, e.relation) AS tables
FROM each e LEFT JOIN LATERAL pg_catalog.pg_identify_object(1259, e.relation, 0) i ON true
GROUP BY e.transaction
HAVING $4::pg_catalog.float8 IS NULL OR pg_catalog.max(e.at) OPERATOR(pg_catalog.>=) pg_catalog.to_timestamp($4::pg_catalog.float8)
ORDER BY e.transaction DESC`;

const IMAGES_SQL = `SELECT c.transaction::pg_catalog.text AS transaction, c.relation::pg_catalog.int8::pg_catalog.float8 AS relation,
  c.columns::pg_catalog.int4[] AS columns,
  ARRAY(SELECT g.text FROM ${undoTable} o, LATERAL pg_catalog.unnest(o.gone) g(text)
    WHERE o.transaction ${eq} c.transaction AND o.relation ${eq} c.relation AND o.columns ${eq} c.columns ORDER BY o.id) AS gone,
  ARRAY(SELECT g.text FROM ${undoTable} o, LATERAL pg_catalog.unnest(o.came) g(text)
    WHERE o.transaction ${eq} c.transaction AND o.relation ${eq} c.relation AND o.columns ${eq} c.columns ORDER BY o.id) AS came
FROM (SELECT DISTINCT d.transaction, d.relation, d.columns FROM ${undoTable} d
  WHERE d.transaction ${eq} ANY ($1::pg_catalog.text[]::pg_catalog.int8[])) c
ORDER BY c.transaction, c.relation`;
