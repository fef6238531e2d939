/**
 * `SELECT set_config(name, ...) FROM pg_settings WHERE name = 'x'`: how dumps set what not every server has; the name is the literal.
 * It reads just that form; any other leaves the setting's name unknown.
 */
import { isBuiltIn } from "../../catalogue/types.ts";
import { lookUp, type Place } from "./engine.ts";
import { as, type Fields, list, literalString, nameParts, rangeVarName, text } from "./tree.ts";

/** The select with the literal in place of the column `name`, where a call has it for its first argument; otherwise the select itself. */
export function withNamedSetting(select: Fields, at: Place): Fields {
  const condition = as(select["whereClause"], "A_Expr");
  if (condition === undefined || !isOfSettings(select, at)) return select;
  const named = literalString(condition["rexpr"]);
  const operator = nameParts(list(condition, "name"));
  const equal = text(condition, "kind") === "AEXPR_OP" && operator?.length === 1 && operator[0] === "=" && comparesText(at);
  if (named === undefined || !equal || !isName(condition["lexpr"])) return select;
  const literal = { A_Const: { sval: { sval: named } } };
  const targetList = list(select, "targetList").map((item) => {
    const target = as(item, "ResTarget");
    const call = as(target?.["val"], "FuncCall");
    const [first, ...rest] = list(call ?? {}, "args");
    if (target === undefined || call === undefined || !isName(first)) return item;
    return { ResTarget: { ...target, val: { FuncCall: { ...call, args: [literal, ...rest] } } } };
  });
  return { ...select, targetList };
}

/** FROM is the server's own view and nothing besides. */
function isOfSettings(select: Fields, at: Place): boolean {
  const from = list(select, "fromClause");
  const rangeVar = as(from[0], "RangeVar");
  if (from.length !== 1 || rangeVar === undefined || rangeVar["alias"] !== undefined || select["withClause"] !== undefined) return false;
  const { schema, name } = rangeVarName(rangeVar);
  if (name !== "pg_settings") return false;
  // Another query by that name, or a variable that stands for the column.
  for (let scope = at.scope; scope !== undefined; scope = scope.parent)
    if (scope.variables !== undefined || (schema === undefined && scope.ctes.has(name))) return false;
  const relation = lookUp(schema, name, at);
  return relation !== undefined && relation !== "temporary" && isBuiltIn(relation.oid);
}

function isName(node: unknown): boolean {
  const parts = nameParts(list(as(node, "ColumnRef") ?? {}, "fields"));
  return parts?.length === 1 && parts[0] === "name";
}

const TEXT = 25;

/** `=` between texts is the server's own: an agent's could hold for every row. */
function comparesText(at: Place): boolean {
  return at.catalogue.operators(undefined, "=", at.names).every(({ left, functionOid }) => left !== TEXT || isBuiltIn(functionOid));
}
