/**
 * ALTER, GRANT and maintenance: each subcommand of ALTER TABLE by itself, rights, owners, VACUUM and its kin.
 * It does not know whether a change rewrites the table; expressions in it that run at once are walked as such.
 */
import { emit, emitUnknown, hidesRelation, ONE, UNBOUNDED, UNCERTAIN, type Place, type Scope, lookUp } from "./engine.ts";
import type { Operation, ResourceType, Reversibility } from "../../model/effect.ts";
import { objectKind, objectName, objectParts, isRelationKind, rangeVarParts } from "./objects.ts";
import { maintenanceVisitors } from "./maintain.ts";
import { isSerial } from "./expressions.ts";
import { computeAgain } from "./relations.ts";
import { emitVariableSet } from "./session.ts";
import { as, flag, list, nameParts, part, stringOf, text, type Fields } from "./tree.ts";
import type { Visitor } from "./walk.ts";

type Judged = readonly [detail: string, operation: Operation, reversibility: Reversibility];
const define = (detail: string): Judged => [detail, "define", "reversible"];
const right = (detail: string): Judged => [detail, "grant", "reversible"];

/** Subcommands of ALTER TABLE by the parser's `AT_...`; one that is not here is unknown. */
const SUBCOMMANDS: Readonly<Record<string, Judged>> = {
  AddColumn: define("alter_add"),
  AddConstraint: define("alter_add"),
  AddIndex: define("alter_add"),
  AddIndexConstraint: define("alter_add"),
  AddIdentity: define("alter_add"),
  AddOf: define("alter_add"),
  ValidateConstraint: define("alter_add"),
  DropColumn: ["alter_drop_column", "delete", "irreversible"],
  DropConstraint: define("alter_drop_constraint"),
  DropNotNull: define("alter_loosen"),
  DropExpression: define("alter_loosen"),
  DropIdentity: define("alter_loosen"),
  DropOf: define("alter_loosen"),
  AlterConstraint: define("alter_column"),
  AlterColumnType: ["alter_type", "define", "irreversible"],
  ColumnDefault: define("alter_column"),
  SetNotNull: define("alter_column"),
  SetExpression: ["alter_type", "define", "irreversible"],
  SetStatistics: define("alter_column"),
  SetOptions: define("alter_column"),
  ResetOptions: define("alter_column"),
  SetStorage: define("alter_column"),
  SetCompression: define("alter_column"),
  SetIdentity: define("alter_column"),
  AlterColumnGenericOptions: define("alter_column"),
  ChangeOwner: right("alter_owner"),
  ClusterOn: define("alter_storage"),
  DropCluster: define("alter_storage"),
  SetLogged: define("alter_storage"),
  SetUnLogged: define("alter_storage"),
  DropOids: define("alter_storage"),
  SetAccessMethod: define("alter_storage"),
  SetTableSpace: define("alter_storage"),
  SetRelOptions: define("alter_storage"),
  ResetRelOptions: define("alter_storage"),
  ReplaceRelOptions: define("alter_storage"),
  ReplicaIdentity: define("alter_storage"),
  GenericOptions: define("foreign_server"),
  AddInherit: define("alter_inherit"),
  DropInherit: define("alter_inherit"),
  AttachPartition: define("alter_inherit"),
  DetachPartition: define("alter_detach_partition"),
  DetachPartitionFinalize: define("alter_detach_partition"),
  EnableTrig: define("alter_trigger"),
  EnableAlwaysTrig: define("alter_trigger"),
  EnableTrigAll: define("alter_trigger"),
  EnableTrigUser: define("alter_trigger"),
  EnableRule: define("alter_trigger"),
  EnableAlwaysRule: define("alter_trigger"),
  EnableReplicaTrig: define("disable_trigger"),
  DisableTrig: define("disable_trigger"),
  DisableTrigAll: define("disable_trigger"),
  DisableTrigUser: define("disable_trigger"),
  EnableReplicaRule: define("disable_trigger"),
  DisableRule: define("disable_trigger"),
  EnableRowSecurity: right("row_security_on"),
  ForceRowSecurity: right("row_security_on"),
  DisableRowSecurity: right("row_security_off"),
  NoForceRowSecurity: right("row_security_off"),
};

/** A constraint that is NOT ENFORCED (18) guards no more than one that is dropped, and cascades no more either. */
function switchesOff(cmd: Fields): boolean {
  const changed = as(cmd["def"], "ATAlterConstraint");
  return changed !== undefined && flag(changed, "alterEnforceability") && !flag(changed, "is_enforced");
}

/** Subcommands under which the server writes the table or its indexes anew, or holds what is there against checks and keys. */
const COMPUTE: ReadonlySet<string> = new Set(
  ["SetLogged", "SetUnLogged", "SetAccessMethod", "ValidateConstraint", "AlterColumnType", "SetExpression", "AttachPartition"].map(
    (name) => `AT_${name}`,
  ),
);

/** ADD COLUMN leaves the rows as they are, unless each gets a value of its own. */
function computesAgain(cmd: Fields, at: Place): boolean {
  if (text(cmd, "subtype") !== "AT_AddColumn") return COMPUTE.has(text(cmd, "subtype"));
  const column = as(cmd["def"], "ColumnDef") ?? {};
  const names = nameParts(list(part(column, "typeName") ?? {}, "names")) ?? [];
  const type = isSerial(names) ? undefined : at.catalogue.type(names.length > 1 ? names[0] : undefined, names.at(-1) ?? "", at.names);
  return (
    type?.kind === "domain" ||
    isSerial(names) ||
    list(column, "constraints").some((one) => {
      const constraint = as(one, "Constraint") ?? {};
      const kind = text(constraint, "contype");
      return ["CONSTR_IDENTITY", "CONSTR_GENERATED"].includes(kind) || (kind === "CONSTR_DEFAULT" && !isLiteral(constraint["raw_expr"]));
    })
  );
}

function isLiteral(expression: unknown): boolean {
  const cast = as(expression, "TypeCast");
  return as(cast === undefined ? expression : cast["arg"], "A_Const") !== undefined;
}

function alterTable(fields: Fields, at: Place): void {
  const objectType = text(fields, "objtype");
  if (alterComposite(fields, at)) return;
  const parts = rangeVarParts(part(fields, "relation") ?? {});
  const name = objectName(objectType, parts, at);
  const relation = lookUp(parts.length > 1 ? parts[0] : undefined, parts.at(-1) ?? "", at);
  const known = relation === undefined || relation === "temporary" ? undefined : relation;
  const scope: Scope = {
    parent: undefined,
    ctes: new Set(),
    variables: undefined,
    sources: [
      {
        alias: parts.at(-1) ?? "",
        relation: known,
        columns: known === undefined ? undefined : new Set(known.columns.map((column) => column.name)),
      },
    ],
  };
  for (const command of list(fields, "cmds")) {
    const cmd = as(command, "AlterTableCmd") ?? {};
    const judged = SUBCOMMANDS[text(cmd, "subtype").replace(/^AT_/, "")];
    if (judged === undefined) {
      emitUnknown(at, "a kind of ALTER TABLE that is not understood", name);
      continue;
    }
    const [detail, operation, reversibility] = switchesOff(cmd) ? define("alter_loosen") : judged;
    emit(at, {
      operation,
      resource: { type: objectKind(objectType).type, name },
      detail,
      reversibility,
      extent: operation === "delete" ? UNBOUNDED : ONE,
    });
    if (known !== undefined && computesAgain(cmd, at)) for (const table of at.catalogue.descendants(known)) computeAgain(table, at);
    // Defaults of new columns, checks and USING run over the rows there are; a changed default only over later ones.
    const later = text(cmd, "subtype") === "AT_ColumnDefault" && relation !== "temporary";
    at.engine.children("AlterTableCmd", cmd, { ...at, scope, stored: at.stored || later }, ["newowner"]);
  }
}

function renamed(fields: Fields, at: Place): void {
  const objectType = text(fields, "renameType");
  const owner = text(fields, "relationType");
  const relation = part(fields, "relation");
  const type =
    relation === undefined
      ? objectType
      : isRelationKind(objectType) && objectType !== "OBJECT_COLUMN" && objectType !== "OBJECT_TABCONSTRAINT"
        ? objectType
        : isRelationKind(owner)
          ? owner
          : "OBJECT_TABLE";
  const parts = relation === undefined ? objectParts(fields["object"]) : rangeVarParts(relation);
  const named = parts.length > 0 ? objectName(type, parts, at) : text(fields, "subname");
  if (at.repeated && named.startsWith("pg_temp.") && hidesRelation(named, at))
    emitUnknown(at, "a temporary table that hides another of that name is renamed inside a body", named);
  const grants = objectType === "OBJECT_ROLE";
  const detail = grants ? "alter_role" : objectType === "OBJECT_DATABASE" ? "alter_database" : "alter_rename";
  emit(at, {
    operation: grants ? "grant" : "define",
    resource: { type: objectKind(type).type, name: named },
    detail,
    reversibility: "reversible",
  });
}

/** ALTER ... SET SCHEMA, OWNER TO and other statements that name their object the same way. */
function altered(kindKey: string, judged: Judged): Visitor {
  return (fields, at) => {
    const objectType = text(fields, kindKey);
    const relation = part(fields, "relation");
    const parts = relation === undefined ? objectParts(fields["object"]) : rangeVarParts(relation);
    const [detail, operation, reversibility] = judged;
    emit(at, {
      operation,
      resource: { type: objectKind(objectType).type, name: objectName(objectType, parts, at) },
      detail,
      reversibility,
    });
  };
}

function other(type: ResourceType, key: string, detail = "alter_other", operation: Operation = "define"): Visitor {
  return (fields, at) => {
    const value = fields[key];
    const parts = Array.isArray(value)
      ? (nameParts(value) ?? [])
      : typeof value === "string"
        ? [value]
        : objectParts({ ObjectWithArgs: part(fields, key) ?? {} });
    emit(at, {
      operation,
      resource: { type, name: parts.join(".") },
      detail,
      reversibility: operation === "define" ? "reversible" : "unknown",
    });
  };
}

function alterFunction(fields: Fields, at: Place): void {
  const name = objectName(text(fields, "objtype"), nameParts(list(part(fields, "func") ?? {}, "objname")) ?? [], at);
  const options = list(fields, "actions").map((action) => as(action, "DefElem") ?? {});
  const definer = options.some((option) => text(option, "defname") === "security" && flag(as(option["arg"], "Boolean") ?? {}, "boolval"));
  emit(at, {
    operation: "define",
    resource: { type: "function", name },
    detail: definer ? "create_security_definer" : "alter_other",
    reversibility: "reversible",
  });
}

function alterDomain(fields: Fields, at: Place): void {
  const name = objectName("OBJECT_DOMAIN", nameParts(list(fields, "typeName")) ?? [], at);
  emit(at, { operation: "define", resource: { type: "type", name }, detail: "alter_other", reversibility: "reversible" });
  at.engine.children("AlterDomainStmt", fields, at, ["typeName"]);
}

function alterSequence(fields: Fields, at: Place): void {
  const name = objectName("OBJECT_SEQUENCE", rangeVarParts(part(fields, "sequence") ?? {}), at);
  const options = list(fields, "options").map((option) => text(as(option, "DefElem") ?? {}, "defname"));
  if (options.includes("restart"))
    emit(at, { operation: "update", resource: { type: "sequence", name }, detail: "sequence_set", reversibility: "restorable" });
  if (options.some((option) => option !== "restart"))
    emit(at, { operation: "define", resource: { type: "sequence", name }, detail: "alter_other", reversibility: "reversible" });
}

/** ALTER TYPE: an attribute more or less changes what every row constructor and literal of the type means. */
function alterComposite(fields: Fields, at: Place): boolean {
  if (text(fields, "objtype") !== "OBJECT_TYPE") return false;
  const name = objectName("OBJECT_TYPE", rangeVarParts(part(fields, "relation") ?? {}), at);
  for (const command of list(fields, "cmds")) {
    const drops = text(as(command, "AlterTableCmd") ?? {}, "subtype") === "AT_DropColumn";
    emit(at, {
      operation: drops ? "delete" : "define",
      resource: { type: "type", name },
      detail: drops ? "alter_drop_column" : "alter_other",
      reversibility: drops ? "irreversible" : "reversible",
    });
    at.engine.nodes(command, at);
  }
  return true;
}

function grantees(fields: Fields, key: string): string {
  return list(fields, key)
    .map((role) => text(as(role, "RoleSpec") ?? {}, "rolename") || text(as(role, "AccessPriv") ?? {}, "priv_name") || "public")
    .join(", ");
}

function grant(fields: Fields, at: Place): void {
  const detail = flag(fields, "is_grant") ? "grant" : "revoke";
  const objectType = text(fields, "objtype");
  const all = text(fields, "targtype") !== "ACL_TARGET_OBJECT";
  for (const object of list(fields, "objects")) {
    const parts = objectParts(object);
    const name = all ? `${parts.join(".")}.*` : objectName(objectType, parts, at);
    emit(at, {
      operation: "grant",
      resource: { type: objectKind(objectType).type, name: name || (stringOf(object) ?? "object") },
      detail,
      extent: all ? UNBOUNDED : ONE,
      reversibility: "reversible",
    });
  }
  if (list(fields, "objects").length === 0)
    emit(at, {
      operation: "grant",
      resource: { type: "unknown", name: "objects" },
      detail,
      extent: UNCERTAIN,
      reversibility: "reversible",
    });
}

function storedSetting(type: ResourceType, nameOf: (fields: Fields) => string): Visitor {
  return (fields, at) => {
    emitVariableSet(part(fields, "setstmt") ?? {}, at, true);
    emit(at, {
      operation: type === "role" ? "grant" : "define",
      resource: { type, name: nameOf(fields) || "all" },
      detail: type === "role" ? "alter_role" : "alter_database",
      reversibility: "reversible",
    });
  };
}

const roleName = (fields: Fields): string => text(part(fields, "role") ?? {}, "rolename");

export const alterVisitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ["AlterTableStmt", alterTable],
  ["RenameStmt", renamed],
  ["AlterObjectSchemaStmt", altered("objectType", define("alter_set_schema"))],
  ["AlterOwnerStmt", altered("objectType", right("alter_owner"))],
  ["AlterObjectDependsStmt", altered("objectType", define("alter_other"))],
  ["AlterFunctionStmt", alterFunction],
  ["AlterDomainStmt", alterDomain],
  ["AlterSeqStmt", alterSequence],
  ["AlterTypeStmt", other("type", "typeName")],
  ["AlterEnumStmt", other("type", "typeName")],
  ["AlterCollationStmt", other("type", "collname")],
  ["AlterOperatorStmt", other("function", "opername")],
  ["AlterOpFamilyStmt", other("type", "opfamilyname")],
  ["AlterStatsStmt", other("index", "defnames", "create_statistics")],
  ["AlterTSDictionaryStmt", other("type", "dictname")],
  ["AlterTSConfigurationStmt", other("type", "cfgname")],
  [
    "AlterEventTrigStmt",
    (fields, at) =>
      emit(at, {
        operation: "define",
        resource: { type: "trigger", name: text(fields, "trigname") },
        detail: ["D", "R"].includes(text(fields, "tgenabled")) ? "disable_trigger" : "alter_trigger",
        reversibility: "reversible",
      }),
  ],
  ["AlterTableMoveAllStmt", other("file", "orig_tablespacename", "alter_storage")],
  ["AlterTableSpaceOptionsStmt", other("file", "tablespacename", "create_tablespace")],
  ["AlterFdwStmt", other("server", "fdwname", "foreign_server")],
  ["AlterForeignServerStmt", other("server", "servername", "foreign_server")],
  ["AlterUserMappingStmt", other("server", "servername", "user_mapping", "grant")],
  ["AlterSubscriptionStmt", other("subscription", "subname", "subscription", "connect")],
  ["AlterDatabaseStmt", other("database", "dbname", "alter_database")],
  ["AlterDatabaseRefreshCollStmt", other("database", "dbname", "alter_database")],
  ["AlterDatabaseSetStmt", storedSetting("database", (fields) => text(fields, "dbname"))],
  ["AlterRoleSetStmt", storedSetting("role", roleName)],
  [
    "AlterRoleStmt",
    (fields, at) =>
      emit(at, {
        operation: "grant",
        resource: { type: "role", name: roleName(fields) || "current_user" },
        detail: "alter_role",
        reversibility: "unknown",
      }),
  ],
  [
    "AlterSystemStmt",
    (fields, at) =>
      emit(at, {
        operation: "define",
        resource: { type: "setting", name: text(part(fields, "setstmt") ?? {}, "name").toLowerCase() || "all" },
        detail: "alter_system",
        reversibility: "unknown",
      }),
  ],
  ["GrantStmt", grant],
  [
    "GrantRoleStmt",
    (fields, at) =>
      emit(at, {
        operation: "grant",
        resource: { type: "role", name: `${grantees(fields, "granted_roles")} to ${grantees(fields, "grantee_roles")}` },
        detail: flag(fields, "is_grant") ? "grant" : "revoke",
        reversibility: "reversible",
      }),
  ],
  [
    "AlterDefaultPrivilegesStmt",
    (_fields, at) =>
      emit(at, {
        operation: "grant",
        resource: { type: "schema", name: "default privileges" },
        detail: "default_privileges",
        extent: UNBOUNDED,
        reversibility: "reversible",
      }),
  ],
  ...maintenanceVisitors,
]);
