/**
 * Functions, procedures, aggregates, operators and casts.
 */
import type { AlterFunctionStmt, CreateCastStmt, CreateFunctionStmt, DefElem, DefineStmt, Node, ObjectWithArgs } from "@pgsql/types";
import type { FunctionInfo } from "../types.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { newName, splitName, strings, typeOid } from "./names.ts";
import type { Statement } from "./statement.ts";

function parameters(nodes: readonly Node[] | undefined) {
  return (nodes ?? []).flatMap((node) => ("FunctionParameter" in node ? [node.FunctionParameter] : []));
}

function isInput(mode: string | undefined): boolean {
  return mode !== "FUNC_PARAM_OUT" && mode !== "FUNC_PARAM_TABLE";
}

function options(nodes: readonly Node[] | undefined): readonly DefElem[] {
  return (nodes ?? []).flatMap((node) => ("DefElem" in node ? [node.DefElem] : []));
}

export function createFunction(draft: Draft, statement: Statement, create: CreateFunctionStmt): void {
  const all = parameters(create.parameters);
  const inputs = all.filter((p) => isInput(p.mode));
  const outputs = all.filter((p) => p.mode === "FUNC_PARAM_OUT" || p.mode === "FUNC_PARAM_INOUT" || p.mode === "FUNC_PARAM_TABLE");
  const set = options(create.options);
  const text = (name: string): string | undefined => {
    const arg = set.find((option) => option.defname === name)?.arg;
    if (arg && "List" in arg) return strings(arg.List.items)[0];
    return arg && "String" in arg ? (arg.String.sval ?? "") : undefined;
  };
  const language = text("language")?.toLowerCase() ?? "sql";
  const atomic = create.sql_body !== undefined;
  const { schema, name } = newName(draft, strings(create.funcname));
  const defaults = inputs.filter((p) => p.defexpr);
  // The server prints SQL bodies anew; ours keep the text as written.
  const body = atomic ? atomicBody(statement) : ["sql", "plpgsql", "internal"].includes(language) ? (text("as") ?? "") : null;
  putFunction(draft, {
    schema,
    name,
    kind: create.is_procedure
      ? "procedure"
      : set.some((option) => option.defname === "window" && isTrue(option.arg))
        ? "window"
        : "function",
    arguments: inputs.map((p) => typeOid(draft, p.argType)),
    variadic: inputs.some((p) => p.mode === "FUNC_PARAM_VARIADIC"),
    defaults: defaults.length,
    returns: resultType(
      draft,
      create,
      outputs.map((p) => typeOid(draft, p.argType)),
    ),
    returnsSet: create.returnType?.setof === true || all.some((p) => p.mode === "FUNC_PARAM_TABLE"),
    language,
    volatility: volatility(text("volatility")),
    securityDefiner: isTrue(set.find((option) => option.defname === "security")?.arg),
    owner: draft.owner,
    body,
    bodyIsAtomic: atomic,
    settings: settings(set),
    support: [],
    definition: language === "plpgsql" ? statement.text : null,
    ...(defaults.length === 0
      ? {}
      : { defaultExpressions: defaults.map((p) => statement.after(["default", "="], p.location ?? 0, [], p.defexpr as Node)).join(", ") }),
    ...(create.is_procedure && all.some((p) => p.mode === "FUNC_PARAM_OUT")
      ? { outputs: all.filter((p) => p.mode === "FUNC_PARAM_OUT").length }
      : {}),
  });
}

function atomicBody(statement: Statement): string {
  try {
    return statement.rest(["begin", "atomic"], true);
  } catch {
    return statement.rest(["return"], true);
  }
}

function isTrue(arg: Node | undefined): boolean {
  return arg !== undefined && "Boolean" in arg && arg.Boolean.boolval === true;
}

function volatility(word: string | undefined): FunctionInfo["volatility"] {
  return word === "immutable" || word === "stable" ? word : "volatile";
}

function settings(set: readonly DefElem[]): readonly string[] {
  return set.flatMap((option) => {
    if (option.defname !== "set" || !option.arg || !("VariableSetStmt" in option.arg)) return [];
    const { name, args } = option.arg.VariableSetStmt;
    return [`${name ?? ""}=${(args ?? []).map(constantText).join(", ")}`];
  });
}

/** A constant of SET as its value prints. */
export function constantText(node: Node): string {
  if ("TypeCast" in node && node.TypeCast.arg) return constantText(node.TypeCast.arg);
  if (!("A_Const" in node)) throw new NotUnderstood("a setting that is no constant");
  const { sval, ival, fval, boolval } = node.A_Const;
  if (sval) return sval.sval ?? "";
  if (ival) return String(ival.ival ?? 0);
  if (fval) return fval.fval ?? "0";
  return String(boolval?.boolval ?? false);
}

function resultType(draft: Draft, create: CreateFunctionStmt, outputs: readonly number[]): number {
  const named = (name: string): number => draft.findType("pg_catalog", name)?.oid ?? 0;
  const table = parameters(create.parameters).some((p) => p.mode === "FUNC_PARAM_TABLE");
  if (create.returnType && !table) return typeOid(draft, create.returnType);
  if (create.is_procedure) return outputs.length === 0 ? named("void") : named("record");
  if (outputs.length === 0) return named("void");
  return outputs.length === 1 ? (outputs[0] ?? 0) : named("record");
}

/** CREATE OR REPLACE keeps the OID, so that triggers and operators stay with the new body. */
function putFunction(draft: Draft, f: Omit<FunctionInfo, "oid">): void {
  const before = draft.functions.named(f.schema, f.name).find((other) => other.arguments.join() === f.arguments.join());
  const bound = f.bodyIsAtomic || f.defaultExpressions !== undefined;
  draft.functions.put({ ...(bound ? draft.written(f) : f), oid: before?.oid ?? draft.newOid() });
}

/** The routines a DROP or ALTER means: exactly the one with these argument types, or all of the name when none are given. */
export function routines(draft: Draft, object: ObjectWithArgs): readonly FunctionInfo[] {
  const { schema, name } = splitName(strings(object.objname));
  const all = draft.findFunctions(schema, name);
  if (object.args_unspecified) return all.slice(0, 1);
  const wanted = object.objfuncargs?.length
    ? parameters(object.objfuncargs)
        .filter((p) => isInput(p.mode))
        .map((p) => typeOid(draft, p.argType))
    : (object.objargs ?? []).map((node) => ("TypeName" in node ? typeOid(draft, node.TypeName) : 0));
  return all.filter((f) => f.arguments.join() === wanted.join()).slice(0, 1);
}

export function alterFunction(draft: Draft, alter: AlterFunctionStmt): void {
  const f = alter.func ? routines(draft, alter.func)[0] : undefined;
  if (!f) throw new NotUnderstood("the function does not exist");
  let changed = f;
  for (const option of options(alter.actions)) {
    if (option.defname === "security") changed = { ...changed, securityDefiner: isTrue(option.arg) };
    if (option.defname === "volatility" && option.arg && "String" in option.arg)
      changed = { ...changed, volatility: volatility(option.arg.String.sval) };
    if (option.defname === "set" && option.arg && "VariableSetStmt" in option.arg) {
      const { kind, name = "" } = option.arg.VariableSetStmt;
      const others = kind === "VAR_RESET_ALL" ? [] : changed.settings.filter((setting) => !setting.startsWith(`${name}=`));
      changed = { ...changed, settings: kind === "VAR_SET_VALUE" ? [...others, ...settings([option])] : others };
    }
  }
  draft.functions.put(changed);
}

/** The options of DEFINE-like statements by name: `sfunc = a.b` gives its name parts. */
export function definitions(
  nodes: readonly Node[] | undefined,
): ReadonlyMap<string, { readonly parts: readonly string[]; readonly arg: Node | undefined }> {
  return new Map(
    options(nodes).map((option) => {
      const arg = option.arg;
      const parts = !arg ? [] : "TypeName" in arg ? strings(arg.TypeName.names) : "List" in arg ? strings(arg.List.items) : strings([arg]);
      return [(option.defname ?? "").toLowerCase(), { parts, arg }];
    }),
  );
}

/** Functions of a name, the one with exactly these arguments if there is one: otherwise any of them may be meant. */
export function supportFunctions(draft: Draft, parts: readonly string[] | undefined, arguments_: readonly number[]): readonly number[] {
  if (!parts || parts.length === 0) return [];
  const { schema, name } = splitName(parts);
  const all = draft.findFunctions(schema, name);
  const exact = all.find((f) => f.arguments.join() === arguments_.join());
  if (!exact && all.length === 0) throw new NotUnderstood(`the function \`${name}\` does not exist`);
  return exact ? [exact.oid] : all.map((f) => f.oid);
}

export function createAggregate(draft: Draft, define: DefineStmt): void {
  const given = definitions(define.definition);
  const typed = (name: string): number => {
    const arg = given.get(name)?.arg;
    return arg && "TypeName" in arg ? typeOid(draft, arg.TypeName) : 0;
  };
  const listed = (define.args ?? []).flatMap((node) => ("List" in node ? parameters(node.List.items) : []));
  const arguments_ = define.oldstyle
    ? given.get("basetype")?.parts[0] === "any"
      ? []
      : [typed("basetype")]
    : listed.map((p) => typeOid(draft, p.argType));
  const state = typed("stype") || typed("stype1");
  const moving = typed("mstype");
  const support = (
    [
      ["sfunc", [state, ...arguments_]],
      ["finalfunc", [state]],
      ["combinefunc", [state, state]],
      ["serialfunc", [state]],
      ["deserialfunc", [draft.findType("pg_catalog", "bytea")?.oid ?? 0, state]],
      ["msfunc", [moving, ...arguments_]],
      ["minvfunc", [moving, ...arguments_]],
      ["mfinalfunc", [moving]],
    ] as const
  ).flatMap(([name, wanted]) => supportFunctions(draft, given.get(name)?.parts, wanted));
  const final = supportFunctions(draft, given.get("finalfunc")?.parts, [state]);
  putFunction(draft, {
    ...newName(draft, strings(define.defnames)),
    kind: "aggregate",
    arguments: arguments_,
    variadic: listed.some((p) => p.mode === "FUNC_PARAM_VARIADIC"),
    defaults: 0,
    returns: final.length === 0 ? state : (draft.functions.get(final[0] ?? 0)?.returns ?? 0),
    returnsSet: false,
    language: "internal",
    volatility: "immutable",
    securityDefiner: false,
    owner: draft.owner,
    body: null,
    bodyIsAtomic: false,
    settings: [],
    support: [...new Set(support)],
    definition: null,
  });
}

export function createOperator(draft: Draft, define: DefineStmt): void {
  const given = definitions(define.definition);
  const typed = (name: string): number => {
    const arg = given.get(name)?.arg;
    return arg && "TypeName" in arg ? typeOid(draft, arg.TypeName) : 0;
  };
  const left = typed("leftarg");
  const right = typed("rightarg");
  const named = newName(draft, strings(define.defnames));
  const functions = supportFunctions(
    draft,
    (given.get("function") ?? given.get("procedure"))?.parts,
    given.has("leftarg") ? [left, right] : [right],
  );
  draft.operators = [...draft.operators, ...functions.map((functionOid) => ({ ...named, left, right, functionOid }))];
}

const contexts = {
  COERCION_IMPLICIT: "implicit",
  COERCION_ASSIGNMENT: "assignment",
  COERCION_PLPGSQL: "assignment",
  COERCION_EXPLICIT: "explicit",
} as const;

export function createCast(draft: Draft, create: CreateCastStmt): void {
  const f = create.func ? routines(draft, create.func)[0] : undefined;
  if (create.func && !f) throw new NotUnderstood("the function of a cast does not exist");
  draft.casts = [
    ...draft.casts,
    {
      source: typeOid(draft, create.sourcetype),
      target: typeOid(draft, create.targettype),
      functionOid: f?.oid ?? 0,
      context: contexts[create.context ?? "COERCION_EXPLICIT"],
    },
  ];
}
