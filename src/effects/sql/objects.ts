/**
 * The kinds of database object by the parser's names: resource type, words of the command tag, and resolved identity.
 * It does not say what is done to them.
 */
import type { ResourceType } from "../../model/effect.ts";
import { identity, type Place, lookUp } from "./engine.ts";
import { as, list, nameParts, stringOf, text, type Fields } from "./tree.ts";

export interface ObjectKind {
  readonly type: ResourceType;
  /** As CommandComplete spells it. */
  readonly words: string;
}

const KINDS: Readonly<Record<string, ObjectKind>> = {
  ACCESS_METHOD: { type: "type", words: "ACCESS METHOD" },
  AGGREGATE: { type: "function", words: "AGGREGATE" },
  ATTRIBUTE: { type: "type", words: "TYPE" },
  CAST: { type: "function", words: "CAST" },
  COLUMN: { type: "table", words: "TABLE" },
  COLLATION: { type: "type", words: "COLLATION" },
  CONVERSION: { type: "type", words: "CONVERSION" },
  DATABASE: { type: "database", words: "DATABASE" },
  DOMAIN: { type: "type", words: "DOMAIN" },
  DOMCONSTRAINT: { type: "type", words: "DOMAIN" },
  EVENT_TRIGGER: { type: "trigger", words: "EVENT TRIGGER" },
  EXTENSION: { type: "extension", words: "EXTENSION" },
  FDW: { type: "server", words: "FOREIGN DATA WRAPPER" },
  FOREIGN_SERVER: { type: "server", words: "SERVER" },
  FOREIGN_TABLE: { type: "foreign_table", words: "FOREIGN TABLE" },
  FUNCTION: { type: "function", words: "FUNCTION" },
  INDEX: { type: "index", words: "INDEX" },
  LANGUAGE: { type: "type", words: "LANGUAGE" },
  LARGEOBJECT: { type: "large_object", words: "LARGE OBJECT" },
  MATVIEW: { type: "view", words: "MATERIALIZED VIEW" },
  OPCLASS: { type: "type", words: "OPERATOR CLASS" },
  OPERATOR: { type: "function", words: "OPERATOR" },
  OPFAMILY: { type: "type", words: "OPERATOR FAMILY" },
  POLICY: { type: "policy", words: "POLICY" },
  PROCEDURE: { type: "function", words: "PROCEDURE" },
  PUBLICATION: { type: "publication", words: "PUBLICATION" },
  ROLE: { type: "role", words: "ROLE" },
  ROUTINE: { type: "function", words: "ROUTINE" },
  RULE: { type: "trigger", words: "RULE" },
  SCHEMA: { type: "schema", words: "SCHEMA" },
  SEQUENCE: { type: "sequence", words: "SEQUENCE" },
  SUBSCRIPTION: { type: "subscription", words: "SUBSCRIPTION" },
  STATISTIC_EXT: { type: "index", words: "STATISTICS" },
  TABCONSTRAINT: { type: "table", words: "TABLE" },
  TABLE: { type: "table", words: "TABLE" },
  TABLESPACE: { type: "file", words: "TABLESPACE" },
  TRANSFORM: { type: "function", words: "TRANSFORM" },
  TRIGGER: { type: "trigger", words: "TRIGGER" },
  TSCONFIGURATION: { type: "type", words: "TEXT SEARCH CONFIGURATION" },
  TSDICTIONARY: { type: "type", words: "TEXT SEARCH DICTIONARY" },
  TSPARSER: { type: "type", words: "TEXT SEARCH PARSER" },
  TSTEMPLATE: { type: "type", words: "TEXT SEARCH TEMPLATE" },
  TYPE: { type: "type", words: "TYPE" },
  USER_MAPPING: { type: "server", words: "USER MAPPING" },
  VIEW: { type: "view", words: "VIEW" },
};

const OTHER: ObjectKind = { type: "unknown", words: "OBJECT" };

/** By the parser's `OBJECT_...`. */
export function objectKind(objectType: string): ObjectKind {
  return KINDS[objectType.replace(/^OBJECT_/, "")] ?? OTHER;
}

/** Object types whose names are relations. */
const RELATIONS: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_INDEX",
  "OBJECT_SEQUENCE",
  "OBJECT_COLUMN",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_ATTRIBUTE",
]);

export function isRelationKind(objectType: string): boolean {
  return RELATIONS.has(objectType);
}

/** The parts of a name in any of the shapes that statements use for objects. */
export function objectParts(object: unknown): readonly string[] {
  const items = as(object, "List");
  if (items !== undefined) return list(items, "items").flatMap(objectParts);
  const withArgs = as(object, "ObjectWithArgs");
  if (withArgs !== undefined) return nameParts(list(withArgs, "objname")) ?? [];
  const rangeVar = as(object, "RangeVar");
  if (rangeVar !== undefined) return rangeVarParts(rangeVar);
  const type = as(object, "TypeName");
  if (type !== undefined) return nameParts(list(type, "names")) ?? [];
  const name = stringOf(object);
  return name === undefined ? [] : [name];
}

export function rangeVarParts(rangeVar: Fields): readonly string[] {
  const schema = text(rangeVar, "schemaname");
  return schema === "" ? [text(rangeVar, "relname")] : [schema, text(rangeVar, "relname")];
}

/** The resolved identity of the object where the catalogue has it, else the name as written. */
export function objectName(objectType: string, parts: readonly string[], at: Place): string {
  const name = at.catalogue.qualified(parts);
  if (name === undefined) return parts.join(".");
  if (isRelationKind(objectType)) {
    const relation = lookUp(name.schema, name.name, at);
    if (relation === "temporary") return `pg_temp.${name.name}`;
    if (relation !== undefined) return identity(relation);
  }
  const kind = objectKind(objectType);
  if (kind.type === "function" && objectType !== "OBJECT_OPERATOR") {
    const fn = at.catalogue.functionsNamed(name.schema, name.name, at.names)[0];
    if (fn !== undefined) return identity(fn);
  }
  if (objectType === "OBJECT_TYPE" || objectType === "OBJECT_DOMAIN") {
    const type = at.catalogue.type(name.schema, name.name, at.names);
    if (type !== undefined) return identity(type);
  }
  return parts.join(".");
}

/** Where an object that is about to be made will live. */
export function newName(parts: readonly string[], at: Place, temporary = false): string {
  if (temporary) return `pg_temp.${parts.at(-1)}`;
  if (parts.length > 1) return parts.join(".");
  const schema = at.names.searchPath.find(
    (one) => one !== "pg_catalog" && !one.startsWith("pg_temp") && at.catalogue.lists.schemas.some((known) => known.name === one),
  );
  return schema === undefined ? parts.join(".") : `${schema}.${parts.join(".")}`;
}
