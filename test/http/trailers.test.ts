/**
 * Trailers of requests: they reach the provider where they were judged or are sums over a body, by either version of HTTP; a credential
 * there is found, and what belongs into a head stops the request.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { inTunnel } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";

const READ = JSON.stringify({ query: "{ me { id } }" });
/** Longer than what is read before the judgement. */
const LONG = "x".repeat(1_300_000);

let scene: ProxyScene;
let arrived: { readonly trailers: readonly string[]; readonly announced: string | undefined; readonly body: string }[];

before(async () => {
  scene = await openProxyScene();
  for (const path of [railwayPath, "/v1/things"])
    scene.railway.paths.set(path, (request, response, body) => {
      arrived.push({ trailers: request.rawTrailers, announced: request.headers.trailer, body: body.toString() });
      response.end("arrived");
    });
});
after(() => scene?.stop());
beforeEach(() => {
  arrived = [];
});

function send(trailers: readonly string[], { line = `POST ${railwayPath}`, body = READ, more = "" } = {}): Promise<string> {
  const head = `${line} HTTP/1.1\r\nHost: ${railwayHost}\r\nAuthorization: Bearer ${scene.placeholder}\r\nContent-Type: application/json\r\n`;
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers.map((each) => `${each}\r\n`).join("")}\r\n`;
  const whole = `${head}${more}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`;
  return inTunnel(scene.proxy, railwayHost, whole, /arrived|"error".*\n|Bad Request/);
}

describe("trailers of a request", () => {
  test("are judged with its head and go on, announced", async () => {
    assert.match(await send(["X-Late: 1", "Content-Digest: sha-256=:abc:"]), /^HTTP\/1\.1 200 /);
    assert.deepEqual(arrived, [
      { trailers: ["x-late", "1", "content-digest", "sha-256=:abc:"], announced: "x-late, content-digest", body: READ },
    ]);
  });

  test("of a body that is longer than is read go on where they are sums over it, and stop it otherwise", async () => {
    const long = { line: "GET /v1/things", body: LONG };
    assert.match(await send(["X-Checksum-SHA256: abc"], long), /^HTTP\/1\.1 200 /);
    assert.deepEqual(
      arrived.map(({ trailers, body }) => [trailers, body.length]),
      [[["x-checksum-sha256", "abc"], LONG.length]],
    );
    arrived = [];
    assert.match(await send(["X-HTTP-Method-Override: DELETE"], long), /came after it was judged/);
    assert.match(await send([`X-Checksum: ${scene.token}`], long), /hold a secret/);
    assert.deepEqual(arrived, []);
  });

  test("that stand for another method are judged as that method", async () => {
    const short = { line: "GET /v1/things", body: "{}" };
    assert.match(await send(["X-Late: 1"], short), /^HTTP\/1\.1 200 /);
    arrived = [];
    assert.match(await send(["X-HTTP-Method-Override: DELETE"], short), /^HTTP\/1\.1 403 /);
    assert.deepEqual(arrived, []);
  });

  const refused: Readonly<Record<string, readonly [trailer: () => string, why: RegExp]>> = {
    "a credential's own": [() => "Authorization: Bearer somebody-elses", /found_credential/],
    "another credential's": [() => "X-Api-Token: somebody-elses", /found_credential/],
    "a secret of the vault": [() => `X-Note: ${scene.token}`, /found_credential/],
    "the session's placeholder": [() => `X-Note: ${scene.placeholder}`, /protocol_refused.*not filled in/s],
    "a length": [() => "Content-Length: 3", /protocol_refused|Bad Request/],
    "an encoding": [() => "Transfer-Encoding: chunked", /protocol_refused|Bad Request/],
    "a host": [() => "Host: api.vercel.com", /protocol_refused/],
    "a type": [() => "Content-Type: application/x-www-form-urlencoded", /protocol_refused/],
    "what only one hop sees": [() => "Connection: close", /protocol_refused/],
    "many of them": [() => Array.from({ length: 65 }, (_, n) => `X-${n}: 1`).join("\r\n"), /protocol_refused|Bad Request/],
    "a name that is no word": [() => "X(A): 1", /protocol_refused|Bad Request/],
  };
  for (const [name, [trailer, why]] of Object.entries(refused))
    test(`${name}: nothing is sent`, async () => {
      const answer = await send([trailer()]);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /);
      assert.match(answer, why);
      assert.deepEqual(arrived, []);
    });
});
