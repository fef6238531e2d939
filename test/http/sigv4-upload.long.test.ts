/**
 * An upload of 1 GiB, signed chunk by chunk: every signature in it is replaced on the way, and no more than a bound of it is in memory at
 * once. Gateway, stand-in and client are in this process, so that all of their memory counts.
 */
import assert from "node:assert/strict";
import { request } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";
import type { Pair } from "../../src/credentials/sigv4/canonical.ts";
import { ChunkChain } from "../../src/credentials/sigv4/chunk-chain.ts";
import { signedInHeader } from "../../src/credentials/sigv4/sign-anew.ts";
import { type ProxyLogin, tunnelTo } from "./proxy-client.ts";
import { openSigningScene, type SigningScene } from "./sigv4-scene.ts";
import { s3Host } from "./stand-in-s3.ts";

const MIB = 1024 * 1024;
const TOTAL_MIB = Number(process.env["SIGV4_UPLOAD_MIB"] ?? 1024);
/** Far below what is uploaded; what Node keeps of buffers until it collects them is within it. */
const GROWTH_MIB_MAX = Math.min(300, TOTAL_MIB / 2);

let scene: SigningScene;
before(async () => {
  scene = await openSigningScene();
});
after(() => scene.stop());

test("goes through in bounded memory, signed anew in every chunk", async () => {
  const { http, user, password } = scene.held.opened;
  assert(http !== undefined);
  const proxy: ProxyLogin = { ...http, user, password };
  const [id = "", secret = ""] = http.placeholders.map(({ placeholder }) => placeholder);
  const host = `shop-staging.${s3Host}`;
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
  const headers: readonly Pair[] = [
    ["content-encoding", "aws-chunked"],
    ["x-amz-decoded-content-length", String(TOTAL_MIB * MIB)],
    ["x-amz-content-sha256", payload],
  ];
  const scope = { region: "eu-central-1", api: "s3" };
  const asked = {
    method: "PUT",
    host,
    target: "/large",
    headers,
    payload,
    signed: ["content-encoding"],
    scope,
    form: "as_sent",
    stamp,
  } as const;
  const made = signedInHeader(asked, { id, secret });
  const chain = new ChunkChain({ signer: made.signer, stamp, seed: made.signature });
  const piece = Buffer.alloc(MIB, "x");
  let most = 0;
  function* body(): Generator<Buffer> {
    for (let count = 0; count < TOTAL_MIB; count += 1) {
      most = Math.max(most, process.memoryUsage().rss);
      yield Buffer.from(`${MIB.toString(16)};chunk-signature=${chain.next(piece)}\r\n`);
      yield piece;
      yield Buffer.from("\r\n");
    }
    yield Buffer.from(`0;chunk-signature=${chain.next(Buffer.alloc(0))}\r\n\r\n`);
  }
  const head = `${MIB.toString(16)};chunk-signature=${"0".repeat(64)}\r\n\r\n`.length;
  const last = `0;chunk-signature=${"0".repeat(64)}\r\n\r\n`.length;
  const length = String(TOTAL_MIB * (MIB + head) + last);
  const socket = await tunnelTo(proxy, host);
  try {
    const began = process.memoryUsage().rss;
    const all = { host, ...Object.fromEntries(made.headers), "content-length": length };
    const out = request({ host, method: "PUT", path: "/large", headers: all, createConnection: () => socket });
    const status = new Promise<number>((resolve, reject) => {
      out.on("response", (answer) => resolve(answer.resume().statusCode ?? 0));
      out.on("error", reject);
    });
    await pipeline(Readable.from(body()), out);
    assert.equal(await status, 200);
    const stored = scene.s3.objects.get("shop-staging/large");
    assert.deepEqual([stored?.bytes, stored?.payload], [TOTAL_MIB * MIB, payload]);
    assert.equal(scene.s3.arrived.at(-1)?.refused, undefined);
    assert.equal(scene.s3.arrived.at(-1)?.headers["content-length"], length);
    const grown = (most - began) / MIB;
    console.log(`${TOTAL_MIB} MiB through; memory grew by ${Math.round(grown)} MiB at most`);
    assert(grown < GROWTH_MIB_MAX, `memory grew by ${grown} MiB`);
  } finally {
    socket.destroy();
  }
});
