/** Clients and servers that are slow, half gone or gone in the middle of something: bounded memory, everything let go, clean answers. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { words } from "../playbooks/wire-messages.ts";
import { BadLine } from "./bad-line.ts";
import { rawClient, rest, send } from "./raw-client.ts";
import { eventually, openScene, type Scene } from "./scene.ts";

const MiB = 1024 * 1024;
/** What the gateway may grow by for one slow peer: two kernels' socket buffers are not its own, a few chunks and V8's slack are. */
const slackBytes = 96 * MiB;

describe("peers that misbehave", { timeout: 150_000 }, () => {
  let scene: Scene;
  let proxy: BadLine;
  before(async () => {
    scene = await openScene({
      limits: "{ rows_returned: none, bytes_returned: none, rows_changed: none, statement_time: 3s }",
      settled: true,
      through: async (server) => {
        proxy = await BadLine.start(server);
        return proxy.port;
      },
    });
  });
  after(async () => {
    await scene.end();
    await proxy.stop();
  });
  afterEach(async () => {
    proxy.quality = { kind: "good" };
    await eventually(
      "every session is let go",
      async () => (await scene.status()).sessions.length === 0 && (await scene.backends()).length === 0,
    );
  });
  const fortyTwo = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: scene.url });
    await client.connect();
    assert.equal((await client.query("SELECT 42 AS answer")).rows[0].answer, 42);
    await client.end();
  };

  test("a client that reads a byte at a time holds the server back, not memory", async () => {
    const { rss } = await scene.gateway.memory();
    scene.gateway.resetMost();
    const slow = await rawClient(scene.url);
    send(slow, "Q SELECT repeat('x', 1000) FROM generate_series(1, 3000000)");
    for (let i = 0; i < 12; i++) {
      slow.read(1);
      await delay(100);
    }
    const backends = await scene.backends();
    await fortyTwo();
    const grown = scene.gateway.resident().most - rss;
    slow.destroy();
    assert.ok(
      backends.some((line) => line.startsWith("active")),
      "the server still has something to say",
    );
    assert.ok(grown < slackBytes, `${Math.round(grown / MiB)} MiB more`);
  });

  for (const [title, lines] of [
    ["the middle of a result", ["Q SELECT repeat('x', 1000) FROM generate_series(1, 3000000)"]],
    ["a transaction", ["Q BEGIN", "Q INSERT INTO marks (id, kind) VALUES (1, 'x')"]],
    ["a statement that takes its time", ["Q SELECT pg_sleep(600)"]],
    ["COPY in", ["Q COPY marks (id, kind) FROM STDIN", "d 1\tx\n"]],
    ["the middle of a COPY line", ["Q COPY marks (id, kind) FROM STDIN", "d 1\tx\n2"]],
    ["COPY out", ["Q COPY (SELECT repeat('x', 1000) FROM generate_series(1, 3000000)) TO STDOUT"]],
    ["a pipeline", ["P |INSERT INTO marks (id, kind) VALUES (1, 'x')", "B |", "E ", "H"]],
  ] as const) {
    test(`a client that vanishes in ${title} leaves nothing behind`, async () => {
      const client = await rawClient(scene.url);
      send(client, ...lines);
      await delay(150);
      client.read();
      client.destroy();
      await eventually("the server's session is gone", async () => (await scene.backends()).length === 0);
      assert.deepEqual(await scene.server.asSuperuser("SELECT * FROM marks", scene.database.name), []);
    });
  }

  test("a client that vanishes inside a frame is forgotten", async () => {
    const client = await rawClient(scene.url);
    client.write(Buffer.from([0x51, 0, 0, 4, 0, 0x53]));
    await delay(50);
    client.destroy();
  });

  test("a client that closes its half in the middle of a statement gets no garbage", async () => {
    const client = await rawClient(scene.url);
    send(client, "Q SELECT 1, pg_sleep(0.2)");
    client.end();
    const { said, rest: left } = words(await rest(client));
    assert.equal(left.length, 0);
    assert.ok(
      said.every((word) => /^[TDCZEN]/.test(word)),
      said.join(" "),
    );
  });

  test("a server whose bytes come one by one is understood", async () => {
    proxy.quality = { kind: "chopped", bytes: 1 };
    await fortyTwo();
    const client = new pg.Client({ connectionString: scene.url });
    await client.connect();
    const { rows } = await client.query("SELECT i, repeat('x', 100) AS x FROM generate_series(1, 100) AS i");
    assert.deepEqual([rows.length, rows[99].i, rows[99].x], [100, 100, "x".repeat(100)]);
    await assert.rejects(client.query("SELECT 1 / 0"), { code: "22012" });
    await client.end();
  });

  test("a server that falls silent ends in an error at the time limit, not in a hang", async () => {
    const client = new pg.Client({ connectionString: scene.url });
    client.on("error", () => undefined);
    await client.connect();
    proxy.quality = { kind: "silent" };
    await assert.rejects(client.query("SELECT 1"), { code: "57014" });
    proxy.quality = { kind: "good" };
    await client.end().catch(() => undefined);
    await fortyTwo();
  });

  test("a server that falls silent during a login is given up, with an error", async () => {
    proxy.quality = { kind: "silent" };
    const client = new pg.Client({ connectionString: scene.url });
    client.on("error", () => undefined);
    await assert.rejects(client.connect(), (error: { code?: string }) => /^(08006|08001|57P03|58000)$/.test(error.code ?? ""));
    proxy.quality = { kind: "good" };
    await fortyTwo();
  });

  test("a line that is cut is an error for each session, and nothing for the next", async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => rawClient(scene.url)));
    for (const client of clients) send(client, "Q SELECT pg_sleep(30)");
    await delay(100);
    proxy.cut();
    for (const client of clients) {
      const { said, rest: left } = words(await rest(client));
      assert.equal(left.length, 0);
      assert.equal(said.at(-1), "E:08006", said.join(" "));
    }
    await fortyTwo();
  });
});
