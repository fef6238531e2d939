/** Property: on data that nobody changed, what is carried out is what was measured, whatever the act. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Measurement } from "../../../src/model/plan.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { expecting, type Ground, openGround } from "./ground.ts";
import { shop } from "./shop.ts";

const id = fc.integer({ min: 1, max: 20 });
const statement = fc.oneof(
  id.map((n) => `DELETE FROM customers WHERE id = ${n}`),
  id.map((n) => `DELETE FROM orders WHERE total > ${n * 5}`),
  id.map((n) => `UPDATE orders SET total = total + 1 WHERE id <= ${n}`),
  id.map((n) => `UPDATE customers SET visits = visits + 1, id = id + 0 WHERE id >= ${n}`),
  id.map((n) => `DELETE FROM items WHERE order_id = ${n}`),
  id.map((n) => `SELECT drop_order(${n})`),
  id.map((n) => `DO $$ BEGIN FOR i IN 1..${n} LOOP UPDATE reviews SET customer_id = NULL WHERE id = i; END LOOP; END $$`),
  id.map((n) => `UPDATE big_orders SET total = ${n}`),
  id.map((n) => `INSERT INTO reviews SELECT 100 + g, NULL FROM generate_series(1, ${n}) g ON CONFLICT DO NOTHING`),
  id.map((n) => `UPDATE readings SET at = (at + ${n}) % 20`),
  id.map(
    (n) => `WITH gone AS (DELETE FROM items WHERE id > ${n} RETURNING order_id) DELETE FROM orders WHERE id IN (SELECT order_id FROM gone)`,
  ),
  fc.constant("TRUNCATE items"),
  fc.constant("DELETE FROM reviews; INSERT INTO reviews VALUES (1, NULL)"),
);
const text = fc.array(statement, { minLength: 1, maxLength: 3 }).map((statements) => statements.join("; "));

const refill = `TRUNCATE customers, orders, items, reviews, changes, readings; ${shop.slice(shop.indexOf("INSERT INTO customers"))}`;

for (const version of serverVersions)
  describe(`measured_then_carried_out_is_the_same on PostgreSQL ${version}`, () => {
    let ground: Ground;
    before(async () => void (ground = await openGround(await testServer(version), shop, { limits: { samples: 1 } })));
    after(() => ground.close());

    test("counts, parts and objects", async () => {
      await fc.assert(
        fc.asyncProperty(text, async (sql) => {
          await ground.direct(refill);
          const act = await ground.act(sql);
          const held = await ground.contents();
          const measured = await ground.executor.measure(act);
          // The log's sequence moves on with a trial, and is said to.
          assert.equal(withoutSequences(await ground.contents()), withoutSequences(held));
          const ran = await ground.executor.run(act, expecting(measured), () => Promise.resolve());
          assert.ok(ran.kind === "done" && ran.measured !== null, `${sql}: ${JSON.stringify(ran)}`);
          assert.deepEqual(figures(ran.measured.measurement), figures(measured.measurement));
        }),
        { numRuns: 15 },
      );
    });
  });

function figures({ tables, parts, objects }: Measurement): unknown {
  return { tables: tables.map(({ table, direct, following }) => [table, direct, following]), parts, objects };
}

function withoutSequences(contents: string): string {
  return contents.replace(/changes_id_seq\n.*\n/, "");
}
