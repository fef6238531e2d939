/**
 * gRPC, as Google's client libraries speak it: reads pass, streams of both sides too, what destroys is asked about by name, and a refusal
 * is a status that clients show. A stand-in for Google's services keeps the databases and judges what arrived.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newFolder } from "../provision/shop.ts";
import { selfSigned } from "../support/certificates.ts";
import { tunnelTo } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene } from "./proxy-scene.ts";

const HOST = "firestore.googleapis.com";
const databases = new Set(["projects/p/databases/shop", "projects/p/databases/spare"]);
const seen: { path: string; te: string; authorization: string; bytes: number }[] = [];
let scene: ProxyScene;
let server: Http2SecureServer;

/** A message with one text, as the first field. */
function message(text: string, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(text.length + 2, 1);
  return Buffer.concat([head, Buffer.of(0x0a, text.length), Buffer.from(text)]);
}

before(async () => {
  const { ca, certificate, key } = selfSigned([HOST]);
  server = createSecureServer({ cert: certificate, key });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, headers) => {
    const path = String(headers[":path"]);
    const arrived = { path, te: String(headers["te"]), authorization: String(headers.authorization), bytes: 0 };
    seen.push(arrived);
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "fine" }));
    // It answers each message as it comes.
    let left = Buffer.alloc(0);
    stream.on("data", (chunk: Buffer) => {
      arrived.bytes += chunk.length;
      left = Buffer.concat([left, chunk]);
      while (left.length >= 5 && left.length >= 5 + left.readUInt32BE(1)) {
        const text = left.toString("latin1", 7, 5 + left.readUInt32BE(1));
        left = left.subarray(5 + left.readUInt32BE(1));
        if (/\/DropDatabase$/.test(path)) databases.delete(text);
        // Its last letter could begin the secret.
        stream.write(message(`answer to ${text}${arrived.authorization.slice(7, 8)}`));
      }
    });
    stream.on("end", () => stream.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const file = join(newFolder(), "google-ca.pem");
  writeFileSync(file, ca);
  scene = await openProxyScene({
    credentials: `    google: { secret: { env: HOLDFAST_TEST_AGENT }, hosts: [${HOST}] }`,
    http: `    - { host: ${HOST}, address: "127.0.0.1:${(server.address() as AddressInfo).port}", ca: ${file} }`,
  });
});
after(async () => {
  await scene?.stop();
  server?.close();
});

interface Called {
  readonly stream: ClientHttp2Stream;
  /** What came so far. */
  readonly text: () => string;
  readonly status: Promise<{ readonly code: string; readonly message: string; readonly approval: string; readonly text: string }>;
}

function open(session: ClientHttp2Session, method: string): Called {
  const placeholder = scene.held.opened.http?.placeholders.find(({ name }) => name === "google")?.placeholder ?? "";
  const stream = session.request({
    ":method": "POST",
    ":path": `/${method}`,
    "content-type": "application/grpc+proto",
    te: "trailers",
    authorization: `Bearer ${placeholder}`,
  });
  let text = "";
  let head: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  stream.on("response", (headers) => (head = headers));
  stream.on("trailers", (headers) => (trailers = headers));
  stream.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  stream.on("error", () => undefined);
  const status = once(stream, "close").then(() => {
    assert.equal(head[":status"], 200, "whatever it says is in its status");
    const told = { ...head, ...trailers } as Record<string, string>;
    const said = Buffer.from(unescape(told["grpc-message"] ?? ""), "latin1").toString();
    return { code: told["grpc-status"] ?? "none", message: said, approval: told["holdfast-approval"] ?? "", text };
  });
  return { stream, status, text: () => text };
}

async function withSession<T>(act: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const socket = await tunnelTo(scene.proxy, HOST, HOST, ["h2", "http/1.1"]);
  const session = connect(`https://${HOST}`, { createConnection: () => socket });
  session.on("error", () => undefined);
  try {
    return await act(session);
  } finally {
    session.destroy();
  }
}

/** One message, and the end behind it. */
const unary = (method: string, body: Buffer) =>
  withSession((session) => {
    const { stream, status } = open(session, method);
    stream.end(body);
    return status;
  });

const drop = (name: string) => unary("google.spanner.admin.database.v1.DatabaseAdmin/DropDatabase", message(name));

describe("gRPC", () => {
  test("a read and a message that is published pass, with their status behind them", async () => {
    for (const method of ["google.firestore.v1.Firestore/RunQuery", "google.pubsub.v1.Publisher/Publish"]) {
      const { code, message: said, text } = await unary(method, message("projects/p/x"));
      assert.deepEqual([code, said], ["0", "fine"]);
      assert.match(text, /answer to projects\/p\/x/);
      const arrived = seen.at(-1);
      assert.deepEqual([arrived?.path, arrived?.te, arrived?.bytes], [`/${method}`, "trailers", 19]);
      assert.ok(!arrived?.authorization.includes("hfp_"), "the secret went in");
    }
  });

  test("a read stays open: each message is answered before the next one is sent", async () => {
    await withSession(async (session) => {
      const { stream, text, status } = open(session, "google.firestore.v1.Firestore/Listen");
      for (const each of ["one", "two", "three"]) {
        stream.write(message(each));
        const whole = text().length + 7 + `answer to ${each}x`.length;
        while (text().length < whole) {
          assert.ok(!stream.closed, `closed before ${each} was answered`);
          await Promise.race([once(stream, "data"), once(stream, "close")]);
        }
      }
      stream.end();
      assert.equal((await status).code, "0");
    });
  });

  test("what would destroy is asked about by method and name, and carried out once, for that name alone", async () => {
    const [shop = "", spare = ""] = databases;
    const held = await drop(spare);
    assert.equal(held.code, "7");
    assert.match(held.message, /person/);
    const view = (await scene.approvals.approvals()).find(({ id }) => id === held.approval);
    assert.match(view?.plan.act.shown ?? "", /DropDatabase[\s\S]*projects\/p\/databases\/spare/);
    assert.ok(JSON.stringify(view?.plan).includes("gcp:resource/projects/p/databases/spare"), "its thing has a name");
    await scene.approvals.answer(held.approval, "ada");
    assert.equal((await drop(shop)).code, "7");
    assert.deepEqual([...databases], [shop, spare]);
    assert.equal((await drop(spare)).code, "0");
    assert.deepEqual([...databases], [shop]);
    assert.equal((await drop(spare)).code, "7");
  });

  test("refused: a secret, what nobody knows, what a compressed message hides, and a stream of changes that stays open", async () => {
    const before = seen.length;
    assert.match((await unary("google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion", message("x/y"))).code, /7/);
    assert.equal((await unary("google.firestore.v1.Firestore/Commit", message("projects/p/databases/shop"))).code, "7");
    assert.equal((await unary("etcdserverpb.KV/Range", message("key"))).code, "7");
    const hidden = await unary("google.spanner.admin.database.v1.DatabaseAdmin/DropDatabase", message("projects/p", 1));
    assert.match(hidden.message, /messages are compressed/);
    await withSession(async (session) => {
      const { stream, status } = open(session, "google.firestore.v1.Firestore/Write");
      stream.write(message("projects/p/databases/shop"));
      const { code, message: said } = await status;
      assert.equal(code, "7");
      assert.match(said, /not all there/);
    });
    assert.equal(seen.length, before);
  });
});
