/**
 * Much data and many connections in bounded memory: 1,000,000 rows, COPY of 128 MiB both ways, 1,000 idle connections.
 * `CHAOS_COPY_MIB=1024` makes the COPY a gibibyte. Figures are printed; the bounds asserted are generous, for a busy machine.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { message } from "../playbooks/wire-messages.ts";
import { rawClient, send } from "./raw-client.ts";
import { eventually, openScene, type Scene } from "./scene.ts";

const MiB = 1024 * 1024;
const copyMiB = Number(process.env.CHAOS_COPY_MIB ?? 128);
/** Growth while a stream of any size passes: chunks on their way and garbage that nobody has collected yet. */
const streamBytesMax = 160 * MiB;
/** The goal is 64 KiB (the bench measures it); kept memory is asserted at twice that. */
const idleBytesMax = 128 * 1024;

/** Counts messages by type until ReadyForQuery, keeping nothing. */
function counted(socket: Socket): Promise<{ readonly frames: ReadonlyMap<string, number>; readonly bytes: number }> {
  const frames = new Map<string, number>();
  let bytes = 0;
  let skip = 0;
  let head = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    socket.on("close", () => reject(new Error(`closed after ${JSON.stringify([...frames])}`)));
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      for (let at = 0; at < chunk.length; ) {
        const skipped = Math.min(skip, chunk.length - at);
        skip -= skipped;
        at += skipped;
        if (at === chunk.length) break;
        const part = chunk.subarray(at, at + 5 - head.length);
        head = Buffer.concat([head, part]);
        at += part.length;
        if (head.length < 5) break;
        const type = String.fromCharCode(head[0] ?? 0);
        frames.set(type, (frames.get(type) ?? 0) + 1);
        skip = head.readInt32BE(1) - 4;
        head = Buffer.alloc(0);
        if (type === "Z") resolve({ frames, bytes });
      }
    });
    socket.resume();
  });
}

describe("much of everything", { timeout: 600_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene({
      connections: 1100,
      limits: "{ rows_returned: none, bytes_returned: none, rows_changed: none, rows_changed_per_transaction: none, statement_time: none }",
      setup: "CREATE UNLOGGED TABLE lines (line text)",
      settings: { max_connections: 1200, max_wal_senders: 0, wal_level: "minimal" },
      settled: true,
    });
  });
  after(() => scene.end());

  /** Growth of the gateway's resident memory at its worst while `work` runs. */
  async function bounded(what: string, work: () => Promise<number>): Promise<void> {
    const { rss } = await scene.gateway.memory();
    scene.gateway.resetMost();
    const began = performance.now();
    const bytes = await work();
    const seconds = (performance.now() - began) / 1000;
    const grown = scene.gateway.resident().most - rss;
    console.log(`chaos: ${what}: ${Math.round(bytes / MiB / seconds)} MiB/s, ${Math.round(grown / MiB)} MiB more at its most`);
    assert.ok(grown < streamBytesMax, `${what}: ${Math.round(grown / MiB)} MiB more`);
  }

  for (const [how, lines] of [
    ["simple", ["Q SELECT i, repeat('x', 60) FROM generate_series(1, 1000000) AS i"]],
    ["extended", ["P |SELECT i, repeat('x', 60) FROM generate_series(1, 1000000) AS i", "B |", "E ", "S"]],
  ] as const) {
    test(`a result of 1,000,000 rows, ${how}`, () =>
      bounded(`1,000,000 rows, ${how}`, async () => {
        const client = await rawClient(scene.url);
        const done = counted(client);
        send(client, ...lines);
        const { frames, bytes } = await done;
        client.destroy();
        assert.equal(frames.get("D"), 1_000_000);
        return bytes;
      }));
  }

  test(`COPY of ${copyMiB} MiB in and out`, async () => {
    await bounded(`COPY of ${copyMiB} MiB in`, async () => {
      const client = await rawClient(scene.url);
      const done = counted(client);
      send(client, "Q COPY lines (line) FROM STDIN");
      const chunk = message("d", Buffer.from(`${"x".repeat(1023)}\n`.repeat(64)));
      for (let sent = 0; sent < copyMiB * 16; sent++) {
        if (!client.write(chunk)) await new Promise((resolve) => client.once("drain", resolve));
      }
      send(client, "c");
      const { frames } = await done;
      client.destroy();
      assert.deepEqual([frames.get("E"), frames.get("C")], [undefined, 1]);
      return copyMiB * MiB;
    });
    const [row] = await scene.server.asSuperuser<{ n: number }>("SELECT count(*)::int AS n FROM lines", scene.database.name);
    assert.equal(row?.n, copyMiB * 1024);
    await bounded(`COPY of ${copyMiB} MiB out`, async () => {
      const client = await rawClient(scene.url);
      const done = counted(client);
      send(client, "Q COPY lines (line) TO STDOUT");
      const { frames, bytes } = await done;
      client.destroy();
      assert.equal(frames.get("d"), copyMiB * 1024);
      return bytes;
    });
  });

  test("1,000 idle connections", async () => {
    await eventually("nobody is there", async () => (await scene.status()).sessions.length === 0);
    const empty = await scene.gateway.memory();
    const clients: pg.Client[] = [];
    while (clients.length < 1000) {
      const some = Array.from({ length: 50 }, () => new pg.Client({ connectionString: scene.url }));
      for (const client of some) client.on("error", () => undefined);
      await Promise.all(some.map((client) => client.connect()));
      await Promise.all(some.map((client) => client.query("SELECT 1")));
      clients.push(...some);
    }
    const full = await scene.gateway.memory();
    assert.equal((await scene.status()).sessions.length, 1000);
    const kept = (full.heapUsed + full.external - empty.heapUsed - empty.external) / 1000;
    const resident = (full.rss - empty.rss) / 1000;
    console.log(
      `chaos: 1,000 idle connections: ${Math.round(kept / 1024)} KiB kept each, ${Math.round(resident / 1024)} KiB resident each`,
    );
    assert.ok(kept < idleBytesMax, `${kept} bytes for each connection`);
    for (const client of [clients[0], clients[999]]) assert.equal((await client?.query("SELECT 42 AS answer"))?.rows[0].answer, 42);
    await Promise.all(clients.map((client) => client.end()));
    await eventually("everybody is gone", async () => (await scene.status()).sessions.length === 0);
    const after = await scene.gateway.memory();
    const left = after.heapUsed + after.external - empty.heapUsed - empty.external;
    assert.ok(left < 16 * MiB, `${Math.round(left / MiB)} MiB are left when everybody is gone`);
  });
});
