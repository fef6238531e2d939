/**
 * Syntax of newer servers that an older one reads as a call of an ordinary function: `json_value(a, b)` is JSON_VALUE to
 * PostgreSQL 17, and a function of the schema to PostgreSQL 15. It does not look at arguments.
 */
import { isBuiltIn } from "../../catalogue/types.ts";
import { call } from "./calls.ts";
import type { Place } from "./engine.ts";
import { castsToJson } from "./expressions.ts";
import type { Visitor } from "./walk.ts";

/** Node types, the server version that brought their syntax, and the function names it is written with. */
const NEWER: readonly (readonly [tag: string, since: number, names: readonly string[]])[] = [
  ["JsonObjectConstructor", 160000, ["json_object"]],
  ["JsonArrayConstructor", 160000, ["json_array"]],
  ["JsonArrayQueryConstructor", 160000, ["json_array"]],
  ["JsonObjectAgg", 160000, ["json_objectagg"]],
  ["JsonArrayAgg", 160000, ["json_arrayagg"]],
  ["JsonParseExpr", 170000, ["json"]],
  ["JsonScalarExpr", 170000, ["json_scalar"]],
  ["JsonSerializeExpr", 170000, ["json_serialize"]],
  ["JsonFuncExpr", 170000, ["json_exists", "json_query", "json_value"]],
  ["JsonTable", 170000, ["json_table"]],
  ["MergeSupportFunc", 170000, ["merge_action"]],
];

function calls(since: number, names: readonly string[], at: Place): void {
  if (at.catalogue.lists.serverVersion >= since) return;
  for (const name of names)
    for (const fn of at.catalogue.functionsNamed(undefined, name, at.names)) if (!isBuiltIn(fn.oid)) call(fn, [], at);
}

export const newerGrammar: ReadonlyMap<string, Visitor> = new Map(
  NEWER.map(([tag, since, names]): [string, Visitor] => [
    tag,
    (fields, at) => {
      calls(since, names, at);
      castsToJson(at);
      at.engine.children(tag, fields, at);
    },
  ]),
);
