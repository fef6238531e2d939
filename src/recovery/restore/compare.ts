/**
 * Holds a database as of a moment against its present, row by row: rows that were there only then, only now, or otherwise.
 * Values stay at the servers but for a few keys that are shown, masked where their column is not public; it changes nothing.
 */
import type { AdminClient } from "../../provision/sql.ts";
import { tableFigures } from "../drill/figures.ts";
import { readSettings } from "./read-settings.ts";
import { type Column, type TableShape, tableShapes } from "./table-shape.ts";

export type TableState =
  | "same"
  | "changed"
  /** There then, not now. */
  | "gone"
  /** There now, not then. */
  | "new"
  /** More rows than are held against each other; the figures of both differ. */
  | "too_large";

export interface TableDifference {
  readonly table: string;
  readonly state: TableState;
  readonly rowsThen: number | null;
  readonly rowsNow: number | null;
  readonly onlyThen: number;
  readonly onlyNow: number;
  /** Rows with the same key and other values; 0 where rows have no key. */
  readonly changed: number;
  /** Columns that are there only then, or only now. */
  readonly columns: readonly string[];
  /** Of rows that were there only then or otherwise: `id=42`, masked. */
  readonly samples: readonly string[];
}

export interface CompareOptions {
  readonly database: string;
  /** Qualified as the server writes them; empty: all. */
  readonly tables: readonly string[];
  readonly shown: (table: string, column: Column) => boolean;
  readonly samples: number;
  /** Rows of one table that are held against each other. */
  readonly rowsMax: number;
  readonly statementMs: number;
  readonly onTable: (table: string) => void;
}

/** Which rows of one table differ: keys as arrays of texts, or nothing but counts where there is none. */
export interface RowDifference {
  readonly onlyThen: readonly (readonly string[])[];
  readonly changed: readonly (readonly string[])[];
  readonly onlyNow: number;
  /** Without a key: each row's hash and how many of it are missing. */
  readonly missing: ReadonlyMap<string, number>;
}

export async function compareDatabases(then: AdminClient, now: AdminClient, options: CompareOptions): Promise<readonly TableDifference[]> {
  const [shapesThen, shapesNow] = [await tableShapes(then), await tableShapes(now)];
  const all = options.tables.length > 0 ? options.tables : [...new Set([...shapesThen.keys(), ...shapesNow.keys()])].sort();
  const found: TableDifference[] = [];
  for (const table of all) {
    options.onTable(table);
    const [before, present] = [shapesThen.get(table), shapesNow.get(table)];
    if (before === undefined && present === undefined) throw new Error(`there is no table \`${table}\`, neither then nor now`);
    found.push(await compareTable({ then, now, before, present, table }, options));
  }
  return found;
}

interface Pair {
  readonly then: AdminClient;
  readonly now: AdminClient;
  readonly before: TableShape | undefined;
  readonly present: TableShape | undefined;
  readonly table: string;
}

const nothing = { onlyThen: 0, onlyNow: 0, changed: 0, columns: [], samples: [] };

async function compareTable({ then, now, before, present, table }: Pair, options: CompareOptions): Promise<TableDifference> {
  const { database, statementMs, rowsMax, samples, shown } = options;
  const figures = async (client: AdminClient, there: unknown) =>
    there === undefined ? null : ((await tableFigures(client, database, [table], statementMs))[0] ?? null);
  const [was, is] = [await figures(then, before), await figures(now, present)];
  const [rowsThen, rowsNow] = [was?.rows ?? null, is?.rows ?? null];
  const of = { table, rowsThen, rowsNow };
  if (before === undefined) return { ...of, ...nothing, state: "new", onlyNow: rowsNow ?? 0 };
  if (present === undefined) return { ...of, ...nothing, state: "gone", onlyThen: rowsThen ?? 0 };
  const columns = otherColumns(before, present);
  if (columns.length === 0 && was !== null && is !== null && was.digest === is.digest) return { ...of, ...nothing, state: "same" };
  if (Math.max(rowsThen ?? rowsMax + 1, rowsNow ?? rowsMax + 1) > rowsMax) return { ...of, ...nothing, columns, state: "too_large" };
  const rows = await differentRows(then, now, before, present);
  const onlyThen = rows.onlyThen.length + [...rows.missing.values()].reduce((sum, count) => sum + count, 0);
  const keys = [...rows.onlyThen, ...rows.changed].slice(0, samples);
  const masked = keys.map((key) => maskedKey(before, key, (column) => shown(table, column)));
  const state = onlyThen + rows.onlyNow + rows.changed.length + columns.length === 0 ? "same" : "changed";
  return { ...of, state, onlyThen, onlyNow: rows.onlyNow, changed: rows.changed.length, columns, samples: masked };
}

function maskedKey({ columns, key: names }: TableShape, key: readonly string[], shown: (column: Column) => boolean): string {
  const parts = names.map((name, at) => {
    const column = columns.find((each) => each.name === name);
    return `${name}=${column !== undefined && shown(column) ? (key[at] ?? "") : "***"}`;
  });
  return parts.join(", ");
}

function otherColumns(before: TableShape, present: TableShape): readonly string[] {
  const [then, now] = [before, present].map(({ columns }) => new Set(columns.map(({ name }) => name)));
  return [
    ...before.columns.filter(({ name }) => now?.has(name) !== true).map(({ name }) => `${name} (only then)`),
    ...present.columns.filter(({ name }) => then?.has(name) !== true).map(({ name }) => `${name} (only now)`),
  ];
}

/** By the columns that both have. The caller has bounded the rows. */
export async function differentRows(then: AdminClient, now: AdminClient, before: TableShape, present: TableShape): Promise<RowDifference> {
  const both = before.columns.filter(({ name }) => present.columns.some((each) => each.name === name));
  const keyed = before.key.length > 0 && before.key.every((name) => both.some((column) => column.name === name));
  const key = keyed ? before.columns.filter(({ name }) => before.key.includes(name)) : [];
  const ordered = before.key.flatMap((name) => key.filter((column) => column.name === name).map(({ quoted }) => quoted));
  const text = rowsText(
    before.table,
    keyed ? ordered : [],
    both.map(({ quoted }) => quoted),
  );
  return keyed ? byKey(then, now, text) : byRow(then, now, text);
}

async function byKey(then: AdminClient, now: AdminClient, text: string): Promise<RowDifference> {
  const was = new Map<string, string>();
  for await (const { key, hash } of readRows(then, text)) was.set(JSON.stringify(key), hash);
  const changed: string[][] = [];
  let onlyNow = 0;
  for await (const { key, hash } of readRows(now, text)) {
    const name = JSON.stringify(key);
    const before = was.get(name);
    if (before === undefined) onlyNow += 1;
    else if (before !== hash) changed.push([...key]);
    was.delete(name);
  }
  return { onlyThen: [...was.keys()].map((name) => JSON.parse(name) as string[]), changed, onlyNow, missing: new Map() };
}

async function byRow(then: AdminClient, now: AdminClient, text: string): Promise<RowDifference> {
  const missing = new Map<string, number>();
  for await (const { hash } of readRows(then, text)) missing.set(hash, (missing.get(hash) ?? 0) + 1);
  let onlyNow = 0;
  for await (const { hash } of readRows(now, text)) {
    const left = (missing.get(hash) ?? 0) - 1;
    if (left < 0) onlyNow += 1;
    else if (left === 0) missing.delete(hash);
    else missing.set(hash, left);
  }
  return { onlyThen: [], changed: [], onlyNow, missing };
}

/** 64 bits of each row: of a million rows, two alike come once in ten million such tables. */
function rowsText(table: string, key: readonly string[], columns: readonly string[]): string {
  const row = `ROW(${columns.map((name) => `t.${name}`).join(", ")})`;
  const keys = key.length === 0 ? "NULL::text[]" : `ARRAY[${key.map((name) => `pg_catalog.format('%s', t.${name})`).join(", ")}]`;
  return `SELECT ${keys} AS key, ${rowHash(row)} AS hash FROM ONLY ${table} AS t`;
}

/** Of a row expression, as text. */
export function rowHash(row: string): string {
  return `pg_catalog.hashtextextended(pg_catalog.textin(pg_catalog.record_out(${row})), 0)::text`;
}

const FETCHED = 5_000;

async function* readRows(client: AdminClient, text: string): AsyncGenerator<{ readonly key: readonly string[]; readonly hash: string }> {
  await client.query(
    `BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; ${readSettings} DECLARE holdfast_rows NO SCROLL CURSOR FOR ${text}`,
  );
  try {
    for (;;) {
      const { rows } = (await client.query(`FETCH ${FETCHED} FROM holdfast_rows`)) as {
        readonly rows: readonly { key: readonly string[]; hash: string }[];
      };
      yield* rows;
      if (rows.length < FETCHED) return;
    }
  } finally {
    await client.query("ROLLBACK");
  }
}
