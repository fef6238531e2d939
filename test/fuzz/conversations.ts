/**
 * Fuzz targets over a real server and Holdfast as a process: conversations of real clients are recorded, damaged and played.
 * The oracle: a connection that stays open must answer the next question with its own answer, and with nothing after it.
 */
import { execFile } from "node:child_process";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { limits } from "../../src/base/limits.ts";
import { FrameWatch } from "../chaos/frame-watch.ts";
import { BadLine } from "../chaos/bad-line.ts";
import { rawClient, send } from "../chaos/raw-client.ts";
import { openScene, type Scene } from "../chaos/scene.ts";
import { words } from "../playbooks/wire-messages.ts";
import { tool } from "../support/tools.ts";
import { below, chopped, damaged, framesOf, mutatedFrames, pick } from "./mutate.ts";
import type { OpenTarget } from "./targets.ts";
import type { Random } from "./wire.ts";

/** An answer that has not come after this long is a hang. */
const PATIENCE_MS = 15_000;
const setup = "CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, repeat('x', i) FROM generate_series(1, 20) i";

/** `client`: what the client sends is damaged; `server`: what the server says; `canary`: what Holdfast says. */
export async function conversationTarget(side: "client" | "server" | "canary"): Promise<OpenTarget> {
  let proxy: BadLine | undefined;
  const generous =
    "{ rows_returned: none, bytes_returned: none, rows_changed: none, rows_changed_per_transaction: none, statement_time: 5s }";
  const scene = await openScene({
    setup,
    limits: generous,
    connections: 100,
    through: async (server) => {
      proxy = await BadLine.start(server);
      return proxy.port;
    },
  });
  const recorded = await record(scene);
  let memory = 0;
  const line = side === "canary" ? await BadLine.start({ host: "127.0.0.1", port: scene.gateway.port }) : undefined;
  const close = async (): Promise<void> => {
    await line?.stop();
    await scene.end();
    await proxy?.stop();
  };
  return {
    close,
    async run(random) {
      const conversation = pick(random, recorded);
      const all = recorded.flat();
      if (side === "client") await playDamaged(scene.url, random, mutatedFrames(random, conversation, all));
      else if (side === "server") {
        if (proxy !== undefined) await hearDamaged(scene, proxy, random, conversation);
      } else if (line !== undefined) {
        const url = new URL(scene.url);
        url.port = String(line.port);
        await playDamaged(url.href, random, conversation, () => {
          line.quality = { kind: "altered", alter: (chunk) => chunk.subarray(1) };
        }).finally(() => {
          line.quality = { kind: "good" };
        });
      }
      if (!scene.gateway.running) throw new Error(`Holdfast ended: ${scene.gateway.err}`);
      memory ||= scene.gateway.resident().now;
      const { now } = scene.gateway.resident();
      if (now - memory > 1024 * 1024 * 1024) throw new Error(`Holdfast has grown from ${memory} to ${now} bytes`);
    },
  };
}

/** Plays what was recorded on a new connection, then asks a question of its own. */
async function playDamaged(url: string, random: Random, frames: readonly Buffer[], connected: () => void = () => undefined): Promise<void> {
  const socket = await rawClient(url);
  connected();
  const bytes = Buffer.concat(frames);
  const missing = missingBytes(bytes);
  const nonce = String(below(random, 1_000_000_000));
  const answer = listen(socket, nonce);
  for (const chunk of chopped(random, bytes)) {
    if (socket.destroyed) break;
    socket.write(chunk);
    if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  if (missing > 64 * 1024) socket.destroy();
  else {
    socket.write(Buffer.alloc(missing));
    send(socket, "f enough", "S", "Q ROLLBACK", `Q SELECT '42', '${nonce}'`);
  }
  try {
    await answer;
  } finally {
    socket.destroy();
  }
}

/** Resolves when the question has its answer and nothing else comes, or when the connection has ended. */
async function listen(socket: Socket, nonce: string): Promise<void> {
  const watch = new FrameWatch();
  let heard: Buffer = Buffer.alloc(0);
  let last = Number.POSITIVE_INFINITY;
  socket.on("data", (chunk: Buffer) => {
    watch.feed(chunk);
    heard = Buffer.concat([heard, chunk]).subarray(-4096);
    if (heard.includes(nonce)) last = Math.min(last, performance.now());
  });
  socket.resume();
  const until = performance.now() + PATIENCE_MS;
  while (!socket.destroyed && !socket.closed) {
    if (watch.fault !== undefined) throw new Error(`what came is not the answer: garbage, ${watch.fault}`);
    if (performance.now() > until) throw new Error(`what came is not the answer: ${heard.toString("latin1").slice(-300)}`);
    if (performance.now() > last + 20) {
      const tail = words(heard.subarray(heard.lastIndexOf(nonce) + nonce.length));
      if (tail.said.join(" ") !== "C:SELECT_1 Z:I" || tail.rest.length > 0)
        throw new Error(`what follows is not the answer's end: ${tail.said.join(" ")}`);
      return;
    }
    await delay(1);
  }
  if (watch.fault !== undefined) throw new Error(`what came is not the answer: garbage, ${watch.fault}`);
}

/** How many bytes the last frame still claims. */
function missingBytes(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length) return 5 - (bytes.length - at);
    const end = at + 1 + Math.max(4, bytes.readInt32BE(at + 1));
    if (end > bytes.length) return end - bytes.length;
    at = end;
  }
  return 0;
}

/** The conversation on a connection whose server lies now and then; afterwards a good one must work. */
async function hearDamaged(scene: Scene, proxy: BadLine, random: Random, conversation: readonly Buffer[]): Promise<void> {
  const socket = await rawClient(scene.url);
  const watch = new FrameWatch(limits.streamedFrameBytesMax);
  socket.on("data", (chunk: Buffer) => watch.feed(chunk));
  socket.resume();
  proxy.quality = {
    kind: "altered",
    alter: (chunk) =>
      random() < 0.5
        ? chunk
        : random() < 0.5
          ? damaged(random, chunk)
          : Buffer.concat(mutatedFrames(random, framesOf(chunk), framesOf(chunk))),
  };
  for (const frame of conversation) {
    if (socket.destroyed) break;
    socket.write(frame);
    await delay(1);
  }
  const until = performance.now() + 60;
  while (!socket.closed && performance.now() < until) await delay(2);
  socket.destroy();
  proxy.quality = { kind: "good" };
  if (watch.fault !== undefined) throw new Error(`garbage: ${watch.fault}`);
  const client = new pg.Client({ connectionString: scene.url });
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query("SELECT 42 AS answer");
  await client.end();
  if (rows[0].answer !== 42) throw new Error(`${JSON.stringify(rows)} is not the answer`);
}

const script = [
  "SELECT a, b FROM t ORDER BY a",
  "INSERT INTO t VALUES (21, 'y')",
  "BEGIN; SELECT 1; COMMIT",
  "DELETE FROM t",
  "SELECT 1 / 0",
  "COPY t TO STDOUT",
  "PREPARE p AS SELECT $1::int",
  "EXECUTE p (7)",
  "DEALLOCATE p",
  "SET search_path = public",
  "SELECT nonsense",
];

/** Frames that real clients sent after their login, without the goodbye. */
async function record(scene: Scene): Promise<Buffer[][]> {
  const tap = await BadLine.start({ host: "127.0.0.1", port: scene.gateway.port });
  const url = new URL(scene.url);
  url.port = String(tap.port);
  try {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    for (const text of script) await client.query(text).catch(() => undefined);
    for (const a of [1, 2, 3]) await client.query({ name: "named", text: "SELECT b FROM t WHERE a = $1", values: [a] });
    await client.query({ text: "UPDATE t SET b = $1 WHERE a = $2", values: ["z", 3] });
    await client.query({ text: "SELECT $1::nonsense", values: [1] }).catch(() => undefined);
    await client.end();
    const psql = await tool("psql");
    const more = [
      "SELECT $1, $2 \\bind 1 two \\g",
      "\\copy t from stdin\n1\tx\n\\.",
      "BEGIN; SAVEPOINT s; SELECT 1/0;",
      "ROLLBACK TO s; COMMIT;",
    ];
    const input = ["\\d t", ...script.map((text) => `${text};`), ...more, ""].join("\n");
    const environment = { ...process.env, PGSSLMODE: "disable", PGGSSENCMODE: "disable" };
    const child = promisify(execFile)(psql, ["-X", "-q", url.href], { env: environment });
    child.child.stdin?.end(input);
    await child;
    return tap.recorded.map(sessionFrames).filter((frames) => frames.length > 5);
  } finally {
    await tap.stop();
  }
}

function sessionFrames(bytes: Buffer): Buffer[] {
  const startup = bytes.length >= 4 ? bytes.readInt32BE(0) : 0;
  return framesOf(bytes.subarray(startup)).filter((frame) => frame[0] !== 0x70 && frame[0] !== 0x58);
}
