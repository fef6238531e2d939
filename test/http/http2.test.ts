/**
 * HTTP/2 on both sides: offered to a client where the provider speaks it, with trailers as gRPC needs them, streams beside each other, and
 * the same refusals.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createSecureServer, connect, type ClientHttp2Session, type Http2SecureServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newFolder } from "../provision/shop.ts";
import { selfSigned } from "../support/certificates.ts";
import { tunnelTo } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost } from "./proxy-scene.ts";

const HOST = "api.machines.dev";
let scene: ProxyScene;
let server: Http2SecureServer;
const trailed: unknown[] = [];
const seen: { method: string; path: string; authorization: string | undefined; version: string }[] = [];

before(async () => {
  const { ca, certificate, key } = selfSigned([HOST]);
  server = createSecureServer({ cert: certificate, key, allowHTTP1: true });
  server.on("request", (request, response) => {
    const { authorization } = request.headers;
    seen.push({ method: request.method, path: request.url, authorization, version: String(request.httpVersionMajor) });
    if (request.httpVersionMajor === 1) return void response.end("one");
    if (request.url === "/reset") return void response.stream.close(8);
    if (request.url === "/hints") response.stream.additionalHeaders({ ":status": 103, link: "</a.css>; rel=preload" });
    response.writeHead(200, { "content-type": "application/grpc", "x-a": "1" });
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (Object.keys(request.trailers).length > 0) trailed.push(Object.entries(request.trailers));
      response.addTrailers({ "grpc-status": "0", "grpc-message": "fine" });
      response.end(`${request.url} ${body} ${authorization}`);
    });
    request.on("error", () => undefined);
  });
  server.on("sessionError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const file = join(newFolder(), "fly-ca.pem");
  writeFileSync(file, ca);
  scene = await openProxyScene({
    credentials: `    fly: { secret: { env: HOLDFAST_TEST_AGENT }, hosts: [${HOST}] }`,
    http: `    - { host: ${HOST}, address: "127.0.0.1:${(server.address() as AddressInfo).port}", ca: ${file} }`,
  });
});
after(async () => {
  await scene?.stop();
  server?.close();
});

interface Answered {
  readonly headers: IncomingHttpHeaders & { readonly ":status"?: number | undefined };
  readonly trailers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(session: ClientHttp2Session, headers: Record<string, string>, body = ""): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === "" });
    let answered: Answered["headers"] = {};
    let trailers: IncomingHttpHeaders = {};
    let text = "";
    stream.on("response", (found) => (answered = found));
    stream.on("trailers", (found) => (trailers = found));
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    stream.on("end", () => resolve({ headers: answered, trailers, text }));
    stream.on("error", reject);
    if (body !== "") stream.end(body);
  });
}

async function withSession(act: (session: ClientHttp2Session) => Promise<void>, host = HOST): Promise<void> {
  const socket = await tunnelTo(scene.proxy, host, host, ["h2", "http/1.1"]);
  assert.equal(socket.alpnProtocol, "h2");
  const session = connect(`https://${host}`, { createConnection: () => socket });
  session.on("error", () => undefined);
  try {
    await act(session);
  } finally {
    session.destroy();
  }
}

const placeholder = () => scene.held.opened.http?.placeholders.find(({ name }) => name === "fly")?.placeholder ?? "";
const authorized = () => ({ authorization: `Bearer ${placeholder()}` });

describe("HTTP/2", () => {
  test("from end to end, with trailers, and the secret only on the far side", async () => {
    await withSession(async (session) => {
      const { headers, trailers, text } = await ask(session, { ":path": "/v1/apps/a/machines", te: "trailers", ...authorized() });
      assert.equal(headers[":status"], 200);
      assert.deepEqual([trailers["grpc-status"], trailers["grpc-message"]], ["0", "fine"]);
      const arrived = seen.at(-1);
      assert(arrived?.authorization !== undefined && arrived.authorization !== `Bearer ${placeholder()}`);
      assert(!text.includes(arrived.authorization.replace("Bearer ", "")), "the secret came back");
    });
  });

  test("trailers of a request go on, and a credential among them is found", async () => {
    await withSession(async (session) => {
      const send = (trailers: Record<string, string>, body: string): Promise<number> =>
        new Promise((resolve, reject) => {
          const stream = session.request(
            { ":method": "POST", ":path": "/v1/apps/a/machines/1/start", ...authorized() },
            { waitForTrailers: true },
          );
          stream.on("wantTrailers", () => stream.sendTrailers(trailers));
          stream.on("response", (headers) => resolve(Number(headers[":status"])));
          stream.on("error", reject);
          stream.resume();
          stream.end(body);
        });
      assert.equal(await send({ "x-late": "1" }, "short"), 200);
      assert.deepEqual(trailed.splice(0), [[["x-late", "1"]]]);
      assert.equal(await send({ "x-api-token": "somebody-elses" }, "short"), 403);
      assert.deepEqual(trailed, []);
    });
  });

  test("a body goes through, and twenty streams beside each other have each their own answer", async () => {
    await withSession(async (session) => {
      const paths = Array.from({ length: 20 }, (_, n) => `/v1/apps/a/machines/${n}/start`);
      const answers = await Promise.all(
        paths.map((path) => ask(session, { ":method": "POST", ":path": path, ...authorized() }, `body of ${path}`)),
      );
      for (const [at, { text }] of answers.entries()) assert(text.startsWith(`${paths[at]} body of ${paths[at]} `), text);
    });
  });

  test("what would destroy, what was found and what is for another host: refused, and nothing arrives", async () => {
    // What it would destroy is asked about first: those are reads.
    const arrived = (): readonly string[] =>
      seen.filter(({ method, path }) => method === "DELETE" || path.includes("machines")).map(({ path }) => path);
    const before = arrived();
    await withSession(async (session) => {
      const held = await ask(session, { ":method": "DELETE", ":path": "/v1/apps/a/volumes/vol_1", ...authorized() });
      assert.deepEqual([held.headers[":status"], held.headers["holdfast-reason"]], [403, "other_environment"]);
      const found = await ask(session, { ":path": "/v1/apps/a/machines", authorization: "Bearer other" });
      assert.deepEqual([found.headers[":status"], found.headers["holdfast-reason"]], [403, "found_credential"]);
      const other = await ask(session, { ":path": "/v1/apps/a/machines", ":authority": "api.github.com", ...authorized() });
      assert.equal(other.headers[":status"], 421);
    });
    assert.deepEqual(arrived(), before);
  });

  test("what comes before an answer goes on before it", async () => {
    await withSession(async (session) => {
      const stream = session.request({ ":path": "/hints", ...authorized() });
      const told: string[] = [];
      stream.on("headers", (headers) => told.push(`${headers[":status"]} ${String(headers["link"])}`));
      stream.on("response", (headers) => told.push(String(headers[":status"])));
      stream.resume();
      await once(stream, "end");
      assert.deepEqual(told, ["103 </a.css>; rel=preload", "200"]);
    });
  });

  test("a stream that the provider resets: said so, and the others go on", async () => {
    await withSession(async (session) => {
      const reset = await ask(session, { ":path": "/reset", ...authorized() });
      assert.equal(reset.headers[":status"], 502);
      const next = await ask(session, { ":path": "/v1/apps/a/machines", ...authorized() });
      assert.equal(next.headers[":status"], 200);
    });
  });

  test("is not offered where the provider does not speak it", async () => {
    const socket = await tunnelTo(scene.proxy, railwayHost, railwayHost, ["h2", "http/1.1"]);
    assert.equal(socket.alpnProtocol, "http/1.1");
    socket.destroy();
  });

  test("a client of HTTP/1.1 is served where the provider answers both, and refused what two readers could read differently", async () => {
    const socket = async (text: string) => {
      const secure = await tunnelTo(scene.proxy, HOST);
      secure.write(text);
      let answer = "";
      for await (const chunk of secure as AsyncIterable<Buffer>) answer += chunk.toString();
      return answer;
    };
    const head = (more: string) =>
      `GET /plain HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${placeholder()}\r\nConnection: close\r\n${more}\r\n`;
    const served = await socket(head(""));
    assert(/^HTTP\/1\.1 200/.test(served) && served.endsWith("one"), served);
    const count = seen.length;
    for (const more of [
      "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 0\r\nContent-Length: 0\r\n",
      "X-A: 1\r\n folded\r\n",
    ]) {
      const answer = await socket(head(more)).catch(() => "");
      assert(!/^HTTP\/1\.1 200/.test(answer), answer);
    }
    assert.equal(seen.length, count);
  });
});
