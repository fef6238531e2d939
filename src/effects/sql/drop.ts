/**
 * DROP of every kind, with what goes along: partitions and children, the contents of a schema.
 * It does not know dependencies that the catalogue snapshot does not hold; CASCADE then says so by an unknown extent.
 */
import { emit, emitUnknown, hidesRelation, identity, UNBOUNDED, UNCERTAIN, ONE, type Place, lookUp } from "./engine.ts";
import { isRelationKind, objectKind, objectName, objectParts } from "./objects.ts";
import { resourceType } from "./relations.ts";
import { as, list, text, type Fields } from "./tree.ts";
import type { Visitor } from "./walk.ts";

function drop(fields: Fields, at: Place): void {
  const objectType = text(fields, "removeType");
  const cascades = text(fields, "behavior") === "DROP_CASCADE";
  for (const object of list(fields, "objects")) {
    const parts = objectParts(object);
    if (objectType === "OBJECT_POLICY" || objectType === "OBJECT_TRIGGER" || objectType === "OBJECT_RULE") {
      const table = objectName("OBJECT_TABLE", parts.slice(0, -1), at);
      const policy = objectType === "OBJECT_POLICY";
      emit(at, {
        operation: policy ? "grant" : "delete",
        resource: { type: objectKind(objectType).type, name: `${table}.${parts.at(-1)}` },
        detail: policy ? "drop_policy" : "drop",
        reversibility: "unknown",
      });
      continue;
    }
    const extent = cascades ? UNCERTAIN : ONE;
    const name = objectName(objectType, parts, at);
    if (at.repeated && name.startsWith("pg_temp.") && hidesRelation(name, at))
      emitUnknown(at, "a temporary table that hides another of that name is dropped inside a body", name);
    emit(at, {
      operation: "delete",
      resource: { type: objectKind(objectType).type, name },
      detail: "drop",
      extent,
      reversibility: "irreversible",
    });
    if (objectType === "OBJECT_SCHEMA") dropContents(parts[0] ?? "", at);
    else if (isRelationKind(objectType)) dropChildren(parts, cascades, at);
    else if (cascades && (objectType === "OBJECT_TYPE" || objectType === "OBJECT_DOMAIN")) dropColumnsOf(parts, at);
  }
}

function dropContents(schema: string, at: Place): void {
  for (const relation of at.catalogue.data.relations) {
    if (relation.schema !== schema || relation.kind === "index" || relation.kind === "composite") continue;
    emit(at, {
      operation: "delete",
      resource: { type: resourceType(relation), name: identity(relation) },
      detail: "drop",
      extent: UNBOUNDED,
      cause: "cascade",
      reversibility: "irreversible",
    });
  }
}

/** Partitions go with their parent, inheritance children only by CASCADE. */
function dropChildren(parts: readonly string[], cascades: boolean, at: Place): void {
  const name = at.catalogue.qualified(parts);
  const relation = name === undefined ? undefined : lookUp(name.schema, name.name, at);
  if (relation === undefined || relation === "temporary") return;
  if (!cascades && relation.kind !== "partitioned_table") return;
  for (const child of at.catalogue.descendants(relation)) {
    if (child === relation) continue;
    emit(at, {
      operation: "delete",
      resource: { type: resourceType(child), name: identity(child) },
      detail: "drop",
      extent: UNBOUNDED,
      cause: "cascade",
      reversibility: "irreversible",
    });
  }
}

/** DROP TYPE ... CASCADE takes the columns of that type with it. */
function dropColumnsOf(parts: readonly string[], at: Place): void {
  const name = at.catalogue.qualified(parts);
  const type = name === undefined ? undefined : at.catalogue.type(name.schema, name.name, at.names);
  if (type === undefined) return;
  for (const relation of at.catalogue.data.relations) {
    if (!relation.columns.some((column) => column.type === type.oid)) continue;
    emit(at, {
      operation: "delete",
      resource: { type: resourceType(relation), name: identity(relation) },
      detail: "alter_drop_column",
      extent: UNCERTAIN,
      cause: "cascade",
      reversibility: "irreversible",
    });
  }
}

function roles(fields: Fields): string {
  return list(fields, "roles")
    .map((role) => text(as(role, "RoleSpec") ?? {}, "rolename") || "current_user")
    .join(", ");
}

const gone =
  (type: "database" | "file" | "subscription" | "server", key: string, detail = "drop"): Visitor =>
  (fields, at) =>
    emit(at, {
      operation: detail === "user_mapping" ? "grant" : "delete",
      resource: { type, name: text(fields, key) },
      detail,
      reversibility: "irreversible",
    });

export const dropVisitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ["DropStmt", drop],
  ["DropdbStmt", gone("database", "dbname")],
  ["DropTableSpaceStmt", gone("file", "tablespacename")],
  ["DropSubscriptionStmt", gone("subscription", "subname")],
  ["DropUserMappingStmt", gone("server", "servername", "user_mapping")],
  [
    "DropRoleStmt",
    (fields, at) =>
      emit(at, { operation: "grant", resource: { type: "role", name: roles(fields) }, detail: "drop_role", reversibility: "irreversible" }),
  ],
  [
    "DropOwnedStmt",
    (fields, at) =>
      emit(at, {
        operation: "delete",
        resource: { type: "role", name: roles(fields) },
        detail: "drop_owned",
        extent: UNBOUNDED,
        reversibility: "irreversible",
      }),
  ],
  [
    "ReassignOwnedStmt",
    (fields, at) =>
      emit(at, {
        operation: "grant",
        resource: { type: "role", name: roles(fields) },
        detail: "reassign_owned",
        extent: UNBOUNDED,
        reversibility: "unknown",
      }),
  ],
]);
