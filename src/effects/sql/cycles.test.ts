/**
 * Functions and triggers that call each other in every way: all is found, from wherever one begins, and the work stays small.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
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
/** Following every path through this many would never end. */
const COUNT = 14;
const all = Array.from({ length: COUNT }, (_, i) => i);
const schema = all.flatMap((i) => [
  `CREATE TABLE public.t${i} (id int PRIMARY KEY, n int)`,
  `CREATE FUNCTION public.on_t${i}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     ${all.map((j) => `UPDATE public.t${j} SET n = 1 WHERE id = NEW.id;`).join(" ")} RETURN NEW; END $$`,
  `CREATE TRIGGER touch AFTER UPDATE ON public.t${i} FOR EACH ROW EXECUTE FUNCTION public.on_t${i}()`,
  `CREATE FUNCTION public.f${i}() RETURNS int LANGUAGE sql AS $$ DELETE FROM public.t${i};
     ${all.map((j) => `SELECT public.f${j}();`).join(" ")} SELECT 1 $$`,
]);

function changed(catalogue: Parameters<typeof analyseSql>[2], sql: string, operation: "update" | "delete"): number {
  const analysis = analyseSql(sql, context, catalogue);
  assert.equal(analysis.kind, "understood");
  const effects = analysis.kind === "understood" ? analysis.statements.flatMap((one) => one.effects) : [];
  assert.ok(effects.every((effect) => effect.operation !== "unknown"));
  return new Set(effects.filter((effect) => effect.operation === operation).map((effect) => effect.resource.name)).size;
}

test("a_cycle_hides_nothing", () => {
  const { catalogue, notUnderstood } = openCatalogue(builtinCatalogue()).withDdl(schema, parseSync);
  assert.deepEqual(notUnderstood, []);
  for (const i of all) {
    assert.equal(changed(catalogue, `UPDATE t${i} SET n = 2 WHERE id = 1`, "update"), COUNT);
    assert.equal(changed(catalogue, `SELECT f${i}()`, "delete"), COUNT);
  }
  assert.equal(changed(catalogue, "SELECT f3(), f5(), f1()", "delete"), COUNT);
});
