/**
 * Which columns of a table may be shown to a person, and what stands in place of the others.
 * What nobody has called public is secret; a primary key of numbers or UUIDs is shown, so that rows can be told apart.
 */
import { plainName } from "./counts.ts";
import type { ShownColumns } from "./settings.ts";

export interface Column {
  readonly name: string;
  /** It is part of the primary key, and its type can hold nothing but a number or a UUID. */
  readonly key: boolean;
}

const MASKED = "***";
/** Longer values are cut: a sample is for recognising a row. */
const SHOWN_CHARACTERS_MAX = 200;

export type Values = Readonly<Record<string, string | null>>;

/** `table` as the server writes it. */
export function columnsShown(table: string, columns: readonly Column[], { public: open, secret }: ShownColumns): readonly Column[] {
  const plain = plainName(table);
  const named = (list: readonly string[], column: string) => list.includes(`${plain}.${column}`) || list.includes(`${plain}.*`);
  return columns.filter(({ name, key }) => !named(secret, name) && (key || named(open, name)));
}

/** All columns by their name, in the table's order; `values` are those of the shown ones. */
export function rowShown(columns: readonly Column[], shown: readonly Column[], values: readonly (string | null)[]): Values {
  return Object.fromEntries(
    columns.map((column) => {
      const at = shown.indexOf(column);
      return [column.name, at < 0 ? MASKED : cut(values[at] ?? null)];
    }),
  );
}

function cut(value: string | null): string | null {
  return value === null || value.length <= SHOWN_CHARACTERS_MAX ? value : `${value.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}
