/**
 * Function calls: names through the catalogue, built-ins by their table, bodies analysed under their own settings.
 * It does not take PL/pgSQL apart (plpgsql.ts).
 */
import type { Names } from "../../catalogue/catalogue.ts";
import { isBuiltIn, type FunctionInfo } from "../../catalogue/types.ts";
import {
  UNCERTAIN,
  Sink,
  definedNames,
  emit,
  emitUnknown,
  identity,
  namesKey,
  noCuts,
  partialResult,
  writtenName,
  type Place,
  type Scope,
} from "./engine.ts";
import { builtinMeanings, type BuiltinMeaning } from "./builtins.ts";
import { isBuiltin, knowledgeOf, relationOfRowType, onlyComputes } from "./knowledge.ts";
import { walkPlpgsql } from "./plpgsql.ts";
import { emitSetting, emitUnknownSetting } from "./session.ts";
import { parseSql } from "./parse.ts";
import { as, literalString, type Fields } from "./tree.ts";
import type { Effect } from "../../model/effect.ts";

/** Every function the call could mean is judged; none at all is `unknown`. */
export function callByName(schema: string | undefined, name: string, args: readonly unknown[], at: Place): void {
  const candidates = at.catalogue.functions(schema, name, args.length, at.names, true);
  if (candidates.length === 0) {
    const type = at.catalogue.type(schema, name, at.names);
    if (type !== undefined) return castTo(type.oid, at);
    if (COMPUTED_IN_PARSER.has(name) && (schema === undefined || schema === "pg_catalog")) return;
    emitUnknown(at, "no such function is known", writtenName(schema, name), "unknown_function", "function");
    return;
  }
  for (const fn of candidates) call(fn, args, at);
  // `f(x)` may also be a cast to a type of that name, and the server tries that first.
  const type = args.length === 1 ? at.catalogue.type(schema, name, at.names) : undefined;
  if (type !== undefined && !isBuiltIn(type.oid)) castTo(type.oid, at);
}

/** Grammar productions that the parser writes as calls of functions with special arguments. */
const COMPUTED_IN_PARSER: ReadonlySet<string> = new Set([
  "xmlexists",
  "overlay",
  "position",
  "substring",
  "trim",
  "normalize",
  "is_normalized",
]);

export function call(fn: FunctionInfo, args: readonly unknown[], at: Place): void {
  if (onlyComputes(fn, at.catalogue)) return;
  if (at.planned) {
    // The planner folds what is not volatile.
    if (fn.volatility !== "volatile") call(fn, args, { ...at, planned: false });
    return;
  }
  const meaning = isBuiltin(fn) || fn.language === "c" ? builtinMeanings.get(fn.name) : undefined;
  if (at.stored) {
    store(fn, args, at);
    return;
  }
  if (meaning !== undefined) {
    emitBuiltin(meaning, fn, args, at);
    return;
  }
  // A call that leaves arguments out runs their defaults.
  const omitted = args.length < fn.arguments.length ? fn.defaultExpressions : undefined;
  if (omitted !== undefined) at.engine.expressionText(`ROW(${omitted})`, { ...definedNames(fn, at), cause: "default", scope: undefined });
  expand(fn, at);
}

/** What a definition keeps runs later, in whatever session, and there unseen: whether it will do more than read is judged now. */
function store(fn: FunctionInfo, args: readonly unknown[], at: Place): void {
  const sink = new Sink();
  call(fn, args, { ...at, stored: false, sink, cuts: noCuts(), cause: "function", repeated: true });
  const worst = sink.effects.find((effect) => !staysHarmless(effect));
  emit(at, {
    operation: "define",
    resource: { type: "function", name: identity(fn) },
    detail: worst === undefined ? "stored_call" : "stored_change",
    reversibility: "reversible",
    ...(worst === undefined ? {} : { because: `it would ${worst.operation} ${worst.resource.name}` }),
  });
}

/** Reading what is no secret, moving a sequence, running a function that does no more than that. */
function staysHarmless(effect: Effect): boolean {
  if (effect.operation === "read") return effect.resource.type !== "file" && effect.classification !== "secret";
  return effect.detail === "sequence" || (effect.operation === "execute" && effect.detail === "call");
}

function emitBuiltin(meaning: BuiltinMeaning, fn: FunctionInfo, args: readonly unknown[], at: Place): void {
  switch (meaning.kind) {
    case "harmless":
      return;
    case "effect": {
      const { operation, type, name, detail, reversibility, classification } = meaning.effect;
      const because = `calls ${identity(fn)}`;
      emit(at, {
        operation,
        resource: { type, name },
        detail,
        reversibility,
        extent: UNCERTAIN,
        because,
        ...(classification === undefined ? {} : { classification }),
      });
      return;
    }
    case "setting": {
      const name = literalString(args[0]);
      const value = literalString(args[1]);
      if (name === undefined) emitUnknownSetting(at);
      else emitSetting(name, value === undefined ? undefined : [value], at);
      return;
    }
    case "sequence": {
      const written = literalString(args[0]);
      emit(at, {
        operation: "update",
        resource: { type: "sequence", name: written === undefined ? "sequence" : sequenceName(written, at) },
        detail: fn.name === "setval" ? "sequence_set" : "sequence",
        reversibility: "restorable",
      });
      return;
    }
    case "sql_text": {
      for (const argument of meaning.arguments) {
        if (argument > 0 && argument >= args.length) continue;
        const sql = literalString(args[argument]);
        if (sql === undefined)
          emitUnknown(at, `${fn.name} runs SQL text that is put together at run time`, identity(fn), "dynamic_sql", "function");
        else at.engine.statementsText(sql, { ...under(at.runtime ?? at.names, at), cause: "function", repeated: true });
      }
      return;
    }
    case "reads_relation": {
      const name = literalString(args[0]);
      if (name === undefined || !/^[a-z_][a-z0-9_.]*$/.test(name))
        emitUnknown(at, `${fn.name} reads a table that is named at run time`, identity(fn), "dynamic_sql", "function");
      else at.engine.statementsText(`TABLE ${name}`, { ...under(at.runtime ?? at.names, at), cause: "function", repeated: true });
      return;
    }
    case "names_type": {
      const written = literalString(args[1]);
      if (written === undefined || parseSql(`SELECT NULL::${written}`)?.length !== 1)
        emitUnknown(at, `${fn.name} makes a value of a type that is named at run time`, identity(fn), "dynamic_sql", "function");
      else at.engine.expressionText(`NULL::${written}`, { ...at, cause: "function", repeated: true });
      return;
    }
    case "makes_record":
      // `NULL::type` says the type and is judged as a cast; a row of a table says it only to the server.
      if (as(args[0], "TypeCast") === undefined) castToAny(at);
      return;
    case "unknowable":
      emitUnknown(at, `${fn.name} reads what is only known at run time`, identity(fn), "dynamic_sql", "function");
  }
}

function sequenceName(written: string, at: Place): string {
  const parts = written.split(".").map((part) => (part.startsWith('"') ? part.slice(1, -1) : part.toLowerCase()));
  const name = at.catalogue.qualified(parts);
  const found = name === undefined ? undefined : at.catalogue.relation(name.schema, name.name, at.names);
  if (found === "temporary") return `pg_temp.${parts.at(-1)}`;
  return found === undefined ? parts.join(".") : identity(found);
}

/** A body, analysed once for each set of names it may run under. */
function expand(fn: FunctionInfo, at: Place): void {
  if (at.expanding.includes(fn.oid)) {
    at.cuts.count += 1;
    return;
  }
  const settings = new Map(
    fn.settings.map((setting) => [setting.slice(0, setting.indexOf("=")).toLowerCase(), setting.slice(setting.indexOf("=") + 1)]),
  );
  const path = settings.get("search_path");
  const session = at.runtime ?? at.names;
  const names = path === undefined ? session : { ...session, searchPath: pathOf(path, at) };
  const memo = knowledgeOf(at.catalogue).expansions;
  const key = `f${fn.oid}|${namesKey(under(names, at))}`;
  let effects = memo.get(key) ?? partialResult(key, at);
  if (effects === undefined) {
    const sink = new Sink();
    const cuts = at.expanding.length === 0 ? noCuts() : at.cuts;
    const cutsBefore = cuts.count;
    const inside: Place = {
      ...under(names, at),
      sink,
      cuts,
      cause: "function",
      repeated: true,
      stored: false,
      scope: undefined,
      expanding: [...at.expanding, fn.oid],
      made: new Set(at.made),
      madeViews: new Set(at.madeViews),
    };
    for (const oid of [...fn.arguments, fn.returns]) if (!isBuiltIn(oid)) castTo(oid, inside);
    for (const [name, value] of settings) if (name !== "search_path") emitSetting(name, [value], inside);
    walkBody(fn, inside);
    effects = sink.effects;
    // Inside a cycle the innermost call was cut short, so only a whole expansion may be kept.
    if (at.expanding.length === 0 || cuts.count === cutsBefore) memo.set(key, effects);
    else cuts.partial.set(key, effects);
  }
  emit(at, {
    operation: "execute",
    resource: { type: "function", name: identity(fn) },
    detail: "call",
    extent: UNCERTAIN,
    reversibility: "reversible",
  });
  for (const effect of effects) at.sink.add(at.cause === "direct" ? effect : { ...effect, cause: at.cause });
}

function under(names: Names, { runtime: _, ...at }: Place): Place {
  return { ...at, names };
}

function pathOf(setting: string, at: Place): readonly string[] {
  const schemas = setting
    .split(",")
    .map((part) => part.trim())
    .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase()));
  return schemas.map((schema) => (schema === "$user" ? at.role : schema)).filter((schema) => schema !== "");
}

function walkBody(fn: FunctionInfo, at: Place): void {
  if (fn.kind === "aggregate") {
    for (const oid of fn.support) {
      const support = oid === 0 ? undefined : at.catalogue.functionByOid(oid);
      if (support !== undefined) call(support, [], at);
      else if (oid !== 0) unknownBody(fn, "a support function is not known", at);
    }
    return;
  }
  if (fn.language === "sql" && fn.body !== null) {
    const variables: Scope = { parent: undefined, ctes: new Set(), sources: [], variables: new Set([fn.name]) };
    if (fn.bodyIsAtomic) walkAtomic(fn, fn.body, { ...definedNames(fn, at), scope: variables });
    else at.engine.statementsText(fn.body, { ...at, scope: variables });
  } else if (fn.language === "plpgsql" && (fn.definition ?? fn.body) !== null) {
    walkPlpgsql(fn.definition ?? wrapped(fn), at, identity(fn));
  } else {
    unknownBody(fn, `its language ${fn.language} cannot be looked into`, at);
  }
}

function unknownBody(fn: FunctionInfo, because: string, at: Place): void {
  emitUnknown(at, `${because}`, identity(fn), "unknown_function", "function");
}

/** `BEGIN ATOMIC s; s; END` or `RETURN expression`: the parser only takes it inside a CREATE FUNCTION. */
function walkAtomic(fn: FunctionInfo, body: string, at: Place): void {
  const raw = parseSql(`CREATE FUNCTION body() RETURNS int LANGUAGE sql ${body}`)?.[0];
  const definition = as((raw as Fields | undefined)?.["stmt"], "CreateFunctionStmt");
  if (definition?.["sql_body"] === undefined) unknownBody(fn, "its body does not parse", at);
  else at.engine.statement(definition["sql_body"], at);
}

function wrapped(fn: FunctionInfo): string {
  return `CREATE FUNCTION body() RETURNS ${fn.returnsSet ? "SETOF record" : "record"} LANGUAGE plpgsql AS $holdfast$${fn.body ?? ""}$holdfast$`;
}

/** Where a value may become one of any type, and only the server knows which: the checks of every domain, every assignment cast. */
export function castToAny(at: Place): void {
  if (at.stored || at.planned) return;
  const { riskyCasts, expansions } = knowledgeOf(at.catalogue);
  const key = `any|${namesKey(at)}`;
  let effects = expansions.get(key);
  if (effects === undefined) {
    const sink = new Sink();
    const inside: Place = { ...at, sink, cuts: noCuts(), cause: "default", repeated: true, scope: undefined, expanding: [] };
    for (const { oid, kind, checks } of at.catalogue.data.types)
      if (kind === "domain" && checks.length > 0 && !isBuiltIn(oid)) castTo(oid, inside);
    for (const cast of riskyCasts) if (cast.context !== "explicit") call(cast.fn, [], inside);
    effects = sink.effects;
    expansions.set(key, effects);
  }
  for (const effect of effects) at.sink.add(effect);
}

/** A cast to this type: its input function, user-made casts, a domain's checks. */
export function castTo(typeOid: number, at: Place, seen: readonly number[] = []): void {
  if (seen.includes(typeOid)) return;
  for (const cast of at.catalogue.userCastsTo(typeOid)) {
    const fn = cast.functionOid === 0 ? undefined : at.catalogue.functionByOid(cast.functionOid);
    if (fn !== undefined) call(fn, [], at);
  }
  const type = at.catalogue.typeByOid(typeOid);
  if (type === undefined) return;
  if (type.kind === "domain") {
    for (const check of type.checks) at.engine.expressionText(check, { ...definedNames(type, at), cause: "default", scope: VALUE_SCOPE });
    castTo(type.baseType, at, [...seen, typeOid]);
  }
  if (type.element !== 0) castTo(type.element, at, [...seen, typeOid]);
  if (type.kind === "composite") {
    const row = relationOfRowType(typeOid, at.catalogue);
    for (const column of row?.columns ?? []) if (!isBuiltIn(column.type)) castTo(column.type, at, [...seen, typeOid]);
  }
  for (const oid of [type.inputFunction, type.outputFunction, ...(type.support ?? [])]) {
    const fn = oid === 0 ? undefined : at.catalogue.functionByOid(oid);
    if (fn !== undefined && !isBuiltin(fn)) call(fn, [], at);
  }
}

const VALUE_SCOPE: Scope = { parent: undefined, ctes: new Set(), sources: [], variables: new Set(["value"]) };
