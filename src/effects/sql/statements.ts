/**
 * The composition: every statement kind of the grammar with its visitor, tied into one engine.
 * It does not carry state from one statement to the next (script.ts).
 */
import { alterVisitors } from "./alter.ts";
import { isOn } from "./maintain.ts";
import { call, callByName } from "./calls.ts";
import { createVisitors } from "./create.ts";
import { copy, insert, merge, remove, truncate, update } from "./dml.ts";
import { dropVisitors } from "./drop.ts";
import { ONE, emit, emitUnknown, type Engine, type Place } from "./engine.ts";
import { expressionVisitors } from "./expressions.ts";
import { newerGrammar } from "./newer-grammar.ts";
import { parseSql } from "./parse.ts";
import { walkPlpgsql } from "./plpgsql.ts";
import { readRelation, writeRelation } from "./relations.ts";
import { sessionVisitors } from "./session.ts";
import { as, list, part, stringOf, tagged, text, type Fields } from "./tree.ts";
import { makeWalk, type Visitor } from "./walk.ts";

/** EXPLAIN: the last of several ANALYZE options wins, as in the server. */
function explain(fields: Fields, at: Place): void {
  let analyze = false;
  for (const option of list(fields, "options")) {
    const element = as(option, "DefElem");
    if (element !== undefined && text(element, "defname").toLowerCase() === "analyze") analyze = isOn(element["arg"]);
  }
  emit(at, {
    operation: "read",
    resource: { type: "statement", name: "plan" },
    detail: "explain",
    extent: ONE,
    reversibility: "reversible",
  });
  at.engine.statement(fields["query"], analyze ? at : { ...at, planned: true });
}

/** DO: a PL/pgSQL body like a function's; any other language cannot be looked into. */
function doBlock(fields: Fields, at: Place): void {
  const options = list(fields, "args").map((arg) => as(arg, "DefElem") ?? {});
  const option = (name: string): string | undefined => stringOf(options.findLast((one) => text(one, "defname") === name)?.["arg"]);
  const language = option("language") ?? "plpgsql";
  const body = option("as");
  if (language.toLowerCase() !== "plpgsql" || body === undefined) {
    emitUnknown(at, `a DO block in ${language} cannot be looked into`, "do", "unknown_function", "function");
    return;
  }
  let quote = "$holdfast$";
  while (body.includes(quote)) quote = `${quote.slice(0, -1)}x$`;
  walkPlpgsql(`DO ${quote}${body}${quote}`, at, "do");
}

function callProcedure(fields: Fields, at: Place): void {
  const funccall = part(fields, "funccall");
  if (funccall === undefined) emitUnknown(at, "a CALL that is not understood");
  else at.engine.visit("FuncCall", funccall, at);
}

const statementVisitors: readonly (readonly [string, Visitor])[] = [
  ["InsertStmt", insert],
  ["UpdateStmt", update],
  ["DeleteStmt", remove],
  ["MergeStmt", merge],
  ["CopyStmt", copy],
  ["TruncateStmt", truncate],
  ["ExplainStmt", explain],
  ["DoStmt", doBlock],
  ["CallStmt", callProcedure],
  ["RawStmt", (fields, at) => at.engine.statement(fields["stmt"], at)],
];

/** Every type with a visitor of its own; all others are walked generically. */
export const visitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ...newerGrammar,
  ...expressionVisitors,
  ...sessionVisitors,
  ...createVisitors,
  ...alterVisitors,
  ...dropVisitors,
  ...statementVisitors,
]);

/** Statements that need no visitor of their own: they consist of expressions. */
const PLAIN: ReadonlySet<string> = new Set(["SelectStmt", "ReturnStmt", "PLAssignStmt"]);

function statement(value: unknown, at: Place): void {
  if (value === undefined || value === null) return;
  const found = tagged(value);
  if (found === undefined) emitUnknown(at, "a part of the statement is not understood");
  // A SQL body between BEGIN ATOMIC and END is a list of lists of statements.
  else if (found.tag === "List") for (const item of list(found.fields, "items")) statement(item, at);
  else if (found.tag.endsWith("Stmt") && !visitors.has(found.tag) && !PLAIN.has(found.tag))
    emitUnknown(at, `a statement of type ${found.tag} is not understood`);
  else at.engine.visit(found.tag, found.fields, at);
}

function statementsText(sql: string, at: Place): void {
  const statements = parseSql(sql);
  if (statements === undefined) {
    emitUnknown(at, "SQL inside it does not parse", "statement", "dynamic_sql");
    return;
  }
  for (const raw of statements) at.engine.visit("RawStmt", raw as Fields, at);
}

function expressionText(expression: string, at: Place): void {
  const statements = parseSql(`SELECT ${expression}`);
  if (statements?.length !== 1) emitUnknown(at, "an expression inside it does not parse", "expression", "dynamic_sql");
  else at.engine.visit("RawStmt", statements[0] as Fields, at);
}

export const engine: Engine = {
  ...makeWalk(visitors),
  statement,
  statementsText,
  expressionText,
  read: readRelation,
  write: writeRelation,
  callByName,
  call,
};
