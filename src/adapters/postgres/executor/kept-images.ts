/**
 * Of which tables row images were kept in a trial, by the journal of the trial's own transaction: what undo could bring back.
 * It judges nothing, and a server without a journal keeps nothing.
 */
import { undoTable } from "../../../model/undo-journal.ts";
import { ServerRefused } from "./frame-client.ts";
import type { Connection } from "./open-connection.ts";
import { quoted } from "./transaction.ts";

/** Names as the counts have them; a partitioned table's partitions with it. While the trial is open. Rejects with `ConnectionLost`. */
export async function keptTables({ client }: Connection, transaction: string): Promise<readonly string[]> {
  const [row] = await client.rows(`SELECT pg_catalog.to_regclass(${quoted(undoTable)}) IS NOT NULL`);
  if (row?.[0] !== "t") return [];
  await client.rows("SAVEPOINT holdfast_kept");
  try {
    const rows = await client.rows(keptSql(transaction));
    return rows.flatMap(([name]) => (name === null || name === undefined ? [] : [name]));
  } catch (error) {
    // A login that may not look into the journal cannot undo either.
    if (error instanceof ServerRefused) return [];
    throw error;
  } finally {
    await client.rows("ROLLBACK TO SAVEPOINT holdfast_kept; RELEASE SAVEPOINT holdfast_kept").catch(() => undefined);
  }
}

const keptSql = (transaction: string) => `WITH kept AS (SELECT DISTINCT c.relation AS oid FROM ${undoTable} c
  WHERE c.transaction OPERATOR(pg_catalog.=) ${quoted(transaction)}::pg_catalog.int8)
SELECT i.identity FROM (SELECT k.oid FROM kept k UNION SELECT t.relid::pg_catalog.oid FROM kept k, pg_catalog.pg_partition_tree(k.oid) t) a,
  pg_catalog.pg_identify_object(1259, a.oid, 0) i`;
