/**
 * Resolves names in a catalogue snapshot exactly as the server's namespace.c does.
 * It does not choose between overloads: every candidate is an answer, and the analysis takes the worst.
 */
import { withDdl } from "./ddl/with-ddl.ts";
import type { Catalogue, Names, ParseSql } from "./catalogue.ts";
import { isBuiltIn } from "./types.ts";
import type { CatalogueData, FunctionInfo, OperatorInfo, Relation } from "./types.ts";
import { isTemporarySchema, searchedSchemas } from "./search-path.ts";

/** Indexes a snapshot: O(size) once, then every lookup costs what it returns. */
export function openCatalogue(data: CatalogueData): Catalogue {
  return new Snapshot(data);
}

class Snapshot implements Catalogue {
  readonly data: CatalogueData;
  readonly #relations: Named<Relation>;
  readonly #functions: NamedMany<FunctionInfo>;
  readonly #operators: NamedMany<OperatorInfo>;
  readonly #types: Named<CatalogueData["types"][number]>;
  readonly #relationByOid: ReadonlyMap<number, Relation>;
  readonly #functionByOid: ReadonlyMap<number, FunctionInfo>;
  readonly #typeByOid: ReadonlyMap<number, CatalogueData["types"][number]>;
  readonly #children: ReadonlyMap<number, readonly number[]>;
  readonly #keysTo: Grouped<CatalogueData["foreignKeys"][number]>;
  readonly #keysFrom: Grouped<CatalogueData["foreignKeys"][number]>;
  readonly #userCasts: Grouped<CatalogueData["casts"][number]>;

  constructor(data: CatalogueData) {
    this.data = data;
    this.#relations = named(data.relations);
    this.#functions = namedMany(data.functions);
    this.#operators = namedMany(data.operators);
    this.#types = named(data.types);
    this.#relationByOid = new Map(data.relations.map((relation) => [relation.oid, relation]));
    this.#functionByOid = new Map(data.functions.map((f) => [f.oid, f]));
    this.#typeByOid = new Map(data.types.map((type) => [type.oid, type]));
    this.#children = childrenOf(data.relations);
    this.#keysTo = grouped(data.foreignKeys, (key) => key.to);
    this.#keysFrom = grouped(data.foreignKeys, (key) => key.from);
    this.#userCasts = grouped(
      data.casts.filter((cast) => !isBuiltIn(cast.functionOid)),
      (cast) => cast.target,
    );
  }

  qualified(parts: readonly string[]): { readonly schema: string | undefined; readonly name: string } | undefined {
    const name = parts.at(-1);
    if (name === undefined || parts.length > 3) return undefined;
    if (parts.length === 3 && parts[0] !== this.data.database) return undefined;
    return { schema: parts.at(-2), name };
  }

  relation(schema: string | undefined, name: string, names: Names): Relation | "temporary" | undefined {
    const bySchema = this.#relations.get(name);
    for (const searched of schema === undefined ? searchedSchemas(names.searchPath, "temporary first") : [schema]) {
      const found = bySchema?.get(isTemporarySchema(searched) ? "pg_temp" : searched);
      if (found) return found;
      if (isTemporarySchema(searched) && names.temporary.includes(name)) return "temporary";
    }
    return undefined;
  }

  relationByOid(oid: number): Relation | undefined {
    return this.#relationByOid.get(oid);
  }

  descendants(relation: Relation): readonly Relation[] {
    const found = new Set([relation.oid]);
    for (const oid of found) for (const child of this.#children.get(oid) ?? []) found.add(child);
    return [...found].flatMap((oid) => (oid === relation.oid ? relation : this.#relationByOid.get(oid)) ?? []);
  }

  functions(schema: string | undefined, name: string, argumentCount: number, names: Names, named_ = false): readonly FunctionInfo[] {
    /** Effective argument types, and the schema that answers them first: it hides the same types in later schemas. */
    const answeredBy = new Map<string, string>();
    return this.functionsNamed(schema, name, names).filter((f) => {
      if (!accepts(f, argumentCount)) return false;
      // Argument names decide instead of the order of schemas, OUT arguments take part, or a type is not known: nothing is hidden.
      if (named_ || f.kind === "procedure" || f.arguments.includes(0)) return true;
      const signature = signatureFor(f, argumentCount);
      const first = answeredBy.get(signature);
      if (first === undefined) answeredBy.set(signature, f.schema);
      return first === undefined || first === f.schema;
    });
  }

  functionsNamed(schema: string | undefined, name: string, names: Names): readonly FunctionInfo[] {
    return inOrder(this.#functions.get(name), schema, names);
  }

  functionByOid(oid: number): FunctionInfo | undefined {
    return this.#functionByOid.get(oid);
  }

  attributeFunctions(name: string, names: Names): readonly FunctionInfo[] {
    return this.functions(undefined, name, 1, names);
  }

  operators(schema: string | undefined, name: string, names: Names): readonly OperatorInfo[] {
    const operands = new Set<string>();
    return inOrder(this.#operators.get(name), schema, names).filter((operator) => {
      const key = `${operator.left} ${operator.right}`;
      // An operand type of DDL that is not known compares with nothing.
      if (operator.right === 0) return true;
      if (operands.has(key)) return false;
      operands.add(key);
      return true;
    });
  }

  type(schema: string | undefined, name: string, names: Names): CatalogueData["types"][number] | undefined {
    const bySchema = this.#types.get(name);
    for (const searched of schema === undefined ? searchedSchemas(names.searchPath, "temporary first") : [schema]) {
      const found = bySchema?.get(isTemporarySchema(searched) ? "pg_temp" : searched);
      if (found) return found;
    }
    return undefined;
  }

  typeByOid(oid: number): CatalogueData["types"][number] | undefined {
    return this.#typeByOid.get(oid);
  }

  userCastsTo(type: number): readonly CatalogueData["casts"][number][] {
    return this.#userCasts.get(type) ?? [];
  }

  foreignKeysTo(relation: Relation): readonly CatalogueData["foreignKeys"][number][] {
    return this.#keysTo.get(relation.oid) ?? [];
  }

  foreignKeysFrom(relation: Relation): readonly CatalogueData["foreignKeys"][number][] {
    return this.#keysFrom.get(relation.oid) ?? [];
  }

  withDdl(
    texts: readonly string[],
    parse: ParseSql,
    names?: Names,
  ): { readonly catalogue: Catalogue; readonly notUnderstood: readonly string[] } {
    const { data, notUnderstood } = withDdl(this.data, texts, parse, names);
    return { catalogue: openCatalogue(data), notUnderstood };
  }
}

type Named<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;
type NamedMany<T> = ReadonlyMap<string, ReadonlyMap<string, readonly T[]>>;
type Grouped<T> = ReadonlyMap<number, readonly T[]>;

/** Name first, then schema: most lookups are unqualified and meet one or two schemas. */
function named<T extends { readonly schema: string; readonly name: string }>(objects: readonly T[]): Named<T> {
  const byName = new Map<string, Map<string, T>>();
  for (const object of objects) {
    const bySchema = byName.get(object.name);
    if (bySchema) bySchema.set(object.schema, object);
    else byName.set(object.name, new Map([[object.schema, object]]));
  }
  return byName;
}

function namedMany<T extends { readonly schema: string; readonly name: string }>(objects: readonly T[]): NamedMany<T> {
  const byName = new Map<string, Map<string, T[]>>();
  for (const object of objects) {
    const bySchema = byName.get(object.name) ?? new Map<string, T[]>();
    const same = bySchema.get(object.schema);
    if (same) same.push(object);
    else bySchema.set(object.schema, [object]);
    byName.set(object.name, bySchema);
  }
  return byName;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => number): Grouped<T> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function childrenOf(relations: readonly Relation[]): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const { oid, parents } of relations) {
    for (const parent of parents) {
      const siblings = children.get(parent);
      if (siblings) siblings.push(oid);
      else children.set(parent, [oid]);
    }
  }
  return children;
}

function inOrder<T>(bySchema: ReadonlyMap<string, readonly T[]> | undefined, schema: string | undefined, names: Names): readonly T[] {
  if (!bySchema) return [];
  if (schema !== undefined) return bySchema.get(isTemporarySchema(schema) ? "pg_temp" : schema) ?? [];
  return searchedSchemas(names.searchPath, "never temporary").flatMap((searched) => bySchema.get(searched) ?? []);
}

/**
 * Whether a call with this many arguments can reach `f`: exactly, by defaults, by expanding VARIADIC, or with a procedure's OUT
 * arguments.
 */
function accepts(f: FunctionInfo, count: number): boolean {
  const inputs = f.arguments.length;
  return count >= inputs - f.defaults && (f.variadic || count <= inputs + (f.outputs ?? 0));
}

/** The arguments that a call of `count` arguments fills: what the server compares to let an earlier schema hide a later one. */
function signatureFor(f: FunctionInfo, count: number): string {
  return f.variadic ? `variadic ${f.arguments.join(",")}` : f.arguments.slice(0, count).join(",");
}
