/**
 * Expressions and queries: calls, operators, casts, attribute notation, sub-selects with their scopes, tables read.
 * It does not judge changes (dml.ts) or definitions (definitions.ts).
 */
import type { Relation } from "../../catalogue/types.ts";
import { call, callByName, castTo } from "./calls.ts";
import { emit, emitUnknown, NO_SUCH_RELATION, UNCERTAIN, writtenName, type Place, type Scope, type Source, lookUp } from "./engine.ts";
import { operatorByName, operatorClasses, type Operands } from "./comparisons.ts";
import { knowledgeOf } from "./knowledge.ts";
import { outputColumns } from "./mentions.ts";
import { as, flag, list, nameParts, part, qualified, rangeVarName, stringOf, tagged, text, type Fields } from "./tree.ts";
import { withNamedSetting } from "./setting-rows.ts";
import { typeOfExpression } from "./types-of.ts";
import type { Visitor } from "./walk.ts";

function funcCall(fields: Fields, at: Place): void {
  const parts = nameParts(list(fields, "funcname"));
  const args = list(fields, "args");
  if (parts === undefined) emitUnknown(at, "a function whose name is not understood");
  else {
    const { schema, name } = qualified(parts);
    // In WITHIN GROUP the sorted columns are arguments too.
    const sorted = flag(fields, "agg_within_group") ? list(fields, "agg_order") : [];
    callByName(schema, name, [...args.map(argumentOf), ...sorted], at);
    if (name.includes("json")) castsToJson(at);
  }
  implicitCasts(at);
  if (flag(fields, "agg_distinct")) operatorClasses(at);
  at.engine.children("FuncCall", fields, at);
}

/** `name => value` may stand for any argument: its value counts as one that is not known. */
function argumentOf(arg: unknown): unknown {
  return as(arg, "NamedArgExpr") === undefined ? arg : { ParamRef: {} };
}

/** An implicit cast that runs a user's function may stand anywhere two types meet. */
function implicitCasts(at: Place): void {
  for (const cast of knowledgeOf(at.catalogue).riskyCasts) if (cast.context === "implicit") call(cast.fn, [], at);
}

/** OID of `json`. */
const JSON_TYPE = 114;

/** Whatever makes JSON takes a cast to it where a type has one, whatever the cast's context. */
export function castsToJson(at: Place): void {
  for (const cast of knowledgeOf(at.catalogue).riskyCasts) if (cast.target === JSON_TYPE) call(cast.fn, [], at);
}

function typeCast(fields: Fields, at: Place): void {
  at.engine.children("TypeCast", fields, at);
  implicitCasts(at);
}

/** Every use of a type name: a cast, a column definition, a parameter. */
function typeName(fields: Fields, at: Place): void {
  const parts = nameParts(list(fields, "names"));
  if (parts !== undefined && parts.length > 0) {
    const { schema, name } = qualified(parts);
    const type = at.catalogue.type(schema, name, at.names);
    if (type !== undefined) castTo(type.oid, at);
    else if (!flag(fields, "pct_type") && lookUp(schema, name, at) !== "temporary")
      emitUnknown(at, "no such type is known", writtenName(schema, name), "unknown", "type");
  }
  at.engine.children("TypeName", fields, at);
}

/** `serial` and its kin: words of the grammar's, an integer with a sequence, whatever types there are. */
export function isSerial(typeName: readonly string[]): boolean {
  return typeName.length === 1 && SERIALS.has(typeName[0] ?? "");
}

const SERIALS: ReadonlySet<string> = new Set(["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"]);

/** A column: where it has no default of its own, its domain's stands for it. */
function columnDefinition(fields: Fields, at: Place): void {
  const parts = nameParts(list(part(fields, "typeName") ?? {}, "names"));
  at.engine.children("ColumnDef", fields, at, isSerial(parts ?? []) ? ["typeName"] : []);
  if (parts === undefined || parts.length === 0) return;
  const { schema, name } = qualified(parts);
  const type = at.catalogue.type(schema, name, at.names);
  if (typeof type?.default === "string") at.engine.expressionText(type.default, { ...at, cause: "default", scope: undefined });
}

/** `t.f` is the column f of t, or else the function f called with the row. */
function columnRef(fields: Fields, at: Place): void {
  const names = list(fields, "fields").map(stringOf);
  const last = names.at(-1);
  if (names.length < 2 || last === undefined) return;
  attribute(last, names.slice(0, -1), at);
}

function indirection(fields: Fields, at: Place): void {
  at.engine.children("A_Indirection", fields, at);
  for (const step of list(fields, "indirection")) {
    const name = stringOf(step);
    if (name !== undefined) attribute(name, [], at);
  }
}

function attribute(name: string, qualifier: readonly (string | undefined)[], at: Place): void {
  const functions = at.catalogue.attributeFunctions(name, at.names);
  if (functions.length === 0) return;
  const source = findSource(qualifier.at(-1), at.scope);
  if (source === "variable" || SYSTEM_COLUMNS.has(name) || source?.columns?.has(name) === true) return;
  for (const fn of functions) call(fn, [], at);
}

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"]);

function findSource(alias: string | undefined, scope: Scope | undefined): Source | "variable" | undefined {
  for (let here = scope; here !== undefined && alias !== undefined; here = here.parent) {
    const found = here.sources.find((source) => source.alias === alias);
    if (found !== undefined) return found;
    if (here.variables?.has(alias) === true) return "variable";
  }
  return undefined;
}

function subLink(fields: Fields, at: Place): void {
  operatorByName(list(fields, "operName").length > 0 ? list(fields, "operName") : [{ String: { sval: "=" } }], at);
  at.engine.children("SubLink", fields, at);
}

function sortBy(fields: Fields, at: Place): void {
  operatorByName(list(fields, "useOp"), at);
  for (const name of ["<", "=", ">"]) operatorByName([{ String: { sval: name } }], at);
  at.engine.children("SortBy", fields, at);
}

/** A SELECT opens a scope: its WITH names, then what stands in FROM; grouping and DISTINCT compare with `=`. */
function select(fields: Fields, at: Place): void {
  const inside = withScope(fields, at);
  const compares =
    ["distinctClause", "groupClause"].some((key) => list(fields, key).length > 0) || (text(fields, "op") || "SETOP_NONE") !== "SETOP_NONE";
  if (compares) for (const name of ["=", "<"]) operatorByName([{ String: { sval: name } }], inside);
  const into = part(fields, "intoClause");
  if (into !== undefined) at.engine.visit("IntoClause", into, inside);
  for (const clause of list(fields, "lockingClause")) {
    const locks = as(clause, "LockingClause");
    if (locks === undefined) emitUnknown(at, "a locking clause is not understood");
    else locking(locks, list(fields, "fromClause"), inside);
  }
  at.engine.children("SelectStmt", withNamedSetting(fields, at), inside, ["withClause", "intoClause", "lockingClause"]);
}

/** Opens the scope of a statement's WITH and FROM, and walks the WITH itself. */
export function withScope(fields: Fields, at: Place, extra: readonly Source[] = []): Place {
  const withClause = part(fields, "withClause");
  const ctes = list(withClause ?? {}, "ctes").map((cte) => {
    const fields = as(cte, "CommonTableExpr");
    if (fields === undefined) emitUnknown(at, "a part of WITH is not understood");
    return fields ?? {};
  });
  const names = new Set<string>();
  let scope: Scope = { parent: at.scope, ctes: names, sources: [], variables: undefined };
  if (flag(withClause ?? {}, "recursive")) for (const cte of ctes) names.add(text(cte, "ctename"));
  for (const cte of ctes) {
    const before: Scope = { ...scope, ctes: new Set(scope.ctes) };
    at.engine.statement(cte["ctequery"], { ...at, scope: before });
    at.engine.children("CommonTableExpr", cte, { ...at, scope: before }, ["ctequery"]);
    scope = { ...scope, ctes: new Set([...scope.ctes, text(cte, "ctename")]) };
  }
  const from = [...list(fields, "fromClause"), ...list(fields, "usingClause"), fields["sourceRelation"]];
  return { ...at, scope: { ...scope, sources: [...extra, ...from.flatMap((item) => sourcesOf(item, { ...at, scope }))] } };
}

function sourcesOf(item: unknown, at: Place): readonly Source[] {
  const found = tagged(item);
  if (found === undefined) return [];
  const { tag, fields } = found;
  const alias = part(fields, "alias");
  if (tag === "JoinExpr") {
    const named = alias === undefined ? [] : [{ alias: text(alias, "aliasname"), relation: undefined, columns: undefined }];
    return [...sourcesOf(fields["larg"], at), ...sourcesOf(fields["rarg"], at), ...named];
  }
  if (tag === "RangeTableSample") return sourcesOf(fields["relation"], at);
  if (tag === "RangeVar") {
    const relation = namedRelation(fields, at);
    const renamed = list(alias ?? {}, "colnames").length > 0;
    const known = relation !== undefined && relation !== "temporary" && !renamed && relation.columnsUnknown !== true ? relation : undefined;
    return [
      {
        alias: alias === undefined ? text(fields, "relname") : text(alias, "aliasname"),
        relation: known,
        columns: known === undefined ? undefined : new Set(known.columns.map((column) => column.name)),
      },
    ];
  }
  return alias === undefined
    ? []
    : [{ alias: text(alias, "aliasname"), relation: undefined, columns: tag === "RangeSubselect" ? outputColumns(fields) : undefined }];
}

/** The relation a RangeVar reads; `undefined` for a WITH name or what is not known. */
export function namedRelation(rangeVar: Fields, at: Place): Relation | "temporary" | undefined {
  const { schema, name } = rangeVarName(rangeVar);
  if (schema === undefined && isCte(name, at.scope)) return undefined;
  return lookUp(schema, name, at);
}

function isCte(name: string, scope: Scope | undefined): boolean {
  for (let here = scope; here !== undefined; here = here.parent) if (here.ctes.has(name)) return true;
  return false;
}

/** A table in FROM. */
function rangeVar(fields: Fields, at: Place): void {
  const { schema, name } = rangeVarName(fields);
  if (schema === undefined && (isCte(name, at.scope) || isTransitionTable(name, at))) return;
  const relation = namedRelation(fields, at);
  if (relation === undefined) emitUnknown(at, NO_SUCH_RELATION, writtenName(schema, name), "unknown_relation", "table");
  else if (relation === "temporary")
    emit(at, {
      operation: "read",
      resource: { type: "table", name: `pg_temp.${name}` },
      detail: "select",
      extent: UNCERTAIN,
      reversibility: "reversible",
    });
  else at.engine.read(relation, at);
}

/** REFERENCING names a trigger's rows; they are only visible in its body. */
function isTransitionTable(name: string, at: Place): boolean {
  return (
    at.cause === "trigger" && /^(old|new)(_|$)|_(old|new)$|^(inserted|deleted)$/.test(name) && lookUp(undefined, name, at) === undefined
  );
}

function locking(clause: Fields, from: readonly unknown[], at: Place): void {
  const named = list(clause, "lockedRels").map((item) => text(as(item, "RangeVar") ?? {}, "relname"));
  for (const source of from.flatMap((item) => sourcesOf(item, at))) {
    if (named.length > 0 && !named.includes(source.alias)) continue;
    const name = source.relation === undefined ? source.alias : `${source.relation.schema}.${source.relation.name}`;
    emit(at, {
      operation: "update",
      resource: { type: "lock", name },
      detail: "select_for_update",
      extent: UNCERTAIN,
      reversibility: "reversible",
    });
  }
}

/** Aggregation over a type, IN, BETWEEN and plain operators all name an operator. */
function expression(fields: Fields, at: Place): void {
  const names = list(fields, "name");
  const kind = text(fields, "kind");
  operatorByName(names, at, operandsOf(fields, kind, at));
  if (kind.includes("BETWEEN")) for (const name of ["<", "<=", ">", ">="]) operatorByName([{ String: { sval: name } }], at);
  implicitCasts(at);
  at.engine.children("A_Expr", fields, at, ["name"]);
}

/** What stands beside a plain operator; lists and arrays are compared element by element. */
function operandsOf(fields: Fields, kind: string, at: Place): Operands {
  if (knowledgeOf(at.catalogue).comparesPlainly) return {};
  const left = typeOfExpression(fields["lexpr"], at);
  if (!["AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT", "AEXPR_NULLIF"].includes(kind)) return { left };
  return { left, right: typeOfExpression(fields["rexpr"], at), prefix: fields["lexpr"] === undefined };
}

function choice(fields: Fields, at: Place): void {
  if (fields["arg"] !== undefined) operatorByName([{ String: { sval: "=" } }], at);
  at.engine.children("CaseExpr", fields, at);
}

/** NATURAL and USING compare columns of one name. */
function join(fields: Fields, at: Place): void {
  if (flag(fields, "isNatural") || list(fields, "usingClause").length > 0) operatorByName([{ String: { sval: "=" } }], at);
  at.engine.children("JoinExpr", fields, at);
}

/** In FROM the server itself takes a plain `unnest` of several arrays apart, one call of its own `unnest` for each. */
function rangeFunction(fields: Fields, at: Place): void {
  for (const item of list(fields, "functions")) {
    const [first, definitions] = list(as(item, "List") ?? {}, "items");
    const unnest = first === undefined || tagged(definitions) !== undefined ? undefined : unnestOfSeveral(first);
    if (unnest === undefined) at.engine.nodes(item, at);
    else {
      for (const arg of list(unnest, "args")) callByName("pg_catalog", "unnest", [arg], at);
      implicitCasts(at);
      at.engine.children("FuncCall", unnest, at);
    }
  }
  at.engine.children("RangeFunction", fields, at, ["functions"]);
}

function unnestOfSeveral(node: unknown): Fields | undefined {
  const found = as(node, "FuncCall");
  if (found === undefined || list(found, "args").length < 2) return undefined;
  const parts = nameParts(list(found, "funcname"));
  if (parts?.length !== 1 || parts[0] !== "unnest") return undefined;
  const decorated = ["agg_order", "agg_filter", "over", "agg_star", "agg_distinct", "func_variadic"].some(
    (key) => found[key] !== undefined,
  );
  return decorated ? undefined : found;
}

function sample(fields: Fields, at: Place): void {
  const parts = nameParts(list(fields, "method"));
  const name = parts === undefined ? undefined : qualified(parts);
  if (name === undefined || at.catalogue.functions(name.schema, name.name, 1, at.names).length === 0) {
    emitUnknown(at, "a sampling method that is not known", name?.name ?? "tablesample", "unknown_function", "function");
  }
  at.engine.children("RangeTableSample", fields, at, ["method"]);
}

export const expressionVisitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ["FuncCall", funcCall],
  ["A_Expr", expression],
  ["TypeCast", typeCast],
  ["TypeName", typeName],
  ["ColumnDef", columnDefinition],
  ["ColumnRef", columnRef],
  ["A_Indirection", indirection],
  ["SubLink", subLink],
  ["SortBy", sortBy],
  ["SelectStmt", select],
  ["RangeVar", rangeVar],
  ["CaseExpr", choice],
  ["JoinExpr", join],
  ["RangeFunction", rangeFunction],
  ["RangeTableSample", sample],
  [
    "WindowDef",
    (fields, at) => {
      if (list(fields, "partitionClause").length > 0) operatorClasses(at);
      at.engine.children("WindowDef", fields, at);
    },
  ],
  [
    "MinMaxExpr",
    (fields, at) => {
      operatorByName([{ String: { sval: "<" } }], at);
      at.engine.children("MinMaxExpr", fields, at);
    },
  ],
]);
