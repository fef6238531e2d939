/**
 * What an older server would call where the newer grammar sees syntax of its own.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadModule, parseSync } from "libpg-query";
import { builtinCatalogue } from "../../catalogue/builtin/builtin.ts";
import { openCatalogue } from "../../catalogue/snapshot.ts";
import type { SqlContext } from "../../model/action.ts";
import { analyseSql } from "./script.ts";

await loadModule();
const context: SqlContext = {
  role: "app",
  sessionRole: "app",
  searchPath: ["pg_catalog", "public"],
  temporary: [],
  catalogueVersion: 0,
  pendingDdl: [],
};
const names = [
  "json_array",
  "json_arrayagg",
  "json_exists",
  "json_object",
  "json_objectagg",
  "json_query",
  "json_scalar",
  "json_serialize",
  "json_value",
];
const schema = [
  "CREATE TABLE public.orders (id int)",
  ...[...names, "merge_action", "json_table"].map(
    (name) => `CREATE FUNCTION public."${name}"(VARIADIC x int[]) RETURNS int LANGUAGE sql AS 'DELETE FROM public.orders RETURNING 1'`,
  ),
];

function deletes(sql: string, serverVersion: number): boolean {
  const { catalogue, notUnderstood } = openCatalogue({ ...builtinCatalogue(), serverVersion }).withDdl(schema, parseSync);
  assert.deepEqual(notUnderstood, []);
  const analysis = analyseSql(sql, context, catalogue);
  assert.equal(analysis.kind, "understood", sql);
  return analysis.kind === "understood" && analysis.statements.some((one) => one.effects.some((effect) => effect.operation === "delete"));
}

describe("newer_syntax_may_be_a_call", () => {
  const texts = [
    "SELECT json_array(1, 2)",
    "SELECT json_arrayagg(1)",
    "SELECT json_object(1: 2)",
    "SELECT json_objectagg(1: 2)",
    "SELECT json_scalar(1)",
    "SELECT json_serialize(1)",
    "SELECT json_exists(1, 2)",
    "SELECT json_query(1, 2)",
    "SELECT json_value(1, 2)",
    "SELECT merge_action()",
  ];
  for (const text of texts) {
    test(text, () => {
      assert.equal(deletes(text, 150000), true, "an older server calls the function");
      assert.equal(deletes(text, 180000), false, "a newer one has syntax of that name");
    });
  }
});
