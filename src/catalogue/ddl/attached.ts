/**
 * What is attached to a relation: views' queries, triggers, rules, row policies, indexes, statistics.
 */
import type {
  AlterPolicyStmt,
  CreateEventTrigStmt,
  CreatePolicyStmt,
  CreateStatsStmt,
  CreateTrigStmt,
  IndexElem,
  IndexStmt,
  Node,
  RuleStmt,
  ViewStmt,
} from "@pgsql/types";
import type { Relation, Trigger } from "../types.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { existing, objectName, splitName, strings } from "./names.ts";
import { addIndex } from "./sequences.ts";
import type { Statement } from "./statement.ts";
import { elementExpression, queryTable } from "./tables.ts";

export function createView(draft: Draft, statement: Statement, create: ViewStmt): void {
  const definition = statement
    .rest(["as"], false, [
      ["with", "check", "option"],
      ["with", "local", "check", "option"],
      ["with", "cascaded", "check", "option"],
    ])
    .replace(/;\s*$/, "");
  if (!create.query || !statement.isQuery(definition, create.query))
    throw new NotUnderstood("the view's query could not be cut out of the text");
  const named = strings(create.aliases);
  queryTable(draft, create.view, "view", named.length > 0 ? named : targetNames(create.query), definition, false);
}

/** Names of a query's columns where the text alone tells them: aliases and plain column references. Empty when any is not certain. */
function targetNames(query: Node): readonly string[] {
  if (!("SelectStmt" in query)) return [];
  const names = (query.SelectStmt.targetList ?? []).map((target) => {
    if (!("ResTarget" in target)) return undefined;
    if (target.ResTarget.name !== undefined) return target.ResTarget.name;
    const value = target.ResTarget.val;
    const last = value && "ColumnRef" in value ? value.ColumnRef.fields?.at(-1) : undefined;
    return last && "String" in last ? last.String.sval : undefined;
  });
  return names.includes(undefined) ? [] : names.flatMap((name) => name ?? []);
}

/** Bits of pg_trigger.tgtype, as the parser uses them too. */
const BITS = { before: 2, insert: 4, delete: 8, update: 16, truncate: 32, instead: 64 } as const;

export function createTrigger(draft: Draft, statement: Statement, create: CreateTrigStmt): void {
  const table = existing(draft, create.relation);
  const { schema, name } = splitName(strings(create.funcname));
  const f = draft.findFunctions(schema, name).find((candidate) => candidate.arguments.length === 0);
  if (!f) throw new NotUnderstood("the trigger's function does not exist");
  const events = create.events ?? 0;
  const trigger: Trigger = {
    name: create.trigname ?? "",
    functionOid: f.oid,
    level: create.row ? "row" : "statement",
    enabled: "origin",
    timing: (create.timing ?? 0) === BITS.before ? "before" : (create.timing ?? 0) === BITS.instead ? "instead_of" : "after",
    events: (["insert", "update", "delete", "truncate"] as const).filter((event) => (events & BITS[event]) !== 0),
    when: create.whenClause ? statement.group("when", null, create.whenClause) : null,
    ...(create.deferrable ? { deferrable: true as const } : {}),
  };
  for (const member of create.row && table.kind === "partitioned_table" ? draft.family(table.oid) : [table]) {
    draft.putRelation({ ...member, triggers: [...member.triggers.filter((other) => other.name !== trigger.name), trigger].sort(byName) });
  }
}

/** The server fires triggers in this order. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

const ruleEvents: Readonly<Record<string, Relation["rules"][number]["event"]>> = {
  CMD_SELECT: "select",
  CMD_INSERT: "insert",
  CMD_UPDATE: "update",
  CMD_DELETE: "delete",
};

export function createRule(draft: Draft, statement: Statement, create: RuleStmt): void {
  const relation = existing(draft, create.relation);
  const event = ruleEvents[create.event ?? ""];
  if (!event) throw new NotUnderstood("a rule without an event");
  const name = create.rulename ?? "";
  if (name === "_RETURN") throw new NotUnderstood("a table turned into a view by its rule");
  const rule = { name, event, instead: create.instead === true, definition: statement.text.replace(/;\s*$/, "") };
  draft.putRelation({ ...relation, rules: [...relation.rules.filter((other) => other.name !== name), rule].sort(byName) });
}

export function createPolicy(draft: Draft, statement: Statement, create: CreatePolicyStmt): void {
  const relation = existing(draft, create.table);
  const policy = {
    name: create.policy_name ?? "",
    command: (create.cmd_name ?? "all") as Relation["policies"][number]["command"],
    using: create.qual ? statement.group("using", null, create.qual) : null,
    check: create.with_check ? statement.group("check", null, create.with_check) : null,
  };
  draft.putRelation({ ...relation, policies: [...relation.policies, policy].sort(byName) });
}

export function alterPolicy(draft: Draft, statement: Statement, alter: AlterPolicyStmt): void {
  const relation = existing(draft, alter.table);
  const using = alter.qual ? statement.group("using", null, alter.qual) : undefined;
  const check = alter.with_check ? statement.group("check", null, alter.with_check) : undefined;
  draft.putRelation({
    ...relation,
    policies: relation.policies.map((policy) =>
      policy.name === alter.policy_name ? { ...policy, using: using ?? policy.using, check: check ?? policy.check } : policy,
    ),
  });
}

/** As the server's ChooseIndexColumnNames: a function call gives its own name. */
function elementName(element: IndexElem): string {
  if (element.name !== undefined) return element.name;
  const call = element.expr && "FuncCall" in element.expr ? strings(element.expr.FuncCall.funcname).at(-1) : undefined;
  return call ?? "expr";
}

export function createIndex(draft: Draft, statement: Statement, create: IndexStmt): void {
  const table = existing(draft, create.relation);
  const elements = (create.indexParams ?? []).flatMap((node) => ("IndexElem" in node ? [node.IndexElem] : []));
  const columns = elements.flatMap((element) => element.name ?? []);
  const texts = elements.some((element) => element.expr) ? statement.elements(create.relation?.location ?? 0) : [];
  const evaluated = elements.flatMap((element, i) => (element.expr ? [elementExpression(statement, texts[i] ?? "", element.expr)] : []));
  const predicate = create.whereClause ? [statement.nthAfter(["where"], 0, [], create.whereClause)] : [];
  const expressions = [...(evaluated.length > 0 ? [evaluated.join(", ")] : []), ...predicate].map((text) => ({
    kind: "index" as const,
    text,
  }));
  const name =
    create.idxname ??
    objectName(
      [table.name, elements.map(elementName).join("_")],
      "idx",
      (candidate) => draft.relations.named(table.schema, candidate).length > 0,
    );
  if (create.if_not_exists && draft.relations.named(table.schema, name).length > 0) return;
  const unique = create.unique && evaluated.length === 0 && predicate.length === 0;
  // On ONLY a partitioned table the index is not valid until every partition's is attached: no key to rely on.
  const whole = create.relation?.inh !== false || table.kind !== "partitioned_table";
  for (const member of whole && table.kind === "partitioned_table" ? draft.family(table.oid) : [table]) {
    draft.putRelation({
      ...member,
      expressions: [...member.expressions, ...expressions],
      keys: unique && whole ? [...member.keys, { columns, primary: false }] : member.keys,
    });
    addIndex(
      draft,
      member,
      member.oid === table.oid
        ? name
        : objectName([member.name, columns.join("_")], "idx", (candidate) => draft.relations.named(member.schema, candidate).length > 0),
    );
  }
}

/** Expressions of statistics run in ANALYZE, as those of indexes do. */
export function createStatistics(create: CreateStatsStmt): void {
  const evaluated = (create.exprs ?? []).some((node) => "StatsElem" in node && node.StatsElem.expr);
  if (evaluated) throw new NotUnderstood("statistics over expressions");
}

export function createEventTrigger(draft: Draft, create: CreateEventTrigStmt): void {
  const { schema, name } = splitName(strings(create.funcname));
  const f = draft.findFunctions(schema, name).find((candidate) => candidate.arguments.length === 0);
  if (!f) throw new NotUnderstood("the event trigger's function does not exist");
  draft.eventTriggers = [...draft.eventTriggers, { name: create.trigname ?? "", functionOid: f.oid, enabled: true }];
}
