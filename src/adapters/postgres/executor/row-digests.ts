/**
 * Which rows an open transaction changes, and as what they were before, as one digest a table: as many other rows are another act.
 * It looks at what the act names itself; what follows by cascades and triggers has its counts.
 */
import { ident } from "../../../base/sql-text.ts";
import type { SplitCount } from "./counts.ts";
import { ServerRefused } from "./frame-client.ts";
import type { Connection } from "./open-connection.ts";
import { storedColumns } from "./samples.ts";
import { quoted } from "./transaction.ts";

/** Beyond so many nobody looks at rows, and their digest takes its time. */
const ROWS_MAX = 10_000;
const TABLES_MAX = 20;
/** The transaction itself may have locked the table against reading: then there is nothing to wait for. */
const LOCK_MS = 50;

export interface DigestedTransaction {
  readonly trial: Connection;
  /** Acts as the executor too, and sees rows as they were, with the transaction's mark on them. */
  readonly observer: Connection;
  /** As rows carry it. */
  readonly xid: string;
  /** For all of it, in milliseconds: locks are held meanwhile. */
  readonly withinMs: number;
  readonly monotonic: () => number;
}

/** By table; a table of too many rows, or that could not be read in time, is left out. Rejects with `ConnectionLost`. */
export async function rowDigests(of: DigestedTransaction, tables: readonly SplitCount[]): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  const until = of.monotonic() + of.withinMs;
  for (const { table, direct } of tables.filter(named).slice(0, TABLES_MAX)) {
    const left = Math.floor(until - of.monotonic());
    if (left < 1) break;
    if (direct.updated + direct.deleted > ROWS_MAX) continue;
    const digest = await digestOf(of, table, left);
    if (digest !== undefined) digests.set(table, digest);
  }
  return digests;
}

function named({ direct }: SplitCount): boolean {
  return direct.updated + direct.deleted > 0;
}

async function digestOf({ trial, observer, xid }: DigestedTransaction, table: string, leftMs: number): Promise<string | undefined> {
  try {
    const columns = (await storedColumns(trial, table)).map(({ name }) => `t.${ident(name)}`);
    if (columns.length === 0) return undefined;
    await observer.client.rows(
      `SELECT set_config('statement_timeout', '${leftMs}', false), set_config('lock_timeout', '${LOCK_MS}', false)`,
    );
    // Two rows that are alike stand there twice; the order in which the server finds them does not count.
    const [row] = await observer.client.rows(
      `SELECT encode(sha256(string_agg(r.digest, ''::bytea ORDER BY r.digest)), 'hex') FROM (
        SELECT sha256(convert_to(CAST(ROW(${columns.join(", ")}) AS text), 'UTF8')) AS digest
        FROM ONLY ${table} t WHERE t.xmax = ${quoted(xid)}::xid) r`,
    );
    return row?.[0] ?? undefined;
  } catch (error) {
    if (error instanceof ServerRefused) return undefined;
    throw error;
  }
}
