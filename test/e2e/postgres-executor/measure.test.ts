/** What a trial says of an act, held against what the act really does to the same rows; and what is left of the trial: nothing. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { serverVersions, testServer } from "../../support/servers.ts";
import { type Ground, openGround } from "./ground.ts";
import { shop } from "./shop.ts";

for (const version of serverVersions)
  describe(`measured on PostgreSQL ${version}`, () => {
    let ground: Ground;
    before(async () => {
      ground = await openGround(await testServer(version), shop, {
        settings: { shown: { public: ["public.customers.*", "public.orders.total"], secret: ["public.customers.email"] } },
      });
    });
    after(() => ground.close());

    /** `table: direct / following`, each as inserted updated deleted. */
    const figures = async (sql: string): Promise<Record<string, string>> => {
      const { measurement } = await ground.measure(sql);
      const text = ({ inserted, updated, deleted }: { inserted: number; updated: number; deleted: number }) =>
        `${inserted} ${updated} ${deleted}`;
      return Object.fromEntries(measurement.tables.map(({ table, direct, following }) => [table, `${text(direct)} / ${text(following)}`]));
    };

    test("cascades stand apart from what the act names", async () => {
      assert.deepEqual(await figures("DELETE FROM customers WHERE id < 3"), {
        "public.customers": "0 0 2 / 0 0 0",
        "public.orders": "0 0 0 / 0 0 4",
        "public.items": "0 0 0 / 0 0 12",
        "public.reviews": "0 0 0 / 0 2 0",
      });
    });

    test("what a trigger writes follows", async () => {
      assert.deepEqual(await figures("UPDATE orders SET total = total + 1 WHERE id <= 7"), {
        "public.orders": "0 7 0 / 0 0 0",
        "public.changes": "0 0 0 / 7 0 0",
      });
    });

    test("a table that is named and reached by a cascade too is split by the server's own tag", async () => {
      const sql = "DELETE FROM items WHERE id = 1; DELETE FROM orders WHERE id = 3";
      assert.deepEqual(await figures(sql), { "public.items": "0 0 1 / 0 0 3", "public.orders": "0 0 1 / 0 0 0" });
    });

    test("functions, DO blocks, MERGE, ON CONFLICT, views and partitions", async () => {
      assert.deepEqual(await figures("SELECT drop_order(4)"), { "public.orders": "0 0 0 / 0 0 1", "public.items": "0 0 0 / 0 0 3" });
      assert.deepEqual(await figures("DO $$ BEGIN UPDATE reviews SET customer_id = 1 WHERE id < 4; END $$"), {
        "public.reviews": "0 3 0 / 0 0 0",
      });
      assert.deepEqual(
        await figures("INSERT INTO customers (id, name) VALUES (1, 'x'), (99, 'y') ON CONFLICT (id) DO UPDATE SET name = 'x'"),
        { "public.customers": "1 1 0 / 0 0 0" },
      );
      assert.deepEqual(
        await figures(
          "MERGE INTO reviews r USING customers c ON c.id = r.id WHEN MATCHED AND c.id < 3 THEN DELETE WHEN MATCHED THEN UPDATE SET customer_id = NULL",
        ),
        { "public.reviews": "0 8 2 / 0 0 0" },
      );
      assert.deepEqual(await figures("UPDATE big_orders SET total = 0"), {
        "public.orders": "0 10 0 / 0 0 0",
        "public.changes": "0 0 0 / 10 0 0",
      });
      assert.deepEqual(await figures("DELETE FROM readings WHERE at BETWEEN 8 AND 11"), {
        "public.readings_high": "0 0 2 / 0 0 0",
        "public.readings_low": "0 0 2 / 0 0 0",
      });
    });

    test("constraints and triggers that wait for COMMIT are counted too", async () => {
      await ground.direct(`CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.items WHERE order_id = OLD.id; RETURN NULL; END $$;
      CREATE TABLE later (id int); INSERT INTO later VALUES (5);
      CREATE CONSTRAINT TRIGGER later AFTER DELETE ON later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()`);
      assert.deepEqual(await figures("DELETE FROM later"), { "public.later": "0 0 1 / 0 0 0", "public.items": "0 0 0 / 0 0 3" });
    });

    test("rows before and sizes are counted, parts are told in order", async () => {
      const { measurement, identity } = await ground.measure(
        "DELETE FROM items WHERE id = 1; UPDATE reviews SET customer_id = NULL; SELECT 1",
      );
      assert.deepEqual(measurement.parts, [1, 10, 1]);
      assert.deepEqual(
        measurement.tables.map(({ table, rowsBefore, bytes }) => [table, rowsBefore, (bytes ?? 0) > 0]),
        [
          ["public.items", 60, true],
          ["public.reviews", 10, true],
        ],
      );
      const [row] = await ground.direct(
        "SELECT c.system_identifier || '/' || d.oid AS id FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()",
      );
      assert.equal(identity, `system:${row?.["id"]}`);
    });

    test("samples show rows before and after, and mask what nobody called public", async () => {
      const { measurement } = await ground.measure(
        "UPDATE customers SET visits = 7, email = 'new' WHERE id = 9; DELETE FROM items WHERE id = 2; INSERT INTO reviews VALUES (77, 1)",
      );
      const samples = Object.fromEntries(measurement.tables.map(({ table, samples: rows }) => [table, rows]));
      assert.deepEqual(samples, {
        "public.customers": [
          { before: { id: "9", name: "c9", email: "***", visits: "0" }, after: { id: "9", name: "c9", email: "***", visits: "7" } },
        ],
        "public.items": [{ before: { id: "2", order_id: "***", name: "***" }, after: null }],
        "public.reviews": [{ before: null, after: { id: "77", customer_id: "***" } }],
      });
    });

    test("a row that a foreign key only locks is no sample", async () => {
      const { measurement } = await ground.measure("UPDATE customers SET visits = 1 WHERE id = 2; INSERT INTO reviews VALUES (78, 5)");
      assert.deepEqual(
        measurement.tables.find(({ table }) => table === "public.customers")?.samples.map(({ before: row }) => row?.["id"]),
        ["2"],
      );
    });

    test("a changed key is the same row all the same", async () => {
      await ground.direct("CREATE TABLE lone (id int PRIMARY KEY, note text); INSERT INTO lone VALUES (1, 'a')");
      const { measurement } = await ground.measure("UPDATE lone SET id = 2");
      assert.deepEqual(measurement.tables[0]?.samples, [{ before: { id: "1", note: "***" }, after: { id: "2", note: "***" } }]);
    });

    test("nothing is left of a trial but what it said", async () => {
      const held = await ground.contents();
      for (const sql of [
        "DELETE FROM customers",
        "TRUNCATE customers CASCADE",
        "DROP TABLE orders CASCADE",
        "ALTER TABLE orders ADD COLUMN extra int DEFAULT 1; CREATE INDEX by_extra ON orders (extra)",
        "SELECT drop_order(1)",
      ])
        await ground.measure(sql);
      assert.equal(await ground.contents(), held);
      const left = await ground.direct(
        "SELECT FROM pg_stat_activity WHERE application_name = 'holdfast executor' AND state LIKE '%transaction%'",
      );
      assert.equal(left.length, 0);
    });

    test("a sequence that moves on is said, because it stays there", async () => {
      const { unmeasured } = await ground.measure("UPDATE orders SET total = 1 WHERE id = 1");
      assert.deepEqual(unmeasured, ["sequences moved on and stay there, for the trial too: `public.changes_id_seq`"]);
    });

    test("the session's settings decide what a text means", async () => {
      await ground.direct("CREATE TABLE days (day date); INSERT INTO days VALUES ('2026-02-01')");
      const sql = "DELETE FROM days WHERE day = '01.02.2026'";
      const rows = async (style: string) =>
        (await ground.executor.measure(await ground.act(sql, { settings: new Map([["DateStyle", style]]) }))).measurement.parts;
      assert.deepEqual(await rows("ISO, DMY"), [1]);
      assert.deepEqual(await rows("ISO, MDY"), [0]);
    });

    test("names mean what they mean on the session's search_path", async () => {
      await ground.direct(
        "CREATE SCHEMA other; CREATE TABLE other.lone2 (id int); CREATE TABLE public.lone2 (id int); INSERT INTO other.lone2 VALUES (1)",
      );
      const measured = async (path: readonly string[]) =>
        (await ground.executor.measure(await ground.act("DELETE FROM lone2", { path }))).measurement.parts;
      assert.deepEqual(await measured(["other", "public"]), [1]);
      assert.deepEqual(await measured(["public", "other"]), [0]);
      await assert.rejects(measured(["gone", "public"]), { refuse: true, message: /may not use schema `gone`/ });
    });
  });
