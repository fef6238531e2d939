/**
 * How fresh a replica must be, on real servers whose replay is paused and resumed: a session sees what it has written, and nobody
 * is answered from beyond the permitted lag.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../../support/servers.ts";
import { Scene } from "./scene.ts";

const READ = "SELECT count(*) FROM orders";

for (const version of serverVersions) {
  describe(`freshness of a replica of PostgreSQL ${version}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await Scene.open({ version, lagMax: "2s" });
    });
    after(() => scene.close());

    const pause = async () => {
      await scene.standby.asSuperuser("SELECT pg_wal_replay_pause()");
      await scene.until(
        async () => (await scene.standby.asSuperuser<{ s: string }>("SELECT pg_get_wal_replay_pause_state() AS s"))[0]?.s === "paused",
      );
    };
    const resume = () => scene.standby.asSuperuser("SELECT pg_wal_replay_resume()");

    test("what a principal has written is read from the primary until the replica has it, on all its connections", async () => {
      const client = await scene.warm();
      const other = await scene.warm();
      const stranger = await scene.warm({ user: "reader" });
      await pause();
      // Nothing is written: the replica has all there is, paused or not.
      assert.equal(await scene.ranAt(client, READ), "replica");
      for (const [write, id] of [
        ["INSERT INTO orders VALUES (3001, 'fresh')", 3001],
        ["BEGIN; INSERT INTO orders VALUES (3002, 'fresh'); COMMIT", 3002],
        ["WITH w AS (INSERT INTO orders VALUES (3003, 'fresh') RETURNING id) SELECT id FROM w", 3003],
      ] as const) {
        await client.query(write);
        const { rows } = await client.query("SELECT note FROM orders WHERE id = $1", [id]);
        assert.deepEqual(rows, [{ note: "fresh" }], write);
        assert.deepEqual((await other.query("SELECT note FROM orders WHERE id = $1", [id])).rows, [{ note: "fresh" }], write);
      }
      assert.equal(await scene.ranAt(client, READ), "primary");
      assert.equal(await scene.ranAt(other, READ), "primary");
      // Somebody else may still see what was, within the permitted lag.
      await scene.until(async () => (await scene.ranAt(stranger, "SELECT id FROM orders WHERE id = 3001")) === "primary");
      await resume();
      await scene.until(async () => (await scene.ranAt(client, READ)) === "replica");
      assert.deepEqual((await client.query("/* last */ SELECT note FROM orders WHERE id = 3003")).rows, [{ note: "fresh" }]);
      assert.equal(scene.whoRan("/* last */"), "replica");
      await client.query("DELETE FROM orders WHERE id = $1", [3001]);
      assert.equal((await client.query("SELECT id FROM orders WHERE id = 3001")).rowCount, 0);
    });

    test("beyond the permitted lag the primary answers everybody, and status says so", async () => {
      const client = await scene.warm({ user: "reader" });
      assert.equal(scene.replica.state, "fresh");
      await pause();
      await scene.primary.asSuperuser("INSERT INTO orders VALUES (4001, 'by another')");
      await scene.until(() => scene.replica.state === "behind");
      assert.ok((scene.replica.lagMs ?? 0) > 2_000);
      assert.deepEqual((await client.query("/* behind */ SELECT note FROM orders WHERE id = 4001")).rows, [{ note: "by another" }]);
      assert.equal(scene.whoRan("/* behind */"), "primary");
      await resume();
      await scene.until(() => scene.replica.state === "fresh");
      await scene.until(async () => (await scene.ranAt(client, READ)) === "replica");
      assert.ok(scene.warnings.some((warning) => /ms behind$/.test(warning)));
      assert.ok(scene.warnings.some((warning) => /to the replica again$/.test(warning)));
    });
  });
}
