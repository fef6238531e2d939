/**
 * The analysis against a real server: its catalogue gives the same effects as the schema's text, and no count is ever too low.
 * It does not judge policy; what passes and what not is tested through the gate.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { loadCatalogue } from "../../src/adapters/postgres/catalogue.ts";
import { openCatalogue } from "../../src/catalogue/snapshot.ts";
import { analyseSql } from "../../src/effects/sql/script.ts";
import type { Effect } from "../../src/model/effect.ts";
import { corpusFiles, readCorpus, schemaText } from "../corpus/sql/corpus.ts";
import { analyseInCorpus, corpusCatalogue, corpusContext } from "../corpus/sql/judge.ts";
import { testServer } from "../support/servers.ts";

const server = await testServer(18);
await corpusCatalogue();
const database = await server.scratchDatabase("CREATE EXTENSION postgres_fdw");
const client = await server.connect(database.name);
after(() => client.end());
// PL/Python is not among the server's binaries, and its function is not needed here.
await client.query(schemaText().replace(/^.*plpython3u.*$/gm, ""));
const catalogue = openCatalogue((await loadCatalogue(client)).data);

const key = (effect: Effect): string =>
  JSON.stringify([effect.operation, effect.resource, effect.detail, effect.extent, effect.cause, effect.classification ?? ""]);
/** What only the real server has: PL/Python is missing, and an extension brought functions of its own. */
const DIFFERENT = /\bpy\(|dblink|plpgsql/;

describe("the server's own catalogue gives the effects that the schema's text gives", () => {
  for (const file of corpusFiles()) {
    for (const { sql } of readCorpus(file).specimens) {
      if (DIFFERENT.test(sql)) continue;
      test(sql.slice(0, 100), async () => {
        const [real, written] = [analyseSql(sql, corpusContext, catalogue), await analyseInCorpus(sql)];
        assert.equal(real.kind, written.kind);
        if (real.kind === "refused" || written.kind === "refused") return;
        assert.deepEqual(
          real.statements.map((one) => one.effects.map(key).sort()),
          written.statements.map((one) => one.effects.map(key).sort()),
        );
      });
    }
  }
});

const value = fc.constantFrom(
  "1",
  "2",
  "NULL",
  "'4'",
  "5::bigint",
  "(SELECT 1)",
  "(SELECT max(id) FROM customers)",
  "(SELECT id)",
  "(SELECT id FROM (SELECT 1 AS q) s)",
  "(SELECT q FROM (SELECT 1 AS q) s)",
  "id",
  "o.id",
  "customer_id",
  "abs(-3)",
  "(SELECT c2.id FROM customers c2 WHERE c2.id = o.customer_id)",
  "random()::int",
  "1 + 1",
  "coalesce(NULL, 3)",
  "(SELECT line FROM order_items WHERE order_id = id LIMIT 1)",
  "(SELECT id FROM order_items LIMIT 1)",
);
const atom = fc.oneof(
  fc.tuple(value, value).map(([a, b]) => `id IN (${a}, ${b})`),
  fc.tuple(value, value).map(([a, b]) => `id = ANY (ARRAY[${a}, ${b}]::bigint[])`),
  value.map((a) => `${a} = o.id`),
  value.map((a) => `(id, 1) = (${a}, 1)`),
  value.map((a) => `id IN (VALUES (1), (${a}))`),
  fc.constantFrom(
    "id IN (SELECT o2.id FROM orders o2 LIMIT 2)",
    "id IN (SELECT o2.id FROM orders o2 WHERE o2.customer_id = o.customer_id LIMIT 1)",
    "id IN (SELECT customer_id FROM customers LIMIT 1)",
    "id IN (SELECT id FROM customers LIMIT 1)",
    "status = 'new'",
    "true",
    "false",
    "1 = 2",
    "1.0 <> 1.00",
    "1 <> 1.0000000000000000000001",
    "id IS NOT NULL",
    "NULL",
    "id::text = '1'",
    "(id = 1) IS NOT FALSE",
    "(id = 1) IS TRUE",
    "c.id = 3",
    "c.id = o.customer_id",
  ),
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atom,
    fc.tuple(tie("condition"), tie("condition"), fc.constantFrom("AND", "OR")).map(([a, b, word]) => `(${a} ${word} ${b})`),
    tie("condition").map((a) => `(NOT ${a})`),
  ),
}));

test("no_count_is_too_low: the server never changes more rows than the analysis says", async () => {
  await client.query(`INSERT INTO customers SELECT i, 'e' || i, 'n', NULL, now() FROM generate_series(1, 20) i;
    INSERT INTO orders (id, customer_id, status, total) SELECT i, 1 + i % 20, CASE WHEN i % 3 = 0 THEN 'new' ELSE 'paid' END, i FROM generate_series(1, 40) i;
    INSERT INTO order_items SELECT o, l, NULL, 1 FROM generate_series(1, 20) o, generate_series(1, 3) l`);
  let bounded = 0;
  await fc.assert(
    fc.asyncProperty(condition, fc.boolean(), fc.boolean(), async (where, deletes, joined) => {
      const other = joined || where.includes("c.id") ? `${deletes ? "USING" : "FROM"} customers c` : "";
      const sql = deletes ? `DELETE FROM orders o ${other} WHERE ${where}` : `UPDATE orders o SET total = 0 ${other} WHERE ${where}`;
      await client.query("BEGIN");
      const changed = await client.query(sql).then(
        (result) => result.rowCount ?? 0,
        () => undefined,
      );
      await client.query("ROLLBACK");
      if (changed === undefined) return;
      const analysis = analyseSql(sql, corpusContext, catalogue);
      assert.equal(analysis.kind, "understood");
      const extent =
        analysis.kind === "understood"
          ? analysis.statements[0]?.effects.find((effect) => effect.resource.name === "public.orders" && effect.operation !== "read")
              ?.extent
          : undefined;
      assert.ok(extent !== undefined);
      if (!("count" in extent)) return;
      bounded += 1;
      assert.ok(changed <= extent.count, `${changed} rows changed, ${extent.count} foreseen`);
    }),
    { numRuns: 600 },
  );
  assert.ok(bounded > 20, `${bounded} conditions had a count`);
});
