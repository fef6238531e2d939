/**
 * A catalogue being changed by DDL: the snapshot's objects, what the statements made of them so far, and the search path in force.
 * It does not read statements.
 */
import type { Names } from "../catalogue.ts";
import { isTemporarySchema, searchedSchemas } from "../search-path.ts";
import type { CastInfo, CatalogueData, ForeignKey, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "../types.ts";
import { Shelf } from "./shelf.ts";

/** The server's OIDs have 32 bits: these can never be mistaken for one of its own. */
const FIRST_DRAFT_OID = 2 ** 32;

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
  foreignKeys: ForeignKey[];
  extensions: CatalogueData["extensions"];
  roles: CatalogueData["roles"];
  eventTriggers: CatalogueData["eventTriggers"];
  readonly owner: string;
  readonly #base: CatalogueData;
  readonly #initialPath: readonly string[];
  #searchPath: readonly string[];
  /** Array type by its element. */
  readonly #arrays = new Map<number, number>();
  readonly #children = new Map<number, number[]>();
  #nextOid: number;

  constructor(data: CatalogueData, names: Names | undefined) {
    this.#base = data;
    this.relations = new Shelf(data.relations);
    this.functions = new Shelf(data.functions);
    this.types = new Shelf(data.types);
    this.schemas = data.schemas;
    this.operators = data.operators;
    this.casts = data.casts;
    this.foreignKeys = [...data.foreignKeys];
    this.extensions = data.extensions;
    this.roles = data.roles;
    this.eventTriggers = data.eventTriggers;
    this.owner = data.roles.find((role) => role.superuser)?.name ?? "postgres";
    this.#initialPath = names?.searchPath ?? ["pg_catalog", "public"];
    this.#searchPath = this.#initialPath;
    this.#nextOid = FIRST_DRAFT_OID;
    for (const type of data.types) {
      if (type.element !== 0) this.#arrays.set(type.element, type.oid);
      if (type.oid >= this.#nextOid) this.#nextOid = type.oid + 1;
    }
    for (const object of [...data.relations, ...data.functions]) if (object.oid >= this.#nextOid) this.#nextOid = object.oid + 1;
    for (const relation of data.relations) this.#adopt(relation);
  }

  data(): CatalogueData {
    return {
      ...this.#base,
      schemas: this.schemas,
      relations: this.relations.all(),
      functions: this.functions.all(),
      types: this.types.all(),
      operators: this.operators,
      casts: this.casts,
      foreignKeys: this.foreignKeys,
      extensions: this.extensions,
      roles: this.roles,
      eventTriggers: this.eventTriggers,
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

  putRelation(relation: Relation): void {
    const before = this.relations.get(relation.oid);
    for (const parent of before?.parents ?? []) {
      this.#children.set(
        parent,
        (this.#children.get(parent) ?? []).filter((oid) => oid !== relation.oid),
      );
    }
    this.relations.put(relation);
    this.#adopt(relation);
  }

  #adopt({ oid, parents }: Relation): void {
    for (const parent of parents) {
      const siblings = this.#children.get(parent);
      if (siblings) siblings.push(oid);
      else this.#children.set(parent, [oid]);
    }
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
