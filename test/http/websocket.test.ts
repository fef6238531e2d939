/**
 * WebSockets through a real gateway to a stand-in for Railway: the handshake judged as a request is, credentials looked for in every
 * message, what breaks the protocol refused, and neither side outliving the other. The stand-in is the judge of what arrived.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { opcodes } from "../../src/adapters/http/websocket/frames.ts";
import { until } from "../grants/scene.ts";
import { raw } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";
import { type ClientSocket, type Handshake, openSocket, speak } from "./websocket-client.ts";
import { acceptWebSocket, type ServerOptions, type ServerSocket } from "./websocket-server.ts";

const CLUSTER = "kubernetes.default.svc";
const EXEC = "/api/v1/namespaces/shop/pods/web/exec";
const QUERY = "?command=sh&stdin=true";

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene({
    hosts: [CLUSTER],
    // A command in a pod passes here, so that what goes over its connection can be looked at.
    policy: "observe",
  });
});
after(() => scene.stop());

/** A connection to the pod, with the provider's end of it. */
async function open(
  options: ServerOptions = {},
  more: Partial<Handshake> = {},
  host: string = CLUSTER,
): Promise<{ client: ClientSocket; server: ServerSocket }> {
  let server: ServerSocket | undefined;
  scene.railway.upgrades.set(EXEC, (request, socket) => {
    server = acceptWebSocket(request, socket, options);
  });
  const client = await openSocket(scene.proxy, host, { path: `${EXEC}${QUERY}`, ...more });
  assert.equal(client.status, 101, client.head);
  assert(server !== undefined);
  return { client, server };
}

async function refused(handshake: Handshake, host: string = CLUSTER): Promise<{ head: string; status: number }> {
  const count = scene.railway.received.length;
  const client = await openSocket(scene.proxy, host, handshake);
  client.socket.destroy();
  assert.equal(scene.railway.received.length, count, "it has reached the provider");
  return client;
}

const lastOutcome = async () => (await scene.approvals.events("outcome")).at(-1)?.outcome;

describe("the handshake", () => {
  test("each side has its own key and no extension; the subprotocol goes through, and so does the path that was judged", async () => {
    const key = randomBytes(16).toString("base64");
    const { client, server } = await open(
      { protocol: "v5.channel.k8s.io" },
      { key, protocols: ["v5.channel.k8s.io", "v4.channel.k8s.io"] },
    );
    const { headers, url } = server.request;
    assert.equal(url, `${EXEC}${QUERY}`);
    assert.notEqual(headers["sec-websocket-key"], key);
    assert.equal(headers["sec-websocket-extensions"], undefined);
    assert.equal(headers["sec-websocket-protocol"], "v5.channel.k8s.io, v4.channel.k8s.io");
    assert.match(client.head, /^sec-websocket-protocol: v5\.channel\.k8s\.io$/m);
    client.close();
    assert.equal(await client.ended, "1000");
  });

  const wrong: readonly (readonly [what: string, handshake: Partial<Handshake>, said: RegExp])[] = [
    ["SPDY", { upgrade: "SPDY/3.1", method: "POST" }, /^HTTP\/1\.1 501/],
    ["another protocol", { upgrade: "smb" }, /^HTTP\/1\.1 501/],
    ["a method that is not GET", { method: "POST" }, /^HTTP\/1\.1 501/],
    ["a key of fifteen bytes", { key: randomBytes(15).toString("base64") }, /^HTTP\/1\.1 501/],
    ["an old version", { headers: { "Sec-WebSocket-Version": "8" } }, /^HTTP\/1\.1 501/],
    ["a body", { headers: { "Content-Length": "4" } }, /^HTTP\/1\.1 501/],
    ["a token for a subprotocol", { protocols: [`base64url.bearer.authorization.k8s.io.${"a".repeat(40)}`] }, /^HTTP\/1\.1 403/],
    ["a token of somebody's", { headers: { Authorization: "Bearer somebody-elses-token" } }, /^HTTP\/1\.1 403/],
  ];
  for (const [what, handshake, said] of wrong)
    test(`${what}: refused, and nothing is sent`, async () => {
      const { head } = await refused({ path: EXEC, ...handshake });
      assert.match(head, said);
    });

  test("a host that no pack knows is not asked for one", async () => {
    const { proxy } = scene;
    const login = Buffer.from(`${proxy.user}:${proxy.password}`).toString("base64");
    const text = `GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nProxy-Authorization: Basic ${login}\r\n\r\n`;
    const { head, socket } = await raw(proxy, text);
    socket.destroy();
    assert.match(head, /^HTTP\/1\.1 501/);
  });

  const lies: readonly (readonly [what: string, answer: string])[] = [
    ["a wrong accept", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"],
    ["no accept", "Upgrade: websocket\r\nConnection: Upgrade\r\n"],
    ["another protocol", "Upgrade: smb\r\nConnection: Upgrade\r\n"],
  ];
  for (const [what, answer] of lies)
    test(`a provider that answers with ${what} opens nothing`, async () => {
      scene.railway.upgrades.set(EXEC, (_, socket) => void socket.write(`HTTP/1.1 101 Switching Protocols\r\n${answer}\r\n`));
      const client = await openSocket(scene.proxy, CLUSTER, { path: EXEC });
      client.socket.destroy();
      assert.equal(client.status, 502, client.head);
      assert.match(client.head, /outcome_unknown/);
    });

  for (const [what, options] of [
    ["an extension", { more: "Sec-WebSocket-Extensions: permessage-deflate\r\n" }],
    ["a subprotocol", { protocol: "other" }],
  ] as const)
    test(`a provider that chooses ${what} that nobody asked for opens nothing`, async () => {
      scene.railway.upgrades.set(EXEC, (request, socket) => void acceptWebSocket(request, socket, options));
      const client = await openSocket(scene.proxy, CLUSTER, { path: EXEC });
      client.socket.destroy();
      assert.equal(client.status, 502, client.head);
    });

  test("what a provider answers in place of it goes back, and is the outcome", async () => {
    scene.railway.upgrades.set(
      EXEC,
      (_, socket) => void socket.end("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nno pod"),
    );
    const client = await openSocket(scene.proxy, CLUSTER, { path: EXEC });
    client.socket.destroy();
    assert.equal(client.status, 404);
    assert.match(client.head, /^content-length: 6$/im);
    await until("its outcome is on record", async () => {
      const outcome = await lastOutcome();
      return outcome?.status === "failed" && outcome.code === "404";
    });
  });
});

describe("messages", () => {
  test("text and bytes go through both ways, whatever their length; pings and the close too", async () => {
    const sizes = [0, 125, 126, 65_535, 65_536, 300_000];
    const back: Buffer[] = [];
    const { client, server } = await open({ onBinary: (bytes, to) => to.send(bytes), onText: (text, to) => to.send(`${text} back`) });
    for (const size of sizes) {
      const bytes = randomBytes(size);
      client.frame(opcodes.binary, bytes);
      back.push(bytes);
      await client.next();
    }
    client.say("é\u{1f600}");
    assert.equal(await client.next(), "é\u{1f600} back");
    client.frame(opcodes.ping, Buffer.from("still there?"));
    await until("the ping is answered", () =>
      client.events.some((event) => event.kind === "pong" && event.payload.toString() === "still there?"),
    );
    const came = client.events.flatMap((event) => (event.kind === "data" && !event.text ? [event.bytes] : []));
    assert(Buffer.concat(came).equals(Buffer.concat(back)));
    assert(server.events.some(({ kind }) => kind === "ping"));
    client.close(4000);
    assert.equal(await client.ended, "4000");
    await until("its outcome is on record", async () => {
      const outcome = await lastOutcome();
      return outcome?.status === "succeeded" && (outcome.measured.bytesReturned ?? 0) > 400_000;
    });
  });

  test("fragments of a client arrive as one message, and what it said before the answer is not lost", async () => {
    const { client, server } = await open();
    client.frame(opcodes.text, Buffer.from("one "), false);
    client.frame(opcodes.ping, Buffer.alloc(0));
    client.frame(opcodes.continuation, Buffer.from("message"));
    await until("it has arrived", () => server.texts.length === 1);
    assert.deepEqual(server.texts, ["one message"]);
    client.close();
    await client.ended;
  });

  const broken: readonly (readonly [what: string, bytes: Buffer, code: RegExp])[] = [
    ["a frame without a mask", Buffer.from("810161", "hex"), /^1002/],
    ["a reserved bit", Buffer.from("c18100000000ff", "hex"), /^1002/],
    ["a text that is none", Buffer.from("818100000000ff", "hex"), /^1007/],
    ["a message of a gigabyte", Buffer.from("82ff000000004000000000000000", "hex"), /^1009/],
  ];
  for (const [what, bytes, code] of broken)
    test(`${what} ends both sides, and does not arrive`, async () => {
      const { client, server } = await open();
      client.socket.write(bytes);
      assert.match(await client.ended, code);
      await until("the provider is told", () => server.events.some((event) => event.kind === "close" && event.code === 1001));
      assert(!server.events.some(({ kind }) => kind === "data"));
    });

  test("a provider that breaks the protocol is left, and its message does not arrive", async () => {
    const { client, server } = await open();
    server.socket.write(Buffer.from("81850000000068656c6c6f", "hex"));
    assert.match(await client.ended, /^1001/);
    assert(!client.events.some(({ kind }) => kind === "data"));
  });

  test("a secret of the vault in a message: nothing of it arrives, both sides end, and it is told aloud", async () => {
    for (const [opcode, text] of [
      [opcodes.text, `login ${scene.token}`],
      [opcodes.binary, `\x00${Buffer.from(scene.token).toString("base64")}`],
      [opcodes.ping, scene.token],
    ] as const) {
      const known = (await scene.approvals.events("credential_found")).length;
      const { client, server } = await open();
      client.frame(opcode, Buffer.from(text));
      assert.match(await client.ended, /^1008/);
      if (opcode !== opcodes.ping)
        await until("it is on record", async () => (await scene.approvals.events("credential_found")).length > known);
      assert(!server.events.some(({ kind }) => kind === "data" || kind === "ping"), "it has arrived");
    }
    assert(!JSON.stringify(await scene.approvals.events("credential_found")).includes(scene.token));
  });

  const cut = 20;
  const marked = (mark: string, text: string): Buffer => Buffer.from(`${mark}${text}`);
  const halves: readonly (readonly [how: string, opcode: number, pieces: (text: string) => readonly Buffer[]])[] = [
    ["two texts", opcodes.text, (text) => [marked("login ", text.slice(0, cut)), marked("", text.slice(cut))]],
    ["one character a message", opcodes.text, (text) => [...text].map((each) => Buffer.from(each))],
    ["two messages of one stream", opcodes.binary, (text) => [marked("\x01", text.slice(0, cut)), marked("\x01", text.slice(cut))]],
    [
      "two messages of one stream, another between them",
      opcodes.binary,
      (text) => [marked("\x01", text.slice(0, cut)), marked("\x02", "x"), marked("\x01", text.slice(cut))],
    ],
  ];
  for (const [how, opcode, pieces] of halves) {
    test(`a secret of the vault that is cut over ${how}: its end does not arrive`, async () => {
      const { client, server } = await open();
      for (const piece of pieces(scene.token)) client.frame(opcode, piece);
      assert.match(await client.ended, /^1008/);
      const arrived = server.events.flatMap((event) => (event.kind === "data" ? [event.bytes.toString()] : [])).join("");
      assert(!arrived.replaceAll(/[^ -~]/g, "").includes(scene.token.slice(cut)), arrived);
    });

    test(`what was put in comes back cut over ${how}: none of it but its first bytes is shown, and all else`, async () => {
      const { client, server } = await open({}, { headers: { Authorization: `Bearer ${scene.placeholder}` } }, railwayHost);
      assert(server.request.headers["authorization"]?.includes(scene.token));
      const sent = [...pieces(scene.token), Buffer.from(opcode === opcodes.text ? " and on" : "\x01 and on")];
      for (const piece of sent) server.frame(opcode, piece);
      let shown: readonly Buffer[] = [];
      await until("all of it has come", () => {
        shown = client.events.flatMap((event) => (event.kind === "data" ? [event.bytes] : []));
        return shown.length >= sent.length;
      });
      assert.deepEqual(
        shown.map(({ length }) => length),
        sent.map(({ length }) => length),
      );
      const text = Buffer.concat(shown.map((each) => (opcode === opcodes.text ? each : each.subarray(1)))).toString();
      assert(text.endsWith(" and on"), text);
      for (let at = 0; at + 6 <= scene.token.length; at++) assert(!text.includes(scene.token.slice(at, at + 6)), text);
      client.close();
      await client.ended;
    });
  }

  test("when the provider goes, so does the client; and the other way round", async () => {
    const one = await open();
    one.server.socket.destroy();
    assert.match(await one.client.ended, /^1011/);
    const other = await open();
    other.client.socket.destroy();
    await until("the provider is told", () => other.server.events.some(({ kind }) => kind === "close"));
  });

  test("a session that ends takes its connections with it", async () => {
    const { held, proxy } = await scene.another();
    let server: ServerSocket | undefined;
    scene.railway.upgrades.set(EXEC, (request, socket) => {
      server = acceptWebSocket(request, socket, {});
    });
    const client = await openSocket(proxy, CLUSTER, { path: EXEC });
    assert.equal(client.status, 101, client.head);
    held.letGo();
    await client.ended;
    await until(
      "the provider's end is closed",
      () => server?.socket.destroyed === true || server?.events.some(({ kind }) => kind === "close") === true,
    );
  });

  test("what the client does not read is not read from the provider: no memory fills up", async () => {
    const { client, server } = await open();
    client.socket.pause();
    const piece = Buffer.alloc(1024 * 1024, 0x61);
    let written = 0;
    for (let idle = 0; idle < 5 && written < 256; ) {
      if (server.socket.writableLength > 0) {
        idle += 1;
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      idle = 0;
      server.send(piece);
      written += 1;
    }
    assert(written < 64, `${written} MiB were taken while nobody read them`);
    client.socket.resume();
    for (let count = 0; count < written; count++) assert.equal((await client.next()).length, piece.length);
    client.close();
    await client.ended;
  });
});

describe("ways in", () => {
  test("a path of the proxy's own leads to a WebSocket as to any request", async () => {
    const { proxy } = scene;
    const { connect } = await import("node:net");
    const socket = connect(proxy.port, proxy.host);
    const client = await speak(socket, `${proxy.host}:${proxy.port}`, {
      path: `/railway${railwayPath}`,
      protocols: ["graphql-transport-ws"],
      headers: { Authorization: `Bearer ${scene.placeholder}` },
    });
    assert.equal(client.status, 101, client.head);
    client.tell({ type: "connection_init" });
    assert.equal((await client.json()).type, "connection_ack");
    assert.equal(scene.railway.opened.at(-1)?.request.headers.authorization, `Bearer ${scene.token}`);
    assert.equal(scene.railway.opened.at(-1)?.request.headers.host, railwayHost);
    client.close();
    await client.ended;
  });
});
