/** A trial holds nobody up: what it waits for, keeps others from, or lets others wait for is bounded, and the bound is told. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { serverVersions, testServer } from "../../support/servers.ts";
import { type Ground, openGround } from "./ground.ts";
import { shop } from "./shop.ts";

for (const version of serverVersions)
  describe(`limits on PostgreSQL ${version}`, () => {
    let ground: Ground;
    let other: pg.Client;
    before(async () => {
      ground = await openGround(await testServer(version), shop, { limits: { lockMs: 400, statementMs: 3_000 } });
      other = await ground.connect();
    });
    after(async () => {
      await other.end();
      await ground.close();
    });

    /** A connection that is let go is gone at the server a moment later. */
    const untouched = async () => {
      for (let tries = 0; tries < 200; tries++) {
        const holding = await ground.direct(
          "SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'holdfast executor' AND l.relation >= 16384",
        );
        if (holding.length === 0) return;
        await delay(10);
      }
      assert.fail("the trial still holds locks");
    };

    test("a row that somebody holds is waited for no longer than the limit", async () => {
      const act = await ground.act("DELETE FROM items WHERE id = 1");
      await other.query("BEGIN; UPDATE items SET name = 'held' WHERE id = 1");
      try {
        await assert.rejects(ground.executor.measure(act), { name: "NotMeasurable", refuse: false, message: /given up|wait for it/ });
      } finally {
        await other.query("ROLLBACK");
      }
      await untouched();
    });

    test("a table is not kept from others longer than the limit", async () => {
      const act = await ground.act("ALTER TABLE reviews ADD COLUMN extra int; SELECT pg_sleep(30)");
      await assert.rejects(ground.executor.measure(act), {
        refuse: false,
        message: /keep others from `public\.reviews` longer than 0\.4 s/,
      });
      assert.equal((await other.query("SELECT * FROM reviews")).rowCount, 10);
      await untouched();
    });

    test("nobody waits for the trial's rows longer than the limit", async () => {
      const act = await ground.act("UPDATE items SET name = 'tried' WHERE id = 2; SELECT pg_sleep(30)");
      const measured = assert.rejects(ground.executor.measure(act), {
        refuse: false,
        message: /others would have to wait for it longer than 0\.4 s/,
      });
      await held(ground, "public.items");
      // Ends by itself once the trial has been given up.
      await other.query("UPDATE items SET name = 'meant' WHERE id = 2");
      await measured;
      assert.deepEqual((await other.query<{ name: string }>("SELECT name FROM items WHERE id = 2")).rows, [{ name: "meant" }]);
    });

    test("rows may be held longer while nobody wants them, but no longer than a trial takes", async () => {
      const act = await ground.act("UPDATE items SET name = 'tried' WHERE id = 3; SELECT pg_sleep(30)");
      await assert.rejects(ground.executor.measure(act), { refuse: false, message: /takes longer than 3 s|57014/ });
      await untouched();
    });

    test("an act that lifts the limits for itself is bounded all the same", async () => {
      const sql = "SET statement_timeout = 0; SET lock_timeout = 0; UPDATE items SET name = 'tried' WHERE id = 4; SELECT pg_sleep(30)";
      await assert.rejects(ground.executor.measure(await ground.act(sql)), { refuse: false, message: /takes longer than 3 s/ });
      await untouched();
    });

    test("a lock that the act asks for is told with its mode", async () => {
      const { measurement } = await ground.measure("LOCK TABLE items IN SHARE MODE; DELETE FROM reviews WHERE id = 1");
      assert.deepEqual(
        measurement.locks.map(({ relation, mode }) => [relation, mode]),
        [
          ["public.items", "ShareLock"],
          ["public.reviews", "RowExclusiveLock"],
        ],
      );
    });
  });

/** The trial holds a lock on the table by now. */
async function held(ground: Ground, table: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const rows = await ground.direct(
      `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'holdfast executor'
       AND l.relation = '${table}'::regclass AND l.mode = 'RowExclusiveLock'`,
    );
    if (rows.length > 0) return;
    await delay(10);
  }
  assert.fail(`the trial never locked ${table}`);
}
