/**
 * Rows as they were, as SQL for the plan path: what is missing is inserted, what is otherwise gets its values back.
 * Rows that are there only now stay: whether they are wanted nobody here knows. It runs nothing.
 */
import { type AdminClient, literal } from "../../provision/sql.ts";
import { differentRows, rowHash } from "./compare.ts";
import { readSettings } from "./read-settings.ts";
import { type Column, type TableShape, tableShapes } from "./table-shape.ts";

export interface RowsBack {
  /** Each no longer than a plan may be, in the order in which they are to be carried out. */
  readonly texts: readonly string[];
  readonly tables: readonly { readonly table: string; readonly inserted: number; readonly updated: number; readonly leftNow: number }[];
}

export interface RowsBackOptions {
  /** Qualified as the server writes them. */
  readonly tables: readonly string[];
  readonly textBytesMax: number;
  /** The statements that make a table that is gone, in the order of the server's own dump. */
  readonly definition: (table: string) => Promise<string>;
}

export async function rowsBack(then: AdminClient, now: AdminClient, options: RowsBackOptions): Promise<RowsBack> {
  const [before, present] = [await tableShapes(then), await tableShapes(now)];
  const texts = new Texts(options.textBytesMax);
  const tables: RowsBack["tables"][number][] = [];
  for (const shape of parentsFirst(options.tables, before)) {
    const here = present.get(shape.table);
    if (here === undefined) texts.add(await options.definition(shape.table));
    tables.push(await tableBack({ then, now, shape, here }, texts));
  }
  return { texts: texts.done(), tables };
}

/** Rows come back before those that refer to them. Throws where a table was not there. */
function parentsFirst(tables: readonly string[], shapes: ReadonlyMap<string, TableShape>): readonly TableShape[] {
  const placed = new Set<string>();
  const ordered: TableShape[] = [];
  const place = (table: string) => {
    const shape = shapes.get(table);
    if (shape === undefined) throw new Error(`there was no table \`${table}\` then`);
    if (placed.has(table)) return;
    placed.add(table);
    for (const parent of shape.refersTo) if (tables.includes(parent)) place(parent);
    ordered.push(shape);
  };
  tables.forEach(place);
  return ordered;
}

interface Pair {
  readonly then: AdminClient;
  readonly now: AdminClient;
  readonly shape: TableShape;
  readonly here: TableShape | undefined;
}

const KEYS_AT_ONCE = 500;

async function tableBack({ then, now, shape, here }: Pair, texts: Texts): Promise<RowsBack["tables"][number]> {
  const { table } = shape;
  const kept = shape.columns.filter(
    ({ name, generated }) => !generated && (here === undefined || here.columns.some((each) => each.name === name)),
  );
  if (here === undefined) {
    const inserted = await addInserts(texts, shape, kept, readValues(then, shape, kept, ""));
    return { table, inserted, updated: 0, leftNow: 0 };
  }
  const { onlyThen, changed, onlyNow, missing } = await differentRows(then, now, shape, here);
  let inserted = 0;
  for (const keys of inParts(onlyThen))
    inserted += await addInserts(texts, shape, kept, readValues(then, shape, kept, keysText(shape, keys)));
  if (missing.size > 0) inserted += await addInserts(texts, shape, kept, missingRows(then, shape, here, kept, missing));
  let updated = 0;
  for (const keys of inParts(changed))
    for await (const values of readValues(then, shape, kept, keysText(shape, keys))) {
      texts.add(updateText(shape, kept, values));
      updated += 1;
    }
  return { table, inserted, updated, leftNow: onlyNow };
}

function inParts<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / KEYS_AT_ONCE) }, (_, at) => all.slice(at * KEYS_AT_ONCE, (at + 1) * KEYS_AT_ONCE));
}

/** The rows of these keys, which were read as text. */
function keysText({ columns, key }: TableShape, keys: readonly (readonly string[])[]): string {
  const of = key.flatMap((name) => columns.filter((column) => column.name === name));
  const left = `(${of.map(({ quoted }) => `t.${quoted}`).join(", ")})`;
  const rows = keys.map((values) => `(${of.map(({ type }, at) => `${literal(values[at] ?? "")}::${type}`).join(", ")})`);
  return ` WHERE ${left} IN (${rows.join(", ")})`;
}

type Values = readonly (string | null)[];

async function* readValues(client: AdminClient, { table }: TableShape, columns: readonly Column[], where: string): AsyncGenerator<Values> {
  const values = `ARRAY[${columns.map(({ quoted }) => asText(quoted)).join(", ")}]::text[]`;
  yield* read(client, `SELECT ${values} AS "values" FROM ONLY ${table} AS t${where}`);
}

/** `format` writes an absent value as an empty text: that one is told apart. */
function asText(quoted: string): string {
  return `CASE WHEN pg_catalog.num_nulls(t.${quoted}) = 0 THEN pg_catalog.format('%s', t.${quoted}) END`;
}

/** Of a table whose rows have no key: as many of each as are missing. */
async function* missingRows(
  client: AdminClient,
  shape: TableShape,
  here: TableShape,
  columns: readonly Column[],
  missing: ReadonlyMap<string, number>,
): AsyncGenerator<Values> {
  const both = shape.columns.filter(({ name }) => here.columns.some((each) => each.name === name));
  const hash = rowHash(`ROW(${both.map(({ quoted }) => `t.${quoted}`).join(", ")})`);
  const left = new Map(missing);
  const values = `ARRAY[${[hash, ...columns.map(({ quoted }) => asText(quoted))].join(", ")}]::text[]`;
  for await (const [name, ...rest] of read(client, `SELECT ${values} AS "values" FROM ONLY ${shape.table} AS t`)) {
    const count = left.get(name ?? "") ?? 0;
    if (count === 0) continue;
    left.set(name ?? "", count - 1);
    yield rest;
  }
}

async function* read(client: AdminClient, text: string): AsyncGenerator<Values> {
  await client.query(`BEGIN TRANSACTION READ ONLY; ${readSettings} DECLARE holdfast_values NO SCROLL CURSOR FOR ${text}`);
  try {
    for (;;) {
      const { rows } = (await client.query("FETCH 500 FROM holdfast_values")) as { readonly rows: readonly { values: Values }[] };
      for (const { values } of rows) yield values;
      if (rows.length < 500) return;
    }
  } finally {
    await client.query("ROLLBACK");
  }
}

const ROWS_A_STATEMENT = 100;

async function addInserts(texts: Texts, { table }: TableShape, columns: readonly Column[], rows: AsyncIterable<Values>): Promise<number> {
  const names = columns.map(({ quoted }) => quoted).join(", ");
  // Without it the server would give the rows other numbers.
  const overriding = columns.some(({ identity }) => identity) ? " OVERRIDING SYSTEM VALUE" : "";
  let count = 0;
  let waiting: string[] = [];
  const flush = () => {
    if (waiting.length > 0) texts.add(`INSERT INTO ${table} (${names})${overriding} VALUES\n  ${waiting.join(",\n  ")};\n`);
    waiting = [];
  };
  for await (const values of rows) {
    // Typed, so that a list of rows means what one row would.
    waiting.push(`(${values.map((value, at) => valueText(value, columns[at])).join(", ")})`);
    count += 1;
    if (waiting.length >= ROWS_A_STATEMENT) flush();
  }
  flush();
  return count;
}

function valueText(value: string | null, column: Column | undefined): string {
  if (column === undefined) throw new Error("a row has more values than columns");
  return value === null ? `NULL::${column.type}` : `${literal(value)}::${column.type}`;
}

function updateText({ table, key, columns: all }: TableShape, columns: readonly Column[], values: Values): string {
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const sets = columns.flatMap((column, index) =>
    key.includes(column.name) || column.identity ? [] : [`${column.quoted} = ${valueText(values[index] ?? null, column)}`],
  );
  const where = key.map(
    (name) => `${all.find((each) => each.name === name)?.quoted} = ${valueText(values[at(name)] ?? null, columns[at(name)])}`,
  );
  return `UPDATE ${table} SET ${sets.join(", ")} WHERE ${where.join(" AND ")};\n`;
}

/** Statements in texts of bounded size. */
class Texts {
  readonly #max: number;
  readonly #full: string[] = [];
  #parts: string[] = [];
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(statement: string): void {
    const bytes = Buffer.byteLength(statement);
    if (this.#bytes + bytes > this.#max && this.#parts.length > 0) this.#close();
    this.#parts.push(statement);
    this.#bytes += bytes;
  }

  done(): readonly string[] {
    this.#close();
    return this.#full;
  }

  #close(): void {
    if (this.#parts.length > 0) this.#full.push(this.#parts.join(""));
    this.#parts = [];
    this.#bytes = 0;
  }
}
