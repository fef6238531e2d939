/**
 * Column definitions: types, defaults, generation, identity, serial.
 * It does not add keys and checks: `constraints.ts` does, once the table stands.
 */
import { ident } from "../../base/sql-text.ts";
import type { ColumnDef, Constraint } from "@pgsql/types";
import type { Column } from "../types.ts";
import type { Draft } from "./draft.ts";
import { objectName, strings, typeOid } from "./names.ts";
import { addSequence } from "./sequences.ts";
import type { Statement } from "./statement.ts";

export interface NewColumn {
  readonly column: Column;
  /** Constraints written at the column that are not part of the column itself. */
  readonly constraints: readonly Constraint[];
  /** Name of the sequence that a serial or identity column makes. */
  readonly sequence: string | null;
}

const serials: Readonly<Record<string, string>> = {
  serial: "int4",
  serial4: "int4",
  bigserial: "int8",
  serial8: "int8",
  smallserial: "int2",
  serial2: "int2",
};

export function newColumn(
  draft: Draft,
  statement: Statement,
  table: { readonly schema: string; readonly name: string },
  def: ColumnDef,
): NewColumn {
  const all = (def.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const of = (contype: Constraint["contype"]): Constraint | undefined => all.find((constraint) => constraint.contype === contype);
  const name = def.colname ?? "";
  const typeNames = strings(def.typeName?.names);
  const serial = typeNames.length === 1 && !def.typeName?.arrayBounds?.length ? serials[typeNames[0] ?? ""] : undefined;
  const identity = of("CONSTR_IDENTITY");
  const generated = of("CONSTR_GENERATED");
  const sequence = serial || identity ? sequenceName(draft, table, name) : null;
  return {
    column: {
      name,
      type: serial ? (draft.findType("pg_catalog", serial)?.oid ?? 0) : typeOid(draft, def.typeName),
      notNull: Boolean(serial || identity || of("CONSTR_NOTNULL") || of("CONSTR_PRIMARY")),
      default: serial ? `nextval('${quoted(table.schema)}.${quoted(sequence ?? "")}'::regclass)` : defaultText(statement, def, all),
      generated: generated !== undefined,
      identity: identity ? (identity.generated_when === "a" ? "always" : "by_default") : null,
    },
    constraints: all.filter((constraint) =>
      ["CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_EXCLUSION"].includes(constraint.contype ?? ""),
    ),
    sequence,
  };
}

function defaultText(statement: Statement, def: ColumnDef, all: readonly Constraint[]): string | null {
  const generated = all.find((constraint) => constraint.contype === "CONSTR_GENERATED");
  if (generated?.raw_expr) return statement.group("as", generated.location ?? 0, generated.raw_expr);
  const given = all.find((constraint) => constraint.contype === "CONSTR_DEFAULT");
  if (!given?.raw_expr) return null;
  const stops = all.map((constraint) => constraint.location ?? 0);
  if (def.collClause?.location !== undefined) stops.push(def.collClause.location);
  return statement.after(["default"], given.location ?? 0, stops, given.raw_expr);
}

/** The name the server gives the sequence of a serial or identity column. */
export function sequenceName(draft: Draft, table: { readonly schema: string; readonly name: string }, column: string): string {
  return objectName([table.name, column], "seq", (name) => draft.relations.named(table.schema, name).length > 0);
}

/** Makes the sequences of serial and identity columns, which belong to the table. */
export function addSequences(draft: Draft, table: { readonly oid: number; readonly schema: string }, columns: readonly NewColumn[]): void {
  for (const { sequence } of columns) {
    if (sequence !== null) addSequence(draft, { schema: table.schema, name: sequence, temporary: table.schema === "pg_temp" }, table.oid);
  }
}

/** An identifier for SQL text: quoted where it must be. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : ident(name);
}
