/**
 * A whole text: its statements in order, what each would do, and what the ones before it change for the ones after.
 * Pure and synchronous; it does not protect against text that breaks the parser (the pool does).
 */
import { parseSync } from "libpg-query";
import { limits } from "../../base/limits.ts";
import type { Catalogue, Names } from "../../catalogue/catalogue.ts";
import { isBuiltIn } from "../../catalogue/types.ts";
import type { SqlCallPayload, SqlContext } from "../../model/action.ts";
import type { StatementSummary, TransactionControl } from "../../model/decision.ts";
import type { Effect } from "../../model/effect.ts";
import type { Analysis } from "../analyse.ts";
import { castTo } from "./calls.ts";
import { operatorClasses } from "./comparisons.ts";
import { Sink, emitUnknown, hidesRelation, identity, noCuts, type Place } from "./engine.ts";
import { numbersAreFree } from "./free-numbers.ts";
import { parseSql } from "./parse.ts";
import { redact } from "./redact.ts";
import { isPlainDefinition } from "./plain-definition.ts";
import { isReplicable } from "./replicable.ts";
import { settingValues } from "./session.ts";
import { engine } from "./statements.ts";
import { summarise } from "./summary.ts";
import { isDefinition, tagOf } from "./tags.ts";
import { as, flag, list, stringOf, tagged, text, type Fields } from "./tree.ts";

interface State {
  catalogue: Catalogue;
  names: Names;
  readonly role: string;
  readonly own: NonNullable<Place["own"]>;
  /** Something before may have changed what names mean, in a way that cannot be told. */
  uncertain: boolean;
  /** A cursor that calls functions is open. */
  delayed: boolean;
  /** All that was defined so far is known; only where names are looked for may be uncertain. */
  complete: boolean;
  /** A setting was changed or something defined in the transaction at hand: its end may take that back. */
  changed: boolean;
  /** The same where its end takes it back however it ends, as with SET LOCAL. */
  changedUntilEnd: boolean;
  /** What names meant when the transaction at hand began: a text that goes on behind a ROLLBACK goes on with that. */
  before: { readonly catalogue: Catalogue; readonly names: Names };
  readonly made: Set<string>;
  readonly madeViews: Set<string>;
  /** Types that the client gave its parameters: their values are made before the statement runs. */
  readonly parameterTypes: readonly number[];
}

/**
 * Judges SQL text. The catalogue must know the context's pending DDL already; `uncertain` says that it does so only in part. Throws
 * what breaks the parser.
 */
export function analyseSql(
  sql: string,
  context: SqlContext,
  catalogue: Catalogue,
  uncertain = false,
  parameterTypes: readonly number[] = [],
): Analysis {
  if (sql.includes("\0") || /\p{Surrogate}/u.test(sql))
    return { kind: "refused", code: "not_parsed", message: "the text holds a NUL or half a surrogate pair" };
  const bytes = Buffer.byteLength(sql);
  if (bytes > limits.sqlTextBytesMax)
    return {
      kind: "refused",
      code: "too_large",
      message: `the text has ${bytes} bytes, more than the ${limits.sqlTextBytesMax} that can be judged`,
    };
  const raws = parseSql(sql);
  if (raws === undefined)
    return { kind: "refused", code: "not_parsed", message: "the text does not parse as PostgreSQL: send one complete, valid statement" };
  if (raws.length > limits.statementsPerMessageMax)
    return {
      kind: "refused",
      code: "too_large",
      message: `${raws.length} statements in one text, more than the ${limits.statementsPerMessageMax} that can be judged`,
    };
  const state = stateOf(context, catalogue, uncertain, parameterTypes);
  const encoded = raws.length > 1 || bytes !== sql.length ? Buffer.from(sql, "utf8") : undefined;
  const statements = raws.map((raw, index) => {
    const fields = raw as Fields;
    const start = typeof fields["stmt_location"] === "number" ? fields["stmt_location"] : 0;
    const length = typeof fields["stmt_len"] === "number" && fields["stmt_len"] > 0 ? fields["stmt_len"] : bytes - start;
    const own = encoded === undefined ? sql.slice(start, start + length) : encoded.subarray(start, start + length).toString("utf8");
    return judge(fields["stmt"], own, { start, end: start + length }, state, index === raws.length - 1);
  });
  return { kind: "understood", statements, redactedText: redact(sql), ...(numbersAreFree(sql, raws) ? { numbersFree: true } : {}) };
}

/** Judges a function called by its OID, like the same call in SQL with arguments that are not known. */
export function analyseCall(payload: SqlCallPayload, catalogue: Catalogue, uncertain = false): Analysis {
  const fn = catalogue.functionByOid(payload.functionOid);
  const context = payload.context;
  const state = stateOf(context, catalogue, uncertain, []);
  const sink = new Sink();
  const at = placeOf(state, sink);
  if (fn === undefined) emitUnknown(at, "no such function is known", `oid ${payload.functionOid}`, "unknown_function", "function");
  else
    engine.call(
      fn,
      fn.arguments.map(() => ({ ParamRef: {} })),
      at,
    );
  if (uncertain) emitUnknown(at, "what names mean is not certain here");
  const summary = summarise("FuncCall", {}, sink.effects, { start: 0, end: 0 });
  return {
    kind: "understood",
    statements: [{ ...summary, tag: "SELECT" }],
    redactedText: fn === undefined ? `call of oid ${payload.functionOid}` : `call of ${identity(fn)}`,
  };
}

function stateOf(context: SqlContext, catalogue: Catalogue, uncertain: boolean, parameterTypes: readonly number[]): State {
  const names = namesOf(context);
  return {
    catalogue,
    names,
    role: context.role,
    own: { roleAsAtLogin: context.role === context.sessionRole, timeLimits: context.timeLimits },
    uncertain,
    delayed: context.delayed === true,
    complete: !uncertain,
    changed: false,
    changedUntilEnd: false,
    before: { catalogue, names },
    made: new Set(),
    madeViews: new Set(),
    parameterTypes,
  };
}

/** The names of a context; those of temporary views are looked at only where there are any. */
export function namesOf({ searchPath, temporary, temporaryViews }: SqlContext): Names {
  return { searchPath, temporary, ...(temporaryViews === undefined ? {} : { temporaryViews }) };
}

function placeOf(state: State, sink: Sink): Place {
  return {
    engine,
    catalogue: state.catalogue,
    names: state.names,
    role: state.role,
    own: state.own,
    sink,
    cause: "direct",
    repeated: false,
    stored: false,
    planned: false,
    made: state.made,
    madeViews: state.madeViews,
    cuts: noCuts(),
    expanding: [],
    depth: 0,
    scope: undefined,
  };
}

function judge(stmt: unknown, own: string, span: StatementSummary["span"], state: State, last: boolean): StatementSummary {
  const node = tagged(stmt);
  const sink = new Sink();
  const at = placeOf(state, sink);
  engine.statement(stmt, at);
  for (const oid of state.parameterTypes) {
    if (isBuiltIn(oid)) continue;
    if (state.catalogue.typeByOid(oid) === undefined) emitUnknown(at, "a parameter's type is not known", `oid ${oid}`);
    else castTo(oid, at);
  }
  if (node !== undefined && (isDefinition(tagOf(node.tag, node.fields)) || sink.effects.some(firesEventTriggers))) fireEventTriggers(at);
  if (sink.effects.some(({ detail }) => detail === "create_temporary")) takeColumnTypes(sink.effects, at);
  if (redefinesInside(sink.effects, node?.tag ?? ""))
    emitUnknown(at, "a body defines code or names and then runs more: send the definition by itself");
  if (node?.tag !== "VariableSetStmt" && mayMoveNames(sink.effects, node?.tag ?? ""))
    emitUnknown(at, "it changes search_path while it runs, and what names mean with it: send the change by itself");
  if (node !== undefined && BUILDS_INDEXES.has(node.tag)) operatorClasses({ ...at, cause: "function", repeated: true });
  const control = node?.tag === "TransactionStmt";
  if (state.uncertain && !control && !(node !== undefined && namesNothing(node, at, state.complete)))
    emitUnknown(at, "what names mean is not certain here: send this statement by itself");
  if (state.delayed && sink.effects.some(movesNames))
    emitUnknown(at, "an open cursor or a waiting trigger calls functions, and would run them under other names: end the transaction first");
  const summary = summarise(node?.tag ?? "", node?.fields ?? {}, sink.effects, span);
  const applied = summary.definesObjects ? state.catalogue.withDdl([own], parseSync, state.names) : undefined;
  const plain = applied !== undefined && applied.notUnderstood.length === 0 && isPlainDefinition(stmt, sink.effects, at);
  state.delayed ||= summary.delays === true;
  if (!last) carryOver(node, applied, summary, state);
  return {
    ...summary,
    ...(isReplicable(stmt, sink.effects, at) ? { replicable: true as const } : {}),
    ...(plain && !state.uncertain ? { plainDefinition: true as const } : {}),
  };
}

/** Statements on the session itself, as pools send them in one text behind RESET ALL: they mean the same whatever names mean. */
const NAMELESS: ReadonlySet<string> = new Set(["ClosePortalStmt", "ListenStmt", "UnlistenStmt", "DiscardStmt", "VariableSetStmt"]);

/** Also SELECT of one call without arguments of a function that the server alone has. */
function namesNothing({ tag, fields }: { readonly tag: string; readonly fields: Fields }, at: Place, complete: boolean): boolean {
  if (tag !== "SelectStmt" || !complete) return NAMELESS.has(tag);
  const [target, ...more] = list(fields, "targetList");
  const call = as(as(target, "ResTarget")?.["val"], "FuncCall");
  if (call === undefined || more.length > 0 || Object.keys(fields).some((key) => !BARE_SELECT.has(key))) return false;
  const name = stringOf(list(call, "funcname").at(-1));
  const plain = Object.keys(call).every((key) => BARE_CALL.has(key)) && list(call, "funcname").length === 1 && name !== undefined;
  return plain && !at.catalogue.data.functions.some((fn) => fn.name === name && fn.schema !== "pg_catalog");
}

const BARE_SELECT: ReadonlySet<string> = new Set(["targetList", "limitOption", "op"]);
const BARE_CALL: ReadonlySet<string> = new Set(["funcname", "funcformat", "location"]);

/** Statements that sort or index rows that are there. */
const BUILDS_INDEXES: ReadonlySet<string> = new Set([
  "IndexStmt",
  "AlterTableStmt",
  "ReindexStmt",
  "ClusterStmt",
  "VacuumStmt",
  "RefreshMatViewStmt",
]);

/** What a function's body would mean by a name, or the function itself, may be another afterwards. */
function movesNames({ operation, detail, resource }: Effect): boolean {
  if (["set_context", "set_role", "set_session_authorization"].includes(detail)) return true;
  if (detail === "discard" && resource.type === "session" && resource.name !== "session") return true;
  return (operation === "define" || operation === "delete") && ["function", "schema"].includes(resource.type) && detail !== "comment";
}

/** A call that changes search_path in the middle of a statement: what is planned later in the same statement reads the new one. */
function mayMoveNames(effects: readonly Effect[], tag: string): boolean {
  if (!effects.some((effect) => effect.detail === "set_context" && effect.operation === "execute")) return false;
  const settings = (effect: Effect): boolean => effect.resource.type === "setting" || effect.resource.type === "session";
  if (tag === "DoStmt" || tag === "CallStmt") return effects.some((effect) => !settings(effect));
  return effects.some((effect) => effect.detail === "call" || (effect.cause !== "direct" && !settings(effect)));
}

/** A temporary table may take its columns from what the statement reads, and is never seen again: what filling it casts to counts now. */
function takeColumnTypes(effects: readonly Effect[], at: Place): void {
  const read = new Set(effects.filter(({ detail }) => detail === "select").map(({ resource }) => resource.name));
  for (const name of read) {
    const relation = at.catalogue.relation(name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1), at.names);
    if (relation === undefined || relation === "temporary") continue;
    for (const { type } of relation.columns) if (!isBuiltIn(type)) castTo(type, { ...at, cause: "default", repeated: true });
  }
}

/** Definitions after which the rest of a body may mean something else than the catalogue says. */
const REDEFINING: ReadonlySet<string> = new Set(
  `create_function replace_function create_security_definer create_trigger create_rule create_view replace_view create_operator create_type
  create_extension alter_rename alter_set_schema alter_other alter_trigger alter_inherit`.split(/\s+/),
);
const USING: ReadonlySet<string> = new Set(["insert", "update", "delete", "truncate", "set_null", "copy_in", "refresh"]);

/** A body that defines such a thing and also changes rows, reads, or calls: it was judged by the definitions of before. */
function redefinesInside(effects: readonly Effect[], tag: string): boolean {
  const block = tag === "DoStmt";
  if (!effects.some((effect) => REDEFINING.has(effect.detail) && (block || effect.cause === "function"))) return false;
  const calls = new Set(effects.filter(({ detail }) => detail === "call").map(({ resource }) => resource.name));
  if (calls.size > (block ? 0 : 1)) return true;
  return effects.some(({ detail, resource }) => USING.has(detail) || (detail === "select" && resource.type !== "catalogue"));
}

/** Beside what is DDL by its own name: DDL in a body, and what else the server's table of event triggers lists. */
function firesEventTriggers({ operation, detail, resource }: Effect): boolean {
  if (operation === "define") return resource.type !== "setting";
  return operation === "grant" || ["drop", "drop_owned", "alter_drop_column", "refresh"].includes(detail);
}

/** DDL fires every enabled event trigger: which of its events a command raises is not told apart. */
function fireEventTriggers(at: Place): void {
  for (const trigger of at.catalogue.lists.eventTriggers) {
    if (!trigger.enabled) continue;
    const fn = at.catalogue.functionByOid(trigger.functionOid);
    if (fn === undefined) emitUnknown(at, "an event trigger's function is not known", trigger.name, "unknown_function", "trigger");
    else engine.call(fn, [], { ...at, cause: "trigger", repeated: true });
  }
}

/** What this statement changes for those after it in the same text. */
function carryOver(
  node: { readonly tag: string; readonly fields: Fields } | undefined,
  applied: ReturnType<Catalogue["withDdl"]> | undefined,
  summary: StatementSummary,
  state: State,
): void {
  const isSetPath =
    node?.tag === "VariableSetStmt" &&
    text(node.fields, "kind") === "VAR_SET_VALUE" &&
    text(node.fields, "name").toLowerCase() === "search_path";
  if (node?.tag === "TransactionStmt") return endOfTransaction(summary.transaction, state);
  if (isSetPath) {
    state.names = { ...state.names, searchPath: effectivePath(settingValues(node.fields), state) };
    state.changed = true;
    if (flag(node.fields, "is_local")) state.changedUntilEnd = true;
    return;
  }
  if (summary.effects.some((effect) => effect.operation === "unknown")) uncertainOf(state);
  if (changesNames(summary.effects) || uncovers(summary.effects, state)) state.uncertain = true;
  if (applied === undefined) return;
  state.changed = true;
  state.catalogue = applied.catalogue;
  // What a body or an event trigger defines is in no text of its own.
  const inside = summary.effects.some(({ operation, cause }) => operation === "define" && cause !== "direct");
  if (applied.notUnderstood.length > 0 || inside) uncertainOf(state);
}

/** What was defined is not known any more. */
function uncertainOf(state: State): void {
  state.uncertain = true;
  state.complete = false;
}

/**
 * What is reached behind a COMMIT was committed: had anything before it failed, the server would have dropped the rest of the text. A
 * transaction that began before this text has changed nothing that matters here: the session sees to that.
 */
function endOfTransaction(control: TransactionControl, state: State): void {
  if (control === "commit" || control === "rollback") state.delayed = false;
  if (control === "begin" || control === "savepoint" || control === "release" || !state.changed) return;
  const told = state.made.size === 0 && !state.changedUntilEnd && !state.uncertain;
  if (told && control === "rollback") Object.assign(state, state.before);
  else if (!told || control !== "commit") state.uncertain = true;
  state.before = { catalogue: state.catalogue, names: state.names };
  state.changed = false;
  state.changedUntilEnd = false;
}

/** A temporary relation goes or gets another name: what it hid may be meant from here on. */
function uncovers(effects: readonly Effect[], state: State): boolean {
  return effects.some(
    ({ detail, resource }) =>
      ["drop", "alter_rename", "alter_set_schema"].includes(detail) &&
      resource.name.startsWith("pg_temp.") &&
      hidesRelation(resource.name, state),
  );
}

function changesNames(effects: readonly Effect[]): boolean {
  return effects.some((effect) => ["set_context", "set_role", "set_session_authorization", "discard"].includes(effect.detail));
}

/** Schemas of a new search_path that exist; `$user` is the role's own. */
function effectivePath(values: readonly string[], state: State): readonly string[] {
  const written = values.length === 1 && (values[0] ?? "").includes(",") ? (values[0] ?? "").split(",").map((one) => one.trim()) : values;
  const path = written.map((schema) => (schema === "$user" || schema === '"$user"' ? state.role : schema));
  return path.filter((schema) => schema.startsWith("pg_temp") || state.catalogue.lists.schemas.some((known) => known.name === schema));
}
