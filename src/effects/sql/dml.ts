/**
 * INSERT, UPDATE, DELETE, MERGE, COPY and TRUNCATE: which relation, how many rows, which columns.
 * It does not know what a relation sets off (relations.ts).
 */
import type { Relation } from "../../catalogue/types.ts";
import type { Extent } from "../../model/effect.ts";
import {
  ONE,
  UNBOUNDED,
  NO_SUCH_RELATION,
  UNCERTAIN,
  emit,
  emitUnknown,
  identity,
  isTemporaryView,
  writtenName,
  type Place,
  type Source,
  type WriteKind,
  lookUp,
} from "./engine.ts";
import { namedRelation, withScope } from "./expressions.ts";
import { extentOf, type Target } from "./extent.ts";
import { plainEquality } from "./comparisons.ts";
import { baseTypeOf } from "./types-of.ts";
import { callsVolatile } from "./mentions.ts";
import { as, constantOf, flag, list, part, qualified, rangeVarName, stringOf, text, type Fields } from "./tree.ts";

interface Named {
  /** The relation, or why there is none: a temporary table, or one that is not known. */
  readonly relation: Relation | "temporary" | undefined;
  readonly written: string;
  readonly alias: string;
}

/** The target of a change: never a WITH name. */
function targetOf(fields: Fields, at: Place): Named {
  const rangeVar = part(fields, "relation") ?? {};
  const { schema, name } = rangeVarName(rangeVar);
  const alias = text(part(rangeVar, "alias") ?? {}, "aliasname") || name;
  return { relation: lookUp(schema, name, at), written: writtenName(schema, name), alias };
}

const OPERATIONS = { insert: "create", update: "update", delete: "delete", truncate: "delete" } as const;

function change(
  kind: WriteKind,
  target: Named,
  extent: Extent,
  columns: ReadonlySet<string> | undefined,
  at: Place,
  detail: string = kind,
  descend = true,
): void {
  if (target.relation === "temporary" || target.relation === undefined) {
    const known = target.relation === "temporary";
    const name = known ? `pg_temp.${target.written.replace(/^.*\./, "")}` : target.written;
    emit(at, {
      operation: OPERATIONS[kind],
      resource: { type: "table", name },
      detail,
      extent,
      reversibility: kind === "truncate" ? "irreversible" : "restorable",
    });
    if (known && isTemporaryView(name.slice("pg_temp.".length), at))
      emitUnknown(at, "which table a temporary view passes changes on to is not known", name, "unknown_relation", "view");
    if (!known) emitUnknown(at, NO_SUCH_RELATION, target.written, "unknown_relation", "table");
    return;
  }
  at.engine.write(kind, target.relation, { extent, columns, descend, detail }, at);
}

export function extentTarget(named: Named, rangeVar: Fields | undefined, at: Place): Target {
  const relation = named.relation === "temporary" || named.relation?.columnsUnknown === true ? undefined : named.relation;
  const inherits =
    relation !== undefined && relation.kind === "table" && flag(rangeVar ?? {}, "inh") ? at.catalogue.descendants(relation).length : 1;
  return {
    relation,
    alias: named.alias,
    keyCopies: inherits,
    joined: (at.scope?.sources ?? []).filter((source) => source.alias !== named.alias),
    plainEquality: plainEquality(
      relation === undefined ? [undefined] : relation.columns.map(({ type }) => baseTypeOf(type, at.catalogue)),
      at,
    ),
    isVolatile: (name, argumentCount) => {
      const { schema, name: last } = qualified(name);
      const found = at.catalogue.functions(schema, last, argumentCount, at.names, true);
      return found.length === 0 || found.some((fn) => fn.volatility === "volatile");
    },
    columnsOf: (item) => {
      const found = namedRelation(item, at);
      return found === undefined || found === "temporary" || found.columnsUnknown === true
        ? undefined
        : new Set(found.columns.map((column) => column.name));
    },
  };
}

function ownSource(named: Named): readonly Source[] {
  const relation = named.relation === "temporary" ? undefined : named.relation;
  return [
    {
      alias: named.alias,
      relation,
      columns:
        relation === undefined || relation.columnsUnknown === true ? undefined : new Set(relation.columns.map((column) => column.name)),
    },
  ];
}

function assigned(fields: Fields, key: string): ReadonlySet<string> {
  return new Set(list(fields, key).map((item) => text(as(item, "ResTarget") ?? {}, "name")));
}

export function insert(fields: Fields, at: Place): void {
  const target = targetOf(fields, at);
  const inside = withScope(fields, at, ownSource(target));
  const rows = callsSet(fields["selectStmt"], inside) ? UNCERTAIN : insertedRows(fields);
  const conflict = part(fields, "onConflictClause");
  const some = conflict === undefined ? rows : atMost(rows);
  const columns = list(fields, "cols").length === 0 ? undefined : assigned(fields, "cols");
  change("insert", target, some, fields["selectStmt"] === undefined ? new Set() : columns, inside);
  if (conflict !== undefined && text(conflict, "action") === "ONCONFLICT_UPDATE")
    change("update", target, atMost(rows), assigned(conflict, "targetList"), inside);
  at.engine.children("InsertStmt", fields, inside, ["relation", "withClause"]);
}

function atMost(extent: Extent): Extent {
  return extent.kind === "exact" ? { kind: "at_most", count: extent.count } : extent;
}

/** One row of VALUES may hold a function that returns many. */
function callsSet(select: unknown, at: Place): boolean {
  const values = list(as(select, "SelectStmt") ?? {}, "valuesLists");
  return (
    values.length === 1 &&
    callsVolatile(values, (name, count) => {
      const { schema, name: last } = qualified(name);
      const found = at.catalogue.functions(schema, last, count, at.names, true);
      return found.length === 0 || found.some((fn) => fn.returnsSet);
    })
  );
}

/** VALUES counts its rows; a LIMIT bounds them; anything else only the data knows. */
function insertedRows(fields: Fields): Extent {
  if (fields["selectStmt"] === undefined) return ONE;
  const select = as(fields["selectStmt"], "SelectStmt");
  const values = list(select ?? {}, "valuesLists").length;
  if (values > 0 && select?.["limitCount"] === undefined && select?.["limitOffset"] === undefined) return { kind: "exact", count: values };
  const limit = constantOf(select?.["limitCount"])?.value;
  return typeof limit === "number" && text(select ?? {}, "limitOption") !== "LIMIT_OPTION_WITH_TIES"
    ? { kind: "at_most", count: limit }
    : UNCERTAIN;
}

export function update(fields: Fields, at: Place): void {
  const target = targetOf(fields, at);
  const inside = withScope(fields, at, ownSource(target));
  const rangeVar = part(fields, "relation");
  change(
    "update",
    target,
    extentOf(fields["whereClause"], extentTarget(target, rangeVar, inside)),
    assigned(fields, "targetList"),
    inside,
    "update",
    flag(rangeVar ?? {}, "inh"),
  );
  at.engine.children("UpdateStmt", fields, inside, ["relation", "withClause"]);
}

export function remove(fields: Fields, at: Place): void {
  const target = targetOf(fields, at);
  const inside = withScope(fields, at, ownSource(target));
  const rangeVar = part(fields, "relation");
  change(
    "delete",
    target,
    extentOf(fields["whereClause"], extentTarget(target, rangeVar, inside)),
    undefined,
    inside,
    "delete",
    flag(rangeVar ?? {}, "inh"),
  );
  at.engine.children("DeleteStmt", fields, inside, ["relation", "withClause"]);
}

const MERGE_KINDS: Readonly<Record<string, WriteKind>> = { CMD_INSERT: "insert", CMD_UPDATE: "update", CMD_DELETE: "delete" };

export function merge(fields: Fields, at: Place): void {
  const target = targetOf(fields, at);
  const inside = withScope(fields, at, ownSource(target));
  const rangeVar = part(fields, "relation");
  const matched = extentOf(fields["joinCondition"], extentTarget(target, rangeVar, inside));
  for (const clause of list(fields, "mergeWhenClauses")) {
    const when = as(clause, "MergeWhenClause") ?? {};
    const kind = MERGE_KINDS[text(when, "commandType")];
    if (text(when, "commandType") === "CMD_NOTHING") continue;
    if (kind === undefined) {
      emitUnknown(at, "a MERGE action that is not understood");
      continue;
    }
    const bySource = text(when, "matchKind") === "MERGE_WHEN_NOT_MATCHED_BY_SOURCE";
    const extent = kind === "insert" ? UNCERTAIN : bySource ? (when["condition"] === undefined ? UNBOUNDED : UNCERTAIN) : matched;
    change(kind, target, extent, kind === "delete" ? undefined : assigned(when, "targetList"), inside, kind, flag(rangeVar ?? {}, "inh"));
  }
  at.engine.children("MergeStmt", fields, inside, ["relation", "withClause"]);
}

export function truncate(fields: Fields, at: Place): void {
  const cascades = text(fields, "behavior") === "DROP_CASCADE";
  const done = new Set<number>();
  const all = (relation: Relation, here: Place, descend: boolean): void => {
    if (done.has(relation.oid)) return;
    done.add(relation.oid);
    here.engine.write("truncate", relation, { extent: UNBOUNDED, columns: undefined, descend, detail: "truncate" }, here);
    if (!cascades) return;
    for (const child of here.catalogue.descendants(relation)) {
      for (const key of here.catalogue.foreignKeysTo(child)) {
        const from = here.catalogue.relationByOid(key.from);
        if (from !== undefined) all(from, { ...here, cause: "cascade" }, true);
      }
    }
  };
  for (const item of list(fields, "relations")) {
    const rangeVar = as(item, "RangeVar") ?? {};
    const named = targetOf({ relation: rangeVar }, at);
    if (named.relation === undefined || named.relation === "temporary") change("truncate", named, UNBOUNDED, undefined, at);
    else all(named.relation, at, flag(rangeVar, "inh"));
  }
  if (flag(fields, "restart_seqs"))
    emit(at, {
      operation: "update",
      resource: { type: "sequence", name: "owned sequences" },
      detail: "sequence_set",
      reversibility: "restorable",
    });
}

export function copy(fields: Fields, at: Place): void {
  const from = flag(fields, "is_from");
  const filename = text(fields, "filename");
  const rangeVar = part(fields, "relation");
  if (flag(fields, "is_program"))
    emit(at, {
      operation: "execute",
      resource: { type: "program", name: "shell command" },
      detail: "copy_program",
      reversibility: "irreversible",
    });
  else if (filename !== "" && from)
    emit(at, {
      operation: "read",
      resource: { type: "file", name: "server file" },
      detail: "copy_file_read",
      reversibility: "reversible",
      classification: "secret",
    });
  else if (filename !== "")
    emit(at, {
      operation: "update",
      resource: { type: "file", name: "server file" },
      detail: "copy_file_write",
      reversibility: "irreversible",
    });
  const target = rangeVar === undefined ? undefined : targetOf(fields, at);
  const inside =
    target === undefined
      ? at
      : { ...at, scope: { parent: at.scope, ctes: new Set<string>(), sources: ownSource(target), variables: undefined } };
  const columns = list(fields, "attlist").length === 0 ? undefined : new Set(list(fields, "attlist").map((item) => stringOf(item) ?? ""));
  if (target !== undefined && from) change("insert", target, UNCERTAIN, columns, inside, filename === "" ? "copy_in" : "insert");
  else if (rangeVar !== undefined) at.engine.visit("RangeVar", rangeVar, at);
  if (!from && filename === "" && target?.relation !== undefined && target.relation !== "temporary") {
    emit(at, {
      operation: "read",
      resource: { type: "table", name: identity(target.relation) },
      detail: "copy_out",
      extent: UNBOUNDED,
      reversibility: "reversible",
    });
  }
  at.engine.statement(fields["query"], at);
  at.engine.children("CopyStmt", fields, inside, ["relation", "query", "attlist"]);
}
