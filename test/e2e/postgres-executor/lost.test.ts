/** Connections that are lost, and a server that is killed, while an act is carried out: what is said is so, or nobody knows it yet. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { upstreamOf } from "../postgres-login/gateway.ts";
import { type BreakingWay, openBreakingWay } from "./breaking-way.ts";
import { expecting, type Ground, openGround } from "./ground.ts";
import { shop } from "./shop.ts";

for (const version of serverVersions)
  describe(`lost on PostgreSQL ${version}`, () => {
    let server: TestServer;
    let way: BreakingWay;
    let ground: Ground;
    before(async () => {
      server = await startServer({ version });
      way = await openBreakingWay(server);
      const upstream = () => ({ ...upstreamOf(server), port: way.port });
      ground = await openGround(server, shop, {
        settings: { login: () => Promise.resolve({ upstream: upstream(), said: [], end: () => undefined }) },
        limits: { statementMs: 600_000 },
      });
    });
    after(async () => {
      await ground.close().catch(() => undefined);
      await way.close();
      await server.stop();
    });

    const rowsOf = async (id: number) => (await server.asSuperuser(`SELECT FROM items WHERE id = ${id}`, ground.database)).length;

    /** Runs the deletion of one row, with the way prepared to break. */
    const run = async (id: number, text: string, how: "delivered" | "lost", then?: () => void) => {
      const sql = `DELETE FROM items WHERE id = ${id}`;
      const expected = expecting(await ground.measure(sql));
      const act = await ground.act(sql);
      let transaction = "";
      const ran = await ground.executor.run(act, expected, (given) => {
        transaction = String(given);
        way.breakAt(text, how, then);
        return Promise.resolve();
      });
      return { ran, transaction };
    };

    /** A backend that was left alone is still ending. */
    const settled = async (transaction: string): Promise<string> => {
      for (let tries = 0; tries < 400; tries++) {
        const state = await ground.executor.reconcile(ground.database, transaction);
        if (state !== "in progress") return state;
        await delay(10);
      }
      return "in progress";
    };

    test("a reply to COMMIT that is lost leaves it unknown, and the server knows", async () => {
      const delivered = await run(1, "COMMIT", "delivered");
      assert.deepEqual(
        [delivered.ran.kind, delivered.ran.kind === "unknown" && delivered.ran.transaction],
        ["unknown", delivered.transaction],
      );
      assert.equal(await settled(delivered.transaction), "committed");
      assert.equal(await rowsOf(1), 0);
      const lost = await run(2, "COMMIT", "lost");
      assert.equal(lost.ran.kind, "unknown");
      assert.equal(await settled(lost.transaction), "aborted");
      assert.equal(await rowsOf(2), 1);
    });

    test("a connection that is lost before COMMIT was sent has changed nothing, and that is known", async () => {
      for (const how of ["delivered", "lost"] as const) {
        const { ran, transaction } = await run(3, "DELETE", how);
        assert.equal(ran.kind, "not_reached");
        assert.equal(await settled(transaction), "aborted");
        assert.equal(await rowsOf(3), 1);
      }
    });

    test("a trial whose connection is lost is no measurement", async () => {
      const act = await ground.act("DELETE FROM items WHERE id = 4");
      way.breakAt("DELETE", "delivered");
      await assert.rejects(ground.executor.measure(act), { name: "NotMeasurable", refuse: true });
      assert.equal(await rowsOf(4), 1);
    });

    test("a trial that nobody waits for any more lets go of its locks", async () => {
      const act = await ground.act("UPDATE items SET name = 'tried' WHERE id = 4; SELECT pg_sleep(600)");
      way.breakAt("pg_sleep", "delivered");
      await assert.rejects(ground.executor.measure(act), { name: "NotMeasurable" });
      const holding = () =>
        server.asSuperuser("SELECT FROM pg_locks WHERE relation = 'items'::regclass AND mode = 'RowExclusiveLock'", ground.database);
      for (let tries = 0; (await holding()).length > 0; tries++) {
        assert.ok(tries < 1_000, "the server goes on with a trial that nobody hears");
        await delay(20);
      }
    });

    test("a server killed during COMMIT: unknown, and afterwards what it says is what is so", async () => {
      for (const id of [5, 6, 7]) {
        let killed: Promise<void> = Promise.resolve();
        const { ran, transaction } = await run(id, "COMMIT", "delivered", () => void (killed = server.kill()));
        assert.equal(ran.kind, "unknown");
        await killed;
        await assert.rejects(ground.executor.reconcile(ground.database, transaction));
        await server.start();
        const state = await settled(transaction);
        assert.equal(state, (await rowsOf(id)) === 0 ? "committed" : "aborted");
        // The analysis has lost its own connection with the server.
        await ground.reconnect();
      }
    });
  });
