/**
 * Names and types as DDL trees spell them, looked up in a draft.
 */
import type { Node, RangeVar, TypeName } from "@pgsql/types";
import type { Relation } from "../types.ts";
import { NotUnderstood, type Draft } from "./draft.ts";

/** The strings of a list such as a qualified name. */
export function strings(nodes: readonly Node[] | undefined): readonly string[] {
  return (nodes ?? []).flatMap((node) => {
    if ("String" in node) return [node.String.sval ?? ""];
    if ("List" in node) return strings(node.List.items);
    return [];
  });
}

export function splitName(parts: readonly string[]): { readonly schema: string | undefined; readonly name: string } {
  const name = parts.at(-1);
  if (name === undefined) throw new NotUnderstood("a name is missing");
  return { schema: parts.at(-2), name };
}

/** Schema and name for an object about to be made. */
export function newName(draft: Draft, parts: readonly string[]): { readonly schema: string; readonly name: string } {
  const { schema, name } = splitName(parts);
  return { schema: schema ?? draft.creationSchema(), name };
}

export function newRelationName(draft: Draft, range: RangeVar | undefined) {
  const temporary = range?.relpersistence === "t" || range?.schemaname === "pg_temp";
  const name = range?.relname ?? "";
  return { name, temporary, schema: temporary ? "pg_temp" : (range?.schemaname ?? draft.creationSchema()) };
}

export function existing(draft: Draft, range: RangeVar | undefined): Relation {
  const found = draft.findRelation(range?.schemaname, range?.relname ?? "");
  if (!found) throw new NotUnderstood(`\`${range?.relname ?? ""}\` does not exist`);
  return found;
}

/** OID of a type, 0 when it is not known (of an extension, or made by a statement that was not understood). */
export function typeOid(draft: Draft, typeName: TypeName | undefined): number {
  const parts = strings(typeName?.names);
  if (!typeName || parts.length === 0) return 0;
  if (typeName.pct_type) return columnType(draft, parts);
  const { schema, name } = splitName(parts);
  const found = draft.findType(schema, name)?.oid ?? 0;
  return (typeName.arrayBounds?.length ?? 0) > 0 ? draft.arrayOf(found) : found;
}

/** `table.column%TYPE`. */
function columnType(draft: Draft, parts: readonly string[]): number {
  const relation = draft.findRelation(parts.at(-3), parts.at(-2) ?? "");
  return relation?.columns.find((column) => column.name === parts.at(-1))?.type ?? 0;
}

/** As the server's ChooseConstraintName and makeObjectName: parts cut to fit 63 bytes, numbered until unused. */
export function objectName(parts: readonly [string, string], label: string, taken: (name: string) => boolean): string {
  for (let n = 0; ; n++) {
    const end = `_${label}${n === 0 ? "" : n}`;
    let [one, two] = parts;
    const joined = (): string => (two === "" ? `${one}${end}` : `${one}_${two}${end}`);
    while (Buffer.byteLength(joined()) > 63) {
      if (one.length > two.length) one = one.slice(0, -1);
      else two = two.slice(0, -1);
    }
    if (!taken(joined())) return joined();
  }
}
