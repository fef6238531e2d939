/**
 * The contract of a resolved catalogue: names in, identities out, exactly as the server would look them up.
 * It does not judge; an answer that is not certain is every candidate, and the analysis takes the worst of them.
 */
import type { CastInfo, CatalogueData, ForeignKey, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "./types.ts";

export interface Names {
  /** Effective schemas in order, `pg_catalog` included where the server searches it; `pg_temp` stands for the session's own. */
  readonly searchPath: readonly string[];
  /** Temporary relations of this session: their names. They shadow unless qualified. */
  readonly temporary: readonly string[];
}

export interface Catalogue {
  readonly data: CatalogueData;
  /** `undefined`: no such relation (the server would fail, or it was made since the snapshot). `"temporary"`: a temporary table of the session that the snapshot does not hold. */
  relation(schema: string | undefined, name: string, names: Names): Relation | "temporary" | undefined;
  relationByOid(oid: number): Relation | undefined;
  /** Tables reached through inheritance or partitioning, the relation itself first. */
  descendants(relation: Relation): readonly Relation[];
  /** Every function the call could mean: by name, search path and number of arguments (variadic and defaults considered). Overloads are not told apart by type unless `argumentTypes` are all known. */
  functions(schema: string | undefined, name: string, argumentCount: number, names: Names): readonly FunctionInfo[];
  functionByOid(oid: number): FunctionInfo | undefined;
  /** Functions of one argument that `t.name` could mean by attribute notation. */
  attributeFunctions(name: string, names: Names): readonly FunctionInfo[];
  /** Candidates for an operator: `OPERATOR(schema.=)` or by search path. */
  operators(schema: string | undefined, name: string, names: Names): readonly OperatorInfo[];
  type(schema: string | undefined, name: string, names: Names): TypeInfo | undefined;
  typeByOid(oid: number): TypeInfo | undefined;
  /** Casts to a type that run a function not built in. */
  userCastsTo(type: number): readonly CastInfo[];
  /** Foreign keys that point at this relation (deleting from it may cascade) and those that leave it. */
  foreignKeysTo(relation: Relation): readonly ForeignKey[];
  foreignKeysFrom(relation: Relation): readonly ForeignKey[];
  /** A catalogue that also knows what these DDL statements make: for uncommitted DDL of a session and for `explain --schema`. DDL that is not understood makes everything it may have touched uncertain and is listed. */
  withDdl(texts: readonly string[]): { readonly catalogue: Catalogue; readonly notUnderstood: readonly string[] };
}
