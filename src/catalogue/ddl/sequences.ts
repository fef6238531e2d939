/**
 * Relations with nothing but a name and an owner of their own: sequences, indexes.
 */
import type { Relation } from "../types.ts";
import type { Draft } from "./draft.ts";

/** The fields of a relation that a fresh one has empty. */
export function emptyRelation(draft: Draft, named: { readonly schema: string; readonly name: string; readonly temporary: boolean }, kind: Relation["kind"]): Relation {
  return {
    oid: draft.newOid(), schema: named.schema, name: named.name, kind, owner: draft.owner, temporary: named.temporary, rowsEstimate: -1, columns: [],
    keys: [], triggers: [], rules: [], definition: null, rowSecurity: false, policies: [], expressions: [], parents: [],
  };
}

/** `of` is the table whose column owns it, 0 for none. */
export function addSequence(draft: Draft, named: { readonly schema: string; readonly name: string; readonly temporary: boolean }, of: number): void {
  draft.putRelation({ ...emptyRelation(draft, named, "sequence"), ...(of === 0 ? {} : { of }) });
}

export function addIndex(draft: Draft, table: Relation, name: string): void {
  draft.putRelation({ ...emptyRelation(draft, { schema: table.schema, name, temporary: table.temporary }, "index"), of: table.oid });
}
