/**
 * Enums, domains, ranges and base types.
 */
import type { AlterDomainStmt, CreateDomainStmt, CreateRangeStmt, DefineStmt } from "@pgsql/types";
import { isBuiltIn } from "../types.ts";
import type { FunctionInfo, TypeInfo } from "../types.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { newName, splitName, strings, typeOid } from "./names.ts";
import { definitions, supportFunctions } from "./routines.ts";
import type { Statement } from "./statement.ts";
import { builtIn } from "./tables.ts";

const plain = { baseType: 0, notNull: false, checks: [] } as const;

export function createEnum(draft: Draft, parts: readonly string[]): void {
  draft.addType({
    ...newName(draft, parts),
    ...plain,
    kind: "enum",
    inputFunction: builtIn(draft, "enum_in"),
    outputFunction: builtIn(draft, "enum_out"),
  });
}

export function createDomain(draft: Draft, statement: Statement, create: CreateDomainStmt): void {
  const base = typeOid(draft, create.typeName);
  const constraints = (create.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const stops = constraints.map((constraint) => constraint.location ?? 0);
  const given = constraints.find((constraint) => constraint.contype === "CONSTR_DEFAULT");
  const text = given?.raw_expr ? statement.after(["default"], given.location ?? 0, stops, given.raw_expr) : null;
  const domain = {
    ...newName(draft, strings(create.domainname)),
    kind: "domain" as const,
    baseType: base,
    notNull: constraints.some((constraint) => constraint.contype === "CONSTR_NOTNULL"),
    checks: constraints.flatMap((constraint) =>
      constraint.contype === "CONSTR_CHECK" && constraint.raw_expr
        ? [statement.group("check", constraint.location ?? 0, constraint.raw_expr)]
        : [],
    ),
    inputFunction: builtIn(draft, "domain_in"),
    outputFunction: draft.types.get(base)?.outputFunction ?? 0,
    ...(text === null ? {} : { default: text }),
  };
  draft.addType(draft.written<Parameters<Draft["addType"]>[0]>(domain));
}

/** Subtypes as in the server's AlterDomainStmt: T default, N drop and O set NOT NULL, C add and X drop constraint, V validate. */
export function alterDomain(draft: Draft, statement: Statement, alter: AlterDomainStmt): void {
  const { schema, name } = splitName(strings(alter.typeName));
  const domain = draft.findType(schema, name);
  if (!domain) throw new NotUnderstood("the domain does not exist");
  const changed = changedDomain(domain, statement, alter);
  const rewritten = changed.default !== domain.default || changed.checks.length > domain.checks.length;
  draft.types.put(rewritten ? draft.written(changed) : changed);
}

function changedDomain(domain: TypeInfo, statement: Statement, { subtype, def }: AlterDomainStmt): TypeInfo {
  switch (subtype) {
    case "N":
      return { ...domain, notNull: false };
    case "O":
      return { ...domain, notNull: true };
    case "V":
      return domain;
    // The name of the dropped check is not kept: all stay, which errs on the side of doing more.
    case "X":
      return domain;
    case "T":
      return { ...domain, default: def ? statement.nthAfter(["set", "default"], 0, [], def) : null };
    case "C":
      if (def && "Constraint" in def && def.Constraint.contype === "CONSTR_NOTNULL") return { ...domain, notNull: true };
      if (!def || !("Constraint" in def) || !def.Constraint.raw_expr) throw new NotUnderstood("a domain constraint without an expression");
      return { ...domain, checks: [...domain.checks, statement.group("check", def.Constraint.location ?? 0, def.Constraint.raw_expr)] };
    default:
      throw new NotUnderstood(`ALTER DOMAIN ${subtype ?? ""}`);
  }
}

/** A range brings its multirange and the functions that build both, as the server's makeRangeConstructors does. */
export function createRange(draft: Draft, create: CreateRangeStmt): void {
  const given = definitions(create.params);
  const subtypeArg = given.get("subtype")?.arg;
  const subtype = subtypeArg && "TypeName" in subtypeArg ? typeOid(draft, subtypeArg.TypeName) : 0;
  const named = newName(draft, strings(create.typeName));
  const range = draft.addType({
    ...named,
    ...plain,
    kind: "range",
    inputFunction: builtIn(draft, "range_in"),
    outputFunction: builtIn(draft, "range_out"),
  });
  const support = [
    ...supportFunctions(draft, given.get("canonical")?.parts, [range.oid]),
    ...supportFunctions(draft, given.get("subtype_diff")?.parts, [subtype, subtype]),
  ].filter((oid) => !isBuiltIn(oid));
  if (support.length > 0) draft.types.put({ ...range, support });
  const multiName =
    given.get("multirange_type_name")?.parts.at(-1) ??
    (named.name.includes("range") ? named.name.replace("range", "multirange") : `${named.name}_multirange`);
  const multi = draft.addType({
    ...plain,
    schema: named.schema,
    name: multiName,
    kind: "multirange",
    inputFunction: builtIn(draft, "multirange_in"),
    outputFunction: builtIn(draft, "multirange_out"),
  });
  const text = draft.findType("pg_catalog", "text")?.oid ?? 0;
  const constructors = [
    [range, [subtype, subtype], false, "range_constructor2"],
    [range, [subtype, subtype, text], false, "range_constructor3"],
    [multi, [], false, "multirange_constructor0"],
    [multi, [range.oid], false, "multirange_constructor1"],
    [multi, [draft.arrayOf(range.oid)], true, "multirange_constructor2"],
  ] as const;
  for (const [type, arguments_, variadic, routine] of constructors) {
    const f = constructor_(draft, type, arguments_, variadic, routine);
    draft.functions.put(f);
    if (arguments_[0] === range.oid)
      draft.casts = [...draft.casts, { source: range.oid, target: multi.oid, functionOid: f.oid, context: "explicit" }];
  }
}

function constructor_(draft: Draft, type: TypeInfo, arguments_: readonly number[], variadic: boolean, routine: string): FunctionInfo {
  return {
    oid: draft.newOid(),
    schema: type.schema,
    name: type.name,
    kind: "function",
    arguments: arguments_,
    variadic,
    defaults: 0,
    returns: type.oid,
    returnsSet: false,
    language: "internal",
    volatility: "immutable",
    securityDefiner: false,
    owner: draft.owner,
    body: routine,
    bodyIsAtomic: false,
    settings: [],
    support: [],
    definition: null,
  };
}

/** `CREATE TYPE t` alone makes a shell that its functions are then written with; the second CREATE TYPE fills it. */
export function createBase(draft: Draft, define: DefineStmt): void {
  const named = newName(draft, strings(define.defnames));
  const shell = draft.types.named(named.schema, named.name)[0];
  if (!define.definition?.length) {
    draft.types.put({ oid: draft.newOid(), ...named, ...plain, kind: "pseudo", inputFunction: 0, outputFunction: 0, element: 0 });
    return;
  }
  const given = definitions(define.definition);
  const cstring = draft.findType("pg_catalog", "cstring")?.oid ?? 0;
  const one = (name: string, arguments_: readonly number[]): number => supportFunctions(draft, given.get(name)?.parts, arguments_)[0] ?? 0;
  const support = ["receive", "send", "typmod_in", "typmod_out", "analyze"].map((name) => one(name, [])).filter((oid) => !isBuiltIn(oid));
  draft.addType({
    ...named,
    ...plain,
    ...(shell ? { oid: shell.oid } : {}),
    kind: "base",
    inputFunction: one("input", [cstring]),
    outputFunction: one("output", [shell?.oid ?? 0]),
    ...(support.length > 0 ? { support } : {}),
  });
}
