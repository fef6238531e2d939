/**
 * A catalogue as names find it: its objects on shelves that a change can be laid over, and what links one object to others.
 * It does not resolve names (`snapshot.ts`) or read statements (`ddl/`).
 */
import { Layered } from "./ddl/layered.ts";
import { Shelf } from "./ddl/shelf.ts";
import type { CatalogueData, FunctionInfo, Relation, TypeInfo } from "./types.ts";

/** What is small enough to be replaced whole. */
export type Lists = Pick<
  CatalogueData,
  | "version"
  | "serverVersion"
  | "database"
  | "schemas"
  | "foreignKeys"
  | "operators"
  | "casts"
  | "extensions"
  | "roles"
  | "eventTriggers"
  | "operatorClasses"
>;

/** Never changed once made: a change is a fork. */
export interface CatalogueParts {
  readonly relations: Shelf<Relation>;
  readonly functions: Shelf<FunctionInfo>;
  readonly types: Shelf<TypeInfo>;
  /** Array type by its element. */
  readonly arrays: Layered<number, number>;
  /** Tables under a parent, by its OID. */
  readonly children: Layered<number, readonly number[]>;
  /** No object has this OID or one above it. */
  readonly nextOid: number;
  readonly lists: Lists;
}

/** The server's OIDs have 32 bits: these can never be mistaken for one of its own. */
const FIRST_DRAFT_OID = 2 ** 32;

/**
 * The objects of `data`; with `below`, laid over those of another catalogue. Operators, casts and foreign keys of both count, other
 * lists are those of `data`.
 */
export function partsOf(data: CatalogueData, below?: CatalogueParts): CatalogueParts {
  const arrays = below?.arrays.fork() ?? new Layered<number, number>();
  for (const type of data.types) if (type.element !== 0) arrays.set(type.element, type.oid);
  const children = below?.children.fork() ?? new Layered<number, readonly number[]>();
  for (const { oid, parents } of data.relations) for (const parent of parents) children.set(parent, [...(children.get(parent) ?? []), oid]);
  let nextOid = below?.nextOid ?? FIRST_DRAFT_OID;
  for (const objects of [data.relations, data.functions, data.types]) for (const { oid } of objects) if (oid >= nextOid) nextOid = oid + 1;
  const { relations: _, functions: _f, types: _t, ...given } = data;
  const lists = below === undefined ? given : { ...given, ...joined(below.lists, given) };
  return {
    relations: new Shelf(data.relations, below?.relations),
    functions: new Shelf(data.functions, below?.functions),
    types: new Shelf(data.types, below?.types),
    arrays,
    children,
    nextOid,
    lists,
  };
}

export function dataOf(parts: CatalogueParts): CatalogueData {
  return { ...parts.lists, relations: parts.relations.all(), functions: parts.functions.all(), types: parts.types.all() };
}

function joined(below: Lists, above: Lists): Pick<Lists, "operators" | "casts" | "foreignKeys"> {
  return {
    operators: [...below.operators, ...above.operators],
    casts: [...below.casts, ...above.casts],
    foreignKeys: [...below.foreignKeys, ...above.foreignKeys],
  };
}
