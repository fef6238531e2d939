/**
 * CREATE in all its kinds: what is defined, and which expressions run at once or are stored for later.
 * It does not handle ALTER and DROP (alter.ts, drop.ts).
 */
import { isTemporarySchema } from "../../catalogue/search-path.ts";
import { isBuiltIn } from "../../catalogue/types.ts";
import { castTo, castToAny } from "./calls.ts";
import { emit, emitUnknown, hidesRelation, NO_SUCH_RELATION, noCuts, Sink, UNCERTAIN, writtenName, type Place, lookUp } from "./engine.ts";
import { isRelationKind, newName, objectKind, objectName, objectParts, rangeVarParts } from "./objects.ts";
import { computeAgain, rowExpression } from "./relations.ts";
import { as, flag, list, nameParts, part, qualified, text, rangeVarName, stringOf, type Fields } from "./tree.ts";
import type { ResourceType } from "../../model/effect.ts";
import type { Visitor } from "./walk.ts";

function define(at: Place, type: ResourceType, name: string, detail: string): void {
  if (detail === "create_temporary" && !at.stored) {
    at.made.add(name.slice("pg_temp.".length));
    // A body is not followed in order: whether the temporary one is there at a later statement is not certain.
    if (at.repeated && hidesRelation(name, at)) emitUnknown(at, "a temporary table hides another of that name inside a body", name);
  }
  emit(at, { operation: "define", resource: { type, name }, detail, reversibility: "reversible" });
}

function stored(at: Place): Place {
  return { ...at, stored: true };
}

function isTemporary(rangeVar: Fields, at: Place): boolean {
  const schema = text(rangeVar, "schemaname");
  if (text(rangeVar, "relpersistence") === "t" || isTemporarySchema(schema)) return true;
  return schema === "" && at.names.searchPath[0]?.startsWith("pg_temp") === true;
}

function createTable(fields: Fields, at: Place): void {
  const rangeVar = part(fields, "relation") ?? {};
  const temporary = isTemporary(rangeVar, at);
  define(at, "table", newName(rangeVarParts(rangeVar), at, temporary), temporary ? "create_temporary" : "create_table");
  // No row exists yet: defaults and checks are kept for later. A partition's check runs over what it takes in.
  // What belongs to a temporary table is never seen again, so it is judged now.
  at.engine.children("CreateStmt", fields, temporary ? at : stored(at), ["relation", "inhRelations", "partbound"]);
  if (temporary) for (const parent of list(fields, "inhRelations")) takeOver(as(parent, "RangeVar") ?? {}, EVERYTHING, at);
  const bound = part(fields, "partbound");
  if (bound === undefined) return;
  at.engine.visit("PartitionBoundSpec", bound, at);
  // Rows of the default partition are held against the new bound.
  for (const inherited of list(fields, "inhRelations")) {
    const { schema, name } = rangeVarName(as(inherited, "RangeVar") ?? {});
    const parent = lookUp(schema, name, at);
    if (parent !== undefined && parent !== "temporary") computeAgain(parent, at, ["partition"]);
  }
}

function createTableAs(fields: Fields, at: Place): void {
  const into = part(fields, "into") ?? {};
  const view = text(fields, "objtype") === "OBJECT_MATVIEW";
  defineInto(into, view, at);
  const prepared = as(fields["query"], "ExecuteStmt");
  // Which tables its columns' types come from, only the prepared statement knows.
  if (prepared !== undefined && isTemporary(part(into, "rel") ?? {}, at)) castToAny(at);
  if (prepared !== undefined || !flag(into, "skipData")) at.engine.statement(fields["query"], at);
  else at.engine.statement(fields["query"], stored(at));
}

/** SELECT INTO and CREATE TABLE AS. */
function defineInto(into: Fields, view: boolean, at: Place): void {
  const rangeVar = part(into, "rel") ?? {};
  const temporary = isTemporary(rangeVar, at);
  define(
    at,
    view ? "view" : "table",
    newName(rangeVarParts(rangeVar), at, temporary),
    temporary ? "create_temporary" : view ? "create_view" : "create_table",
  );
  at.engine.children("IntoClause", into, at, ["rel"]);
}

function createIndex(fields: Fields, at: Place): void {
  const rangeVar = part(fields, "relation") ?? {};
  const table = objectName("OBJECT_TABLE", rangeVarParts(rangeVar), at);
  define(at, "index", `${table} ${text(fields, "idxname")}`.trim(), "create_index");
  at.engine.children("IndexStmt", fields, at, ["relation"]);
}

/**
 * A view over anything temporary is temporary itself. The catalogue never shows what is in a temporary view, so its query is
 * judged here as if it ran, and later changes through it are not known.
 */
function createView(fields: Fields, at: Place): void {
  const rangeVar = part(fields, "view") ?? {};
  const sink = new Sink();
  at.engine.statement(fields["query"], { ...at, sink, cuts: noCuts(), stored: false });
  const temporary =
    isTemporary(rangeVar, at) ||
    (text(rangeVar, "schemaname") === "" && sink.effects.some((effect) => effect.resource.name.startsWith("pg_temp.")));
  if (temporary) {
    at.madeViews.add(text(rangeVar, "relname"));
    if (!at.stored && !at.planned) for (const effect of sink.effects) at.sink.add(effect);
  }
  define(
    at,
    "view",
    newName(rangeVarParts(rangeVar), at, temporary),
    temporary ? "create_temporary" : flag(fields, "replace") ? "replace_view" : "create_view",
  );
  at.engine.statement(fields["query"], stored(at));
  at.engine.nodes(fields["options"], stored(at));
}

function createFunction(fields: Fields, at: Place): void {
  const options = list(fields, "options").map((option) => as(option, "DefElem") ?? {});
  const definer = options.some((option) => text(option, "defname") === "security" && flag(as(option["arg"], "Boolean") ?? {}, "boolval"));
  const name = newName(nameParts(list(fields, "funcname")) ?? [], at);
  define(at, "function", name, definer ? "create_security_definer" : flag(fields, "replace") ? "replace_function" : "create_function");
  at.engine.children("CreateFunctionStmt", fields, stored(at), ["funcname", "sql_body", "options"]);
}

function createSchema(fields: Fields, at: Place): void {
  const name = text(fields, "schemaname") || text(part(fields, "authrole") ?? {}, "rolename");
  define(at, "schema", name, "create_schema");
  const owner = part(fields, "authrole");
  if (owner !== undefined && text(owner, "roletype") === "ROLESPEC_CSTRING" && text(owner, "rolename") !== at.role)
    emit(at, { operation: "grant", resource: { type: "schema", name }, detail: "alter_owner", reversibility: "reversible" });
  const inside: Place = { ...at, names: { ...at.names, searchPath: [name, ...at.names.searchPath] } };
  for (const element of list(fields, "schemaElts")) at.engine.statement(element, inside);
}

function createTrigger(fields: Fields, at: Place): void {
  const table = objectName("OBJECT_TABLE", rangeVarParts(part(fields, "relation") ?? {}), at);
  define(at, "trigger", `${table}.${text(fields, "trigname")}`, "create_trigger");
  const fn = qualified(nameParts(list(fields, "funcname")) ?? []);
  // Only the catalogue shows triggers, and it never shows a temporary table's: what this one would do is judged now.
  if (table.startsWith("pg_temp.")) at.engine.callByName(fn.schema, fn.name, [], { ...at, cause: "trigger", repeated: true });
  at.engine.children("CreateTrigStmt", fields, stored(at), ["relation", "funcname", "constrrel", "columns", "args"]);
}

function createRule(fields: Fields, at: Place): void {
  const table = objectName("OBJECT_TABLE", rangeVarParts(part(fields, "relation") ?? {}), at);
  define(at, "trigger", `${table}.${text(fields, "rulename")}`, "create_rule");
  at.engine.nodes(fields["whereClause"], stored(at));
  for (const action of list(fields, "actions")) at.engine.statement(action, stored(at));
}

function createSequence(fields: Fields, at: Place): void {
  const rangeVar = part(fields, "sequence") ?? {};
  const temporary = isTemporary(rangeVar, at);
  define(at, "sequence", newName(rangeVarParts(rangeVar), at, temporary), temporary ? "create_temporary" : "create_sequence");
}

/** A definition named by a list of names, with nothing in it that runs at once. */
function named(type: ResourceType, detail: string, key: string): Visitor {
  return (fields, at) => {
    const value = fields[key];
    const parts = Array.isArray(value) ? (nameParts(value) ?? []) : typeof value === "string" ? [value] : [];
    define(at, type, newName(parts, at), detail);
  };
}

/** As `named`, where the expressions inside are kept for later. */
function withStored(tag: string, inner: Visitor, except: readonly string[]): Visitor {
  return (fields, at) => {
    inner(fields, at);
    at.engine.children(tag, fields, stored(at), except);
  };
}

function defineObject(fields: Fields, at: Place): void {
  const objectType = text(fields, "kind");
  const details: Readonly<Record<string, string>> = {
    OBJECT_AGGREGATE: "create_function",
    OBJECT_OPERATOR: "create_operator",
    OBJECT_TYPE: "create_type",
  };
  define(
    at,
    objectKind(objectType).type,
    newName(nameParts(list(fields, "defnames")) ?? [], at),
    details[objectType] ?? "create_text_search",
  );
}

function server(detail: "foreign_server" | "user_mapping", key: string): Visitor {
  return (fields, at) =>
    emit(at, {
      operation: detail === "user_mapping" ? "grant" : "define",
      resource: { type: "server", name: text(fields, key) },
      detail,
      reversibility: "reversible",
    });
}

function foreignTable(fields: Fields, at: Place): void {
  const base = part(fields, "base") ?? {};
  const rangeVar = part(base, "relation") ?? {};
  define(at, "foreign_table", newName(rangeVarParts(rangeVar), at), "foreign_server");
  at.engine.children("CreateStmt", base, stored(at), ["relation", "inhRelations"]);
}

/** Row filters are kept, and run when rows are sent. */
function publication(tag: "CreatePublicationStmt" | "AlterPublicationStmt"): Visitor {
  return (fields, at) => {
    define(at, "publication", text(fields, "pubname"), "publication");
    at.engine.children(tag, fields, stored(at), ["options"]);
  };
}

function subscription(fields: Fields, at: Place): void {
  emit(at, {
    operation: "connect",
    resource: { type: "subscription", name: text(fields, "subname") },
    detail: "subscription",
    reversibility: "irreversible",
  });
}

function grantLike(type: ResourceType, key: string, detail: string): Visitor {
  return (fields, at) => emit(at, { operation: "grant", resource: { type, name: text(fields, key) }, detail, reversibility: "unknown" });
}

function policy(tag: "CreatePolicyStmt" | "AlterPolicyStmt", detail: string): Visitor {
  return (fields, at) => {
    const { schema, name } = rangeVarName(part(fields, "table") ?? {});
    const table = objectName("OBJECT_TABLE", schema === undefined ? [name] : [schema, name], at);
    emit(at, {
      operation: "grant",
      resource: { type: "policy", name: `${table}.${text(fields, "policy_name")}` },
      detail,
      reversibility: "unknown",
    });
    at.engine.children(tag, fields, stored(at), ["table", "roles"]);
  };
}

function importSchema(fields: Fields, at: Place): void {
  emit(at, {
    operation: "connect",
    resource: { type: "server", name: text(fields, "server_name") },
    detail: "remote",
    extent: UNCERTAIN,
    reversibility: "irreversible",
  });
  define(at, "schema", text(fields, "local_schema"), "foreign_server");
}

/** CREATE_TABLE_LIKE_... of the parser. */
const LIKE = { constraints: 4, defaults: 8, generated: 16, indexes: 64, statistics: 128 } as const;
const EVERYTHING = ~0;

function like(fields: Fields, at: Place): void {
  const options = fields["options"];
  takeOver(part(fields, "relation") ?? {}, typeof options === "number" ? options : 0, at);
}

/** What a new table takes over from another one: types of columns, and by `options` defaults, checks and index expressions. */
function takeOver(rangeVar: Fields, options: number, at: Place): void {
  const { schema, name } = rangeVarName(rangeVar);
  const source = lookUp(schema, name, at);
  if (source === undefined) emitUnknown(at, NO_SUCH_RELATION, writtenName(schema, name), "unknown_relation", "table");
  if (source === undefined || source === "temporary") return;
  for (const column of source.columns) {
    if (!isBuiltIn(column.type)) castTo(column.type, at);
    const kept = (options & (column.generated ? LIKE.generated : LIKE.defaults)) !== 0;
    if (kept && column.default !== null) rowExpression(column.default, source, { ...at, cause: "default" });
  }
  const wanted = { check: LIKE.constraints, index: LIKE.indexes | LIKE.statistics, partition: 0 } as const;
  for (const { kind, text: expression } of source.expressions)
    if ((options & wanted[kind]) !== 0) rowExpression(expression, source, { ...at, cause: "default" });
}

function extension(detail: string): Visitor {
  return (fields, at) => define(at, "extension", text(fields, "extname"), detail);
}

/** What belongs to the whole server, and to whom its comments may mean something: a session role's comment says when it ends. */
const SHARED: Readonly<Record<string, string>> = {
  OBJECT_ROLE: "alter_role",
  OBJECT_DATABASE: "alter_database",
  OBJECT_TABLESPACE: "create_tablespace",
};

function comment(fields: Fields, at: Place): void {
  const objectType = text(fields, "objtype");
  const shared = SHARED[objectType];
  if (shared !== undefined)
    emit(at, {
      operation: shared === "alter_role" ? "grant" : "define",
      resource: { type: objectKind(objectType).type, name: objectParts(fields["object"]).join(".") },
      detail: shared,
      reversibility: "reversible",
    });
  const parts = objectParts(fields["object"]);
  define(
    at,
    objectKind(objectType).type,
    isRelationKind(objectType) && objectType !== "OBJECT_COLUMN" ? objectName(objectType, parts, at) : parts.join("."),
    "comment",
  );
}

export const createVisitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ["CreateStmt", createTable],
  ["CreateTableAsStmt", createTableAs],
  ["IntoClause", (fields, at) => defineInto(fields, false, at)],
  ["TableLikeClause", like],
  ["IndexStmt", createIndex],
  ["ViewStmt", createView],
  ["CreateFunctionStmt", createFunction],
  ["CreateSchemaStmt", createSchema],
  ["CreateTrigStmt", createTrigger],
  ["RuleStmt", createRule],
  ["CreateSeqStmt", createSequence],
  ["CreateEventTrigStmt", named("trigger", "create_event_trigger", "trigname")],
  ["CreateDomainStmt", withStored("CreateDomainStmt", named("type", "create_type", "domainname"), ["domainname"])],
  ["CreateEnumStmt", named("type", "create_type", "typeName")],
  ["CreateRangeStmt", named("type", "create_type", "typeName")],
  ["CompositeTypeStmt", (fields, at) => define(at, "type", newName(rangeVarParts(part(fields, "typevar") ?? {}), at), "create_type")],
  ["DefineStmt", defineObject],
  ["CreateOpClassStmt", named("type", "create_operator", "opclassname")],
  ["CreateOpFamilyStmt", named("type", "create_operator", "opfamilyname")],
  ["CreateConversionStmt", named("type", "create_operator", "conversion_name")],
  ["CreateCastStmt", (_fields, at) => define(at, "function", "cast", "create_operator")],
  ["CreateTransformStmt", (_fields, at) => define(at, "function", "transform", "create_operator")],
  ["CreateAmStmt", named("type", "create_operator", "amname")],
  ["CreatePLangStmt", named("type", "create_operator", "plname")],
  [
    "CreateStatsStmt",
    (fields, at) => {
      named("index", "create_statistics", "defnames")(fields, at);
      // Computed by the server's own ANALYZE some time later, in nobody's session: as if now.
      at.engine.children("CreateStatsStmt", fields, at, ["defnames", "relations", "stat_types"]);
    },
  ],
  ["CreateExtensionStmt", extension("create_extension")],
  ["AlterExtensionStmt", extension("alter_extension")],
  ["AlterExtensionContentsStmt", extension("alter_extension")],
  ["CreatedbStmt", (fields, at) => define(at, "database", text(fields, "dbname"), "create_database")],
  ["CreateTableSpaceStmt", (fields, at) => define(at, "file", text(fields, "tablespacename"), "create_tablespace")],
  ["CreateFdwStmt", server("foreign_server", "fdwname")],
  ["CreateForeignServerStmt", server("foreign_server", "servername")],
  ["CreateForeignTableStmt", foreignTable],
  ["CreateUserMappingStmt", server("user_mapping", "servername")],
  ["ImportForeignSchemaStmt", importSchema],
  ["CreatePublicationStmt", publication("CreatePublicationStmt")],
  ["AlterPublicationStmt", publication("AlterPublicationStmt")],
  ["PublicationTable", (fields, at) => at.engine.nodes(fields["whereClause"], at)],
  ["CreateSubscriptionStmt", subscription],
  ["CreateRoleStmt", grantLike("role", "role", "create_role")],
  ["CreatePolicyStmt", policy("CreatePolicyStmt", "create_policy")],
  ["AlterPolicyStmt", policy("AlterPolicyStmt", "alter_policy")],
  ["CommentStmt", comment],
  [
    "SecLabelStmt",
    (fields, at) =>
      emit(at, {
        operation: "grant",
        resource: {
          type: objectKind(text(fields, "objtype")).type,
          name: objectParts(fields["object"]).join(".") || stringOf(fields["object"]) || "object",
        },
        detail: "security_label",
        reversibility: "unknown",
      }),
  ],
]);
