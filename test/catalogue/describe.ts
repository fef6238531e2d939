/**
 * Says what a snapshot holds beyond the server's own objects as lines without OIDs, so that two snapshots can be compared.
 * It leaves out what only the server can print: the exact text of expressions, and the columns of queries.
 */
import { isBuiltIn, type CatalogueData, type FunctionInfo, type Relation, type TypeInfo } from "../../src/catalogue/types.ts";

type Names = ReadonlyMap<number, string>;

export function describeCatalogue(data: CatalogueData): readonly string[] {
  const names = (objects: readonly { readonly oid: number; readonly schema: string; readonly name: string }[]): Names =>
    new Map(objects.map((object) => [object.oid, `${object.schema}.${object.name}`]));
  const functions = names(data.functions);
  const types = names(data.types);
  const relations = names(data.relations);
  const own = (object: { readonly oid: number; readonly schema: string }): boolean => !isBuiltIn(object.oid) && object.schema !== "pg_temp";
  return [
    ...data.schemas.map((schema) => `schema ${schema.name}`),
    ...data.relations.filter(own).flatMap((relation) => relationLines(relation, functions, types, relations)),
    ...data.functions.filter(own).map((f) => functionLine(f, functions, types)),
    ...data.types.filter(own).map((type) => typeLine(type, functions, types)),
    ...data.foreignKeys.map(
      (key) =>
        `key ${relations.get(key.from)} ${key.fromColumns} -> ${relations.get(key.to)} ${key.toColumns} ${key.onDelete} ${key.onUpdate}`,
    ),
    ...data.operators
      .filter((o) => o.schema !== "pg_catalog")
      .map((o) => `operator ${o.schema}.${o.name} ${types.get(o.left)} ${types.get(o.right)} ${functions.get(o.functionOid)}`),
    ...data.casts
      .filter((cast) => !isBuiltIn(cast.functionOid))
      .map((cast) => `cast ${types.get(cast.source)} ${types.get(cast.target)} ${functions.get(cast.functionOid)} ${cast.context}`),
    ...data.eventTriggers.map((trigger) => `event trigger ${trigger.name} ${functions.get(trigger.functionOid)} ${trigger.enabled}`),
  ].sort();
}

function relationLines(r: Relation, functions: Names, types: Names, relations: Names): readonly string[] {
  const id = `${r.schema}.${r.name}`;
  const attached = {
    of: relations.get(r.of ?? 0),
    parents: r.parents.map((parent) => relations.get(parent)),
    rowType: types.get(r.rowType ?? 0),
    rowSecurity: r.rowSecurity,
    keys: r.keys.map((key) => JSON.stringify(key)).sort(),
    expressions: r.expressions.map((e) => e.kind).sort(),
    definition: r.definition !== null,
    policies: r.policies.map((p) => [p.name, p.command, p.using !== null, p.check !== null]),
    rules: r.rules.map((rule) => [rule.name, rule.event, rule.instead]),
    triggers: r.triggers.map((t) => [t.name, functions.get(t.functionOid), t.timing, t.level, t.events, t.enabled, t.when !== null]),
  };
  const columns = r.kind === "view" || r.kind === "materialized_view" ? [] : r.columns;
  return [
    `${r.kind} ${id} ${JSON.stringify(attached)}`,
    ...columns.map(
      (c, i) => `column ${id} ${i} ${c.name} ${types.get(c.type)} ${c.notNull} ${c.default !== null} ${c.generated} ${c.identity}`,
    ),
  ];
}

function functionLine(f: FunctionInfo, functions: Names, types: Names): string {
  const rest = [
    f.variadic,
    f.defaults,
    f.outputs,
    types.get(f.returns),
    f.returnsSet,
    f.language,
    f.volatility,
    f.securityDefiner,
    f.bodyIsAtomic || f.body,
    f.settings,
    f.support.map((oid) => functions.get(oid)),
    f.defaultExpressions !== undefined,
    f.definition !== null,
  ];
  return `${f.kind} ${f.schema}.${f.name}(${f.arguments.map((oid) => types.get(oid))}) ${JSON.stringify(rest)}`;
}

function typeLine(t: TypeInfo, functions: Names, types: Names): string {
  const rest = [
    types.get(t.baseType),
    t.notNull,
    t.checks.length,
    functions.get(t.inputFunction),
    functions.get(t.outputFunction),
    types.get(t.element),
    t.default !== undefined,
    t.support?.map((oid) => functions.get(oid)),
  ];
  return `${t.kind} type ${t.schema}.${t.name} ${JSON.stringify(rest)}`;
}
