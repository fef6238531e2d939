/**
 * A replica that fails, on real servers: killed between and within answers, in conflict with what it replays, promoted. Clients go on,
 * and what was judged by a newer schema is not answered by an older one. Cancels, time limits and limits of rows hold there too.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { serverVersions } from "../../support/servers.ts";
import { caughtUp } from "../../support/standby.ts";
import { Scene } from "./scene.ts";

const SETUP = "CREATE VIEW shown AS SELECT id FROM orders; GRANT SELECT ON shown TO :role;";
const TARGET = "    limits: { statements_per_minute: none, rows_returned: 300000, bytes_returned: 1GiB, statement_time: none }";
const READ = "SELECT count(*) FROM orders";
/** Some seconds of work, with one row at the end. */
const SLOW = "SELECT count(*) FROM orders a, orders b, (SELECT * FROM orders LIMIT 15) c WHERE a.id + b.id + c.id > 5";

for (const version of serverVersions) {
  describe(`a failing replica of PostgreSQL ${version}`, () => {
    let scene: Scene;
    before(async () => {
      // A query gives way at once to what is to be replayed.
      scene = await Scene.open({ version, setup: SETUP, lagMax: "1h", target: TARGET, standby: { max_standby_streaming_delay: 0 } });
    });
    after(() => scene.close());

    const running = (marker: string) =>
      scene.until(async () => {
        const sql = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'";
        return (await scene.standby.asSuperuser(sql, "postgres", [marker])).length > 0;
      });
    const backAgain = async (client: pg.Client) => {
      await scene.standby.restart();
      await caughtUp(scene.primary, scene.standby);
      await scene.until(async () => (await scene.ranAt(client, READ)) === "replica");
    };

    test("killed between two reads: the client does not notice, and reads go there again when it is back", async () => {
      const client = await scene.warm();
      await scene.standby.kill();
      assert.deepEqual((await client.query(READ)).rows, [{ count: "1000" }]);
      assert.deepEqual((await client.query(`${READ} WHERE id > $1`, [500])).rows, [{ count: "500" }]);
      await scene.until(() => scene.replica.state === "unusable");
      await backAgain(client);
      assert.equal(scene.replica.state, "fresh");
    });

    test("killed within a query that has not answered: the primary answers it", async () => {
      const client = await scene.warm();
      const answer = client.query(`/* within */ ${SLOW}`);
      await running("/* within */");
      await scene.standby.kill();
      assert.equal((await answer).rows.length, 1);
      assert.equal(scene.whoRan("/* within */"), "primary and replica");
      await backAgain(client);
    });

    test("killed within a long result: the client is told to run it again, and the session goes on", async () => {
      const client = await scene.warm();
      const rows = client.query(
        new pg.Query("/* streamed */ SELECT a.id, repeat(b.note, 50) FROM orders a, (SELECT * FROM orders LIMIT 250) b"),
      );
      await new Promise((resolve) => rows.once("row", resolve));
      const failed = new Promise<{ code?: string }>((resolve) => rows.once("error", resolve));
      await scene.standby.kill();
      assert.equal((await failed).code, "40001");
      assert.equal(scene.whoRan("/* streamed */"), "replica");
      assert.deepEqual((await client.query(READ)).rows, [{ count: "1000" }]);
      assert.equal((await client.query("SELECT a.id FROM orders a, (SELECT * FROM orders LIMIT 250) b")).rowCount, 250_000);
      await backAgain(client);
    });

    test("in conflict with what it replays: the primary answers", async () => {
      for (const [marker, values] of [
        ["simple conflict", undefined],
        ["bound conflict", [5]],
      ] as const) {
        const client = await scene.warm();
        const text = `/* ${marker} */ ${values === undefined ? SLOW : SLOW.replace("> 5", "> $1")}`;
        const answer = client.query(text, values === undefined ? undefined : [...values]);
        await running(marker);
        const other = await scene.primary.connect();
        await other.query("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; COMMIT");
        await other.end();
        assert.equal((await answer).rows.length, 1);
        assert.equal(scene.whoRan(marker), "primary and replica");
        assert.match(scene.standby.log(), /canceling statement due to conflict with recovery/);
        await scene.until(async () => (await scene.ranAt(client, READ)) === "replica");
      }
    });

    test("a cancel reaches the query there, and it is not run again", async () => {
      const client = await scene.warm();
      const query = new pg.Query(`/* cancelled */ ${SLOW}`);
      const failed = new Promise<{ code?: string }>((resolve) => query.once("error", resolve));
      client.query(query);
      await running("/* cancelled */");
      scene.cancel(client, query);
      assert.equal((await failed).code, "57014");
      assert.equal(scene.whoRan("/* cancelled */"), "replica");
      await scene.until(async () => (await scene.ranAt(client, READ)) === "replica");
    });

    test("time limits hold there", async () => {
      const client = await scene.warm({ options: "-c statement_timeout=300" });
      await assert.rejects(client.query(`/* timed */ ${SLOW}`), { code: "57014" });
      assert.equal(scene.whoRan("/* timed */"), "replica");
      await assert.rejects(client.query(`/* timed too */ ${SLOW.replace("> 5", "> $1")}`, [5]), { code: "57014" });
      assert.equal(scene.whoRan("/* timed too */"), "replica");
    });

    test("limits of rows hold there, and the record says who answered", async () => {
      const client = await scene.warm();
      await assert.rejects(client.query("/* too many */ SELECT a.id FROM orders a, (SELECT * FROM orders LIMIT 400) b"), {
        code: "54000",
      });
      assert.equal(scene.whoRan("/* too many */"), "replica");
      assert.equal(await scene.ranAt(client, READ), "replica");
      const { reads } = scene.replica;
      assert.equal(await scene.ranAt(client, `${READ} WHERE id < $1`, [10]), "replica");
      assert.equal(scene.replica.reads, reads + 1);
      await scene.until(() => scene.record().includes('"answeredBy":"replica"'));
    });

    test("a query that was judged by a newer schema waits for the replica to have it", async () => {
      const client = await scene.warm({ user: "reader" });
      assert.deepEqual(Object.keys((await client.query("SELECT * FROM shown LIMIT 1")).rows[0] ?? {}), ["id"]);
      // What is replayed just now may cancel whoever asks for it.
      const atStandby = (sql: string) =>
        scene.until(async () =>
          scene.standby.asSuperuser(sql).then(
            () => true,
            () => false,
          ),
        );
      await atStandby("SELECT pg_wal_replay_pause()");
      await scene.primary.asSuperuser("CREATE OR REPLACE VIEW shown AS SELECT id, note FROM orders");
      // Until the gateway has looked at the schema again it judges, and may answer, by the old one.
      for (let tries = 0; tries < 400; tries++) {
        const marker = `shown ${tries}`;
        const { rows } = await client.query(`/* ${marker}. */ SELECT * FROM shown LIMIT 1`);
        const old = Object.keys(rows[0] ?? {}).length === 1;
        if (!old) {
          assert.equal(scene.whoRan(`/* ${marker}. */`), "primary");
          break;
        }
        await delay(50);
      }
      for (let i = 0; i < 5; i++) assert.equal(Object.keys((await client.query("SELECT * FROM shown LIMIT 1")).rows[0] ?? {}).length, 2);
      await atStandby("SELECT pg_wal_replay_resume()");
      await scene.until(async () => (await scene.ranAt(client, "SELECT * FROM shown LIMIT 1")) === "replica");
      assert.deepEqual(Object.keys((await client.query("SELECT * FROM shown LIMIT 1")).rows[0] ?? {}), ["id", "note"]);
    });

    test("promoted: it is no replica any more, and is not asked again", async () => {
      const client = await scene.warm();
      await scene.standby.asSuperuser("SELECT pg_promote()");
      await scene.until(() => scene.replica.state === "unusable");
      assert.match(scene.replica.because ?? "", /no replica any more/);
      await scene.standby.asSuperuser("DELETE FROM orders WHERE id < 500");
      assert.deepEqual((await client.query(READ)).rows, [{ count: "1000" }]);
      await delay(1_500);
      assert.equal(await scene.ranAt(client, READ), "primary");
    });
  });
}
