/** Triggers that keep row images are no act of the agent's; a trigger of anybody else that is called like one is. */
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

function effectsOf(schema: readonly string[], sql: string): readonly string[] {
  const { catalogue } = openCatalogue(builtinCatalogue()).withDdl(schema, parseSync);
  const analysis = analyseSql(sql, context, catalogue);
  assert.equal(analysis.kind, "understood");
  return analysis.kind === "understood"
    ? analysis.statements.flatMap(({ effects }) => effects.map(({ operation, resource }) => `${operation} ${resource.name}`))
    : [];
}

for (const by of ["statement", "partitioned", "row"] as const) {
  test(`a statement has the same effects with and without the journal, kept by ${by}`, () => {
    const triggers = keepTriggers({ by, oid: "16384" }, ["app"]).map(({ sql }) => sql("public.orders"));
    for (const sql of [
      "INSERT INTO orders VALUES (1, 2)",
      "UPDATE orders SET n = 1 WHERE id = 2",
      "DELETE FROM orders WHERE id = 2",
      "MERGE INTO orders o USING other x ON o.id = x.id WHEN MATCHED THEN DELETE",
    ])
      assert.deepEqual(effectsOf([...tables, ...journal, ...triggers], sql), effectsOf(tables, sql), sql);
  });
}

test("a function of the same name in another schema, or of another name in that one, is followed", () => {
  for (const name of ["public.keep", "holdfast_undo.kept"]) {
    const hostile = `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.other; RETURN NULL; END $$`;
    const trigger = `CREATE TRIGGER holdfast_undo_update_00000000 AFTER UPDATE ON public.orders FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`;
    const effects = effectsOf([...tables, ...journal, hostile, trigger], "UPDATE orders SET n = 1 WHERE id = 2");
    assert.ok(effects.includes("delete public.other"), effects.join());
  }
});
