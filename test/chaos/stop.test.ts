/** Graceful shutdown under load, and the connections an account may hold: nothing lost, nothing over. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { seeded } from "../fuzz/wire.ts";
import { disagreements, quiet } from "./ledger.ts";
import { Load } from "./load.ts";
import { LogReader } from "./log-reader.ts";
import { Marks } from "./marks.ts";
import { eventually, openScene } from "./scene.ts";

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

describe("a stop under load", { timeout: 120_000 }, () => {
  test("statements end, transactions are not cut off, nothing that was acknowledged is lost", async () => {
    const scene = await openScene({ shutdownTime: "8s" });
    const marks = new Marks();
    const load = new Load({ url: () => scene.url, marks, random: seeded(7), clients: 8 });
    await eventually("the load works", () => load.answered > 300);
    const [long, block, idle] = await Promise.all([connected(scene.url), connected(scene.url), connected(scene.url)]);
    const answer = long.query("SELECT 42 AS answer, pg_sleep(1)");
    await block.query("BEGIN");
    const [mark, later] = [marks.new(), marks.new()];
    await block.query(`INSERT INTO marks AS m${mark} (id, kind) VALUES (${mark}, 'transaction')`);
    const ended = scene.gateway.stop();
    await eventually("new clients are turned away", async () => {
      const client = new pg.Client({ connectionString: scene.url });
      client.on("error", () => undefined);
      return client.connect().then(
        () => client.end().then(() => false),
        () => true,
      );
    });
    await assert.rejects(idle.query("SELECT 1"), "an idle session ends at once");
    await block.query(`INSERT INTO marks AS m${later} (id, kind) VALUES (${later}, 'transaction')`);
    await block.query("COMMIT");
    for (const id of [mark, later]) marks.acknowledged.add(id);
    assert.equal((await answer).rows[0].answer, 42);
    const stopping = load.stop();
    assert.equal(await ended, 0, scene.gateway.err);
    await stopping;
    await quiet(scene.server, scene.role.user);
    const log = new LogReader(scene.gateway.auditDirectory);
    await log.readOn();
    assert.deepEqual(await disagreements(scene.server, scene.database.name, marks, log), []);
    await scene.end();
  });

  test("what does not end within the time is cut off and recorded as unknown", async () => {
    const scene = await openScene({ shutdownTime: "500ms" });
    const client = await connected(scene.url);
    const lost = assert.rejects(client.query("SELECT pg_sleep(25)"));
    await eventually("it runs", async () => (await scene.backends()).some((line) => line.includes("pg_sleep")));
    await scene.end();
    await lost;
  });
});

describe("connections of an account", { timeout: 120_000 }, () => {
  test("are never more than it may have, whatever the rush, and a place that is freed is a place", async () => {
    const scene = await openScene({ connections: 5 });
    for (let round = 0; round < 3; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 30 }, () => connected(scene.url)));
      const open = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const codes = new Set(tries.flatMap((one) => (one.status === "rejected" ? [(one.reason as { code?: string }).code] : [])));
      assert.deepEqual([open.length, [...codes], (await scene.status()).sessions.length], [5, ["53300"], 5], `round ${round}`);
      for (const client of open) assert.equal((await client.query("SELECT 42 AS answer")).rows[0].answer, 42);
      // Half say goodbye, half just vanish.
      const [goodbye, vanish] = [open.slice(0, 2), open.slice(2)];
      await Promise.all(goodbye.map((client) => client.end()));
      for (const client of vanish) (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await eventually("the places are free", async () => (await scene.status()).sessions.length === 0);
    }
    await delay(50);
    await scene.end();
  });
});
