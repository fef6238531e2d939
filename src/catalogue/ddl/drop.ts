/**
 * DROP of each kind of object, renames, and moves between schemas.
 */
import { ident } from "../../base/sql-text.ts";
import type { AlterObjectSchemaStmt, DropStmt, Node, RenameStmt } from "@pgsql/types";
import type { Relation, TypeInfo } from "../types.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { existing, splitName, strings, typeOid } from "./names.ts";
import { routines } from "./routines.ts";
import { tokens } from "./tokens.ts";

const relationKinds: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_SEQUENCE",
  "OBJECT_INDEX",
]);
const routineKinds: ReadonlySet<string> = new Set(["OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"]);
/** Kinds that a snapshot does not hold. */
const notKept: ReadonlySet<string> = new Set([
  "OBJECT_COLLATION",
  "OBJECT_CONVERSION",
  "OBJECT_TSPARSER",
  "OBJECT_TSDICTIONARY",
  "OBJECT_TSTEMPLATE",
  "OBJECT_TSCONFIGURATION",
  "OBJECT_PUBLICATION",
  "OBJECT_STATISTIC_EXT",
  "OBJECT_ACCESS_METHOD",
  "OBJECT_OPCLASS",
  "OBJECT_OPFAMILY",
]);

export function drop(draft: Draft, statement: DropStmt): void {
  const kind = statement.removeType ?? "";
  const cascade = statement.behavior === "DROP_CASCADE";
  if (notKept.has(kind) && !cascade) return;
  for (const object of statement.objects ?? []) {
    if (relationKinds.has(kind)) dropRelation(draft, strings([object]), statement.missing_ok === true, cascade);
    else if (routineKinds.has(kind) && "ObjectWithArgs" in object)
      for (const f of routines(draft, object.ObjectWithArgs)) draft.functions.remove(f.oid);
    else if (kind === "OBJECT_SCHEMA") dropSchema(draft, strings([object])[0] ?? "");
    else dropOther(draft, kind, object);
  }
  // What else a cascade takes away is known for relations and schemas only.
  if (cascade && !relationKinds.has(kind) && kind !== "OBJECT_SCHEMA") throw new NotUnderstood(`DROP ... CASCADE of ${kind}`);
}

function dropRelation(draft: Draft, parts: readonly string[], missingOk: boolean, cascade: boolean): void {
  const { schema, name } = splitName(parts);
  const relation = draft.findRelation(schema, name);
  if (!relation) {
    if (missingOk) return;
    throw new NotUnderstood(`\`${name}\` does not exist`);
  }
  if (relation.kind === "index") {
    dropIndex(draft, relation);
    return;
  }
  for (const member of relation.kind === "partitioned_table" || cascade ? draft.family(relation.oid) : [relation])
    draft.removeRelation(member);
  if (cascade) dropReaders(draft, relation);
}

/** Which key the index was is only certain when the table has one: otherwise none is believed any more. */
function dropIndex(draft: Draft, index: Relation): void {
  draft.relations.remove(index.oid);
  const table = draft.relations.get(index.of ?? 0);
  if (table) draft.putRelation({ ...table, keys: table.keys.filter((key) => key.primary) });
}

/** Views over a dropped relation go with it: those whose text names it. */
function dropReaders(draft: Draft, dropped: Relation): void {
  for (const view of draft.relations.all()) {
    if (view.definition === null) continue;
    const named = tokens(view.definition).some(
      (token) => (token.kind === "word" && token.text === dropped.name) || (token.kind === "name" && token.text === ident(dropped.name)),
    );
    if (!named || !draft.relations.get(view.oid)) continue;
    draft.removeRelation(view);
    dropReaders(draft, view);
  }
}

function dropSchema(draft: Draft, name: string): void {
  for (const relation of draft.relations.all()) if (relation.schema === name) draft.removeRelation(relation);
  for (const f of draft.functions.all()) if (f.schema === name) draft.functions.remove(f.oid);
  for (const type of draft.types.all()) if (type.schema === name) draft.types.remove(type.oid);
  draft.operators = draft.operators.filter((operator) => operator.schema !== name);
  draft.casts = draft.casts.filter((cast) => draft.types.get(cast.source) && draft.types.get(cast.target));
  draft.schemas = draft.schemas.filter((schema) => schema.name !== name);
}

function dropOther(draft: Draft, kind: string, object: Node): void {
  const parts = strings([object]);
  switch (kind) {
    case "OBJECT_TYPE":
    case "OBJECT_DOMAIN":
      dropType(draft, object);
      return;
    case "OBJECT_TRIGGER":
      detach(draft, parts, "triggers");
      return;
    case "OBJECT_RULE":
      detach(draft, parts, "rules");
      return;
    case "OBJECT_POLICY":
      detach(draft, parts, "policies");
      return;
    case "OBJECT_EVENT_TRIGGER":
      draft.eventTriggers = draft.eventTriggers.filter((trigger) => trigger.name !== parts[0]);
      return;
    case "OBJECT_OPERATOR":
      dropOperator(draft, object);
      return;
    case "OBJECT_CAST":
      dropCast(draft, object);
      return;
    case "OBJECT_EXTENSION":
      draft.extensions = draft.extensions.filter((extension) => extension.name !== parts[0]);
      throw new NotUnderstood("what an extension takes with it is not known");
    default:
      throw new NotUnderstood(`DROP of ${kind}`);
  }
}

function dropType(draft: Draft, object: Node): void {
  const oid = "TypeName" in object ? typeOid(draft, object.TypeName) : 0;
  const composite = draft.relations.all().find((relation) => relation.rowType === oid && relation.kind === "composite");
  if (composite) draft.removeRelation(composite);
  else draft.removeType(oid);
}

/** `DROP TRIGGER x ON s.t` comes as the names s, t, x. */
function detach(draft: Draft, parts: readonly string[], what: "triggers" | "rules" | "policies"): void {
  const { schema, name } = splitName(parts.slice(0, -1));
  const relation = draft.findRelation(schema, name);
  for (const member of relation ? draft.family(relation.oid) : []) {
    if (what === "triggers" || member.oid === relation?.oid)
      draft.putRelation({ ...member, [what]: member[what].filter((one) => one.name !== parts.at(-1)) });
  }
}

function dropOperator(draft: Draft, object: Node): void {
  if (!("ObjectWithArgs" in object)) throw new NotUnderstood("an operator without operands");
  const { schema, name } = splitName(strings(object.ObjectWithArgs.objname));
  const [left = 0, right = 0] = (object.ObjectWithArgs.objargs ?? []).map((node) =>
    "TypeName" in node ? typeOid(draft, node.TypeName) : 0,
  );
  const index = draft.operators.findIndex(
    (o) =>
      o.name === name && o.left === left && o.right === right && (schema === undefined ? o.schema !== "pg_catalog" : o.schema === schema),
  );
  draft.operators = draft.operators.filter((_, i) => i !== index);
}

function dropCast(draft: Draft, object: Node): void {
  const [source, target] = ("List" in object ? (object.List.items ?? []) : []).map((node) =>
    "TypeName" in node ? typeOid(draft, node.TypeName) : 0,
  );
  draft.casts = draft.casts.filter((cast) => cast.source !== source || cast.target !== target);
}

export function rename(draft: Draft, statement: RenameStmt): void {
  const kind = statement.renameType ?? "";
  const name = statement.newname ?? "";
  const parts = statement.object ? strings([statement.object]) : [];
  if (relationKinds.has(kind)) {
    move(draft, existing(draft, statement.relation), { name });
    return;
  }
  if (routineKinds.has(kind) && statement.object && "ObjectWithArgs" in statement.object) {
    for (const f of routines(draft, statement.object.ObjectWithArgs)) draft.functions.put({ ...f, name });
    return;
  }
  switch (kind) {
    case "OBJECT_COLUMN":
    case "OBJECT_ATTRIBUTE":
      renameColumn(draft, existing(draft, statement.relation), statement.subname ?? "", name);
      return;
    case "OBJECT_TABCONSTRAINT":
      renameConstraint(draft, existing(draft, statement.relation), statement.subname ?? "", name);
      return;
    case "OBJECT_TRIGGER":
      renameAttached(draft, existing(draft, statement.relation), "triggers", statement.subname ?? "", name);
      return;
    case "OBJECT_POLICY":
      renameAttached(draft, existing(draft, statement.relation), "policies", statement.subname ?? "", name);
      return;
    case "OBJECT_RULE":
      renameAttached(draft, existing(draft, statement.relation), "rules", statement.subname ?? "", name);
      return;
    case "OBJECT_TYPE":
    case "OBJECT_DOMAIN":
      moveType(draft, parts, { name });
      return;
    case "OBJECT_SCHEMA":
      renameSchema(draft, statement.subname ?? "", name);
      return;
    case "OBJECT_DOMCONSTRAINT":
      return;
    default:
      throw new NotUnderstood(`RENAME of ${kind}`);
  }
}

export function setSchema(draft: Draft, statement: AlterObjectSchemaStmt): void {
  const kind = statement.objectType ?? "";
  const schema = statement.newschema ?? "";
  if (relationKinds.has(kind)) {
    const relation = existing(draft, statement.relation);
    for (const owned of draft.relations.all().filter((other) => other.of === relation.oid)) draft.putRelation({ ...owned, schema });
    move(draft, relation, { schema });
    return;
  }
  if (routineKinds.has(kind) && statement.object && "ObjectWithArgs" in statement.object) {
    for (const f of routines(draft, statement.object.ObjectWithArgs)) draft.functions.put({ ...f, schema });
    return;
  }
  if (kind === "OBJECT_TYPE" || kind === "OBJECT_DOMAIN") {
    moveType(draft, statement.object ? strings([statement.object]) : [], { schema });
    return;
  }
  throw new NotUnderstood(`SET SCHEMA of ${kind}`);
}

function move(draft: Draft, relation: Relation, place: { readonly name?: string; readonly schema?: string }): void {
  draft.putRelation({ ...relation, ...place });
  const type = draft.types.get(relation.rowType ?? 0);
  if (type) placeType(draft, type, place);
}

/** The array type goes along, and is named after it again. */
function placeType(draft: Draft, type: TypeInfo, place: { readonly name?: string; readonly schema?: string }): void {
  const array = draft.types.get(draft.arrayOf(type.oid));
  draft.types.put({ ...type, ...place });
  if (!array) return;
  const schema = place.schema ?? array.schema;
  draft.types.put({ ...array, schema, name: place.name === undefined ? array.name : draft.arrayName({ schema, name: place.name }) });
}

function moveType(draft: Draft, parts: readonly string[], place: { readonly name?: string; readonly schema?: string }): void {
  const { schema, name } = splitName(parts);
  const type = draft.findType(schema, name);
  if (!type) throw new NotUnderstood("the type does not exist");
  const composite = draft.relations.all().find((relation) => relation.rowType === type.oid);
  if (composite) {
    move(draft, composite, place);
    return;
  }
  placeType(draft, type, place);
}

function renameColumn(draft: Draft, relation: Relation, from: string, to: string): void {
  const swap = (name: string): string => (name === from ? to : name);
  for (const member of draft.family(relation.oid)) {
    draft.putRelation({
      ...member,
      columns: member.columns.map((column) => ({ ...column, name: swap(column.name) })),
      keys: member.keys.map((key) => ({ ...key, columns: key.columns.map(swap) })),
    });
    draft.foreignKeys = draft.foreignKeys.map((key) => ({
      ...key,
      fromColumns: key.from === member.oid ? key.fromColumns.map(swap) : key.fromColumns,
      toColumns: key.to === member.oid ? key.toColumns.map(swap) : key.toColumns,
    }));
  }
}

function renameConstraint(draft: Draft, table: Relation, from: string, to: string): void {
  draft.foreignKeys = draft.foreignKeys.map((key) => (key.from === table.oid && key.name === from ? { ...key, name: to } : key));
  const index = draft.relations.named(table.schema, from).find((relation) => relation.of === table.oid);
  if (index) draft.putRelation({ ...index, name: to });
}

function renameAttached(draft: Draft, relation: Relation, what: "triggers" | "rules" | "policies", from: string, to: string): void {
  draft.putRelation({ ...relation, [what]: relation[what].map((one) => (one.name === from ? { ...one, name: to } : one)) });
}

function renameSchema(draft: Draft, from: string, to: string): void {
  draft.schemas = draft.schemas.map((schema) => (schema.name === from ? { ...schema, name: to } : schema));
  for (const relation of draft.relations.all()) if (relation.schema === from) draft.putRelation({ ...relation, schema: to });
  for (const f of draft.functions.all()) if (f.schema === from) draft.functions.put({ ...f, schema: to });
  for (const type of draft.types.all()) if (type.schema === from) draft.types.put({ ...type, schema: to });
  draft.operators = draft.operators.map((operator) => (operator.schema === from ? { ...operator, schema: to } : operator));
}
