/**
 * How many rows and bytes tables have when nothing is being tried on them, counted by the server within a time.
 * An estimate is no count: what takes too long is `null`.
 */
import { ServerRefused } from "./frame-client.ts";
import type { Connection } from "./open-connection.ts";
import { quoted } from "./transaction.ts";

export interface TableSize {
  readonly rows: number | null;
  readonly bytes: number | null;
}

/**
 * Of tables by the names that the server itself wrote. All of it takes no longer than `withinMs`, and waits for nobody's lock. Outside a
 * transaction. What stands under a table (partitions, children) is counted for itself. Rejects with `ConnectionLost`.
 */
export async function tableSizes(
  { client }: Connection,
  tables: readonly string[],
  withinMs: number,
  elapsedMs: () => number,
): Promise<ReadonlyMap<string, TableSize>> {
  const sizes = new Map<string, TableSize>();
  const until = elapsedMs() + withinMs;
  const ask = async (sql: string): Promise<number | null> => {
    const left = Math.floor(until - elapsedMs());
    if (left < 1) return null;
    try {
      const [row] = await client.rows(`SET statement_timeout = ${left}; SET lock_timeout = ${Math.min(left, LOCK_MS)}; ${sql}`);
      return row?.[0] == null ? null : Number(row[0]);
    } catch (error) {
      // Too long, locked, gone or not to be read: in each case nobody knows.
      if (error instanceof ServerRefused) return null;
      throw error;
    }
  };
  for (const table of tables) {
    const relation = `CAST(${quoted(table)} AS pg_catalog.regclass)`;
    const bytes = await ask(`SELECT pg_catalog.pg_total_relation_size(${relation})`);
    sizes.set(table, { bytes, rows: await ask(`SELECT pg_catalog.count(*) FROM ONLY ${table}`) });
  }
  return sizes;
}

const LOCK_MS = 100;
