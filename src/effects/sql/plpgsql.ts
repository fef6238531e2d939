/**
 * PL/pgSQL bodies: every embedded statement and expression is found by walking the parser's tree generically.
 * It does not follow control flow; everything that may run is taken to run.
 */
import { parsePlPgSQLSync, scanSync } from "libpg-query";
import { emitUnknown, lookUp, type Place, type Scope } from "./engine.ts";
import { parseSql } from "./parse.ts";
import { initialValues } from "./plpgsql-declarations.ts";
import { literalString, qualified, tagged, type Fields } from "./tree.ts";

/** parseMode of a PLpgSQL_expr (RawParseMode in the server's parser.h). */
const EXPRESSION = 2;
const ASSIGNMENT_FIRST = 3;

/** `definition` is a whole CREATE FUNCTION or DO. */
export function walkPlpgsql(definition: string, at: Place, name: string): void {
  let tree: unknown;
  try {
    tree = parsePlPgSQLSync(definition);
  } catch (error) {
    if (isBroken(error)) throw error;
    try {
      tree = parsePlPgSQLSync(withoutRowTypes(definition));
    } catch (second) {
      if (isBroken(second)) throw second;
      emitUnknown(at, "its body cannot be parsed", name, "unknown_function", "function");
      return;
    }
  }
  const variables = new Set<string>(["found", "sqlstate", "sqlerrm", "new", "old", "value"]);
  gatherVariables(tree, variables);
  const scope: Scope = { parent: undefined, ctes: new Set(), sources: [], variables };
  const inside: Place = { ...at, scope, repeated: true };
  walk(tree, inside, name);
  for (const [reference] of definition.matchAll(ROW_TYPE)) declaredType(reference, inside);
  const values = initialValues(definition);
  if (values === undefined) emitUnknown(at, "its body cannot be read", name, "unknown_function", "function");
  else for (const value of values) at.engine.expressionText(value, inside);
}

/** An overflow or an abort of the parser itself, which the pool must see. */
function isBroken(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.constructor.name === "RuntimeError");
}

/** The parser has no catalogue, so `t%ROWTYPE` means nothing to it: a record holds the same statements. */
function withoutRowTypes(definition: string): string {
  return definition.replace(ROW_TYPE, "record");
}

const ROW_TYPE = /((?:"[^"]+"|[A-Za-z_][\w$]*)(?:\s*\.\s*(?:"[^"]+"|[A-Za-z_][\w$]*)){0,2})\s*%\s*ROWTYPE\b/gi;

function gatherVariables(node: unknown, into: Set<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) gatherVariables(item, into);
    return;
  }
  if (node === null || typeof node !== "object") return;
  for (const [key, value] of Object.entries(node)) {
    if ((key === "refname" || key === "fieldname") && typeof value === "string") into.add(value.toLowerCase());
    else gatherVariables(value, into);
  }
}

function walk(node: unknown, at: Place, name: string): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, at, name);
    return;
  }
  if (node === null || typeof node !== "object") return;
  const found = tagged(node);
  if (found?.tag === "PLpgSQL_expr") {
    walkQuery(found.fields, at, name);
    return;
  }
  if (found?.tag === "PLpgSQL_type") declaredType(String(found.fields["typname"] ?? ""), at);
  const dynamic = found === undefined ? undefined : DYNAMIC[found.tag];
  for (const [key, value] of Object.entries(found?.fields ?? node)) {
    const expr = key === dynamic ? tagged(value) : undefined;
    if (expr?.tag === "PLpgSQL_expr") walkDynamic(String(expr.fields["query"] ?? ""), at, name);
    else walk(value, at, name);
  }
}

/** Assigning to a variable casts to its type: a domain's checks run. `t%ROWTYPE` and `t.c%TYPE` stand for the whole row. */
function declaredType(written: string, at: Place): void {
  const reference = /^(.*?)\s*%\s*(rowtype|type)\s*(?:\[.*)?$/i.exec(written);
  if (reference === null) {
    if (parseSql(`SELECT NULL::${written}`) !== undefined) at.engine.expressionText(`NULL::${written}`, { ...at, scope: undefined });
    return;
  }
  const parts = (reference[1] ?? "")
    .split(".")
    .map((part) => (part.trim().startsWith('"') ? part.trim().slice(1, -1) : part.trim().toLowerCase()));
  const { schema, name } = qualified(reference[2]?.toLowerCase() === "type" ? parts.slice(0, -1) : parts);
  const relation = name === "" ? undefined : lookUp(schema, name, at);
  if (relation === undefined || relation === "temporary") return;
  at.engine.visit("TypeName", { names: [relation.schema, relation.name].map((sval) => ({ String: { sval } })) }, at);
}

/** Statements that run a text made at run time, and the field that holds it. */
const DYNAMIC: Readonly<Record<string, string>> = {
  PLpgSQL_stmt_dynexecute: "query",
  PLpgSQL_stmt_dynfors: "query",
  PLpgSQL_stmt_return_query: "dynquery",
  PLpgSQL_stmt_open: "dynquery",
};

function walkQuery(expr: Fields, at: Place, name: string): void {
  const query = String(expr["query"] ?? "");
  const mode = typeof expr["parseMode"] === "number" ? expr["parseMode"] : 0;
  if (mode === 0) at.engine.statementsText(query, at);
  else if (mode === EXPRESSION) at.engine.expressionText(query, at);
  else if (mode >= ASSIGNMENT_FIRST) walkAssignment(query, at);
  else emitUnknown(at, "a part of its body is not understood", name, "unknown_function", "function");
}

/** `target := expression`: both sides may call functions. */
function walkAssignment(query: string, at: Place): void {
  let depth = 0;
  const bytes = Buffer.from(query, "utf8");
  for (const token of scanSync(query).tokens) {
    if (token.text === "(" || token.text === "[") depth += 1;
    if (token.text === ")" || token.text === "]") depth -= 1;
    if (depth !== 0 || (token.text !== ":=" && token.text !== "=")) continue;
    at.engine.expressionText(bytes.subarray(0, token.start).toString("utf8"), at);
    at.engine.expressionText(bytes.subarray(token.end).toString("utf8"), at);
    return;
  }
  at.engine.expressionText(query, at);
}

/** EXECUTE: a literal is a statement like any other; anything else is only known at run time. */
function walkDynamic(expression: string, at: Place, name: string): void {
  at.engine.expressionText(expression, at);
  const parsed = parseSql(`SELECT ${expression}`);
  const target = parsed === undefined || parsed.length !== 1 ? undefined : soleTarget(parsed[0]);
  const text = target === undefined ? undefined : literalString(target);
  if (text === undefined) emitUnknown(at, "it executes SQL that is put together at run time", name, "dynamic_sql", "function");
  else at.engine.statementsText(text, at);
}

function soleTarget(statement: unknown): unknown {
  const select = tagged((statement as Fields | undefined)?.["stmt"]);
  const targets = select?.tag === "SelectStmt" ? select.fields["targetList"] : undefined;
  if (!Array.isArray(targets) || targets.length !== 1) return undefined;
  return tagged(targets[0])?.fields["val"];
}
