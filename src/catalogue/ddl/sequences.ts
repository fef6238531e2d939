/**
 * Relations with nothing but a name and an owner of their own: sequences, indexes.
 */
import type { AlterSeqStmt, Node } from "@pgsql/types";
import type { Relation } from "../types.ts";
import type { Draft } from "./draft.ts";
import { existing, splitName, strings } from "./names.ts";

/** The fields of a relation that a fresh one has empty. */
export function emptyRelation(
  draft: Draft,
  named: { readonly schema: string; readonly name: string; readonly temporary: boolean },
  kind: Relation["kind"],
): Relation {
  return {
    oid: draft.newOid(),
    schema: named.schema,
    name: named.name,
    kind,
    owner: draft.owner,
    temporary: named.temporary,
    rowsEstimate: -1,
    columns: [],
    keys: [],
    triggers: [],
    rules: [],
    definition: null,
    rowSecurity: false,
    policies: [],
    expressions: [],
    parents: [],
  };
}

/** `of` is the table whose column owns it, 0 for none. */
export function addSequence(
  draft: Draft,
  named: { readonly schema: string; readonly name: string; readonly temporary: boolean },
  of: number,
): void {
  draft.putRelation({ ...emptyRelation(draft, named, "sequence"), ...(of === 0 ? {} : { of }) });
}

export function addIndex(draft: Draft, table: Relation, name: string): void {
  draft.putRelation({ ...emptyRelation(draft, { schema: table.schema, name, temporary: table.temporary }, "index"), of: table.oid });
}

/** A list among the options of a sequence: OWNED BY, SEQUENCE NAME. */
export function sequenceOption(options: readonly Node[] | undefined, name: string): readonly string[] | undefined {
  for (const node of options ?? []) {
    if ("DefElem" in node && node.DefElem.defname === name && node.DefElem.arg) return strings([node.DefElem.arg]);
  }
  return undefined;
}

/** Only OWNED BY matters: the sequence goes with its table. */
export function alterSequence(draft: Draft, alter: AlterSeqStmt): void {
  const owned = sequenceOption(alter.options, "owned_by");
  if (!owned) return;
  const { of: _, ...free } = existing(draft, alter.sequence);
  if (owned.length === 1) {
    draft.putRelation(free);
    return;
  }
  const { schema, name } = splitName(owned.slice(0, -1));
  const table = draft.findRelation(schema, name);
  draft.putRelation(table ? { ...free, of: table.oid } : free);
}
