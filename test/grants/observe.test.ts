/**
 * The policy only observes and refuses nothing: what changes data then is what the server lets a session's role do. That is what a grant
 * says, within its bounds, and nothing before and after it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import type { HeldSession } from "../../src/control/client.ts";
import { serverVersions, testServer } from "../support/servers.ts";
import { openScene, type Scene, until } from "./scene.ts";

const orders = "SELECT count(*) FROM orders";
const denied = { code: /^(42501|25006)$/ };

for (const version of serverVersions) {
  describe(`a grant where the policy only observes, on PostgreSQL ${version}`, () => {
    let scene: Scene;
    let held: HeldSession;
    let client: pg.Client;
    before(async () => {
      scene = await openScene(await testServer(version));
      held = await scene.program();
      client = await scene.connect(held);
    });
    after(async () => {
      await client.end();
      held.letGo();
      await scene.stop();
      assert.deepEqual(await scene.acl(), [], "nothing is left at the server");
      assert.deepEqual(scene.warnings, []);
    });

    /** Afterwards nothing passes and nothing is open. */
    const shut = async (): Promise<void> => {
      await until("the server has no right of the session's any more", async () => (await scene.acl()).length === 0);
      const rows = await scene.count(orders);
      const other = await scene.connect(held);
      for (const sql of [
        "DELETE FROM orders WHERE id = 9",
        "BEGIN READ WRITE; DELETE FROM orders",
        "DO $$ BEGIN DELETE FROM orders; END $$",
      ]) {
        await assert.rejects(other.query(sql), denied, sql);
        await other.query("ROLLBACK");
      }
      await other.end();
      assert.equal(await scene.count(orders), rows);
    };

    test("nothing before it; what it names and no more with it; nothing once its count is used", async () => {
      await shut();
      const grant = await scene.grant(held.opened.session, { usesMax: 2 });
      assert.deepEqual(await scene.acl(), ["orders DELETE"], "a real GRANT on the session's own role");
      assert.equal((await client.query("DELETE FROM orders WHERE id = 1")).rowCount, 1);
      assert.equal((await client.query("SELECT id FROM orders")).rowCount, 9, "reads do not count");
      assert.equal((await client.query("DELETE FROM orders WHERE id = 2")).rowCount, 1);
      await shut();
      assert.equal(await scene.count(orders), 8);
      const used = (await scene.events("grant_used")).filter((event) => event.grant === grant.id);
      assert.deepEqual(
        used.map(({ uses }) => uses),
        [1, 2],
      );
      const [lapsed] = (await scene.events("grant_lapsed")).filter((event) => event.grant === grant.id);
      assert.deepEqual([lapsed?.because, lapsed?.uses, lapsed?.rows, lapsed?.revoked], ["its 2 statements are used", 2, 2, true]);
    });

    test("other operations and other tables stay shut at the server while it is open", async () => {
      const grant = await scene.grant(held.opened.session);
      const others = [
        "TRUNCATE orders",
        "DROP TABLE orders",
        "UPDATE orders SET note = 'x'",
        "DELETE FROM open_to_all",
        "INSERT INTO orders DEFAULT VALUES",
        "ALTER TABLE orders ADD x int",
        "SELECT wipe()",
      ];
      for (const sql of others) await assert.rejects(client.query(sql), denied, sql);
      await scene.signed("DELETE", `/v1/grants/${grant.id}`, null);
      await shut();
    });

    test("its rows are counted by the server's own figures: what is too much is rolled back, whatever does it", async () => {
      const grant = await scene.grant(held.opened.session, { rowsMax: 2 });
      const before = await scene.count(orders);
      for (const sql of ["DELETE FROM orders", "DO $$ BEGIN DELETE FROM orders WHERE id > 3; END $$", "SELECT plain_wipe()"])
        await assert.rejects(client.query(sql), { code: /^(54000|42501)$/ }, sql);
      assert.equal(await scene.count(orders), before);
      assert.equal((await client.query("DELETE FROM orders WHERE id IN (3, 4)")).rowCount, 2);
      await shut();
      const [lapsed] = (await scene.events("grant_lapsed")).filter((event) => event.grant === grant.id);
      assert.equal(lapsed?.because, "its 2 rows are changed");
      assert.equal(lapsed?.rows, 2);
    });

    test("its time is over: a transaction that rests on it and is still open is rolled back, not committed", async () => {
      const rows = await scene.count(orders);
      const grant = await scene.grant(held.opened.session, { untilMs: Date.now() + 4_000 });
      const slow = await scene.connect(held);
      await slow.query("BEGIN");
      assert.equal((await slow.query("DELETE FROM orders WHERE id = 5")).rowCount, 1);
      await until("the grant has lapsed", async () => (await scene.events("grant_lapsed")).some((event) => event.grant === grant.id));
      await assert.rejects(slow.query("COMMIT"));
      assert.equal(await scene.count(orders), rows);
      await shut();
    });

    test("it holds for connections that are there already and for new ones, and for inserting with its sequence", async () => {
      const grant = await scene.grant(held.opened.session, { operations: ["insert"], rowsMax: 2 });
      assert.deepEqual(await scene.acl(), ["orders INSERT", "orders_id_seq USAGE"]);
      await client.query("INSERT INTO orders (note) VALUES ('old connection')");
      const fresh = await scene.connect(held);
      await fresh.query("INSERT INTO orders (note) VALUES ('new connection')");
      await fresh.end();
      await shut();
      assert.equal(await scene.count("SELECT count(*) FROM orders WHERE note LIKE '%connection'"), 2);
      assert.equal((await scene.events("grant_lapsed")).find((event) => event.grant === grant.id)?.rows, 2);
    });

    test("the session ends: its grants go with it, and with its role", async () => {
      const short = await scene.program();
      const user = await scene.connect(short);
      await scene.grant(short.opened.session, { tables: ["public.orders", "public.open_to_all"] });
      await user.query("BEGIN; DELETE FROM orders WHERE id = 6");
      short.letGo();
      await short.ended;
      await until("role and right are gone", async () => (await scene.acl()).length === 0);
      await assert.rejects(user.query("COMMIT"));
      assert.equal(await scene.count("SELECT count(*) FROM orders WHERE id = 6"), 1);
      await assert.rejects(scene.connect(short), { code: "28P01" });
    });
  });
}
