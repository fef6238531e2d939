/**
 * Figures of tables, by which two servers are held against each other: how many rows, and a sum over them that no order changes.
 * Rows are read as the server writes them under fixed settings; nothing of them leaves the server.
 */
import type { TableRows } from "../../model/recovery.ts";
import type { AdminClient } from "../../provision/sql.ts";
import { readSettings } from "../restore/read-settings.ts";

/** What a table held at one moment. Two that hold the same rows, in whatever order, have the same. */
export interface TableFigures extends TableRows {
  /** Sum of the rows' 64-bit hashes, as the server of that major version makes them. It could be guessed at: it is never recorded. */
  readonly digest: string;
}

export interface Sample {
  /** Tables looked at in all. */
  readonly tables: number;
  /** Larger ones are passed over: the original is asked, too. */
  readonly tableBytesMax: number;
  /** Chooses among those that fit: another drill looks at others. */
  readonly seed: string;
}

/**
 * Which tables are looked at: those named (whatever their size), and of the rest half the largest and half by chance. Qualified and quoted
 * as the server does it.
 */
export async function sampleTables(client: AdminClient, sample: Sample, named: readonly string[] = []): Promise<readonly string[]> {
  const { rows } = (await client.query(tablesText, [sample.tableBytesMax, sample.seed])) as {
    readonly rows: readonly { table: string; fits: boolean }[];
  };
  const fitting = rows.filter(({ fits }) => fits).map(({ table }) => table);
  const first = rows.map(({ table }) => table).filter((table) => named.includes(table));
  // The query gives them largest first and by chance second, in turns.
  return [...new Set([...first, ...fitting])].slice(0, Math.max(sample.tables, first.length));
}

/** `null` for a table that is not there, or that cannot be read within the time. */
export async function tableFigures(
  client: AdminClient,
  database: string,
  tables: readonly string[],
  statementMs: number,
): Promise<readonly (TableFigures | null)[]> {
  const found: (TableFigures | null)[] = [];
  for (const table of tables) found.push(await figuresOf(client, database, table, statementMs));
  return found;
}

async function figuresOf(client: AdminClient, database: string, table: string, statementMs: number): Promise<TableFigures | null> {
  await client.query(`BEGIN TRANSACTION READ ONLY; ${readSettings} SET LOCAL statement_timeout = ${Math.round(statementMs)}`);
  try {
    // The name is the server's own writing of it: `format('%I.%I')`.
    const sum = `coalesce(pg_catalog.sum(pg_catalog.hashtextextended(${rowText}, 0)::numeric), 0)::text`;
    const { rows } = (await client.query(`SELECT pg_catalog.count(*)::text AS rows, ${sum} AS digest FROM ONLY ${table} AS t`)) as {
      readonly rows: readonly { rows: string; digest: string }[];
    };
    const [row] = rows;
    return row === undefined ? null : { database, table, rows: Number(row.rows), digest: row.digest };
  } catch {
    return null;
  } finally {
    await client.query("ROLLBACK");
  }
}

/** A row as text, past any cast that an owner made. */
const rowText = "pg_catalog.textin(pg_catalog.record_out(t))";

/** Permanent tables of people, each second one by chance: `($1 bytes, $2 seed)`. */
const tablesText = `
SELECT "table", fits FROM (
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS "table", size <= $1::bigint AS fits,
    2 * pg_catalog.row_number() OVER (PARTITION BY size <= $1::bigint ORDER BY size DESC, c.oid) AS by_size,
    2 * pg_catalog.row_number() OVER (PARTITION BY size <= $1::bigint ORDER BY pg_catalog.md5(c.oid::text || $2::text)) + 1 AS by_chance
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT pg_catalog.pg_relation_size(c.oid) AS size) AS sizes
  WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^(pg_|holdfast)' AND n.nspname <> 'information_schema'
) AS tables ORDER BY least(by_size, by_chance), "table"`;
