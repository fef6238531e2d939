/**
 * SQL expressions from the text of a kept row to a row of today, and back to the text by which rows are compared. It runs nothing.
 */
import { imageSettings } from "../../model/undo-journal.ts";
import { ident } from "../../provision/sql.ts";
import type { Layout, Shape, ShapeColumn } from "./shape.ts";

/** How values are written while they are compared: as when they were kept. */
export const textSettings: Readonly<Record<string, string>> = { ...imageSettings, xmloption: "content", xmlbinary: "base64" };

/** Text of the columns that count, of the row `row`: an alias, or a composite value in parentheses. */
export function comparedText(row: string, columns: readonly ShapeColumn[]): string {
  return `pg_catalog.textin(pg_catalog.record_out(ROW(${columns.map(({ name }) => `${row}.${ident(name)}`).join(", ")})))`;
}

/** A whole row's text. */
export function wholeText(row: string): string {
  return `pg_catalog.textin(pg_catalog.record_out(${row}))`;
}

/** `text` as a row of its relation as it is today: columns that are gone are left out, new ones are null. */
export function parsedRow(layout: Layout, text: string): string {
  return `CAST(${asToday(layout, text)} AS ${layout.relationName})`;
}

/** `row`, a value of the layout's relation, as a row of the table: a partition may have its columns in another order. */
export function rowOfTable(shape: Shape, layout: Layout, row: string): string {
  if (layout.relation === shape.oid) return row;
  return `CAST(ROW(${shape.columns.map(({ name }) => `(${row}).${ident(name)}`).join(", ")}) AS ${shape.name})`;
}

/** Every field of a row's text ends with a comma once one is added: quoted with doubled quotes and backslashes, or plain. */
const FIELD = String.raw`("(?:[^"\\]|""|\\\\)*"|[^",]*),`;

function asToday({ attnums, columns }: Layout, text: string): string {
  if (attnums.length === columns.length && columns.every(({ attnum }, at) => attnums[at] === attnum)) return text;
  if (attnums.length === 0) return `'(${",".repeat(Math.max(0, columns.length - 1))})'`;
  const fields =
    `SELECT pg_catalog.array_agg(f.m[1] ORDER BY f.o) FROM pg_catalog.regexp_matches(` +
    `pg_catalog.substr(${text}, 2, pg_catalog.length(${text}) - 2) || ',', '${FIELD}', 'g') WITH ORDINALITY AS f(m, o)`;
  const places = columns.map(({ attnum }) => attnums.indexOf(attnum) + 1);
  const list = places.map((place) => (place === 0 ? "''" : `a.f[${place}]`)).join(" || ',' || ");
  return `(SELECT '(' || ${list === "" ? "''" : list} || ')' FROM (${fields}) AS a(f))`;
}
