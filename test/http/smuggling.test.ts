/**
 * Requests that two readers could read differently, byte by byte, at every door of the proxy: none of them reaches a provider, or each
 * does in the one form that was judged. The stand-in is the judge.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { basic, connectText, inTunnel, raw, tunnelTo } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";

const READ = JSON.stringify({ query: "{ me { id } }" });
const DELETE = JSON.stringify({ query: 'mutation { volumeDelete(volumeId: "spare") }' });

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene();
});
after(() => scene.stop());

const head = (lines: readonly string[], path = railwayPath): string =>
  `POST ${path} HTTP/1.1\r\n${[`Host: ${railwayHost}`, `Authorization: Bearer ${scene.placeholder}`, "Connection: close", ...lines].join("\r\n")}\r\n\r\n`;
const chunked = (text: string, extension = ""): string => `${text.length.toString(16)}${extension}\r\n${text}\r\n0\r\n\r\n`;
const status = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

describe("smuggling inside an intercepted connection", () => {
  /** Each hides a delete behind a read, or a length behind another. */
  const refused: Readonly<Record<string, () => string>> = {
    "two lengths": () => head([`Content-Length: ${READ.length}`, `Content-Length: ${READ.length + DELETE.length}`]) + READ + DELETE,
    "one length in two words": () => head([`Content-Length: ${READ.length}, 0`]) + READ,
    "length and chunks": () => head([`Content-Length: ${READ.length}`, "Transfer-Encoding: chunked"]) + chunked(READ),
    "chunks and length": () => head(["Transfer-Encoding: chunked", `Content-Length: ${READ.length}`]) + chunked(READ),
    "an encoding that ends otherwise": () => head(["Transfer-Encoding: chunked, identity"]) + chunked(READ),
    "an encoding that is spelled otherwise": () => head(["Transfer-Encoding: xchunked"]) + chunked(READ),
    "encodings twice": () => head(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"]) + chunked(READ),
    "an encoding behind a tab": () => head(["Transfer-Encoding:\tchunked", `Content-Length: 3`]) + chunked(READ),
    "a signed length": () => head([`Content-Length: +${READ.length}`]) + READ,
    "a length in hexadecimal": () => head([`Content-Length: 0x${READ.length.toString(16)}`]) + READ,
    "a folded header": () => head([`X-A: 1\r\n Content-Length: ${READ.length}`, `Content-Length: ${READ.length}`]) + READ,
    "a space before the colon": () => head([`Content-Length : ${READ.length}`]) + READ,
    "a bare line feed in the head": () => head([`Content-Length: ${READ.length}`]).replace("\r\nConnection", "\nConnection") + READ,
    "a bare carriage return": () => head([`X-A: 1\rContent-Length: 9`, `Content-Length: ${READ.length}`]) + READ,
    "a NUL in a header": () => head(["X-A: a\0b", `Content-Length: ${READ.length}`]) + READ,
    "a name that is no word": () => head([`X(A): 1`, `Content-Length: ${READ.length}`]) + READ,
    "a chunk's size that is none": () => `${head(["Transfer-Encoding: chunked"])}zz\r\n${READ}\r\n0\r\n\r\n`,
    "a chunk's size that overflows": () => `${head(["Transfer-Encoding: chunked"])}ffffffffffffffffff\r\n${READ}\r\n0\r\n\r\n`,
    "a chunk longer than it says": () => `${head(["Transfer-Encoding: chunked"])}5\r\n${READ}\r\n0\r\n\r\n`,
    "two Hosts": () => head([`Host: ${railwayHost}`, `Content-Length: ${READ.length}`]) + READ,
    "another Host": () => head([`Content-Length: ${READ.length}`]).replace(`Host: ${railwayHost}`, "Host: api.github.com") + READ,
    "no Host": () => head([`Content-Length: ${READ.length}`]).replace(`Host: ${railwayHost}\r\n`, "") + READ,
    "an absolute form for another host": () => head([`Content-Length: ${READ.length}`], `https://api.github.com${railwayPath}`) + READ,
    "an absolute form at all": () => head([`Content-Length: ${READ.length}`], `https://${railwayHost}${railwayPath}`) + READ,
    "CONNECT inside": () => `CONNECT api.github.com:443 HTTP/1.1\r\nHost: api.github.com\r\n\r\n`,
    "an upgrade": () =>
      head(["Connection: upgrade", "Upgrade: websocket", `Content-Length: ${READ.length}`]).replace("Connection: close\r\n", "") + READ,
    "a header that Connection takes away": () =>
      head(["X-Http-Method-Override: DELETE", "Connection: x-http-method-override", `Content-Length: ${READ.length}`]).replace(
        "Connection: close\r\n",
        "",
      ) + READ,
    "a method that is no word": () => head([`Content-Length: ${READ.length}`]).replace("POST", "PO(ST") + READ,
    TRACE: () => head(["Content-Length: 0"]).replace("POST", "TRACE"),
    "HTTP/0.9": () => `GET ${railwayPath}\r\n\r\n`,
    "HTTP/3.0 in the line": () => head([`Content-Length: ${READ.length}`]).replace("HTTP/1.1", "HTTP/3.0") + READ,
    "a path above its root": () => head([`Content-Length: ${READ.length}`], "/../graphql/v2") + READ,
    "a hidden slash": () => head([`Content-Length: ${READ.length}`], "/graphql%2fv2") + READ,
    "a fragment": () => head([`Content-Length: ${READ.length}`], `${railwayPath}#x`) + READ,
    "bytes beyond ASCII": () => head([`Content-Length: ${READ.length}`], `${railwayPath}\u00e9`) + READ,
    "headers beyond the bound": () =>
      head([...Array.from({ length: 40 }, (_, n) => `X-${n}: ${"a".repeat(2_000)}`), `Content-Length: ${READ.length}`]) + READ,
  };
  for (const [name, text] of Object.entries(refused)) {
    test(`${name}: refused, and nothing sent`, async () => {
      const before = scene.railway.bytes();
      const answer = await inTunnel(scene.proxy, railwayHost, Buffer.from(text(), "latin1"));
      const seen = status(answer);
      assert(answer === "" || (seen >= 400 && seen !== 502), answer.slice(0, 300));
      assert.equal(scene.railway.bytes(), before, answer.slice(0, 200));
    });
  }

  const passing: Readonly<Record<string, () => string>> = {
    "a chunk's extension": () => head(["Transfer-Encoding: chunked"]) + chunked(READ, ";a=b"),
    "a doubled slash and a dot": () => head([`Content-Length: ${READ.length}`], "//graphql/./v2") + READ,
    "an encoding without need": () => head([`Content-Length: ${READ.length}`], "/%67raphql/v2") + READ,
    parameters: () => head([`Content-Length: ${READ.length}`], "/graphql;jsessionid=1/v2") + READ,
  };
  for (const [name, text] of Object.entries(passing)) {
    test(`${name}: arrives in the one form that was judged`, async () => {
      const answer = await inTunnel(scene.proxy, railwayHost, text(), /"data"/);
      assert.equal(status(answer), 200, answer);
      const { url, rawHeaders, body } = scene.railway.received.at(-1) ?? assert.fail("nothing arrived");
      assert.equal(url, railwayPath);
      assert.equal(body.toString(), READ);
      const names = rawHeaders.filter((_, at) => at % 2 === 0).map((each) => each.toLowerCase());
      assert.equal(names.filter((each) => each === "content-length").length, 1);
      assert(!names.includes("transfer-encoding") && !names.includes("proxy-authorization"), names.join());
    });
  }

  test("what follows a request on the same connection is judged by itself", async () => {
    const first = head([`Content-Length: ${READ.length}`]).replace("Connection: close\r\n", "") + READ;
    const second = head([`Content-Length: ${DELETE.length}`]) + DELETE;
    const before = scene.railway.received.length;
    const answer = await inTunnel(scene.proxy, railwayHost, first + second, /approval_required/);
    assert(/"me"/.test(answer) && /approval_required/.test(answer), answer);
    assert.equal(scene.railway.received.length, before + 1);
  });
});

describe("where a connection leads", () => {
  test("TLS that names another host than CONNECT is ended", async () => {
    await assert.rejects(tunnelTo(scene.proxy, railwayHost, "api.github.com"), /handshake|disconnected|ECONNRESET/i);
  });

  const doors: Readonly<Record<string, readonly [text: () => string, status: number]>> = {
    "no login": [() => `CONNECT ${railwayHost}:443 HTTP/1.1\r\nHost: ${railwayHost}\r\n\r\n`, 407],
    "a wrong password": [() => connectText(`${railwayHost}:443`, { ...scene.proxy, password: "wrong" }), 407],
    "an unknown name": [() => connectText(`${railwayHost}:443`, { ...scene.proxy, user: "nobody" }), 407],
    "CONNECT and Host that differ": [
      () => connectText("a.example.com:443", scene.proxy).replace("Host: a.example.com", "Host: b.example.com"),
      421,
    ],
    "a host that nothing permits": [() => connectText("example.com:443", scene.proxy), 403],
    "an address of this machine": [() => connectText("127.0.0.1:443", scene.proxy), 403],
    "an address that only looks like a name": [() => connectText("0x7f000001:443", scene.proxy), 400],
    "a number as an address": [() => connectText("2130706433:443", scene.proxy), 400],
    "metadata in clear text": [
      () =>
        `GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\nProxy-Authorization: ${basic(scene.proxy.user, scene.proxy.password)}\r\n\r\n`,
      403,
    ],
    "a packed host in clear text": [
      () =>
        `GET http://${railwayHost}/ HTTP/1.1\r\nHost: ${railwayHost}\r\nProxy-Authorization: ${basic(scene.proxy.user, scene.proxy.password)}\r\n\r\n`,
      403,
    ],
    "a line and a Host that differ": [
      () =>
        `GET http://a.example.com/ HTTP/1.1\r\nHost: b.example.com\r\nProxy-Authorization: ${basic(scene.proxy.user, scene.proxy.password)}\r\n\r\n`,
      421,
    ],
    "https in absolute form": [
      () =>
        `GET https://${railwayHost}/ HTTP/1.1\r\nHost: ${railwayHost}\r\nProxy-Authorization: ${basic(scene.proxy.user, scene.proxy.password)}\r\n\r\n`,
      421,
    ],
    "a path of its own under another name": [
      () =>
        `GET /railway/graphql/v2 HTTP/1.1\r\nHost: rebound.example.com:${scene.proxy.port}\r\nAuthorization: Bearer ${scene.placeholder}\r\n\r\n`,
      421,
    ],
    "a path of no provider": [
      () => `GET /nobody/ HTTP/1.1\r\nHost: 127.0.0.1:${scene.proxy.port}\r\nAuthorization: Bearer ${scene.placeholder}\r\n\r\n`,
      421,
    ],
    "a path of its own without a placeholder": [
      () => `GET /railway/graphql/v2 HTTP/1.1\r\nHost: 127.0.0.1:${scene.proxy.port}\r\n\r\n`,
      407,
    ],
  };
  for (const [name, [text, expected]] of Object.entries(doors)) {
    test(`${name}: ${expected}`, async () => {
      const before = scene.railway.bytes();
      const { head: answer, socket } = await raw(scene.proxy, text());
      socket.destroy();
      assert.equal(status(answer), expected, answer);
      assert.equal(scene.railway.bytes(), before);
    });
  }
});
