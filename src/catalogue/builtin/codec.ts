/**
 * The compact form in which the built-in catalogue is kept: arrays with the defaults left out at their end.
 * It does not read or write files. `scripts/make-builtins.ts` packs, `builtin.ts` unpacks.
 */
import { assert } from "../../base/assert.ts";
import type { CastInfo, CatalogueData, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "../types.ts";

type Row = readonly unknown[];

/** What stands in the file. Each row is one object; its fields are in the order of the pack functions below. */
export interface PackedCatalogue {
  readonly serverVersion: number;
  readonly owner: string;
  readonly schemas: readonly string[];
  readonly roles: CatalogueData["roles"];
  readonly extensions: CatalogueData["extensions"];
  readonly relations: readonly Row[];
  readonly functions: readonly Row[];
  readonly operators: readonly Row[];
  readonly casts: readonly Row[];
  readonly types: readonly Row[];
}

/** Packs the catalogue of an empty database. What an empty database does not have (keys to other tables, triggers) must not be there. */
export function pack(data: CatalogueData): PackedCatalogue {
  const owner = data.schemas.find((schema) => schema.name === "pg_catalog")?.owner ?? "";
  assert(data.foreignKeys.length === 0 && data.eventTriggers.length === 0, "an empty database has no foreign keys and no event triggers");
  return {
    serverVersion: data.serverVersion,
    owner,
    schemas: data.schemas.map((schema) => schema.name),
    roles: data.roles,
    extensions: data.extensions,
    relations: data.relations.map(packRelation),
    functions: data.functions.map(packFunction),
    operators: data.operators.map((o) => [o.name, o.left, o.right, o.functionOid, ...(o.schema === "pg_catalog" ? [] : [o.schema])]),
    casts: data.casts.map((c) => [c.source, c.target, c.functionOid, c.context]),
    types: data.types.map(packType),
  };
}

export function unpack(packed: PackedCatalogue): CatalogueData {
  return {
    version: 0,
    serverVersion: packed.serverVersion,
    database: "postgres",
    schemas: packed.schemas.map((name) => ({ name, owner: name === "public" ? "pg_database_owner" : packed.owner })),
    relations: packed.relations.map((row) => unpackRelation(row, packed.owner)),
    foreignKeys: [],
    functions: packed.functions.map((row) => unpackFunction(row, packed.owner)),
    operators: packed.operators.map(unpackOperator),
    casts: packed.casts.map((row) => ({ source: row[0], target: row[1], functionOid: row[2], context: row[3] }) as CastInfo),
    types: packed.types.map(unpackType),
    extensions: packed.extensions,
    roles: packed.roles,
    eventTriggers: [],
  };
}

/** Drops trailing values that {@link unpack} puts back as defaults. */
function trimmed(row: readonly unknown[], defaults: readonly unknown[]): Row {
  let length = row.length;
  const offset = row.length - defaults.length;
  while (length > offset && JSON.stringify(row[length - 1]) === JSON.stringify(defaults[length - 1 - offset])) length -= 1;
  return row.slice(0, length);
}

const RELATION_DEFAULTS = [false, 0, 0, [], []] as const;

function packRelation(r: Relation): Row {
  assert(
    r.triggers.length + r.policies.length + r.rules.length + r.parents.length + r.expressions.length === 0 || r.schema === "pg_catalog",
    `\`${r.schema}.${r.name}\` has only columns and keys`,
  );
  const columns = r.columns.map((c) => [c.name, c.type, c.notNull ? 1 : 0]);
  return trimmed([r.oid, r.schema, r.name, r.kind, columns, r.rowSecurity, r.of ?? 0, r.rowType ?? 0, r.keys, r.rules], RELATION_DEFAULTS);
}

function unpackRelation(row: Row, owner: string): Relation {
  const [oid, schema, name, kind, columns, rowSecurity = false, of = 0, rowType = 0, keys = [], rules = []] = row as readonly [
    number,
    string,
    string,
    Relation["kind"],
    (readonly [string, number, number])[],
    boolean?,
    number?,
    number?,
    Relation["keys"]?,
    Relation["rules"]?,
  ];
  return {
    oid,
    schema,
    name,
    kind,
    owner,
    temporary: false,
    rowsEstimate: -1,
    columns: columns.map(([column, type, notNull]) => ({
      name: column,
      type,
      notNull: notNull === 1,
      default: null,
      generated: false,
      identity: null,
    })),
    keys,
    triggers: [],
    rules,
    definition: null,
    rowSecurity,
    policies: [],
    expressions: [],
    parents: [],
    ...(of === 0 ? {} : { of }),
    ...(rowType === 0 ? {} : { rowType }),
  };
}

const FUNCTION_DEFAULTS = ["function", "internal", "immutable", false, 0, false, "pg_catalog", [], null, false, [], false] as const;

function packFunction(f: FunctionInfo): Row {
  return trimmed(
    [
      f.oid,
      f.name,
      f.arguments,
      f.returns,
      f.kind,
      f.language,
      f.volatility,
      f.variadic,
      f.defaults,
      f.returnsSet,
      f.schema,
      f.support,
      f.body,
      f.bodyIsAtomic,
      f.settings,
      f.securityDefiner,
    ],
    FUNCTION_DEFAULTS,
  );
}

function unpackFunction(row: Row, owner: string): FunctionInfo {
  const filled: unknown = [...row, ...FUNCTION_DEFAULTS.slice(Math.max(0, row.length - 4))];
  const [
    oid,
    name,
    arguments_,
    returns,
    kind,
    language,
    volatility,
    variadic,
    defaults,
    returnsSet,
    schema,
    support,
    body,
    bodyIsAtomic,
    settings,
    securityDefiner,
  ] = filled as readonly [
    number,
    string,
    readonly number[],
    number,
    FunctionInfo["kind"],
    string,
    FunctionInfo["volatility"],
    boolean,
    number,
    boolean,
    string,
    readonly number[],
    string | null,
    boolean,
    readonly string[],
    boolean,
  ];
  return {
    oid,
    schema,
    name,
    kind,
    arguments: arguments_,
    variadic,
    defaults,
    returns,
    returnsSet,
    language,
    volatility,
    securityDefiner,
    owner,
    body,
    bodyIsAtomic,
    settings,
    support,
    definition: null,
  };
}

function unpackOperator(row: Row): OperatorInfo {
  const [name, left, right, functionOid, schema = "pg_catalog"] = row as readonly [string, number, number, number, string?];
  return { schema, name, left, right, functionOid };
}

const TYPE_DEFAULTS = ["base", "pg_catalog", 0, false, [], 0, null] as const;

function packType(t: TypeInfo): Row {
  return trimmed(
    [t.oid, t.name, t.inputFunction, t.outputFunction, t.kind, t.schema, t.baseType, t.notNull, t.checks, t.element, t.default ?? null],
    TYPE_DEFAULTS,
  );
}

function unpackType(row: Row): TypeInfo {
  const filled: unknown = [...row, ...TYPE_DEFAULTS.slice(Math.max(0, row.length - 4))];
  const [oid, name, inputFunction, outputFunction, kind, schema, baseType, notNull, checks, element, default_] = filled as readonly [
    number,
    string,
    number,
    number,
    TypeInfo["kind"],
    string,
    number,
    boolean,
    readonly string[],
    number,
    string | null,
  ];
  return {
    oid,
    schema,
    name,
    kind,
    baseType,
    notNull,
    checks,
    inputFunction,
    outputFunction,
    element,
    ...(default_ === null ? {} : { default: default_ }),
  };
}
