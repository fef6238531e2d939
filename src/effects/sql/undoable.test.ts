/** What of an agent's changes is undoable, as the triggers of the journal show it in the catalogue. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadModule, parseSync } from "libpg-query";
import { builtinCatalogue } from "../../catalogue/builtin/builtin.ts";
import { openCatalogue } from "../../catalogue/snapshot.ts";
import type { SqlContext } from "../../model/action.ts";
import { journalStatements, keepTriggers } from "../../provision/undo-journal-sql.ts";
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
const tables = ["CREATE TABLE public.orders (id int PRIMARY KEY, n int)", "CREATE TABLE public.other (id int PRIMARY KEY)"];
const journal = ["CREATE SCHEMA holdfast_undo", ...journalStatements(true)];
const oid = "16384";

function undoableOf(schema: readonly string[], sql: string, role = "app"): readonly string[] {
  const { catalogue } = openCatalogue(builtinCatalogue()).withDdl(schema, parseSync);
  const analysis = analyseSql(sql, { ...context, role, sessionRole: role }, catalogue);
  assert(analysis.kind === "understood");
  const effects = analysis.statements.flatMap((statement) => statement.effects).filter(({ operation }) => operation !== "read");
  return effects.map(({ operation, resource, undoable }) => `${operation} ${resource.name}: ${undoable === true}`);
}

for (const by of ["statement", "row"] as const)
  test(`a change is undoable where its table's triggers keep it for that login, by ${by}`, () => {
    const keep = (table: string) =>
      keepTriggers({ by, oid }, ["app"]).flatMap(({ name, sql }) => [sql(table), `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER "${name}"`]);
    const schema = [...tables, ...journal, ...keep("public.orders"), "CREATE VIEW public.v AS SELECT * FROM public.orders"];
    const all = "INSERT INTO orders VALUES (1, 2); UPDATE orders SET n = 1 WHERE id = 2; DELETE FROM orders WHERE id = 2";
    const kept = ["create public.orders: true", "update public.orders: true", "delete public.orders: true"];
    assert.deepEqual(undoableOf(schema, all), kept);
    assert.deepEqual(undoableOf(schema, all, "hfs_0a"), kept, "every session's own role");
    assert.deepEqual(undoableOf(schema, all, "holdfast_shop_reader"), kept, "by the name of its group");
    for (const other of ["holdfast", "application", "holdfast_app"])
      assert.deepEqual(
        undoableOf(schema, all, other),
        kept.map((text) => text.replace("true", "false")),
        other,
      );
    assert.deepEqual(undoableOf(schema, "DELETE FROM other"), ["delete public.other: false"], "a table that is not kept");
    assert.deepEqual(undoableOf(schema, "TRUNCATE orders"), ["delete public.orders: false"], "which leaves no images");
    assert.deepEqual(undoableOf(schema, "DELETE FROM v WHERE id = 2").toSorted(), ["delete public.orders: true", "delete public.v: true"]);
    const off = [...schema, ...keepTriggers({ by, oid }, ["app"]).map(({ name }) => `ALTER TABLE public.orders DISABLE TRIGGER "${name}"`)];
    assert.deepEqual(undoableOf(off, "DELETE FROM orders WHERE id = 2"), ["delete public.orders: false"]);
    const child = "CREATE TABLE public.lines (id int PRIMARY KEY, o int REFERENCES public.orders ON DELETE CASCADE)";
    const cascades = "DELETE FROM orders WHERE id = 2";
    assert.deepEqual(undoableOf([...schema, child], cascades), ["delete public.orders: true", "delete public.lines: false"]);
    assert.deepEqual(undoableOf([...schema, child, ...keep("public.lines")], cascades), [
      "delete public.orders: true",
      "delete public.lines: true",
    ]);
  });

test("of a partitioned table the triggers of the one that is named count", () => {
  const schema = [
    ...journal,
    "CREATE TABLE public.p (id int) PARTITION BY RANGE (id)",
    "CREATE TABLE public.p1 PARTITION OF public.p DEFAULT",
    ...keepTriggers({ by: "partitioned", oid }, ["app"]).map(({ sql }) => sql("public.p")),
  ];
  assert.deepEqual(undoableOf(schema, "DELETE FROM p"), ["delete public.p: true", "delete public.p1: true"]);
  assert.deepEqual(undoableOf(schema, "DELETE FROM p1"), ["delete public.p1: false"]);
});
