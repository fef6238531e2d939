/** The pure readers of the proxy: heads, places, the name in a ClientHello; each with what it must not be fooled by. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo } from "node:net";
import { connect } from "node:tls";
import { describe, test } from "node:test";
import fc from "fast-check";
import { absoluteForm, authorityOf, placeOf } from "./authority.ts";
import { readClientHello } from "./client-hello.ts";
import { answerFields, basicLogin, readRequestHead } from "./headers.ts";

const head = (...pairs: readonly (readonly [string, string])[]) => readRequestHead(pairs.flat());

describe("a head", () => {
  test("hop by hop is taken out, the rest keeps its order and its doubles", () => {
    const read = head(
      ["Host", "a"],
      ["Accept", "1"],
      ["Connection", "keep-alive"],
      ["Accept", "2"],
      ["Proxy-Authorization", "Basic eDp5"],
      ["TE", "trailers, deflate"],
      ["X-B", " c "],
      ["Content-Length", "3"],
    );
    assert(!("refused" in read));
    assert.deepEqual(read.pairs, [
      ["accept", "1"],
      ["accept", "2"],
      ["x-b", "c"],
      ["te", "trailers"],
    ]);
    assert.deepEqual([read.host, read.proxyLogin, read.framing], ["a", "Basic eDp5", { kind: "length", bytes: 3 }]);
  });

  const refused: readonly (readonly (readonly [string, string])[])[] = [
    [
      ["Host", "a"],
      ["host", "a"],
    ],
    [
      ["Content-Length", "1"],
      ["Content-Length", "1"],
    ],
    [
      ["Content-Length", "1"],
      ["Transfer-Encoding", "chunked"],
    ],
    [["Transfer-Encoding", "gzip, chunked"]],
    [
      ["Transfer-Encoding", "chunked"],
      ["Transfer-Encoding", "chunked"],
    ],
    [["Content-Length", "1, 1"]],
    [["Content-Length", "-1"]],
    [["Content-Length", "1e3"]],
    [["X A", "1"]],
    [["X-A", "1\r\nX-B: 2"]],
    [
      ["X-A", "1\n"],
      ["X-A", "a\0b"],
    ],
    [
      ["Connection", "x-a"],
      ["X-A", "1"],
    ],
    [
      ["Connection", "close, Authorization"],
      ["Authorization", "Bearer x"],
    ],
  ];
  for (const pairs of refused)
    test(`${JSON.stringify(pairs)} is refused`, () => {
      assert("refused" in head(...pairs), JSON.stringify(head(...pairs)));
    });

  test("an upgrade is seen however it is asked for", () => {
    for (const pairs of [
      [["Upgrade", "websocket"]],
      [["Connection", "Upgrade"]],
      [
        ["Connection", "keep-alive, upgrade"],
        ["Upgrade", "x"],
      ],
    ] as const) {
      const read = head(...(pairs as readonly (readonly [string, string])[]));
      assert(!("refused" in read) && read.upgrade !== undefined);
    }
  });

  test("answers lose what is this hop's, and where else to go", () => {
    const raw = ["alt-svc", "h3", "connection", "x", "x-a", "1", "set-cookie", "a", "set-cookie", "b"];
    const { fields } = answerFields(raw, { cookies: true, redaction: undefined });
    assert.deepEqual(fields, ["x-a", "1", "set-cookie", "a", "set-cookie", "b"]);
    assert.deepEqual(answerFields(raw, { cookies: false, redaction: undefined }).fields, ["x-a", "1"]);
  });

  test("a login is plain Basic with a name", () => {
    const basic = (text: string) => basicLogin(`Basic ${Buffer.from(text).toString("base64")}`);
    assert.deepEqual(basic("run_1:pa:ss"), { user: "run_1", password: "pa:ss" });
    for (const text of [":x", "x", ""]) assert.equal(basic(text), undefined);
    for (const value of [undefined, "Bearer x", "Basic", "Basic !!", "Basic a b"]) assert.equal(basicLogin(value), undefined);
  });
});

describe("a place", () => {
  test("is a plain name or address with a port", () => {
    const good: readonly (readonly [string, string, number])[] = [
      ["Example.COM", "example.com", 443],
      ["example.com.:8443", "example.com", 8443],
      ["127.0.0.1:80", "127.0.0.1", 80],
      ["[::1]:443", "::1", 443],
      ["a_b.example", "a_b.example", 443],
    ];
    for (const [text, host, port] of good) assert.deepEqual(placeOf(text, 443), { host, port }, text);
    const bad = [
      "",
      "a b",
      "a@b",
      "a:0",
      "a:65536",
      "a:1:2",
      "[::1",
      "::1",
      "a..b",
      "-a",
      "1.2.3",
      "0x7f.1",
      "2130706433",
      "1.2.3.4.5",
      "256.1.1.1",
      "[1.2.3.4]",
    ];
    for (const text of [...bad, "a/b", "a?b", "a#b", "a\\b", "é.example", "a%2eb"]) assert.equal(placeOf(text, 443), undefined, text);
  });

  test("is written back in one form", () => {
    assert.equal(authorityOf({ host: "::1", port: 443 }, "https"), "[::1]");
    assert.equal(authorityOf({ host: "a", port: 443 }, "http"), "a:443");
  });

  test("an absolute form has its own path", () => {
    assert.deepEqual(absoluteForm("http://a.example/x?y"), { place: { host: "a.example", port: 80 }, path: "/x?y" });
    assert.deepEqual(absoluteForm("http://a.example?y"), { place: { host: "a.example", port: 80 }, path: "/?y" });
    for (const text of ["https://a/", "ftp://a/", "http://a@b/", "http:///x", "//a/", "http://a\\b/", "/x"])
      assert.equal(absoluteForm(text), undefined, text);
  });
});

/** As Node's own TLS says it. */
async function helloFor(servername: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      socket.destroy();
    });
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({
    socket: connectTcp((server.address() as AddressInfo).port, "127.0.0.1"),
    ...(servername === "" ? {} : { servername }),
  });
  client.on("error", () => undefined);
  await new Promise((resolve) => client.once("close", resolve));
  server.close();
  return Buffer.concat(chunks);
}

describe("a ClientHello", () => {
  test("tells its host, at every cut nothing but that more is wanted", async () => {
    const hello = await helloFor("api.example.com");
    assert.deepEqual(readClientHello(hello), { kind: "hello", host: "api.example.com" });
    for (let size = 0; size < hello.length; size++) assert.deepEqual(readClientHello(hello.subarray(0, size)), { kind: "more" }, `${size}`);
    assert.deepEqual(readClientHello(await helloFor("")), { kind: "hello", host: undefined });
  });

  test("another protocol is another protocol at its first byte", () => {
    for (const text of ["SSH-2.0-x", "GET / HTTP/1.1\r\n", "\0\0\0\x08\x04\xd2\x16\x2f"]) {
      assert.deepEqual(readClientHello(Buffer.from(text, "latin1")), { kind: "other" });
      assert.deepEqual(readClientHello(Buffer.from(text.slice(0, 1), "latin1")), { kind: "other" });
    }
  });

  test("a field that lies about its length tells no other host, and throws nothing (2,000 changed bytes)", async () => {
    const hello = await helloFor("api.example.com");
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(hello);
        changed[at] = byte;
        const read = readClientHello(changed);
        // Only a change in the name's own bytes may make it another name.
        const name = hello.indexOf("api.example.com");
        const inName = at >= name && at < name + "api.example.com".length;
        if (read.kind === "hello" && read.host !== undefined && !inName) assert.equal(read.host, "api.example.com");
      }),
      { numRuns: 2_000 },
    );
  });
});
