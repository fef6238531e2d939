/**
 * What the two hops of the proxy owe each other: announcements before an answer, uploads of any length, what comes early, what is cut off,
 * connections that are kept, old clients, addresses of IPv6, slashes, and the limits of one login.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { newFolder } from "../provision/shop.ts";
import { selfSigned } from "../support/certificates.ts";
import { basic, call, connectText, raw, tunnelTo } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost } from "./proxy-scene.ts";

/** A provider that says byte by byte what a test wants. */
const HOST = "api.render.com";
const MANY = { connections: 6, requests: 3 };

interface Seen {
  readonly connection: number;
  text: string;
}

let scene: ProxyScene;
let provider: ReturnType<typeof createServer>;
const seen: Seen[] = [];
let answer: (request: string, socket: TLSSocket, one: Seen) => void = () => undefined;
const open = new Set<Socket>();

before(async () => {
  const { ca, certificate, key } = selfSigned([HOST]);
  let connections = 0;
  provider = createServer((plain) => {
    open.add(plain);
    plain.on("error", () => plain.destroy());
    plain.once("close", () => open.delete(plain));
    const socket = new TLSSocket(plain, { isServer: true, cert: certificate, key, ALPNProtocols: ["http/1.1"] });
    const connection = ++connections;
    let one: Seen | undefined;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      if (one === undefined || one.text === "") seen.push((one = { connection, text: "" }));
      one.text += chunk.toString("latin1");
      const given = one;
      if (!given.text.includes("\r\n\r\n")) return;
      if (done(given.text)) one = undefined;
      answer(given.text, socket, given);
    });
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const file = join(newFolder(), "render-ca.pem");
  writeFileSync(file, ca);
  scene = await openProxyScene({
    policy: "observe",
    credentials: `    render: { secret: { env: HOLDFAST_TEST_AGENT }, hosts: [${HOST}] }`,
    http: `    - { host: ${HOST}, address: "127.0.0.1:${(provider.address() as AddressInfo).port}", ca: ${file} }
  per_login: { connections: ${MANY.connections}, requests: ${MANY.requests} }`,
  });
});
after(async () => {
  await scene?.stop();
  for (const socket of open) socket.destroy();
  provider?.close();
});

/** The request is whole. */
function done(text: string): boolean {
  const [head = "", body = ""] = text.split("\r\n\r\n", 2);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (/transfer-encoding: chunked/i.test(head)) return /\r\n0\r\n(.+\r\n)*\r\n$/.test(text.slice(-200));
  return body.length >= Number(length ?? 0);
}

const ok = (text = "fine"): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const placeholder = (): string => scene.held.opened.http?.placeholders.find(({ name }) => name === "render")?.placeholder ?? "";
const request = (path: string, more = "", method = "GET"): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${placeholder()}\r\n${more}\r\n`;

/** Everything that comes until `enough`, or until it is closed. */
async function said(socket: TLSSocket, enough: (text: string) => boolean): Promise<string> {
  let text = "";
  // Nothing is waited for without end.
  socket.setTimeout(30_000, () => socket.destroy());
  while (!enough(text)) {
    const closed = once(socket, "close").then(() => [undefined]);
    const [chunk] = (await Promise.race([once(socket, "data"), closed])) as [Buffer | undefined];
    if (chunk === undefined) break;
    text += chunk.toString("latin1");
  }
  return text;
}

async function inTunnel(text: string | Buffer, enough: (text: string) => boolean): Promise<string> {
  const socket = await tunnelTo(scene.proxy, HOST);
  try {
    socket.write(text);
    return await said(socket, enough);
  } finally {
    socket.destroy();
  }
}

describe("an answer", () => {
  test("that comes compressed arrives readable, and without the sums over what was compressed", async () => {
    const headers = { authorization: `Bearer ${scene.placeholder}` };
    const sums = { "x-amz-checksum-crc32": "AAAAAA==", "content-md5": "x", etag: '"e"' };
    scene.railway.paths.set("/packed", (_, response) =>
      response.writeHead(200, { "content-encoding": "gzip", ...sums }).end(gzipSync("hello")),
    );
    scene.railway.paths.set("/unpacked", (_, response) => response.writeHead(200, sums).end("hello"));
    const packed = await call(scene.proxy, railwayHost, { method: "GET", path: "/packed", headers });
    const { "x-amz-checksum-crc32": sum, "content-md5": md5, etag } = packed.headers;
    assert.deepEqual([packed.text, sum, md5, etag], ["hello", undefined, undefined, '"e"']);
    const plainly = await call(scene.proxy, railwayHost, { method: "GET", path: "/unpacked", headers });
    assert.deepEqual([plainly.text, plainly.headers["x-amz-checksum-crc32"], plainly.headers["content-md5"]], ["hello", "AAAAAA==", "x"]);
  });

  test("is announced: 102 and 103 go on before it, in their order", async () => {
    answer = (_, socket) => {
      socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
      socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: a=b\r\n\r\n");
      socket.write(ok());
    };
    const text = await inTunnel(request("/v1/announced"), (all) => all.endsWith("fine"));
    assert(
      /^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/.test(
        text,
      ),
      text,
    );
  });

  test("that is cut off in the middle is cut off for the client too, and counts as failed", async () => {
    answer = (_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf\n");
      setTimeout(() => socket.destroy(), 30);
    };
    const text = await inTunnel(request("/v1/cut"), () => false);
    // A line's end begins no secret, so that nothing is kept back.
    assert(text.endsWith("half\n"), text);
    await until("it is on record", async () => /host_not_reachable/.test(JSON.stringify(await scene.approvals.events("outcome"))));
  });

  test("that could be read in two ways does not come through", async () => {
    for (const head of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked",
      "Content-Length: 4\r\nContent-Length: 5",
      "X-A: b\r\n folded: c",
    ]) {
      answer = (_, socket) => socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n4\r\nfine\r\n0\r\n\r\n`);
      const { status, text } = await call(scene.proxy, HOST, {
        method: "GET",
        path: "/v1/odd",
        headers: { authorization: `Bearer ${placeholder()}` },
      });
      assert.deepEqual([status, /host_not_reachable/.test(text)], [502, true], head);
    }
  });

  test("of bytes without a length ends with the connection, for a client of HTTP/1.0 too", async () => {
    answer = (_, socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    const old = `GET /v1/old HTTP/1.0\r\nHost: ${HOST}\r\nAuthorization: Bearer ${placeholder()}\r\n\r\n`;
    const text = await inTunnel(old, () => false);
    assert(/^HTTP\/1\.1 200 OK\r\n/.test(text) && text.endsWith("\r\n\r\nuntil the end") && !/transfer-encoding/i.test(text), text);
  });
});

describe("connections to a provider", () => {
  test("are kept for the next request, and not where the provider ends them or an answer leaves doubt", async () => {
    const ask = async (): Promise<number> => {
      await inTunnel(request("/v1/kept"), (all) => all.endsWith("fine"));
      return seen.at(-1)?.connection ?? 0;
    };
    answer = (_, socket) => socket.write(ok());
    const first = await ask();
    assert.equal(await ask(), first);
    answer = (_, socket) => socket.write(ok().replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    assert.equal(await ask(), first);
    answer = (_, socket) => socket.write(ok().replace("\r\n\r\n", "\r\nKeep-Alive: timeout=1\r\n\r\n"));
    const second = await ask();
    assert.notEqual(second, first);
    // A second that is almost over is not used.
    answer = (_, socket) => socket.write(`${ok()}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    const third = await ask();
    assert.notEqual(third, second);
    answer = (_, socket) => socket.write(ok());
    assert.notEqual(await ask(), third, "what came beside an answer was taken for the next one");
  });

  test("a client that goes takes its read with it, and nobody else's", async () => {
    answer = (text, socket) => (text.includes("/v1/slow") ? undefined : socket.write(ok()));
    const slow = await tunnelTo(scene.proxy, HOST);
    slow.write(request("/v1/slow"));
    await until("it arrived", () => seen.some(({ text }) => text.includes("/v1/slow")));
    const before = open.size;
    slow.destroy();
    await until("its connection is given up", () => open.size < before);
    assert((await inTunnel(request("/v1/next"), (all) => all.endsWith("fine"))).endsWith("fine"));
  });
});

describe("a body", () => {
  test("longer than is read goes on as it comes: its length kept, or in chunks", async () => {
    answer = (text, socket) => done(text) && socket.write(ok());
    const bytes = 3 * 1024 * 1024;
    const socket = await tunnelTo(scene.proxy, HOST);
    socket.write(request("/v1/long", `Content-Length: ${bytes}\r\n`, "POST"));
    for (let sent = 0; sent < bytes; sent += 64 * 1024) socket.write(Buffer.alloc(64 * 1024, "a"));
    assert((await said(socket, (all) => all.endsWith("fine"))).startsWith("HTTP/1.1 200"));
    const counted = seen.at(-1)?.text ?? "";
    assert(new RegExp(`content-length: ${bytes}\r\n`).test(counted) && counted.endsWith("a".repeat(1_000)));
    socket.write(request("/v1/chunks", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", "POST"));
    for (let sent = 0; sent < bytes; sent += 64 * 1024) socket.write(`10000\r\n${"b".repeat(64 * 1024)}\r\n`);
    socket.write("0\r\nX-Sum: 1\r\n\r\n");
    assert((await said(socket, (all) => all.endsWith("fine"))).startsWith("HTTP/1.1 200"));
    const chunked = seen.at(-1)?.text ?? "";
    assert(/transfer-encoding: chunked\r\n/.test(chunked) && !/content-length/i.test(chunked));
    assert(chunked.endsWith("\r\n0\r\nx-sum: 1\r\n\r\n"), chunked.slice(-100));
    socket.destroy();
  });

  test("that is answered before its end: the answer arrives, and the connection is not used again", async () => {
    let answered = false;
    answer = (text, socket) => {
      if (answered || !text.includes("/v1/early")) return;
      answered = true;
      socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge");
    };
    const socket = await tunnelTo(scene.proxy, HOST);
    socket.write(request("/v1/early", `Content-Length: ${64 * 1024 * 1024}\r\n`, "POST"));
    for (let sent = 0; sent < 2 * 1024 * 1024; sent += 64 * 1024) socket.write(Buffer.alloc(64 * 1024, "a"));
    const text = await said(socket, (all) => all.endsWith("large"));
    assert(text.startsWith("HTTP/1.1 413"), text.slice(0, 200));
    socket.destroy();
    const used = seen.at(-1)?.connection;
    answer = (_, other) => other.write(ok());
    await inTunnel(request("/v1/after"), (all) => all.endsWith("fine"));
    assert.notEqual(seen.at(-1)?.connection, used);
  });

  test("that ends early never looks whole to the provider", async () => {
    answer = () => undefined;
    const socket = await tunnelTo(scene.proxy, HOST);
    socket.write(request("/v1/torn", "Transfer-Encoding: chunked\r\n", "POST"));
    for (let sent = 0; sent < 2 * 1024 * 1024; sent += 64 * 1024) socket.write(`10000\r\n${"c".repeat(64 * 1024)}\r\n`);
    await until("its beginning arrived", () => (seen.at(-1)?.text.length ?? 0) > 1_000_000);
    const before = open.size;
    socket.destroy();
    await until("it is given up", () => open.size < before);
    assert(!(seen.at(-1)?.text ?? "").endsWith("0\r\n\r\n"));
  });

  test("with a secret of the vault far behind what is read: cut off before the secret is whole, and told aloud", async () => {
    answer = () => undefined;
    const socket = await tunnelTo(scene.proxy, HOST);
    socket.write(request("/v1/leak", "Transfer-Encoding: chunked\r\n", "POST"));
    for (let sent = 0; sent < 2 * 1024 * 1024; sent += 64 * 1024) socket.write(`10000\r\n${"d".repeat(64 * 1024)}\r\n`);
    await until("its beginning arrived", () => (seen.at(-1)?.text.length ?? 0) > 1_000_000);
    socket.write(`${scene.token.length.toString(16)}\r\n${scene.token}\r\n0\r\n\r\n`);
    const text = await said(socket, (all) => all.includes("\r\n\r\n"));
    assert(/^HTTP\/1\.1 502/.test(text), text);
    assert(!seen.some(({ text: all }) => all.includes(scene.token)));
    await until("it is on record", async () => (await scene.approvals.events("credential_found")).length > 0);
    socket.destroy();
  });
});

test("a path keeps the slash at its end and loses empty segments", async () => {
  answer = (_, socket) => socket.write(ok());
  await inTunnel(request("/v1//a/./b/?c=d"), (all) => all.endsWith("fine"));
  assert((seen.at(-1)?.text ?? "").startsWith("GET /v1/a/b/?c=d HTTP/1.1\r\n"), seen.at(-1)?.text);
  await inTunnel(request("/v1/a"), (all) => all.endsWith("fine"));
  assert((seen.at(-1)?.text ?? "").startsWith("GET /v1/a HTTP/1.1\r\n"));
});

describe("one login", () => {
  test("has so many requests under way and no more, and room again when one is over", async () => {
    const waiting: TLSSocket[] = [];
    answer = (text, socket) => {
      if (text.includes("/v1/wait")) waiting.push(socket);
      else socket.write(ok());
    };
    const clients = await Promise.all(Array.from({ length: MANY.requests }, () => tunnelTo(scene.proxy, HOST)));
    for (const client of clients) client.write(request("/v1/wait"));
    await until("all wait", () => waiting.length === MANY.requests);
    const refused = await inTunnel(request("/v1/more"), (all) => /\r\n\r\n.+\n$/s.test(all));
    assert(/^HTTP\/1\.1 429 /.test(refused) && /too_many_at_once/.test(refused), refused);
    waiting[0]?.write(ok());
    await Promise.race(clients.map((client) => said(client, (all) => all.endsWith("fine"))));
    assert((await inTunnel(request("/v1/more"), (all) => all.endsWith("fine"))).startsWith("HTTP/1.1 200"));
    for (const client of clients) client.destroy();
  });

  test("has so many connections and no more, and another login has its own", async () => {
    const clients = await Promise.all(
      Array.from({ length: MANY.connections }, () => raw(scene.proxy, connectText(`${HOST}:443`, scene.proxy))),
    );
    const { head, socket } = await raw(scene.proxy, connectText(`${HOST}:443`, scene.proxy));
    assert(/^HTTP\/1\.1 429 /.test(head) && /too_many_at_once/.test(head), head);
    socket.destroy();
    const other = await scene.another();
    const free = await raw(scene.proxy, connectText(`${HOST}:443`, other.proxy));
    assert(/^HTTP\/1\.1 200/.test(free.head), free.head);
    for (const each of [...clients, free]) each.socket.destroy();
    other.held.letGo();
  });
});

test("an address of IPv6 that is this machine's is not reached, however it is spelled", async () => {
  for (const host of ["[::1]:443", "[::ffff:127.0.0.1]:443", "[0:0:0:0:0:0:0:1]:443", "[fe80::1]:443"]) {
    const { head, socket } = await raw(
      scene.proxy,
      `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: ${basic(scene.proxy.user, scene.proxy.password)}\r\n\r\n`,
    );
    if (head.startsWith("HTTP/1.1 200")) {
      // A tunnel that was permitted leads nowhere: the address is looked at when it is dialled.
      socket.write(Buffer.from("160301", "hex"));
      await once(socket, "close");
    } else assert(/^HTTP\/1\.1 4\d\d/.test(head), head);
    socket.destroy();
  }
  assert.equal(railwayHost.includes(":"), false);
});
