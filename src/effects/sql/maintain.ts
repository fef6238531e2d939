/**
 * Maintenance and table locks: VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH, LOCK, with the expressions they compute again.
 * It does not change structure or rights (alter.ts).
 */
import { definedNames, emit, emitUnknown, lookUp, ONE, type Place, UNBOUNDED, UNCERTAIN } from "./engine.ts";
import { objectName, rangeVarParts } from "./objects.ts";
import { computeAgain } from "./relations.ts";
import { as, type Fields, flag, list, part, stringOf, text } from "./tree.ts";
import type { Visitor } from "./walk.ts";

function optionSet(options: readonly unknown[], name: string): boolean {
  let on = false;
  for (const option of options) {
    const element = as(option, "DefElem");
    if (element !== undefined && text(element, "defname").toLowerCase() === name) on = isOn(element["arg"]);
  }
  return on;
}

/** As the server's defGetBoolean: absent is on. */
export function isOn(arg: unknown): boolean {
  if (arg === undefined || arg === null) return true;
  const word = stringOf(arg);
  if (word !== undefined) return !["false", "off"].includes(word.toLowerCase());
  const bool = as(arg, "Boolean");
  if (bool !== undefined) return flag(bool, "boolval");
  const number = as(arg, "Integer");
  return number === undefined || number["ival"] === 1;
}

function vacuum(fields: Fields, at: Place): void {
  const options = list(fields, "options");
  const full = optionSet(options, "full");
  const detail = !flag(fields, "is_vacuumcmd") ? "analyze" : full ? "rewrite" : "vacuum";
  const tables = list(fields, "rels").map((rel) => part(as(rel, "VacuumRelation") ?? {}, "relation") ?? {});
  for (const table of tables.length === 0 ? [undefined] : tables) maintain(table, detail, at);
  if (flag(fields, "is_vacuumcmd") && optionSet(options, "analyze"))
    for (const table of tables.length === 0 ? [undefined] : tables) maintain(table, "analyze", at);
}

/** Maintenance computes index expressions and statistics again: what they call is called. */
function maintain(rangeVar: Fields | undefined, detail: string, at: Place): void {
  const parts = rangeVar === undefined ? [] : rangeVarParts(rangeVar);
  const name = rangeVar === undefined ? "all tables" : objectName("OBJECT_TABLE", parts, at);
  emit(at, {
    operation: detail === "rewrite" ? "define" : "execute",
    resource: { type: "table", name },
    detail,
    extent: rangeVar === undefined ? UNBOUNDED : ONE,
    reversibility: "reversible",
  });
  const relations =
    rangeVar === undefined ? at.catalogue.data.relations : [lookUp(parts.length > 1 ? parts[0] : undefined, parts.at(-1) ?? "", at)];
  for (const relation of relations) {
    if (relation !== undefined && relation !== "temporary") computeAgain(relation, at);
  }
}

function reindex(fields: Fields, at: Place): void {
  const rangeVar = part(fields, "relation");
  if (rangeVar !== undefined && text(fields, "kind") !== "REINDEX_OBJECT_INDEX") return maintain(rangeVar, "rewrite", at);
  maintain(undefined, "rewrite", { ...at, stored: at.stored });
}

function refresh(fields: Fields, at: Place): void {
  const parts = rangeVarParts(part(fields, "relation") ?? {});
  const relation = lookUp(parts.length > 1 ? parts[0] : undefined, parts.at(-1) ?? "", at);
  emit(at, {
    operation: "update",
    resource: { type: "view", name: objectName("OBJECT_MATVIEW", parts, at) },
    detail: "refresh",
    extent: UNBOUNDED,
    reversibility: "restorable",
  });
  if (relation === undefined || relation === "temporary" || relation.definition === null)
    emitUnknown(at, "the view's definition is not known", parts.join("."), "unknown_relation", "view");
  else
    at.engine.statementsText(relation.definition, {
      ...definedNames(relation, at),
      cause: "view",
      scope: undefined,
    });
}

/**
 * Numbers of lock modes as the server counts them, 1 to 8. Up to ROW EXCLUSIVE it is what SELECT, SELECT ... FOR UPDATE and the changes
 * of rows take by themselves.
 */
const ACCESS_SHARE = 1;
const ROW_EXCLUSIVE = 3;

function lock(fields: Fields, at: Place): void {
  const mode = typeof fields["mode"] === "number" ? fields["mode"] : 8;
  for (const item of list(fields, "relations")) {
    const parts = rangeVarParts(as(item, "RangeVar") ?? {});
    const name = objectName("OBJECT_TABLE", parts, at);
    if (mode >= ACCESS_SHARE && mode <= ROW_EXCLUSIVE) {
      const reads = { operation: "read", resource: { type: "table", name }, detail: "select" } as const;
      const marks = { operation: "update", resource: { type: "lock", name }, detail: "select_for_update" } as const;
      emit(at, { ...(mode === ACCESS_SHARE ? reads : marks), extent: UNCERTAIN, reversibility: "reversible" });
      continue;
    }
    emit(at, {
      operation: "execute",
      resource: { type: "lock", name },
      detail: "lock_table",
      reversibility: "reversible",
    });
  }
}

export const maintenanceVisitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ["VacuumStmt", vacuum],
  ["ClusterStmt", (fields, at) => maintain(part(fields, "relation"), "rewrite", at)],
  ["ReindexStmt", reindex],
  ["RefreshMatViewStmt", refresh],
  ["LockStmt", lock],
]);
