/**
 * A catalogue being changed by DDL: the snapshot's objects, what the statements made of them so far, and the search path in force.
 * It does not read statements.
 */
import type { Names } from "../catalogue.ts";
import type { CatalogueParts, Lists } from "../parts.ts";
import { isTemporarySchema, searchedSchemas } from "../search-path.ts";
import type { CastInfo, CatalogueData, ForeignKey, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "../types.ts";
import type { Layered } from "./layered.ts";
import type { Shelf } from "./shelf.ts";

/** Thrown by a statement whose meaning is not known; the statement is listed, what it did before stays. */
export class NotUnderstood extends Error {
  override readonly name = "NotUnderstood";
}

export class Draft {
  readonly relations: Shelf<Relation>;
  readonly functions: Shelf<FunctionInfo>;
  readonly types: Shelf<TypeInfo>;
  schemas: CatalogueData["schemas"];
  operators: readonly OperatorInfo[];
  casts: readonly CastInfo[];
  foreignKeys: readonly ForeignKey[];
  extensions: CatalogueData["extensions"];
  roles: CatalogueData["roles"];
  eventTriggers: CatalogueData["eventTriggers"];
  readonly owner: string;
  readonly #lists: Lists;
  readonly #initialPath: readonly string[];
  #searchPath: readonly string[];
  /** Array type by its element. */
  readonly #arrays: Layered<number, number>;
  readonly #children: Layered<number, readonly number[]>;
  #nextOid: number;

  constructor(parts: CatalogueParts, names: Names | undefined) {
    const { lists } = parts;
    this.#lists = lists;
    this.relations = parts.relations.fork();
    this.functions = parts.functions.fork();
    this.types = parts.types.fork();
    this.schemas = lists.schemas;
    this.operators = lists.operators;
    this.casts = lists.casts;
    this.foreignKeys = lists.foreignKeys;
    this.extensions = lists.extensions;
    this.roles = lists.roles;
    this.eventTriggers = lists.eventTriggers;
    this.owner = lists.roles.find((role) => role.superuser)?.name ?? "postgres";
    this.#initialPath = names?.searchPath ?? ["pg_catalog", "public"];
    this.#searchPath = this.#initialPath;
    this.#arrays = parts.arrays.fork();
    this.#children = parts.children.fork();
    this.#nextOid = parts.nextOid;
  }

  /** What there is now. The draft must not be used any more. */
  parts(): CatalogueParts {
    const { relations, functions, types, schemas, operators, casts, foreignKeys, extensions, roles, eventTriggers } = this;
    return {
      relations,
      functions,
      types,
      arrays: this.#arrays,
      children: this.#children,
      nextOid: this.#nextOid,
      lists: { ...this.#lists, schemas, operators, casts, foreignKeys, extensions, roles, eventTriggers },
    };
  }

  newOid(): number {
    return this.#nextOid++;
  }

  /** `null` puts the path back that was in force at the start. `$user` is left out: which role runs the DDL is not known. */
  setSearchPath(schemas: readonly string[] | null): void {
    this.#searchPath = schemas === null ? this.#initialPath : schemas.filter((schema) => schema !== "$user" && schema !== "");
  }

  hasSchema(name: string): boolean {
    return isTemporarySchema(name) || this.schemas.some((schema) => schema.name === name);
  }

  /** Where an unqualified CREATE puts its object: the first schema of the path that exists. */
  creationSchema(): string {
    const schema = this.#searchPath.find((name) => name !== "pg_catalog" && this.hasSchema(name));
    if (schema === undefined) throw new NotUnderstood("no schema has been selected to create in");
    return isTemporarySchema(schema) ? "pg_temp" : schema;
  }

  findRelation(schema: string | undefined, name: string): Relation | undefined {
    return this.#find(this.relations, schema, name);
  }

  findType(schema: string | undefined, name: string): TypeInfo | undefined {
    return this.#find(this.types, schema, name);
  }

  findFunctions(schema: string | undefined, name: string): readonly FunctionInfo[] {
    const searched = schema === undefined ? searchedSchemas(this.#searchPath, "never temporary") : [schema];
    return searched.flatMap((s) => this.functions.named(s, name));
  }

  #find<T extends { readonly oid: number; readonly schema: string; readonly name: string }>(
    shelf: Shelf<T>,
    schema: string | undefined,
    name: string,
  ) {
    for (const searched of schema === undefined ? searchedSchemas(this.#searchPath, "temporary first") : [schema]) {
      const found = shelf.named(isTemporarySchema(searched) ? "pg_temp" : searched, name)[0];
      if (found) return found;
    }
    return undefined;
  }

  addType(type: Omit<TypeInfo, "oid" | "element"> & { readonly oid?: number }): TypeInfo {
    const made: TypeInfo = { ...type, oid: type.oid ?? this.newOid(), element: 0 };
    this.types.put(made);
    if (type.kind !== "pseudo") {
      const builtIn = (name: string): number => this.functions.named("pg_catalog", name)[0]?.oid ?? 0;
      const array: TypeInfo = {
        oid: this.newOid(),
        schema: made.schema,
        name: this.arrayName(made),
        kind: "base",
        baseType: 0,
        notNull: false,
        checks: [],
        inputFunction: builtIn("array_in"),
        outputFunction: builtIn("array_out"),
        element: made.oid,
      };
      this.types.put(array);
      this.#arrays.set(made.oid, array.oid);
    }
    return made;
  }

  /** As the server's makeArrayTypeName: `_name`, with more underscores while that is taken. */
  arrayName({ schema, name }: { readonly schema: string; readonly name: string }): string {
    let candidate = `_${name}`.slice(0, 63);
    while (this.types.named(schema, candidate).length > 0) candidate = `_${candidate}`.slice(0, 63);
    return candidate;
  }

  removeType(oid: number): void {
    const array = this.#arrays.get(oid);
    if (array !== undefined) this.types.remove(array);
    this.#arrays.delete(oid);
    this.types.remove(oid);
  }

  arrayOf(element: number): number {
    return this.#arrays.get(element) ?? 0;
  }

  /**
   * What carries expressions that a statement wrote is marked with the search path they were written under: names in them mean what
   * they meant there, whatever path the session has when they run.
   */
  written<T extends { readonly path?: readonly string[] }>(object: T): T {
    const path = this.#searchPath;
    if (object.path === undefined) return { ...object, path };
    if (object.path.join("\n") !== path.join("\n")) throw new NotUnderstood("expressions of one object under two search paths");
    return object;
  }

  /** A relation whose expressions are to be part of another's, in the words they have: they must mean the same there. */
  demandSamePath({ path }: Relation): void {
    if (path !== undefined && path.join("\n") !== this.#searchPath.join("\n")) {
      throw new NotUnderstood("expressions taken over from a table that was made under another search path");
    }
  }

  putRelation(given: Relation): void {
    const before = this.relations.get(given.oid);
    const relation = sameExpressions(before, given) ? given : this.written(given);
    for (const parent of before?.parents ?? []) {
      const siblings = this.#children.get(parent) ?? [];
      this.#children.set(
        parent,
        siblings.filter((oid) => oid !== relation.oid),
      );
    }
    this.relations.put(relation);
    for (const parent of relation.parents) this.#children.set(parent, [...(this.#children.get(parent) ?? []), relation.oid]);
  }

  children(oid: number): readonly Relation[] {
    return (this.#children.get(oid) ?? []).flatMap((child) => this.relations.get(child) ?? []);
  }

  /** The relation as it is now, then everything below it. */
  family(oid: number): readonly Relation[] {
    const found = new Set([oid]);
    for (const member of found) for (const child of this.children(member)) found.add(child.oid);
    return [...found].flatMap((member) => this.relations.get(member) ?? []);
  }

  removeRelation(relation: Relation): void {
    for (const index of this.relations.all().filter((other) => other.of === relation.oid)) this.relations.remove(index.oid);
    if (relation.rowType) this.removeType(relation.rowType);
    this.foreignKeys = this.foreignKeys.filter((key) => key.from !== relation.oid && key.to !== relation.oid);
    this.relations.remove(relation.oid);
  }
}

/** Whether `now` holds no expression that `before` does not hold too. */
function sameExpressions(before: Relation | undefined, now: Relation): boolean {
  const known = new Set(before === undefined ? [] : expressionsOf(before));
  return expressionsOf(now).every((text) => known.has(text));
}

function expressionsOf(relation: Relation): readonly string[] {
  const texts = [
    relation.definition,
    ...relation.columns.map((column) => column.default),
    ...relation.expressions.map((expression) => expression.text),
    ...relation.triggers.map((trigger) => trigger.when),
    ...relation.rules.map((rule) => rule.definition),
    ...relation.policies.flatMap((policy) => [policy.using, policy.check]),
  ];
  return texts.flatMap((text) => text ?? []);
}
