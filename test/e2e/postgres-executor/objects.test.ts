/** What would be dropped, emptied, changed and made, and what goes along: read from the catalogue inside the trial. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { serverVersions, testServer } from "../../support/servers.ts";
import { expecting, type Ground, openGround } from "./ground.ts";
import { shop } from "./shop.ts";

for (const version of serverVersions)
  describe(`objects on PostgreSQL ${version}`, () => {
    let ground: Ground;
    const reader = `reader_${randomBytes(4).toString("hex")}`;
    before(async () => {
      ground = await openGround(
        await testServer(version),
        `${shop}; CREATE ROLE ${reader}; GRANT SELECT ON orders TO ${reader}; CREATE POLICY own ON orders USING (true);
       CREATE INDEX by_total ON orders (total); CREATE VIEW totals AS SELECT sum(total) FROM big_orders`,
      );
    });
    after(async () => {
      await ground.direct(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
      await ground.close();
    });

    const changes = async (sql: string): Promise<readonly string[]> =>
      (await ground.measure(sql)).measurement.objects.map(
        ({ change, type, name, through }) => `${change} ${type} ${name}${through === undefined ? "" : ` through ${through}`}`,
      );

    test("DROP TABLE ... CASCADE takes views, keys, policies, triggers and grants along", async () => {
      assert.deepEqual(await changes("DROP TABLE orders CASCADE"), [
        "dropped table public.orders",
        `dropped grant SELECT on public.orders to ${reader} through public.orders`,
        "dropped policy own on public.orders through public.orders",
        "dropped table constraint items_order_id_fkey on public.items through public.orders",
        "dropped table constraint orders_customer_id_fkey on public.orders through public.orders",
        "dropped trigger noted on public.orders through public.orders",
        "dropped view public.big_orders through public.orders",
        "dropped view public.totals through public.big_orders",
      ]);
    });

    test("its rows are counted as gone, and shown", async () => {
      const { measurement } = await ground.measure("DROP TABLE orders CASCADE");
      const [table] = measurement.tables;
      assert.deepEqual([table?.table, table?.direct.deleted, table?.rowsBefore, table?.samples.length], ["public.orders", 20, 20, 5]);
      assert.ok(measurement.locks.some(({ relation, mode }) => relation === "public.orders" && mode === "AccessExclusiveLock"));
    });

    test("TRUNCATE ... CASCADE empties what hangs on it", async () => {
      const { measurement } = await ground.measure("TRUNCATE customers CASCADE");
      assert.deepEqual(
        measurement.objects.map(({ change, name, through }) => [change, name, through]),
        [
          ["truncated", "public.customers", undefined],
          ["truncated", "public.items", "public.customers"],
          ["truncated", "public.orders", "public.customers"],
          ["truncated", "public.reviews", "public.customers"],
        ],
      );
      assert.deepEqual(
        measurement.tables.map(({ table, direct, following }) => [table, direct.deleted, following.deleted]),
        [
          ["public.customers", 10, 0],
          ["public.items", 0, 60],
          ["public.orders", 0, 20],
          ["public.reviews", 0, 10],
        ],
      );
    });

    test("a column goes with what is built on it", async () => {
      const dropped = await changes("ALTER TABLE orders DROP COLUMN total CASCADE");
      for (const wanted of [
        "dropped table column public.orders.total",
        "dropped index public.by_total through public.orders.total",
        "dropped view public.big_orders through public.orders.total",
        "dropped view public.totals through public.big_orders",
      ])
        assert.ok(dropped.includes(wanted), `${wanted} is missing in ${dropped.join("; ")}`);
      assert.ok(!dropped.some((line) => line.includes("customer_id")));
    });

    test("what is made and changed", async () => {
      assert.deepEqual(
        await changes(
          "CREATE TABLE fresh (id serial PRIMARY KEY); CREATE INDEX at_total ON orders (total); ALTER TABLE items RENAME TO things",
        ),
        [
          "altered table public.items",
          "created index public.at_total",
          "created sequence public.fresh_id_seq",
          "created table public.fresh",
        ],
      );
      assert.deepEqual(await changes("CREATE OR REPLACE FUNCTION drop_order(wanted int) RETURNS void LANGUAGE sql AS 'SELECT 1'"), [
        "altered function public.drop_order(integer)",
      ]);
    });

    test("a function and a schema with all that is in it", async () => {
      await ground.direct(
        "CREATE SCHEMA old; CREATE TABLE old.things (id int PRIMARY KEY); CREATE FUNCTION old.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      );
      assert.deepEqual(await changes("DROP FUNCTION note() CASCADE"), [
        "dropped function public.note()",
        "dropped trigger noted on public.orders through public.note()",
      ]);
      assert.deepEqual(await changes("DROP SCHEMA old CASCADE"), [
        "dropped schema old",
        "dropped function old.f() through old",
        "dropped table old.things through old",
      ]);
    });

    test("what others make meanwhile is not the trial's", async () => {
      const act = await ground.act("CREATE TABLE ours (id int)");
      const other = await ground.connect();
      try {
        await other.query("BEGIN; CREATE TABLE theirs (id int); DROP VIEW totals");
        const { measurement } = await ground.executor.measure(act);
        assert.deepEqual(measurement.objects, [{ type: "table", name: "public.ours", change: "created" }]);
      } finally {
        await other.query("ROLLBACK");
        await other.end();
      }
    });

    test("an object that came since makes the run stale", async () => {
      const sql = "DROP VIEW big_orders CASCADE";
      const planned = await ground.measure(sql);
      await ground.direct("CREATE VIEW since AS SELECT id FROM big_orders");
      const ran = await ground.executor.run(await ground.act(sql), expecting(planned), () => Promise.resolve());
      assert.equal(ran.kind, "stale");
      assert.match(ran.kind === "stale" ? ran.because : "", /view `public\.since` dropped, which was not planned/);
      assert.equal((await ground.direct("SELECT FROM since")).length, 20 - 10);
    });

    test("rows that came into a table before it is dropped make the run stale", async () => {
      await ground.direct("CREATE TABLE parting (id int); INSERT INTO parting SELECT generate_series(1, 5)");
      const sql = "DROP TABLE parting";
      const planned = await ground.measure(sql);
      await ground.direct("INSERT INTO parting VALUES (6)");
      const ran = await ground.executor.run(await ground.act(sql), expecting(planned), () => Promise.resolve());
      assert.deepEqual(
        [ran.kind, ran.kind === "stale" && ran.because],
        ["stale", "`public.parting`: 6 rows would be deleted, and 5 rows were planned"],
      );
      const tolerated = await ground.executor.run(await ground.act(sql), expecting(planned, 1), () => Promise.resolve());
      assert.equal(tolerated.kind, "done");
    });
  });
