/**
 * The contract of a resolved catalogue: names in, identities out, exactly as the server would look them up.
 * It does not judge; an answer that is not certain is every candidate, and the analysis takes the worst of them.
 */
import type { ParseResult } from "@pgsql/types";
import type { Lists } from "./parts.ts";
import type { CastInfo, CatalogueData, ForeignKey, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "./types.ts";

export interface Names {
  /**
   * Effective schemas in order, `pg_catalog` included where the server searches it; `pg_temp` (or the server's `pg_temp_3`) stands for
   * the session's own. As in the server, `pg_catalog` comes first when it is not listed, and `pg_temp` before all for relations and types.
   */
  readonly searchPath: readonly string[];
  /** Temporary relations of this session: their names. They shadow unless qualified. */
  readonly temporary: readonly string[];
  /** Those of `temporary` that are views: what they show and pass changes on to is not known. */
  readonly temporaryViews?: readonly string[];
}

/**
 * The server's own grammar: `parseSync` of libpg-query. An argument, so that the catalogue itself stays free of the wasm. Throws on
 * text that does not parse.
 */
export type ParseSql = (sql: string) => ParseResult;

export interface Catalogue {
  /** All of it as plain data; put together when it is first asked for, so that `lists` is cheaper where it does. */
  readonly data: CatalogueData;
  readonly lists: Lists;
  /**
   * `t`, `schema.t` or `database.schema.t` taken apart. `undefined`: another database, or more parts than the server accepts; it
   * would fail.
   */
  qualified(parts: readonly string[]): { readonly schema: string | undefined; readonly name: string } | undefined;
  /**
   * `undefined`: no such relation (the server would fail, or it was made since the snapshot). `"temporary"`: a temporary table of
   * the session that the snapshot does not hold.
   */
  relation(schema: string | undefined, name: string, names: Names): Relation | "temporary" | undefined;
  relationByOid(oid: number): Relation | undefined;
  /** Tables reached through inheritance or partitioning, the relation itself first. */
  descendants(relation: Relation): readonly Relation[];
  /**
   * Every function the call could mean: by name, search path and number of arguments (variadic and defaults considered).
   * Overloads are not told apart by type. `count(*)` has no arguments; those of WITHIN GROUP count; a procedure's OUT arguments
   * count or not, as versions differ. With `named` (`f(a => 1)`) a function of an earlier schema does not hide one of the same
   * argument types in a later schema, as argument names decide then. `pg_temp` is never searched, as in the server, unless given as
   * `schema`.
   */
  functions(schema: string | undefined, name: string, argumentCount: number, names: Names, named?: boolean): readonly FunctionInfo[];
  /** Functions of a name whatever their arguments: `CALL`-less references such as `DROP FUNCTION f`, `'f'::regproc`. */
  functionsNamed(schema: string | undefined, name: string, names: Names): readonly FunctionInfo[];
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
  /**
   * A catalogue that also knows what these DDL texts make: for uncommitted DDL of a session and for `explain --schema`.
   * `names` is the search path in force before the first text (`pg_catalog, public` when absent); a SET search_path inside is followed.
   * DDL that is not understood makes everything it may have touched uncertain and is listed by its text. The version stays.
   */
  withDdl(
    texts: readonly string[],
    parse: ParseSql,
    names?: Names,
  ): { readonly catalogue: Catalogue; readonly notUnderstood: readonly string[] };
}
