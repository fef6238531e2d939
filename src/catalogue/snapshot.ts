/**
 * Resolves names in a catalogue snapshot exactly as the server's namespace.c does.
 * It does not choose between overloads: every candidate is an answer, and the analysis takes the worst.
 */
import { withDdl } from "./ddl/with-ddl.ts";
import type { Catalogue, Names, ParseSql } from "./catalogue.ts";
import { dataOf, partsOf, type CatalogueParts, type Lists } from "./parts.ts";
import { isBuiltIn } from "./types.ts";
import type { CatalogueData, FunctionInfo, OperatorInfo, Relation } from "./types.ts";
import { isTemporarySchema, searchedSchemas } from "./search-path.ts";

/** Indexes a snapshot: O(size) once, then every lookup costs what it returns. */
export function openCatalogue(data: CatalogueData): Catalogue {
  return new Snapshot(partsOf(data), data);
}

/** Lays a snapshot over one that is open already: what it holds is added, and its lists stand for the other's. */
export function extendCatalogue(below: Catalogue, data: CatalogueData): Catalogue {
  return new Snapshot(partsOf(data, below instanceof Snapshot ? below.parts : partsOf(below.data)));
}

class Snapshot implements Catalogue {
  readonly parts: CatalogueParts;
  #data: CatalogueData | undefined;

  constructor(parts: CatalogueParts, data?: CatalogueData) {
    this.parts = parts;
    this.#data = data;
  }

  get data(): CatalogueData {
    this.#data ??= dataOf(this.parts);
    return this.#data;
  }

  get lists(): Lists {
    return this.parts.lists;
  }

  qualified(parts: readonly string[]): { readonly schema: string | undefined; readonly name: string } | undefined {
    const name = parts.at(-1);
    if (name === undefined || parts.length > 3) return undefined;
    if (parts.length === 3 && parts[0] !== this.parts.lists.database) return undefined;
    return { schema: parts.at(-2), name };
  }

  relation(schema: string | undefined, name: string, names: Names): Relation | "temporary" | undefined {
    const bySchema = this.parts.relations.ofName(name);
    for (const searched of schema === undefined ? searchedSchemas(names.searchPath, "temporary first") : [schema]) {
      const found = bySchema?.get(isTemporarySchema(searched) ? "pg_temp" : searched)?.at(-1);
      if (found) return found;
      if (isTemporarySchema(searched) && names.temporary.includes(name)) return "temporary";
    }
    return undefined;
  }

  relationByOid(oid: number): Relation | undefined {
    return this.parts.relations.get(oid);
  }

  descendants(relation: Relation): readonly Relation[] {
    const found = new Set([relation.oid]);
    for (const oid of found) for (const child of this.parts.children.get(oid) ?? []) found.add(child);
    return [...found].flatMap((oid) => (oid === relation.oid ? relation : this.parts.relations.get(oid)) ?? []);
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
    return inOrder(this.parts.functions.ofName(name), schema, names);
  }

  functionByOid(oid: number): FunctionInfo | undefined {
    return this.parts.functions.get(oid);
  }

  attributeFunctions(name: string, names: Names): readonly FunctionInfo[] {
    return this.functions(undefined, name, 1, names);
  }

  operators(schema: string | undefined, name: string, names: Names): readonly OperatorInfo[] {
    const operands = new Set<string>();
    return inOrder(operatorsByName(this.parts.lists.operators).get(name), schema, names).filter((operator) => {
      const key = `${operator.left} ${operator.right}`;
      // An operand type of DDL that is not known compares with nothing.
      if (operator.right === 0) return true;
      if (operands.has(key)) return false;
      operands.add(key);
      return true;
    });
  }

  type(schema: string | undefined, name: string, names: Names): CatalogueData["types"][number] | undefined {
    const bySchema = this.parts.types.ofName(name);
    for (const searched of schema === undefined ? searchedSchemas(names.searchPath, "temporary first") : [schema]) {
      const found = bySchema?.get(isTemporarySchema(searched) ? "pg_temp" : searched)?.at(-1);
      if (found) return found;
    }
    return undefined;
  }

  typeByOid(oid: number): CatalogueData["types"][number] | undefined {
    return this.parts.types.get(oid);
  }

  userCastsTo(type: number): readonly CatalogueData["casts"][number][] {
    return userCasts(this.parts.lists.casts).get(type) ?? [];
  }

  foreignKeysTo(relation: Relation): readonly CatalogueData["foreignKeys"][number][] {
    return keysTo(this.parts.lists.foreignKeys).get(relation.oid) ?? [];
  }

  foreignKeysFrom(relation: Relation): readonly CatalogueData["foreignKeys"][number][] {
    return keysFrom(this.parts.lists.foreignKeys).get(relation.oid) ?? [];
  }

  withDdl(
    texts: readonly string[],
    parse: ParseSql,
    names?: Names,
  ): { readonly catalogue: Catalogue; readonly notUnderstood: readonly string[] } {
    const { parts, notUnderstood } = withDdl(this.parts, texts, parse, names);
    return { catalogue: new Snapshot(parts), notUnderstood };
  }
}

type NamedMany<T> = ReadonlyMap<string, ReadonlyMap<string, readonly T[]>>;
type Grouped<T> = ReadonlyMap<number, readonly T[]>;

/** Worked out once for a list: most changes of a catalogue leave most lists as they are. */
function once<L extends object, R>(make: (list: L) => R): (list: L) => R {
  const known = new WeakMap<L, R>();
  return (list) => {
    const found = known.get(list);
    if (found !== undefined) return found;
    const made = make(list);
    known.set(list, made);
    return made;
  };
}

const operatorsByName = once((operators: CatalogueData["operators"]): NamedMany<OperatorInfo> => {
  const byName = new Map<string, Map<string, OperatorInfo[]>>();
  for (const operator of operators) {
    const bySchema = byName.get(operator.name) ?? new Map<string, OperatorInfo[]>();
    const same = bySchema.get(operator.schema);
    if (same) same.push(operator);
    else bySchema.set(operator.schema, [operator]);
    byName.set(operator.name, bySchema);
  }
  return byName;
});
const keysTo = once((keys: CatalogueData["foreignKeys"]) => grouped(keys, (key) => key.to));
const keysFrom = once((keys: CatalogueData["foreignKeys"]) => grouped(keys, (key) => key.from));
const userCasts = once((casts: CatalogueData["casts"]) =>
  grouped(
    casts.filter((cast) => !isBuiltIn(cast.functionOid)),
    (cast) => cast.target,
  ),
);

function grouped<T>(items: readonly T[], keyOf: (item: T) => number): Grouped<T> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
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
