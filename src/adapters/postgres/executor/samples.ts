/**
 * A few rows of each table as they were and as they would be, while the trial that changes them is open.
 * Rows as they were come from a second connection, which sees them with the trial's mark on them; no masked value is read at all.
 */
import { ident } from "../../../base/sql-text.ts";
import type { SampleRow } from "../../../model/plan.ts";
import type { SplitCount } from "./counts.ts";
import { ServerRefused } from "./frame-client.ts";
import type { Connection } from "./open-connection.ts";
import type { ShownColumns } from "./settings.ts";
import { type Column, columnsShown, rowShown, type Values } from "./shown-columns.ts";
import { quoted } from "./transaction.ts";

export interface SampledTrial {
  readonly trial: Connection;
  readonly observer: Connection;
  /** The trial's transaction, as rows carry it. */
  readonly xid: string;
  readonly shown: ShownColumns;
  /** Of each table. */
  readonly rows: number;
  /** For all of it, in milliseconds: locks are held meanwhile. */
  readonly withinMs: number;
  readonly monotonic: () => number;
}

/** Tables that are sampled; those beyond have their counts. */
const TABLES_MAX = 20;
/** A table may be locked against reading by the trial itself: then there is nothing to wait for. */
const LOCK_MS = 50;
/** Rows that a foreign key only locks carry the trial's mark too, and are passed over. */
const MARKED_PER_SAMPLE = 8;

/** By table. What cannot be read in time, or not by this login, is left out. Rejects with `ConnectionLost`. */
export async function samplesOf(of: SampledTrial, tables: readonly SplitCount[]): Promise<ReadonlyMap<string, readonly SampleRow[]>> {
  const samples = new Map<string, readonly SampleRow[]>();
  if (of.rows === 0) return samples;
  const until = of.monotonic() + of.withinMs;
  for (const table of tables.slice(0, TABLES_MAX)) {
    const left = Math.floor(until - of.monotonic());
    if (left < 1) break;
    const rows = await quietly(of, left, () => ofTable(of, table));
    if (rows !== undefined && rows.length > 0) samples.set(table.table, rows);
  }
  return samples;
}

/** An error of either connection leaves both as they were. */
async function quietly<T>({ trial, observer }: SampledTrial, leftMs: number, read: () => Promise<T>): Promise<T | undefined> {
  const limits = (local: boolean) =>
    `SELECT set_config('statement_timeout', '${leftMs}', ${local}), set_config('lock_timeout', '${LOCK_MS}', ${local})`;
  await observer.client.rows(limits(false));
  await trial.client.rows(`SAVEPOINT holdfast_samples; ${limits(true)}`);
  try {
    return await read();
  } catch (error) {
    if (error instanceof ServerRefused) return undefined;
    throw error;
  } finally {
    await trial.client.rows("ROLLBACK TO SAVEPOINT holdfast_samples; RELEASE SAVEPOINT holdfast_samples").catch(() => undefined);
  }
}

async function ofTable(of: SampledTrial, { table, direct, following }: SplitCount): Promise<readonly SampleRow[]> {
  const columns = await storedColumns(of.trial, table);
  if (columns.length === 0) return [];
  const shown = columnsShown(table, columns, of.shown);
  const list = ["ctid", ...shown.map(({ name }) => ident(name))].join(", ");
  const valuesOf = (row: readonly (string | null)[]): Values => rowShown(columns, shown, row.slice(1));
  const changed = direct.updated + following.updated + direct.deleted + following.deleted;
  const samples: SampleRow[] = changed === 0 ? [] : await changedRows(of, table, list, valuesOf);
  // A new version of a row and a new row carry the same mark: only where no row is updated is it surely a new one.
  if (samples.length < of.rows && direct.updated + following.updated === 0 && direct.inserted + following.inserted > 0) {
    const rows = await of.trial.client.rows(
      `SELECT ${list} FROM ONLY ${table} WHERE xmin = ${quoted(of.xid)}::xid LIMIT ${of.rows - samples.length}`,
    );
    samples.push(...rows.map((row) => ({ before: null, after: valuesOf(row) })));
  }
  return samples;
}

type Row = readonly (string | null)[];

/** The server follows each marked row to what it has become: itself where it was only locked, nothing where it is deleted. */
async function changedRows(of: SampledTrial, table: string, list: string, valuesOf: (row: Row) => Values): Promise<SampleRow[]> {
  const marked = await of.observer.client.rows(
    `SELECT ${list} FROM ONLY ${table} WHERE xmax = ${quoted(of.xid)}::xid LIMIT ${of.rows * MARKED_PER_SAMPLE}`,
  );
  const places = marked.map(([place]) => place ?? "");
  const next = await of.trial.client.rows(
    `SELECT currtid2(${quoted(table)}, t.place) FROM unnest(${tids(places)}) WITH ORDINALITY t (place, n) ORDER BY t.n`,
  );
  const there = next.map(([place]) => place ?? "");
  const after = new Map(
    (await of.trial.client.rows(`SELECT ${list} FROM ONLY ${table} WHERE ctid = ANY (${tids(there)})`)).map((row) => [row[0] ?? "", row]),
  );
  const samples: SampleRow[] = [];
  marked.forEach((row, i) => {
    const now = after.get(there[i] ?? "");
    if (now !== undefined && there[i] === places[i]) return;
    if (samples.length < of.rows) samples.push({ before: valuesOf(row), after: now === undefined ? null : valuesOf(now) });
  });
  return samples;
}

function tids(places: readonly string[]): string {
  return `CAST(ARRAY[${places.map(quoted).join(", ")}] AS tid[])`;
}

/** Columns that are stored: one that is computed when it is read could run somebody's code. */
export async function storedColumns({ client }: Connection, table: string): Promise<readonly Column[]> {
  const rows = await client.rows(
    `SELECT a.attname, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey))
      AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)
     FROM pg_attribute a WHERE a.attrelid = to_regclass(${quoted(table)}) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
     ORDER BY a.attnum`,
  );
  return rows.map(([name, key]) => ({ name: name ?? "", key: key === "t" }));
}

/** Rows of a table that would be gone as a whole, read when nothing is tried any more. */
export async function anyRows(
  { client }: Connection,
  table: string,
  { shown, rows, withinMs }: Pick<SampledTrial, "shown" | "rows" | "withinMs">,
): Promise<readonly SampleRow[]> {
  if (rows === 0) return [];
  try {
    await client.rows(`SET statement_timeout = ${Math.max(1, Math.floor(withinMs))}; SET lock_timeout = ${LOCK_MS}`);
    const columns = await storedColumns({ client } as Connection, table);
    const open = columnsShown(table, columns, shown);
    const list = ["ctid", ...open.map(({ name }) => ident(name))].join(", ");
    const found = columns.length === 0 ? [] : await client.rows(`SELECT ${list} FROM ONLY ${table} LIMIT ${rows}`);
    return found.map((row) => ({ before: rowShown(columns, open, row.slice(1)), after: null }));
  } catch (error) {
    if (error instanceof ServerRefused) return [];
    throw error;
  }
}
