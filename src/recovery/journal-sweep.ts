/**
 * The end of old row images: what is older than its time goes, and beyond a size the oldest go first. Whole transactions, never a part:
 * half of one would take back half of what it did.
 * It says what goes before it goes, and opens no connection.
 */
import { undoTable } from "../model/undo-journal.ts";
import type { AdminClient } from "../provision/sql.ts";

export interface SweepLimits {
  readonly keepMs: number;
  /** Bytes that the images may take up. */
  readonly sizeMax: number;
}

/** What goes, in figures: of the `undo_swept` record. */
export interface Swept {
  readonly beforeMs: number;
  readonly transactions: number;
  readonly bytes: number;
  readonly because: string;
}

/** Rows of the journal that one statement deletes, unless one transaction has more. */
const BATCH_ROWS_MAX = 2_000;
const LOCK = "pg_catalog.hashtext('holdfast undo sweep')";

/**
 * `tell` is awaited before anything is deleted. Resolves to what went; nothing where nothing is due, or another gateway is at it. The
 * client acts as the journal's owner, outside a transaction.
 */
export async function sweepJournal(
  client: AdminClient,
  { keepMs, sizeMax }: SweepLimits,
  tell: (swept: Swept) => Promise<void>,
): Promise<readonly Swept[]> {
  const { rows } = await client.query(`SELECT pg_catalog.pg_try_advisory_lock(${LOCK}) AS mine`);
  if ((rows[0] as { mine: boolean }).mine !== true) return [];
  try {
    const kept = await sizes(client);
    const old = tooOld(kept, keepMs);
    const rest = kept.slice(old.length);
    const over = tooMuch(rest, sizeMax);
    const parts = [
      { going: old, because: "older than images of rows are kept" },
      { going: over, because: `images of rows took more than ${sizeMax} bytes: the oldest go first` },
    ];
    const swept: Swept[] = [];
    for (const { going, because } of parts) {
      if (going.length === 0) continue;
      const beforeMs = Math.max(...going.map(({ atMs }) => atMs));
      const said = { beforeMs, transactions: going.length, bytes: total(going), because };
      await tell(said);
      for (const batch of batches(going)) await remove(client, batch);
      swept.push(said);
    }
    // What was deleted makes room for what comes; without it the file grows until the server's own turn comes.
    if (swept.length > 0) await client.query(`VACUUM (SKIP_LOCKED) ${undoTable}`);
    return swept;
  } finally {
    await client.query(`SELECT pg_catalog.pg_advisory_unlock(${LOCK})`);
  }
}

interface Size {
  readonly transaction: string;
  readonly atMs: number;
  /** By the server's clock, since its newest image. */
  readonly ageMs: number;
  readonly rows: number;
  readonly bytes: number;
}

// A text beyond a page is told by its pointer, and not read. 64 bytes are what a row and its identity take beside it.
const SIZES_SQL = `SELECT c.transaction::pg_catalog.text AS transaction, pg_catalog.count(*)::pg_catalog.float8 AS rows,
  pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.max(c.at)) * 1000)::pg_catalog.float8 AS "atMs",
  (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.max(c.at)) * 1000)::pg_catalog.float8 AS "ageMs",
  pg_catalog.sum(64 + pg_catalog.pg_column_size(c.columns) + COALESCE(pg_catalog.pg_column_size(c.gone), 0)
    + COALESCE(pg_catalog.pg_column_size(c.came), 0))::pg_catalog.float8 AS bytes
FROM ${undoTable} c GROUP BY c.transaction ORDER BY c.transaction`;

async function sizes(client: AdminClient): Promise<readonly Size[]> {
  return (await client.query(SIZES_SQL)).rows as readonly Size[];
}

/** From the oldest on. One that wrote lately keeps those after it: they are no older than they look. */
function tooOld(kept: readonly Size[], keepMs: number): readonly Size[] {
  const young = kept.findIndex(({ ageMs }) => ageMs < keepMs);
  return young < 0 ? kept : kept.slice(0, young);
}

function tooMuch(kept: readonly Size[], sizeMax: number): readonly Size[] {
  let left = total(kept);
  let going = 0;
  for (; left > sizeMax && going < kept.length; going++) left -= kept[going]?.bytes ?? 0;
  return kept.slice(0, going);
}

function total(kept: readonly Size[]): number {
  return kept.reduce((sum, { bytes }) => sum + bytes, 0);
}

function* batches(going: readonly Size[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let rows = 0;
  for (const { transaction, rows: more } of going) {
    if (batch.length > 0 && rows + more > BATCH_ROWS_MAX) {
      yield batch;
      batch = [];
      rows = 0;
    }
    batch.push(transaction);
    rows += more;
  }
  if (batch.length > 0) yield batch;
}

async function remove(client: AdminClient, transactions: readonly string[]): Promise<void> {
  await client.query(`DELETE FROM ${undoTable} WHERE transaction = ANY ($1::pg_catalog.text[]::pg_catalog.int8[])`, [transactions]);
}
