/**
 * What the proxy does with honest traffic and with a provider that misbehaves: streams, cookies, redirects, certificates, lost answers,
 * rotation, and the end of a session.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTls } from "node:tls";
import { after, before, describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { openSealedVault, changeVault } from "../../src/wiring/vault.ts";
import { until, vaultPassphrase } from "../grants/scene.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { join } from "node:path";
import { basic, call, connectText, raw, tunnelTo } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";

const READ = { query: "{ me { name } }" };
const DEPLOY = { query: 'mutation { serviceInstanceDeployV2(serviceId: "s", environmentId: "e") }' };

let scene: ProxyScene;
let plain: Server;
let plainSeen: string[];

before(async () => {
  plainSeen = [];
  plain = createServer((request, response) => {
    plainSeen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers["proxy-authorization"] ?? "-"}`);
    response.end("plain");
  });
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const { port } = plain.address() as AddressInfo;
  scene = await openProxyScene({
    hosts: ["api.vercel.com", "files.example.com"],
    http: `    - { host: plain.example.com, address: "127.0.0.1:${port}" }
    - { host: api.render.com, address: "127.0.0.1:${port}" }
    - { host: api.heroku.com, address: "127.0.0.1:1" }
  egress: { allow: [files.example.com, plain.example.com, "*.inside.example.com"] }`,
  });
});
after(async () => {
  await scene?.stop();
  plain?.close();
});

const authorized = () => ({ authorization: `Bearer ${scene.placeholder}` });

describe("what is put in is taken out again", () => {
  const echoes: Readonly<Record<string, (token: string) => readonly [Record<string, string>, Buffer[]]>> = {
    plainly: (token) => [{ "content-type": "text/plain" }, [Buffer.from(`you are ${token}, hello`)]],
    "cut in two": (token) => [{}, [Buffer.from(`you are ${token.slice(0, 11)}`), Buffer.from(`${token.slice(11)}, hello`)]],
    "in base64": (token) => [{}, [Buffer.from(Buffer.from(`Bearer ${token}`).toString("base64"))]],
    "in JSON": (token) => [{}, [Buffer.from(JSON.stringify({ token }))]],
    "in a URL": (token) => [{}, [Buffer.from(`/login?token=${encodeURIComponent(token)}`)]],
    "gzipped though nobody asked": (token) => [{ "content-encoding": "gzip" }, [gzipSync(`you are ${token}`)]],
    "as Zstandard": (token) => [{ "content-encoding": "zstd" }, [zstdCompressSync(`you are ${token}`)]],
    "in a header": (token) => [{ "x-you-are": token, location: `/x?t=${encodeURIComponent(token)}` }, [Buffer.from("ok")]],
  };
  for (const [how, echo] of Object.entries(echoes)) {
    test(`a token that comes back ${how}`, async () => {
      const [headers, chunks] = echo(scene.token);
      scene.railway.paths.set("/echo", (_, response) => {
        response.writeHead(200, headers);
        void (async () => {
          for (const chunk of chunks) {
            response.write(chunk);
            await new Promise((resolve) => setTimeout(resolve, 15));
          }
          response.end();
        })();
      });
      const answer = await call(scene.proxy, railwayHost, { method: "GET", path: "/echo", headers: authorized() });
      assert.equal(answer.status, 200, answer.text);
      const all = JSON.stringify(answer.headers) + answer.text;
      assert(all.includes("******"), all);
      for (const spelled of [scene.token, encodeURIComponent(scene.token), scene.token.slice(4, 20)]) assert(!all.includes(spelled), all);
      assert(!Buffer.from(answer.text, "base64").toString("latin1").includes(scene.token.slice(4, 20)));
    });
  }

  test("an answer in an encoding that cannot be looked into does not come through", async () => {
    scene.railway.paths.set("/odd", (_, response) => response.writeHead(200, { "content-encoding": "compress" }).end("xx"));
    const { status, text } = await call(scene.proxy, railwayHost, { method: "GET", path: "/odd", headers: authorized() });
    assert.equal(status, 502);
    assert(/compressed/.test(text), text);
  });
});

describe("answers", () => {
  test("a redirect is not followed, and a cookie does not reach the client", async () => {
    scene.railway.paths.set("/moved", (_, response) =>
      response.writeHead(302, { location: "https://elsewhere.example.com/", "set-cookie": "session=abc" }).end(),
    );
    const before = scene.railway.received.length;
    const { status, headers } = await call(scene.proxy, railwayHost, { method: "GET", path: "/moved", headers: authorized() });
    assert.equal(status, 302);
    assert.equal(headers.location, "https://elsewhere.example.com/");
    assert.equal(headers["set-cookie"], undefined);
    assert.equal(headers["alt-svc"], undefined);
    assert.equal(scene.railway.received.length, before + 1);
  });

  test("events arrive as they are sent", async () => {
    let more: (() => void) | undefined;
    scene.railway.paths.set("/events", (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      more = () => response.end("data: 2\n\n");
    });
    const socket = await tunnelTo(scene.proxy, railwayHost);
    socket.write(`GET /events HTTP/1.1\r\nHost: ${railwayHost}\r\nAuthorization: Bearer ${scene.placeholder}\r\n\r\n`);
    let seen = "";
    socket.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    await until("the first event", () => seen.includes("data: 1"));
    assert(!seen.includes("data: 2"));
    more?.();
    await until("the second event", () => seen.includes("data: 2"));
    socket.destroy();
  });

  test("HEAD, 204 and 304 have no body, and trailers come through", async () => {
    scene.railway.paths.set("/none", (request, response) => {
      const status = request.headers["if-none-match"] === undefined ? 204 : 304;
      response.writeHead(request.method === "HEAD" ? 200 : status, request.method === "HEAD" ? { "content-length": "5" } : {}).end();
    });
    scene.railway.paths.set("/late", (_, response) => {
      response.writeHead(200, { trailer: "x-late" });
      response.write("body");
      response.addTrailers({ "x-late": "1" });
      response.end();
    });
    const ask = (method: string, headers = {}) =>
      call(scene.proxy, railwayHost, { method, path: "/none", headers: { ...authorized(), ...headers } });
    const head = await ask("HEAD");
    assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "5", ""]);
    assert.deepEqual([(await ask("GET")).status, (await ask("GET", { "if-none-match": "x" })).status], [204, 304]);
    const socket = await tunnelTo(scene.proxy, railwayHost);
    socket.write(`GET /late HTTP/1.1\r\nHost: ${railwayHost}\r\nAuthorization: Bearer ${scene.placeholder}\r\nConnection: close\r\n\r\n`);
    let seen = "";
    for await (const chunk of socket as AsyncIterable<Buffer>) seen += chunk.toString();
    assert(/x-late: 1/i.test(seen), seen);
  });

  test("a provider that is lost after a change was sent: unknown, and said so", async () => {
    scene.railway.paths.set(railwayPath, (request) => request.socket.destroy());
    try {
      const { status, text } = await scene.graphql(DEPLOY);
      assert.equal(status, 502);
      assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, "outcome_unknown");
      await until("it is on record", async () => {
        const outcomes = await scene.approvals.events("outcome");
        return outcomes.some(({ outcome }) => outcome.status === "unknown");
      });
      const read = await scene.graphql(READ);
      assert.equal((JSON.parse(read.text) as { error: { code: string } }).error.code, "host_not_reachable");
    } finally {
      scene.railway.paths.delete(railwayPath);
    }
  });

  test("a client that goes: its read is given up, and its change is seen to its end", async () => {
    let upstreamClosed = false;
    let arrived = 0;
    let answer: (() => void) | undefined;
    scene.railway.paths.set("/slow", (request, response) => {
      arrived += 1;
      request.socket.once("close", () => (upstreamClosed = true));
      answer = () => response.end("{}");
    });
    const go = async (text: string) => {
      const socket = await tunnelTo(scene.proxy, railwayHost);
      const count = arrived;
      socket.write(text);
      await until("it arrived", () => arrived > count);
      socket.destroy();
    };
    await go(`GET /slow HTTP/1.1\r\nHost: ${railwayHost}\r\nAuthorization: Bearer ${scene.placeholder}\r\n\r\n`);
    await until("the read was given up", () => upstreamClosed);
    scene.railway.paths.set("/v13/deployments", scene.railway.paths.get("/slow") ?? assert.fail());
    const known = (await scene.approvals.events("outcome")).length;
    upstreamClosed = false;
    const socket = await tunnelTo(scene.proxy, "api.vercel.com");
    socket.write("POST /v13/deployments HTTP/1.1\r\nHost: api.vercel.com\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    await until("the change arrived", () => arrived === 2);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(upstreamClosed, false);
    answer?.();
    await until("its outcome is on record", async () =>
      (await scene.approvals.events("outcome")).slice(known).some(({ outcome }) => outcome.status === "succeeded"),
    );
  });
});

describe("bodies", () => {
  test("an upload of 48 MiB goes through in pieces, whole, and without being kept", async () => {
    const piece = Buffer.alloc(1024 * 1024, "x");
    let got = 0;
    const memory = process.memoryUsage().rss;
    scene.railway.paths.set("/v2/files", (_, response, body) => {
      got = body.length;
      response.end(JSON.stringify({ bytes: body.length }));
    });
    const socket = await tunnelTo(scene.proxy, "api.vercel.com");
    socket.write("POST /v2/files HTTP/1.1\r\nHost: api.vercel.com\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    for (let n = 0; n < 48; n++) {
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      if (!socket.write("\r\n")) await once(socket, "drain");
    }
    socket.write("0\r\n\r\n");
    let seen = "";
    for await (const chunk of socket as AsyncIterable<Buffer>) seen += chunk.toString();
    assert(seen.startsWith("HTTP/1.1 200"), seen);
    assert.equal(got, 48 * 1024 * 1024);
    // The stand-in, in this same process, keeps all of it once or twice; the proxy must not do so as well.
    assert(process.memoryUsage().rss - memory < 300 * 1024 * 1024);
  });

  test("a body that is too long to be looked into, where what it says matters: refused by name", async () => {
    const before = scene.railway.bytes();
    const { status, text } = await scene.graphql({ query: "{ me { name } }", variables: { x: "y".repeat(1024 * 1024) } });
    assert.equal(status, 403);
    assert(/not_understood/.test(text), text);
    assert.equal(scene.railway.bytes(), before);
  });

  test("Expect: 100-continue is answered when the head was let through, and not when it was not", async () => {
    const ask = async (token: string): Promise<string> => {
      const socket = await tunnelTo(scene.proxy, railwayHost);
      const body = JSON.stringify(READ);
      socket.write(
        `POST ${railwayPath} HTTP/1.1\r\nHost: ${railwayHost}\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
      );
      const [first] = (await once(socket, "data")) as [Buffer];
      if (first.toString().startsWith("HTTP/1.1 100")) socket.write(body);
      let seen = first.toString();
      for await (const chunk of socket as AsyncIterable<Buffer>) seen += chunk.toString();
      return seen;
    };
    assert(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/.test(await ask(scene.placeholder)));
    assert((await ask("rw_something_else")).startsWith("HTTP/1.1 403"));
  });
});

describe("ways to a host", () => {
  test("a certificate that is not to be believed: 502 with the reason, and nothing sent", async () => {
    // api.render.com leads to a server that speaks no TLS, and files' authority is not known for it.
    const { status, text } = await call(scene.proxy, "api.render.com", { method: "GET", path: "/v1/services" });
    assert.equal(status, 502);
    assert(/api\.render\.com/.test(text), text);
    assert.deepEqual(
      plainSeen.filter((line) => line.includes("api.render.com")),
      [],
    );
  });

  test("a host that cannot be reached: 502, with the code of the system", async () => {
    const { status, text } = await call(scene.proxy, "api.heroku.com", { method: "GET", path: "/apps" });
    assert.equal(status, 502);
    assert(/ECONNREFUSED/.test(text), text);
  });

  test("a permitted host goes through unread: its own certificate is seen", async () => {
    const { head, socket } = await raw(scene.proxy, connectText("files.example.com:443", scene.proxy));
    assert(head.startsWith("HTTP/1.1 200"), head);
    const secure = connectTls({ socket, servername: "files.example.com", ca: scene.railway.ca });
    await once(secure, "secureConnect");
    scene.railway.paths.set("/file", (_, response) => response.end("unread"));
    secure.write("GET /file HTTP/1.1\r\nHost: files.example.com\r\nConnection: close\r\n\r\n");
    let seen = "";
    for await (const chunk of secure as AsyncIterable<Buffer>) seen += chunk.toString();
    assert(seen.endsWith("unread"), seen);
  });

  test("through a tunnel goes TLS for its own host, and nothing else", async () => {
    const before = scene.railway.received.length;
    const other = await raw(scene.proxy, connectText("files.example.com:443", scene.proxy));
    const secure = connectTls({ socket: other.socket, servername: railwayHost, ca: scene.railway.ca });
    await assert.rejects(once(secure, "secureConnect"));
    const text = await raw(scene.proxy, connectText("files.example.com:443", scene.proxy));
    text.socket.write("SSH-2.0-OpenSSH_9.2\r\n");
    await once(text.socket, "close");
    assert.equal(scene.railway.received.length, before);
  });

  test("a permitted host in clear text, without the session's login", async () => {
    const login = basic(scene.proxy.user, scene.proxy.password);
    const { head, socket } = await raw(
      scene.proxy,
      `GET http://plain.example.com/a//b/../c?x=1 HTTP/1.1\r\nHost: plain.example.com\r\nProxy-Authorization: ${login}\r\nConnection: close\r\n\r\n`,
    );
    socket.destroy();
    assert(head.startsWith("HTTP/1.1 200"), head);
    assert.deepEqual(
      plainSeen.filter((line) => line.includes("plain.example.com")),
      ["GET /a/c?x=1 plain.example.com -"],
    );
  });

  test("a permitted name that leads into this machine is not dialled", async () => {
    const login = basic(scene.proxy.user, scene.proxy.password);
    const count = plainSeen.length;
    const { head, socket } = await raw(
      scene.proxy,
      `GET http://x.inside.example.com/ HTTP/1.1\r\nHost: x.inside.example.com\r\nProxy-Authorization: ${login}\r\nConnection: close\r\n\r\n`,
    );
    socket.destroy();
    assert(/^HTTP\/1\.1 502/.test(head), head);
    assert.equal(plainSeen.length, count);
  });

  test("a path of the proxy's own, where the placeholder says who it is", async () => {
    const body = JSON.stringify(READ);
    const answer = await fetch(`http://127.0.0.1:${scene.proxy.port}/railway${railwayPath}`, {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${scene.placeholder}`, "content-type": "application/json" },
    });
    assert.deepEqual([answer.status, await answer.json()], [200, { data: { me: { name: "staging bot" } } }]);
    const held = await fetch(`http://127.0.0.1:${scene.proxy.port}/${railwayHost}${railwayPath}`, {
      method: "POST",
      body: JSON.stringify({ query: 'mutation { volumeDelete(volumeId: "spare") }' }),
      headers: { authorization: `Bearer ${scene.placeholder}`, "content-type": "application/json" },
    });
    assert.deepEqual([held.status, held.headers.get("holdfast-decision")], [403, "hold"]);
  });
});

describe("sessions and secrets over time", () => {
  test("a secret that is rotated is used from then on, without a restart", async () => {
    const { folder } = scene.approvals;
    const loaded = loadConfig({ path: join(folder, "holdfast.yaml") });
    assert("config" in loaded);
    const vault = await openSealedVault(loaded.config, vaultPassphrase());
    const value = "rw_rotated_0123456789";
    const secrets = (token: string) => (content: typeof vault.content) => ({
      ...content,
      secrets: {
        ...content.secrets,
        "railway-token": { kind: "token" as const, value: token, hosts: [railwayHost], createdAtMs: 0, rotatedAtMs: 1 },
      },
    });
    await changeVault(vault, loaded.config, secrets(value), "rotated");
    try {
      scene.railway.paths.set("/who", (request, response) =>
        response.end(request.headers.authorization === `Bearer ${value}` ? "new" : "old"),
      );
      await until("the new one is used", async () => {
        const { text } = await call(scene.proxy, railwayHost, { method: "GET", path: "/who", headers: authorized() });
        return text === "new";
      });
    } finally {
      await changeVault(vault, loaded.config, secrets(scene.token), "rotated back");
      vault.close();
      await scene.approvals.gateway.look();
    }
  });

  test("with the session its login, its placeholder and its open connections end", async () => {
    const { held, proxy, placeholder } = await scene.another();
    const { head, socket: tunnel } = await raw(proxy, connectText("files.example.com:443", proxy));
    assert(head.startsWith("HTTP/1.1 200"), head);
    const open = await tunnelTo(proxy, railwayHost);
    const closed = Promise.all([once(tunnel, "close"), once(open, "close")]);
    held.letGo();
    await closed;
    const again = await raw(proxy, connectText(`${railwayHost}:443`, proxy));
    assert(again.head.startsWith("HTTP/1.1 407"), again.head);
    again.socket.destroy();
    const own = await raw(
      proxy,
      `GET /railway${railwayPath} HTTP/1.1\r\nHost: 127.0.0.1:${proxy.port}\r\nAuthorization: Bearer ${placeholder}\r\n\r\n`,
    );
    assert(own.head.startsWith("HTTP/1.1 407"), own.head);
    own.socket.destroy();
  });

  test("a suspended session sends nothing more", async () => {
    const { held, proxy, placeholder } = await scene.another();
    const { session } = held.opened;
    const ask = () =>
      call(proxy, railwayHost, {
        path: railwayPath,
        body: JSON.stringify(READ),
        headers: { authorization: `Bearer ${placeholder}`, "content-type": "application/json" },
      });
    assert.equal((await ask()).status, 200);
    await scene.approvals.signed("POST", "/v1/suspensions", { session, because: "a test" });
    const { status, text } = await ask();
    assert.equal(status, 403, text);
    assert(/suspended/.test(text), text);
    held.letGo();
  });
});
