/**
 * How many rows of a target a WHERE lets through: none, at most n, all, or some.
 * It does not estimate: a count comes only from keys and literals, and what is not certain is `some`.
 */
import type { Relation } from "../../catalogue/types.ts";
import type { Extent } from "../../model/effect.ts";
import { UNBOUNDED, UNCERTAIN } from "./engine.ts";
import { callsVolatile, mentionsRow, type ColumnsOf, type VolatileTest } from "./mentions.ts";
import { core, literalTruth, literalValue, operatorName, sameTree } from "./truth.ts";
import { as, constantOf, list, nameParts, part, stringOf, text, type Fields } from "./tree.ts";

export interface Target {
  readonly relation: Relation | undefined;
  readonly alias: string;
  /** Other things in FROM or USING: an unqualified column may be theirs. */
  readonly joined: readonly { readonly alias: string; readonly columns: ReadonlySet<string> | undefined }[];
  /** Relations that share no key among them: 1, or the number of inheritance children read with it. */
  readonly keyCopies: number;
  /** Whether `=` can only mean the server's own operator. */
  readonly plainEquality: boolean;
  readonly isVolatile: VolatileTest;
  readonly columnsOf: ColumnsOf;
}

type Restriction = { readonly kind: "all" } | { readonly kind: "some" } | { readonly kind: "at_most"; readonly count: number };

const ALL: Restriction = { kind: "all" };
const SOME: Restriction = { kind: "some" };
const NONE: Restriction = { kind: "at_most", count: 0 };

export function extentOf(where: unknown, target: Target): Extent {
  if (where === undefined || where === null) return UNBOUNDED;
  const found = restriction(where, target);
  if (found.kind === "at_most") return { kind: "at_most", count: found.count * target.keyCopies };
  return found.kind === "all" ? UNBOUNDED : UNCERTAIN;
}

function restriction(node: unknown, target: Target): Restriction {
  const truth = literalTruth(node);
  if (truth === true) return ALL;
  if (truth === false || truth === null) return NONE;
  const bool = as(node, "BoolExpr");
  if (bool !== undefined) return ofBool(bool, target);
  const vacuous = !mentionsRow(node, target, false);
  if (vacuous) return callsVolatile(node, target.isVolatile) ? SOME : ALL;
  const test = as(node, "NullTest");
  if (test !== undefined) return text(test, "nulltesttype") === "IS_NOT_NULL" && neverNull(test["arg"], target) ? ALL : SOME;
  const boolTest = as(node, "BooleanTest");
  if (boolTest !== undefined) return text(boolTest, "booltesttype") === "IS_TRUE" ? restriction(boolTest["arg"], target) : SOME;
  const expr = as(node, "A_Expr");
  if (expr !== undefined) return ofExpression(expr, target);
  const link = as(node, "SubLink");
  if (link !== undefined) return ofSubLink(link, target);
  const choice = as(node, "CaseExpr");
  if (choice !== undefined) return ofCase(choice, target);
  return SOME;
}

function ofBool(bool: Fields, target: Target): Restriction {
  const args = list(bool, "args");
  switch (text(bool, "boolop")) {
    case "AND_EXPR":
      return args.map((arg) => restriction(arg, target)).reduce(both, ofKeys(args, target));
    case "OR_EXPR":
      if (complementary(args, target)) return ALL;
      return args.map((arg) => restriction(arg, target)).reduce(either);
    default:
      return negated(args[0], target);
  }
}

/** A key of several columns, each equal to a fixed value somewhere in the AND. */
function ofKeys(args: readonly unknown[], target: Target): Restriction {
  if (!target.plainEquality) return ALL;
  const columns: string[] = [];
  for (const arg of args) {
    const expr = as(arg, "A_Expr");
    if (expr === undefined || text(expr, "kind") !== "AEXPR_OP" || operatorName(expr) !== "=") continue;
    const [left, right] = [targetColumn(expr["lexpr"], target), targetColumn(expr["rexpr"], target)];
    if (left !== undefined && isFixed(expr["rexpr"], target)) columns.push(left);
    if (right !== undefined && isFixed(expr["lexpr"], target)) columns.push(right);
  }
  return isKey(columns, target) ? { kind: "at_most", count: 1 } : ALL;
}

function both(a: Restriction, b: Restriction): Restriction {
  if (a.kind === "at_most" && b.kind === "at_most") return a.count <= b.count ? a : b;
  if (a.kind === "at_most") return a;
  if (b.kind === "at_most") return b;
  return a.kind === "all" ? b : a;
}

function either(a: Restriction, b: Restriction): Restriction {
  if (a.kind === "at_most" && b.kind === "at_most") return { kind: "at_most", count: a.count + b.count };
  return a.kind === "all" || b.kind === "all" ? ALL : SOME;
}

/** NOT: pushed inwards where that is exact, otherwise it restricts somehow, or not at all when no row is looked at. */
function negated(node: unknown, target: Target): Restriction {
  if (!mentionsRow(node, target, false)) return callsVolatile(node, target.isVolatile) ? SOME : ALL;
  const inner = as(node, "BoolExpr");
  if (inner !== undefined) {
    const args = list(inner, "args");
    if (text(inner, "boolop") === "NOT_EXPR") return restriction(args[0], target);
    const flipped = args.map((arg) => negated(arg, target));
    return text(inner, "boolop") === "AND_EXPR" ? flipped.reduce(either) : flipped.reduce(both);
  }
  const test = as(node, "NullTest");
  if (test !== undefined) return text(test, "nulltesttype") === "IS_NULL" && neverNull(test["arg"], target) ? ALL : SOME;
  const expr = as(node, "A_Expr");
  const operator = expr === undefined ? undefined : operatorName(expr);
  if (expr !== undefined && operator !== undefined && ["<>", "<", ">"].includes(operator) && reflexive(expr, target)) return ALL;
  if (text(expr ?? {}, "kind") === "AEXPR_DISTINCT" && expr !== undefined && reflexive(expr, target)) return ALL;
  return SOME;
}

const COMPLEMENTS: Readonly<Record<string, readonly string[]>> = {
  "=": ["<>"],
  "<>": ["="],
  "<": [">=", ">", "<>"],
  ">": ["<=", "<"],
  "<=": [">"],
  ">=": ["<"],
};

/** Each pair is compared, so that a long OR would cost its square; a long one is `some` at least. */
const COMPARED_TERMS_MAX = 64;

/** `x > 0 OR x <= 0`, `x IS NULL OR x IS NOT NULL`, `p OR NOT p`: together they let every row through. */
function complementary(args: readonly unknown[], target: Target): boolean {
  if (args.length > COMPARED_TERMS_MAX) return false;
  return args.some((first, index) =>
    args.slice(index + 1).some((second) => {
      if (negates(first, second, target) || negates(second, first, target)) return true;
      const [a, b] = [as(first, "NullTest"), as(second, "NullTest")];
      if (a !== undefined && b !== undefined)
        return text(a, "nulltesttype") !== text(b, "nulltesttype") && sameValue(a["arg"], b["arg"], target);
      const [x, y] = [as(first, "A_Expr"), as(second, "A_Expr")];
      if (x === undefined || y === undefined || !sameValue(x["lexpr"], y["lexpr"], target) || !sameValue(x["rexpr"], y["rexpr"], target))
        return false;
      const [p, q] = [operatorName(x), operatorName(y)];
      if (p === undefined || q === undefined || !neverNull(x["lexpr"], target)) return false;
      if ((p === "<" && q === ">") || (p === ">" && q === "<")) return false;
      return (COMPLEMENTS[p] ?? []).includes(q) || (p === "~~" && q === "!~~") || (p === "!~~" && q === "~~");
    }),
  );
}

/** `NOT p` of a `p` that is never null, `p IS NOT TRUE` of `p` and of `p IS TRUE`. */
function negates(condition: unknown, denial: unknown, target: Target): boolean {
  const not = as(denial, "BoolExpr");
  if (not !== undefined && text(not, "boolop") === "NOT_EXPR")
    return (
      sameValue(condition, list(not, "args")[0], target) && neverNull(condition, target) && !callsVolatile(condition, target.isVolatile)
    );
  const test = as(denial, "BooleanTest");
  if (test === undefined || callsVolatile(test["arg"], target.isVolatile)) return false;
  const other = as(condition, "BooleanTest");
  const [kind, subject] = other === undefined ? ["IS_TRUE", condition] : [text(other, "booltesttype"), other["arg"]];
  return sameValue(subject, test["arg"], target) && text(test, "booltesttype") === kind.replace("IS_", "IS_NOT_");
}

/** Whether both are the same value in every row, however written: `id`, `t.id`, `id + 0`, `(SELECT id)`. */
function sameValue(a: unknown, b: unknown, target: Target): boolean {
  const [left, right] = [core(a), core(b)];
  if (sameTree(left, right)) return true;
  const [x, y] = [rowItems(left), rowItems(right)];
  if (x !== undefined && y !== undefined) return x.length === y.length && x.every((item, index) => sameValue(item, y[index], target));
  const column = targetColumn(left, target);
  return column !== undefined && column === targetColumn(right, target);
}

/** Both sides are the same and never null, so that `=`, `<=`, `>=` hold for every row. */
function reflexive(expr: Fields, target: Target): boolean {
  return (
    sameValue(expr["lexpr"], expr["rexpr"], target) && neverNull(expr["lexpr"], target) && !callsVolatile(expr["lexpr"], target.isVolatile)
  );
}

function ofExpression(expr: Fields, target: Target): Restriction {
  const operator = operatorName(expr);
  switch (text(expr, "kind")) {
    case "AEXPR_OP":
      if (operator !== undefined && ["=", "<=", ">="].includes(operator) && reflexive(expr, target)) return ALL;
      return operator === "=" && target.plainEquality ? ofEquality(expr, target) : SOME;
    case "AEXPR_NOT_DISTINCT":
      return sameValue(expr["lexpr"], expr["rexpr"], target) ? ALL : SOME;
    case "AEXPR_IN":
      return operator === "=" ? ofList(expr["lexpr"], itemsOf(expr["rexpr"]), target) : SOME;
    case "AEXPR_OP_ANY":
      return operator === "=" ? ofList(expr["lexpr"], arrayItems(expr["rexpr"]), target) : SOME;
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
      return matchesEverything(expr) && neverNull(expr["lexpr"], target) ? ALL : SOME;
    case "AEXPR_BETWEEN": {
      const bounds = itemsOf(expr["rexpr"]) ?? [];
      return bounds.every((bound) => sameValue(bound, expr["lexpr"], target)) && neverNull(expr["lexpr"], target) ? ALL : SOME;
    }
    default:
      return SOME;
  }
}

/** `LIKE '%'`. */
function matchesEverything(expr: Fields): boolean {
  const pattern = literalValue(expr["rexpr"]);
  const name = operatorName(expr);
  return (name === "~~" || name === "~~*") && typeof pattern?.value === "string" && /^%+$/.test(pattern.value);
}

/** An equality bounds when its column is a key alone; keys of several columns are gathered from the whole AND by `ofKeys`. */
function ofEquality(expr: Fields, target: Target): Restriction {
  const sides: readonly (readonly [unknown, unknown])[] = [
    [expr["lexpr"], expr["rexpr"]],
    [expr["rexpr"], expr["lexpr"]],
  ];
  for (const [column, value] of sides) {
    if (isKey([targetColumn(column, target)], target) && isFixed(value, target)) return { kind: "at_most", count: 1 };
    const rowColumns = rowItems(column)?.map((item) => targetColumn(item, target));
    const values = rowItems(value);
    if (rowColumns !== undefined && values?.every((item) => isFixed(item, target)) && isKey(rowColumns, target))
      return { kind: "at_most", count: 1 };
  }
  return SOME;
}

function ofList(left: unknown, items: readonly unknown[] | undefined, target: Target): Restriction {
  if (items === undefined) return SOME;
  if (items.some((item) => sameValue(item, left, target)) && neverNull(left, target)) return ALL;
  if (!target.plainEquality) return SOME;
  const columns = rowItems(left)?.map((item) => targetColumn(item, target)) ?? [targetColumn(left, target)];
  const fixed = items.every((item) => (rowItems(item) ?? [item]).every((one) => isFixed(one, target)));
  return fixed && isKey(columns, target) ? { kind: "at_most", count: items.length } : SOME;
}

function ofCase(choice: Fields, target: Target): Restriction {
  const results = list(choice, "args").map((when) => as(when, "CaseWhen")?.["result"]);
  const all = [...results, choice["defresult"]];
  return all.every((result) => result !== undefined && restriction(result, target).kind === "all") ? ALL : SOME;
}

function ofSubLink(link: Fields, target: Target): Restriction {
  const select = as(link["subselect"], "SelectStmt");
  if (text(link, "subLinkType") !== "ANY_SUBLINK" || select === undefined || list(link, "operName").length > 0) return SOME;
  const column = targetColumn(link["testexpr"], target);
  if (column === undefined || target.relation === undefined) return SOME;
  const values = list(select, "valuesLists");
  if (values.some((row) => sameValue(rowOf(row)?.[0], link["testexpr"], target)) && neverNull(link["testexpr"], target)) return ALL;
  if (values.length > 0 && values.every((row) => rowOf(row)?.every((item) => isFixed(item, target)) === true) && isKey([column], target)) {
    return { kind: "at_most", count: values.length };
  }
  if (selectsEvery(select, column, target)) return ALL;
  const limit = constantOf(select["limitCount"])?.value;
  if (typeof limit === "number" && isKey([column], target) && target.plainEquality && looksAtNoRow({ SelectStmt: select }, target)) {
    return { kind: "at_most", count: limit };
  }
  return SOME;
}

/** `column IN (SELECT column FROM the same table)`: every row finds itself. */
function selectsEvery(select: Fields, column: string, target: Target): boolean {
  const plain = ["groupClause", "havingClause", "limitCount", "limitOffset", "larg", "withClause", "windowClause"].every(
    (key) => select[key] === undefined,
  );
  const from = list(select, "fromClause");
  const rangeVar = as(from[0], "RangeVar");
  const item = as(list(select, "targetList")[0], "ResTarget");
  if (!plain || from.length !== 1 || rangeVar === undefined || item === undefined || target.relation === undefined) return false;
  if (text(rangeVar, "relname") !== target.relation.name || list(select, "targetList").length !== 1) return false;
  const alias = text(part(rangeVar, "alias") ?? {}, "aliasname") || text(rangeVar, "relname");
  const inner: Target = { ...target, alias, joined: [] };
  const same = targetColumn(item["val"], inner) === column;
  const where = select["whereClause"];
  return same && neverNull(item["val"], inner) && (where === undefined || restriction(where, inner).kind === "all");
}

function rowOf(row: unknown): readonly unknown[] | undefined {
  const items = as(row, "List");
  return items === undefined ? undefined : list(items, "items");
}

function rowItems(node: unknown): readonly unknown[] | undefined {
  const row = as(node, "RowExpr");
  return row === undefined ? undefined : list(row, "args");
}

function itemsOf(node: unknown): readonly unknown[] | undefined {
  if (Array.isArray(node)) return node;
  return rowOf(node);
}

function arrayItems(node: unknown): readonly unknown[] | undefined {
  const cast = as(node, "TypeCast");
  if (cast !== undefined) return arrayItems(cast["arg"]);
  const array = as(node, "A_ArrayExpr");
  if (array !== undefined) return list(array, "elements");
  const literal = constantOf(node)?.value;
  if (typeof literal !== "string" || !/^\{[^{}"\\]*\}$/.test(literal)) return undefined;
  return literal === "{}"
    ? []
    : literal
        .slice(1, -1)
        .split(",")
        .map((item) => ({ A_Const: { sval: { sval: item } } }));
}

/** A value that is the same for every row: a literal, a parameter, or an uncorrelated sum of such. */
function isFixed(node: unknown, target: Target): boolean {
  if (as(node, "A_Const") !== undefined || as(node, "ParamRef") !== undefined) return true;
  // Under another collation than the key's, several of its values may be equal.
  if (contains(node, "CollateClause")) return false;
  return looksAtNoRow(node, target) && !callsVolatile(node, target.isVolatile) && !returnsSet(node);
}

/** No reference reaches out of the expression: not to the target, nor to what it is joined with. */
function looksAtNoRow(node: unknown, target: Target): boolean {
  return !mentionsRow(node, { ...target, relation: undefined, joined: [] }, true);
}

function contains(node: unknown, tag: string): boolean {
  if (Array.isArray(node)) return node.some((item) => contains(item, tag));
  if (node === null || typeof node !== "object") return false;
  return as(node, tag) !== undefined || Object.values(node).some((item) => contains(item, tag));
}

/** An array or a row is no single value, and a sub-select in ANY gives many. */
function returnsSet(node: unknown): boolean {
  const link = as(node, "SubLink");
  return link !== undefined && text(link, "subLinkType") !== "EXPR_SUBLINK";
}

function isKey(columns: readonly (string | undefined)[], target: Target): boolean {
  if (target.relation === undefined || columns.includes(undefined)) return false;
  return target.relation.keys.some((key) => key.columns.length > 0 && key.columns.every((column) => columns.includes(column)));
}

/** The target's column that this reference names, or `undefined`. */
function targetColumn(node: unknown, target: Target): string | undefined {
  const ref = as(node, "ColumnRef");
  const names = ref === undefined ? undefined : nameParts(list(ref, "fields"));
  if (names === undefined || target.relation === undefined) return undefined;
  const column = names[names.length - 1] ?? "";
  if (!isColumnOf(column, target.relation)) return undefined;
  if (names.length === 1)
    return target.joined.every((other) => other.columns !== undefined && !other.columns.has(column)) ? column : undefined;
  return names[names.length - 2] === target.alias ? column : undefined;
}

const SYSTEM_COLUMNS = new Set(["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"]);

function isColumnOf(name: string, relation: Relation): boolean {
  return SYSTEM_COLUMNS.has(name) || relation.columns.some((column) => column.name === name);
}

/** Whether the expression is surely not null: columns that are NOT NULL, literals, and plain arithmetic on them. */
function neverNull(node: unknown, target: Target): boolean {
  const column = targetColumn(node, target);
  if (column !== undefined)
    return SYSTEM_COLUMNS.has(column) || target.relation?.columns.find((one) => one.name === column)?.notNull === true;
  const ref = as(node, "ColumnRef");
  if (ref !== undefined) return isWholeRow(ref, target);
  const constant = constantOf(node);
  if (constant !== undefined) return constant.value !== null;
  const row = rowItems(node);
  if (row !== undefined) return row.every((item) => neverNull(item, target));
  const inner = core(node);
  if (inner !== node && as(node, "CoalesceExpr") === undefined) return neverNull(inner, target);
  const call = as(node, "FuncCall");
  if (call !== undefined) return list(call, "args").length > 0 && list(call, "args").every((arg) => neverNull(arg, target));
  const some = as(node, "CoalesceExpr");
  if (some !== undefined) return list(some, "args").some((arg) => neverNull(arg, target));
  const expr = as(node, "A_Expr");
  if (expr === undefined || text(expr, "kind") !== "AEXPR_OP") return false;
  return (expr["lexpr"] === undefined || neverNull(expr["lexpr"], target)) && neverNull(expr["rexpr"], target);
}

/** A reference to the row itself, `t IS NOT NULL` or `t.*`: null only where every column may be. */
function isWholeRow(ref: Fields, target: Target): boolean {
  const fields = list(ref, "fields");
  const first = stringOf(fields[0]);
  if (first !== target.alias || target.relation === undefined) return false;
  return fields.length === 1 || as(fields[1], "A_Star") !== undefined ? target.relation.columns.every((column) => column.notNull) : false;
}
