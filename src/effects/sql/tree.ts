/**
 * Reading the parser's tree: untyped JSON in, the few shapes the analysis asks for out.
 * It does not interpret anything; a field that is absent reads as the protobuf default (0, "", false, no list).
 */

export type Fields = Readonly<Record<string, unknown>>;

/** A node as the parser wraps it: `{ "SelectStmt": { ... } }`. */
export interface Tagged {
  readonly tag: string;
  readonly fields: Fields;
}

/** The tag and fields of a wrapped node; `undefined` when the value is not exactly one wrapped node. */
export function tagged(value: unknown): Tagged | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  let tag: string | undefined;
  for (const key in value) {
    if (tag !== undefined) return undefined;
    tag = key;
  }
  if (tag === undefined) return undefined;
  const fields = (value as Fields)[tag];
  if (fields === null || typeof fields !== "object" || Array.isArray(fields)) return undefined;
  return { tag, fields: fields as Fields };
}

/** The fields of a wrapped node when it carries this tag. */
export function as(value: unknown, tag: string): Fields | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const fields = (value as Fields)[tag];
  return fields !== null && typeof fields === "object" && !Array.isArray(fields) ? (fields as Fields) : undefined;
}

/** An embedded message (`relation`, `withClause` ...), or `undefined`. */
export function part(fields: Fields, key: string): Fields | undefined {
  const value = fields[key];
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function list(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key];
  return Array.isArray(value) ? value : [];
}

export function text(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === "string" ? value : "";
}

export function flag(fields: Fields, key: string): boolean {
  return fields[key] === true;
}

export function integer(fields: Fields, key: string): number {
  const value = fields[key];
  return typeof value === "number" ? value : 0;
}

/** The value of a `String` node. */
export function stringOf(value: unknown): string | undefined {
  const node = as(value, "String");
  return node === undefined ? undefined : text(node, "sval");
}

/** A dotted name written as a list of `String` nodes; `undefined` when any part is something else. */
export function nameParts(parts: readonly unknown[]): readonly string[] | undefined {
  const names: string[] = [];
  for (const value of parts) {
    const name = stringOf(value);
    if (name === undefined) return undefined;
    names.push(name);
  }
  return names;
}

export interface QualifiedName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** The last two parts of a dotted name: `db.schema.name` may only name the current database. */
export function qualified(parts: readonly string[]): QualifiedName {
  const name = parts[parts.length - 1] ?? "";
  return { schema: parts.length > 1 ? parts[parts.length - 2] : undefined, name };
}

export function rangeVarName(rangeVar: Fields): QualifiedName {
  const schema = text(rangeVar, "schemaname");
  return { schema: schema === "" ? undefined : schema, name: text(rangeVar, "relname") };
}

/** What a literal is: a whole number, the text of any other, a truth value, or NULL. `undefined` when the node is no literal. */
export function constantOf(value: unknown): { readonly value: string | number | boolean | null } | undefined {
  const node = as(value, "A_Const");
  if (node === undefined) return undefined;
  if (flag(node, "isnull")) return { value: null };
  const parts: readonly (readonly [string, string])[] = [
    ["sval", "sval"],
    ["ival", "ival"],
    ["fval", "fval"],
    ["boolval", "boolval"],
    ["bsval", "bsval"],
  ];
  for (const [key, inner] of parts) {
    const holder = part(node, key);
    if (holder === undefined) continue;
    const found = holder[inner];
    if (key === "ival") return { value: typeof found === "number" ? found : 0 };
    if (key === "boolval") return { value: found === true };
    return { value: typeof found === "string" ? found : "" };
  }
  return { value: null };
}

/**
 * A string literal, possibly cast to what leaves it as it is (`'x'::text`, `'t'::regclass`), or `undefined`: `'xy'::varchar(1)` is
 * another.
 */
export function literalString(value: unknown): string | undefined {
  const cast = as(value, "TypeCast");
  if (cast !== undefined) return castsTo(cast, KEEPS_TEXT) ? literalString(cast["arg"]) : undefined;
  const constant = constantOf(value);
  return typeof constant?.value === "string" ? constant.value : undefined;
}

const KEEPS_TEXT: ReadonlySet<string> = new Set(["text", "varchar", "regclass", "cstring"]);

/** Whether a cast is to one of these types, without a length or an array. */
export function castsTo(cast: Fields, types: ReadonlySet<string>): boolean {
  const type = part(cast, "typeName") ?? {};
  const names = nameParts(list(type, "names")) ?? [];
  const own = names.length === 1 || (names.length === 2 && names[0] === "pg_catalog");
  return own && types.has(names.at(-1) ?? "") && list(type, "typmods").length === 0 && list(type, "arrayBounds").length === 0;
}

export const noFields: Fields = {};
