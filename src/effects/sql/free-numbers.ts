/**
 * Whether any other whole numbers of as many digits could stand in a text without a difference to what it would do.
 * It allows only places where the analysis looks at no value: what it does not list is not free.
 */
import { numberShape } from "../numbers.ts";
import { as, list, tagged, text, type Fields } from "./tree.ts";
import { operatorName } from "./truth.ts";

const COMPARISONS: ReadonlySet<string> = new Set(["=", "<>", "<", ">", "<=", ">="]);
const SUMS: ReadonlySet<string> = new Set(["+", "-"]);

/**
 * True when every number of the text is an operand in one of these places, and nowhere else is any:
 * `column = 1` (or another comparison) in the AND of the WHERE, `SET column = 1`, `SET column = column + 1`, `VALUES (1, ...)`.
 * `statements` are the parser's raw statements of `sql`.
 */
export function numbersAreFree(sql: string, statements: readonly unknown[]): boolean {
  const masked = numberShape(sql);
  if (masked === undefined || statements.length !== 1) return false;
  const statement = tagged((statements[0] as Fields)["stmt"]);
  if (statement === undefined) return false;
  const free = freeIn(statement.tag, statement.fields);
  // Numbers elsewhere in the tree, or that the tree does not show as constants (a type's length), make the counts differ.
  return free === masked.numbers && free === constantsIn(statement.fields);
}

function freeIn(tag: string, fields: Fields): number {
  switch (tag) {
    case "SelectStmt":
    case "DeleteStmt":
      return inConjunction(fields["whereClause"]);
    case "UpdateStmt":
      return inConjunction(fields["whereClause"]) + sum(list(fields, "targetList"), assigned);
    case "InsertStmt":
      return sum(list(as(fields["selectStmt"], "SelectStmt") ?? {}, "valuesLists"), (row) =>
        sum(list(as(row, "List") ?? {}, "items"), (item) => Number(isWhole(item))),
      );
    default:
      return 0;
  }
}

/** Under OR and NOT the numbers of two comparisons can matter to each other (`x < 5 OR x >= 5`). */
function inConjunction(where: unknown): number {
  const bool = as(where, "BoolExpr");
  if (bool !== undefined) return text(bool, "boolop") === "AND_EXPR" ? sum(list(bool, "args"), compared) : 0;
  return compared(where);
}

const compared = (node: unknown): number => Number(isColumnAndNumber(node, COMPARISONS));

function assigned(item: unknown): number {
  const value = as(item, "ResTarget")?.["val"];
  return Number(isWhole(value) || isColumnAndNumber(value, SUMS));
}

function isColumnAndNumber(node: unknown, operators: ReadonlySet<string>): boolean {
  const expr = as(node, "A_Expr");
  if (expr === undefined || text(expr, "kind") !== "AEXPR_OP" || !operators.has(operatorName(expr) ?? "")) return false;
  return isColumn(expr["lexpr"]) && isWhole(expr["rexpr"]);
}

function isColumn(node: unknown): boolean {
  const column = as(node, "ColumnRef");
  return column !== undefined && list(column, "fields").every((field) => as(field, "String") !== undefined);
}

function isWhole(node: unknown): boolean {
  const constant = as(node, "A_Const");
  return constant !== undefined && constant["ival"] !== undefined;
}

/** Every whole number in the tree, whatever it is for. */
function constantsIn(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  if (Array.isArray(value)) return sum(value, constantsIn);
  let count = 0;
  for (const key in value) {
    const inner = (value as Fields)[key];
    if (key === "A_Const" || key === "Integer") count += Number(key === "Integer" || isWhole(value));
    else if (typeof inner === "object") count += constantsIn(inner);
  }
  return count;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
