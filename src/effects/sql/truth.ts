/**
 * Conditions that are decided before any row is seen, and equality of trees: what extent.ts rests on.
 * It does not know tables or columns.
 */
import { as, castsTo, constantOf, list, nameParts, text, type Fields } from "./tree.ts";

/** `true`, `false` or `null` when literals alone decide the condition; `undefined` when they do not. */
export function literalTruth(node: unknown): boolean | null | undefined {
  const constant = constantOf(node);
  if (constant !== undefined) return truthOfValue(constant.value);
  const cast = as(node, "TypeCast");
  if (cast !== undefined) return castsTo(cast, TRUTH) ? literalTruth(cast["arg"]) : undefined;
  const bool = as(node, "BoolExpr");
  if (bool !== undefined) return truthOfBool(bool);
  const expr = as(node, "A_Expr");
  if (expr !== undefined) return truthOfComparison(expr);
  const test = as(node, "BooleanTest");
  if (test !== undefined) return truthOfTest(text(test, "booltesttype"), literalTruth(test["arg"]));
  const nullTest = as(node, "NullTest");
  if (nullTest !== undefined) {
    const value = literalValue(nullTest["arg"]);
    return value === undefined ? undefined : (value.value === null) === (text(nullTest, "nulltesttype") === "IS_NULL");
  }
  return undefined;
}

/** Casts that leave a whole number of the grammar (four bytes), a text or a truth value as it is: not float4, not varchar(1), not oid. */
const KEEPS_NUMBER: ReadonlySet<string> = new Set(["int2", "int4", "int8", "numeric", "float8"]);
const KEEPS_TEXT: ReadonlySet<string> = new Set(["text", "varchar"]);
const TRUTH: ReadonlySet<string> = new Set(["bool"]);

function truthOfValue(value: string | number | boolean | null): boolean | null | undefined {
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value !== "string") return undefined;
  const word = value.trim().toLowerCase();
  if (["t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"].includes(word)) return true;
  return ["f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"].includes(word) ? false : undefined;
}

function truthOfBool(bool: Fields): boolean | null | undefined {
  const truths = list(bool, "args").map(literalTruth);
  switch (text(bool, "boolop")) {
    case "AND_EXPR":
      if (truths.includes(false)) return false;
      return truths.includes(undefined) ? undefined : truths.includes(null) ? null : true;
    case "OR_EXPR":
      if (truths.includes(true)) return true;
      return truths.includes(undefined) ? undefined : truths.includes(null) ? null : false;
    case "NOT_EXPR":
      return typeof truths[0] === "boolean" ? !truths[0] : truths[0];
    default:
      return undefined;
  }
}

function truthOfTest(kind: string, truth: boolean | null | undefined): boolean | undefined {
  if (truth === undefined) return undefined;
  const wanted: Record<string, boolean | null> = { IS_TRUE: true, IS_FALSE: false, IS_UNKNOWN: null };
  const positive = kind.replace("IS_NOT_", "IS_");
  const expected = wanted[positive];
  if (expected === undefined) return undefined;
  return (truth === expected) === (positive === kind);
}

/** A literal's value through casts and a leading minus. */
export function literalValue(node: unknown): { readonly value: string | number | boolean | null } | undefined {
  const cast = as(node, "TypeCast");
  if (cast !== undefined) {
    const inner = literalValue(cast["arg"]);
    const kept = typeof inner?.value === "number" ? KEEPS_NUMBER : typeof inner?.value === "string" ? KEEPS_TEXT : TRUTH;
    return inner === undefined || castsTo(cast, kept) ? inner : undefined;
  }
  const expr = as(node, "A_Expr");
  if (expr !== undefined && expr["lexpr"] === undefined && operatorName(expr) === "-") {
    const inner = literalValue(expr["rexpr"]);
    return typeof inner?.value === "number" ? { value: -inner.value } : undefined;
  }
  return constantOf(node);
}

/** The operator's name when it is written without a schema, or with `pg_catalog`. */
export function operatorName(expr: Fields): string | undefined {
  const parts = nameParts(list(expr, "name"));
  if (parts === undefined) return undefined;
  if (parts.length === 1) return parts[0];
  return parts.length === 2 && parts[0] === "pg_catalog" ? parts[1] : undefined;
}

function truthOfComparison(expr: Fields): boolean | null | undefined {
  const left = literalValue(expr["lexpr"]);
  const right = literalValue(expr["rexpr"]);
  const kind = text(expr, "kind");
  if (left === undefined || right === undefined || (kind !== "AEXPR_OP" && kind !== "AEXPR_LIKE")) return undefined;
  if (left.value === null || right.value === null) return null;
  const [a, b] = [left.value, right.value];
  if (kind === "AEXPR_LIKE") return operatorName(expr) === "~~" && a === b && !String(b).includes("\\") ? true : undefined;
  const numeric = typeof a === "number" && typeof b === "number";
  switch (operatorName(expr)) {
    case "=":
      return typeof a === typeof b ? a === b || undefinedUnlessNumeric(numeric) : undefined;
    case "<>":
      return typeof a === typeof b && (numeric || a === b) ? a !== b : undefined;
    case "<":
      return numeric ? a < b : undefined;
    case ">":
      return numeric ? a > b : undefined;
    case "<=":
      return numeric ? a <= b : undefined;
    case ">=":
      return numeric ? a >= b : undefined;
    default:
      return undefined;
  }
}

/** Unequal text may be equal after a cast ('1'::int = '01'::int), so only numbers are surely unequal. */
function undefinedUnlessNumeric(numeric: boolean): false | undefined {
  return numeric ? false : undefined;
}

/** Whether two trees are the same but for positions in the text. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => sameTree(item, b[index]));
  }
  const keys = (value: object): string[] => Object.keys(value).filter((key) => !/^location$|_location$|^rexpr_list_/.test(key));
  const left = keys(a);
  return left.length === keys(b).length && left.every((key) => sameTree((a as Fields)[key], (b as Fields)[key]));
}

/** An expression without what does not change which rows it fits: casts, collations, `+ 0`, `|| ''`, a bare `(SELECT x)`. */
export function core(node: unknown): unknown {
  const wrapper = as(node, "TypeCast") ?? as(node, "CollateClause");
  if (wrapper !== undefined) return core(wrapper["arg"]);
  const some = as(node, "CoalesceExpr");
  if (some !== undefined) return core(list(some, "args")[0]);
  const link = as(node, "SubLink");
  const select = link === undefined || text(link, "subLinkType") !== "EXPR_SUBLINK" ? undefined : as(link["subselect"], "SelectStmt");
  if (select !== undefined) {
    const bare =
      Object.keys(select).every((key) => ["targetList", "limitOption", "op"].includes(key)) && list(select, "targetList").length === 1;
    return bare ? core(as(list(select, "targetList")[0], "ResTarget")?.["val"]) : node;
  }
  const expr = as(node, "A_Expr");
  if (expr !== undefined && text(expr, "kind") === "AEXPR_OP") {
    const neutral = NEUTRAL[operatorName(expr) ?? ""];
    if (neutral !== undefined && constantOf(expr["rexpr"])?.value === neutral) return core(expr["lexpr"]);
    if (neutral !== undefined && expr["lexpr"] !== undefined && constantOf(expr["lexpr"])?.value === neutral && operatorName(expr) !== "-")
      return core(expr["rexpr"]);
  }
  return node;
}

const NEUTRAL: Readonly<Record<string, string | number>> = { "+": 0, "-": 0, "*": 1, "||": "" };
