/**
 * What reading or changing a relation sets off: views, rules, triggers, row policies, defaults, cascades, partitions, foreign servers.
 * It does not know statements; dml.ts says how many rows are meant.
 */
import { ident } from "../../base/sql-text.ts";
import { isBuiltIn, type ForeignKey, type Relation, type TypeInfo } from "../../catalogue/types.ts";
import { call, castTo } from "./calls.ts";
import { catalogueClassification } from "./builtins.ts";
import {
  Sink,
  UNBOUNDED,
  UNCERTAIN,
  definedNames,
  emit,
  emitUnknown,
  identity,
  namesKey,
  noCuts,
  partialResult,
  type Change,
  type Place,
  type Scope,
  type WriteKind,
} from "./engine.ts";
import type { ResourceType, Operation, Reversibility } from "../../model/effect.ts";
import { keepFunctions, undoSchema } from "../../model/undo-journal.ts";
import { operatorClasses } from "./comparisons.ts";
import { knowledgeOf } from "./knowledge.ts";
import { baseTypeOf } from "./types-of.ts";
import { parseSql } from "./parse.ts";
import { isUndoable } from "./undoable.ts";
import { as, list, type Fields } from "./tree.ts";

/** Rows of a relation are read. */
export function readRelation(relation: Relation, at: Place): void {
  const name = identity(relation);
  if (isBuiltIn(relation.oid)) {
    const classification = catalogueClassification[name];
    emit(at, {
      operation: "read",
      resource: { type: "catalogue", name },
      detail: "select",
      extent: UNCERTAIN,
      reversibility: "reversible",
      ...(classification === undefined ? {} : { classification }),
    });
    return;
  }
  emit(at, {
    operation: "read",
    resource: { type: resourceType(relation), name },
    detail: "select",
    extent: UNCERTAIN,
    reversibility: "reversible",
  });
  if (at.expanding.includes(relation.oid)) {
    at.cuts.count += 1;
    return;
  }
  const memo = knowledgeOf(at.catalogue).expansions;
  const key = `r${relation.oid}|${namesKey(at)}`;
  let effects = memo.get(key) ?? partialResult(key, at);
  if (effects === undefined) {
    const sink = new Sink();
    const cuts = at.expanding.length === 0 ? noCuts() : at.cuts;
    const cutsBefore = cuts.count;
    expandRead(relation, { ...at, sink, cuts, cause: "view", scope: undefined, stored: false, expanding: [...at.expanding, relation.oid] });
    effects = sink.effects;
    if (at.expanding.length === 0 || cuts.count === cutsBefore) memo.set(key, effects);
    else cuts.partial.set(key, effects);
  }
  if (at.stored || at.planned) return;
  for (const effect of effects) at.sink.add(at.cause === "direct" || at.cause === "view" ? effect : { ...effect, cause: at.cause });
}

function expandRead(relation: Relation, at: Place): void {
  if (relation.kind === "foreign_table") return emitRemote(relation, at);
  if (relation.kind === "view") {
    if (relation.definition === null) emitUnknown(at, "the view's definition is not known", identity(relation), "unknown_relation", "view");
    else at.engine.statementsText(relation.definition, definedNames(relation, at));
  }
  for (const child of at.catalogue.descendants(relation)) if (child.kind === "foreign_table" && child !== relation) emitRemote(child, at);
  for (const policy of relation.policies) {
    if ((policy.command === "all" || policy.command === "select") && policy.using !== null)
      rowExpression(policy.using, relation, { ...at, cause: "rule" });
  }
  for (const column of relation.columns)
    if (column.generated && column.default !== null) rowExpression(column.default, relation, { ...at, cause: "default" });
}

function emitRemote(relation: Relation, at: Place): void {
  emit(at, {
    operation: "connect",
    resource: { type: "server", name: identity(relation) },
    detail: "remote",
    extent: UNCERTAIN,
    reversibility: "irreversible",
    because: "the table lives on another server",
  });
}

/** An expression about a relation's own columns. */
export function rowExpression(text: string, relation: Relation, at: Place, definedBy: Relation | TypeInfo = relation): void {
  const columns = new Set(relation.columns.map((column) => column.name));
  const scope: Scope = { parent: undefined, ctes: new Set(), sources: [{ alias: relation.name, relation, columns }], variables: undefined };
  at.engine.expressionText(text, { ...definedNames(definedBy, at), scope });
}

export function resourceType(relation: Relation): ResourceType {
  switch (relation.kind) {
    case "view":
    case "materialized_view":
      return "view";
    case "foreign_table":
      return "foreign_table";
    case "sequence":
      return "sequence";
    case "index":
      return "index";
    case "composite":
      return "type";
    case "table":
    case "partitioned_table":
      return isBuiltIn(relation.oid) ? "catalogue" : "table";
  }
}

const VERBS: Readonly<Record<WriteKind, { readonly operation: Operation; readonly reversibility: Reversibility }>> = {
  insert: { operation: "create", reversibility: "restorable" },
  update: { operation: "update", reversibility: "restorable" },
  delete: { operation: "delete", reversibility: "restorable" },
  truncate: { operation: "delete", reversibility: "irreversible" },
};

/** Rows of a relation are changed, with everything that follows from it. */
export function writeRelation(kind: WriteKind, relation: Relation, change: Change, at: Place): void {
  const verb = VERBS[kind];
  const remote = relation.kind === "foreign_table";
  emit(at, {
    operation: verb.operation,
    resource: { type: resourceType(relation), name: identity(relation) },
    detail: change.detail,
    extent: change.extent,
    reversibility: remote ? "irreversible" : verb.reversibility,
    undoable: isUndoable(kind, relation, at),
  });
  if (at.stored || at.planned) return;
  if (remote) emitRemote(relation, at);
  const mark = -relation.oid * 4 - ["insert", "update", "delete", "truncate"].indexOf(kind);
  if (at.expanding.includes(mark)) {
    at.cuts.count += 1;
    return;
  }
  const columns = change.columns === undefined ? "*" : [...change.columns].sort().join(",");
  const seen = `${mark}|${columns}|${change.extent.kind}|${change.descend}|${change.detail}|${at.cause}|${at.repeated}|${namesKey(at)}`;
  if (at.cuts.written.has(seen)) {
    at.cuts.count += 1;
    return;
  }
  at.cuts.written.add(seen);
  const inside: Place = { ...at, scope: undefined, expanding: [...at.expanding, mark] };
  fireRules(kind, relation, inside);
  if (relation.kind === "view") return writeThrough(kind, relation, change, inside);
  const reached = change.descend ? at.catalogue.descendants(relation) : [relation];
  for (const child of reached) {
    fireTriggers(kind, child, inside);
    // A row whose key changes moves: deleted from one partition, inserted into another.
    if (kind === "update" && child !== relation && relation.kind === "partitioned_table")
      for (const move of ["delete", "insert"] as const) fireTriggers(move, child, inside);
    if (child !== relation && kind !== "insert") {
      emit(at, {
        operation: verb.operation,
        resource: { type: resourceType(child), name: identity(child) },
        detail: change.detail,
        // The rows of partitions and children are those of the statement's own table.
        extent: change.extent.kind === "unbounded" ? UNBOUNDED : UNCERTAIN,
        reversibility: verb.reversibility,
        // A partition's rows are told to the triggers of the parent that was named; those of an heir to its own.
        undoable: isUndoable(kind, relation.kind === "partitioned_table" ? relation : child, at),
      });
      if (child.kind === "foreign_table") emitRemote(child, inside);
    }
    if (kind !== "insert" && kind !== "truncate") cascade(kind, child, change, inside);
    if (kind === "insert" || kind === "update") evaluateColumns(kind, child, change, inside);
  }
  for (const policy of relation.policies) {
    if (policy.command !== "all" && policy.command !== (kind === "truncate" ? "delete" : kind) && policy.command !== "select") continue;
    for (const text of [policy.using, policy.check]) if (text !== null) rowExpression(text, relation, { ...inside, cause: "rule" });
  }
}

function fireTriggers(kind: WriteKind, relation: Relation, at: Place): void {
  for (const trigger of relation.triggers) {
    if (!trigger.events.includes(kind) || trigger.enabled === "disabled" || trigger.enabled === "replica") continue;
    const inside: Place = { ...at, cause: "trigger", repeated: true };
    if (trigger.when !== null) rowExpression(trigger.when.replace(/\b(old|new)\./gi, `${ident(relation.name)}.`), relation, inside);
    const fn = at.catalogue.functionByOid(trigger.functionOid);
    // What provisioning put there keeps images of the very rows that this effect is about: it is no act of the agent's.
    if (fn?.schema === undoSchema && keepFunctions.has(fn.name)) continue;
    if (fn === undefined)
      emitUnknown(inside, "a trigger's function is not known", `${identity(relation)}.${trigger.name}`, "unknown_function", "trigger");
    else call(fn, [], inside);
    if (trigger.deferrable)
      emit(inside, { operation: "execute", resource: { type: "trigger", name: `${identity(relation)}.${trigger.name}` }, detail: "call" });
  }
}

function fireRules(kind: WriteKind, relation: Relation, at: Place): void {
  for (const rule of relation.rules) {
    if (rule.event !== kind) continue;
    const statements = parseSql(rule.definition);
    const definition = statements === undefined ? undefined : as((statements[0] as Fields | undefined)?.["stmt"], "RuleStmt");
    if (definition === undefined) {
      emitUnknown(at, "a rule's definition is not understood", `${identity(relation)}.${rule.name}`);
      continue;
    }
    const columns = new Set(relation.columns.map((column) => column.name));
    const scope: Scope = {
      parent: undefined,
      ctes: new Set(),
      sources: ["old", "new"].map((alias) => ({ alias, relation, columns })),
      variables: undefined,
    };
    const inside: Place = { ...definedNames(relation, at), cause: "rule", repeated: true, scope };
    at.engine.nodes(definition["whereClause"], inside);
    for (const action of list(definition, "actions")) at.engine.statement(action, inside);
  }
}

/** A view without INSTEAD OF trigger or rule passes changes on to the one table it shows. */
function writeThrough(kind: WriteKind, view: Relation, change: Change, at: Place): void {
  fireTriggers(kind, view, at);
  const instead = view.triggers.some(
    (trigger) => trigger.timing === "instead_of" && trigger.events.includes(kind) && trigger.enabled !== "disabled",
  );
  if (instead || view.rules.some((rule) => rule.event === kind && rule.instead)) return;
  const select = view.definition === null ? undefined : as((parseSql(view.definition)?.[0] as Fields | undefined)?.["stmt"], "SelectStmt");
  const from = list(select ?? {}, "fromClause");
  const rangeVar = as(from[0], "RangeVar");
  const named = definedNames(view, at);
  const schema = rangeVar?.["schemaname"];
  const base =
    rangeVar === undefined || from.length !== 1
      ? undefined
      : at.catalogue.relation(typeof schema === "string" && schema !== "" ? schema : undefined, String(rangeVar["relname"]), named.names);
  if (base === undefined || base === "temporary" || select === undefined) {
    emitUnknown(at, "which table the view passes changes on to is not known", identity(view), "unknown_relation", "view");
    return;
  }
  const narrowed = select["whereClause"] !== undefined && change.extent.kind === "unbounded" ? UNCERTAIN : change.extent;
  at.engine.nodes(select["whereClause"], { ...named, cause: "view" });
  writeRelation(
    kind,
    base,
    { ...change, extent: narrowed, columns: undefined, descend: rangeVar?.["inh"] === true },
    { ...at, cause: "view" },
  );
}

/** Rows that point at the changed ones: deleted, changed or set to null with them. */
function cascade(kind: "update" | "delete", relation: Relation, change: Change, at: Place): void {
  for (const key of at.catalogue.foreignKeysTo(relation)) {
    if (kind === "update" && change.columns !== undefined && !key.toColumns.some((column) => change.columns?.has(column))) continue;
    const child = at.catalogue.relationByOid(key.from);
    const action = kind === "delete" ? key.onDelete : key.onUpdate;
    if (child === undefined || action === "no_action" || action === "restrict") continue;
    const extent = change.extent.kind === "unbounded" ? UNBOUNDED : UNCERTAIN;
    const follows: Place = { ...at, cause: "cascade" };
    if (kind === "delete" && action === "cascade")
      writeRelation("delete", child, { extent, columns: undefined, descend: true, detail: "delete" }, follows);
    else
      writeRelation(
        "update",
        child,
        { extent, columns: columnsOf(key), descend: true, detail: action === "cascade" ? "update" : "set_null" },
        follows,
      );
  }
}

function columnsOf(key: ForeignKey): ReadonlySet<string> {
  return new Set(key.fromColumns);
}

/** Expressions the server computes for new or changed rows. */
function evaluateColumns(kind: "insert" | "update", relation: Relation, change: Change, at: Place): void {
  const inside: Place = { ...at, cause: "default", repeated: true };
  for (const column of relation.columns) {
    const given = change.columns === undefined || change.columns.has(column.name);
    if (column.default !== null && (column.generated || (kind === "insert" && (!given || change.columns === undefined))))
      rowExpression(column.default, relation, inside);
    // What an INSERT leaves out is a value of the domain as well: its default, or NULL, which its checks see.
    if ((given || kind === "insert") && !isBuiltIn(column.type)) {
      castTo(column.type, inside);
      const type = at.catalogue.typeByOid(column.type);
      if (kind === "insert" && column.default === null && typeof type?.default === "string")
        rowExpression(type.default, relation, inside, type);
    } else if (given) {
      for (const cast of at.catalogue.userCastsTo(column.type)) {
        const fn = cast.functionOid === 0 || cast.context === "explicit" ? undefined : at.catalogue.functionByOid(cast.functionOid);
        if (fn !== undefined) call(fn, [], inside);
      }
    }
  }
  // Every index compares what it is given, and a key is one.
  for (const { type } of relation.columns) operatorClasses(inside, baseTypeOf(type, at.catalogue));
  for (const expression of relation.expressions) rowExpression(expression.text, relation, { ...inside, cause: "function" });
  keysAbove(relation, inside);
}

/** A row of a partition is held against the keys of all the tables above it. */
function keysAbove(relation: Relation, at: Place): void {
  for (const oid of relation.parents) {
    const parent = at.catalogue.relationByOid(oid);
    if (parent === undefined) continue;
    computeAgain(parent, at, ["partition"]);
    keysAbove(parent, at);
  }
}

const ALL_KINDS: readonly Relation["expressions"][number]["kind"][] = ["check", "index", "partition"];

/** Rows that are there are put through a relation's expressions once more: its index is built again, its checks are held against them. */
export function computeAgain(relation: Relation, at: Place, kinds = ALL_KINDS): void {
  for (const { kind, text } of relation.expressions)
    if (kinds.includes(kind)) rowExpression(text, relation, { ...at, cause: "function", repeated: true });
}
