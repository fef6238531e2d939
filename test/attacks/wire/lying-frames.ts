/**
 * Start-up packets, lengths and bytes that lie: each ends the connection or is refused, and none runs anything.
 * The attacks inside a session stand in `wire-cases.ts`.
 */
import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { type Answer, errorsOf, rowsOf, saidIn, typesOf, WireClient } from "./client.ts";
import { cstring, frame, int16, int32, messages, untyped } from "./frames.ts";
import { closedAfter, oneOf, reader, type WireCase, type WireGround, works } from "./ground.ts";

async function startup(g: WireGround, more: Readonly<Record<string, string>>, version?: number): Promise<Answer> {
  const login = g.gate.login("superuser", "read-only");
  const client = await WireClient.open(login.host, login.port);
  const answer = await client.authenticate({ ...login, startup: more, ...(version === undefined ? {} : { version }) });
  client.destroy();
  return answer;
}

const startups: readonly WireCase[] = [
  ...["database", "true", "on", "1"].map((value) => ({
    name: `a start-up with replication=${value}`,
    async run(g: WireGround) {
      assert.ok(errorsOf(await startup(g, { replication: value })).length > 0);
    },
  })),
  ...[
    "-c statement_timeout=0 -c session_replication_role=replica",
    "-c role=postgres",
    "-c session_preload_libraries=auto_explain",
    "--allow_system_table_mods=on",
    "-O -c work_mem=1MB",
    "-P",
    "-c zero_damaged_pages=on",
    "-c\\ role=postgres",
    "-c standard_conforming_strings=of",
    "-c client_encoding=SQL_ASCII -c client_encoding=BIG5",
  ].map((options) => ({
    name: `a start-up with options \`${options}\``,
    async run(g: WireGround) {
      assert.ok(errorsOf(await startup(g, { options })).length > 0);
    },
  })),
  ...[
    { role: "auditor" },
    { session_authorization: "clerk" },
    { default_transaction_read_only: "off" },
    { session_replication_role: "replica" },
    { Standard_Conforming_Strings: "off" },
    { client_encoding: "'BIG5'" },
  ].map((more) => ({
    name: `a start-up with ${Object.entries(more).join()}`,
    async run(g: WireGround) {
      assert.ok(errorsOf(await startup(g, more as Record<string, string>)).length > 0);
    },
  })),
  {
    name: "an unknown _pq_ option and a newer minor version are negotiated, not obeyed",
    async run(g) {
      const answer = await startup(g, { "_pq_.command": "DELETE FROM prizes" }, 196608 + 9);
      assert.ok(
        answer.messages.some(({ type }) => type === "v"),
        typesOf(answer),
      );
    },
  },
  {
    name: "another user's name, an unknown one, and a wrong password",
    async run(g) {
      const login = g.gate.login("superuser", "read-only");
      for (const wrong of [{ user: "postgres", password: g.scene.server.superuser.password }, { user: "nobody" }, { password: "guess" }]) {
        await assert.rejects(WireClient.login({ ...login, ...wrong }), /not let in/);
      }
    },
  },
  {
    name: "GSSENCRequest is answered with N",
    async run(g) {
      const login = g.gate.login("superuser", "read-only");
      const client = await WireClient.open(login.host, login.port);
      const answered = new Promise<string>((resolve) => client.socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1"))));
      client.send(messages.gssRequest());
      assert.equal(await answered, "N");
      client.destroy();
    },
  },
  {
    name: "bytes sent in one go with SSLRequest are never taken for a session",
    async run(g) {
      const { user, database } = g.gate.login("superuser", "read-only");
      const said = await closedAfter(g, Buffer.concat([messages.sslRequest(), messages.startup({ user, database })]));
      assert.doesNotMatch(said, /SCRAM/);
    },
  },
  {
    name: "TLS where none is configured",
    async run(g) {
      const { host, port } = g.gate.login("superuser", "read-only");
      await assert.rejects(
        new Promise((resolve, reject) => {
          const socket = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["postgresql"] }, () => resolve("up"));
          socket.once("error", reject);
          socket.once("close", () => reject(new Error("closed")));
        }),
      );
    },
  },
];

/** Each ends the connection, or the message is refused and the connection carries on; none of them runs anything. */
const lies: readonly (readonly [string, () => Buffer])[] = [
  ["a Query whose length is 0", () => frame("Q", cstring("DELETE FROM prizes"), 0)],
  ["a Query whose length is 3", () => frame("Q", cstring("DELETE FROM prizes"), 3)],
  ["a Query whose length is negative", () => frame("Q", cstring("DELETE FROM prizes"), -5)],
  ["a Query of 2 GiB", () => frame("Q", cstring("DELETE FROM prizes"), 0x7fffffff)],
  ["a Query without its NUL", () => frame("Q", Buffer.from("DELETE FROM prizes"))],
  ["a Query with bytes after its NUL", () => frame("Q", [cstring("SELECT 1"), Buffer.from("DELETE FROM prizes")])],
  ["a Query with a NUL inside", () => frame("Q", [cstring("SELECT 1"), cstring("; DELETE FROM prizes")])],
  [
    "a Query that is not UTF-8",
    () => messages.query(Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xc3, 0x28), Buffer.from("'; DELETE FROM prizes")])),
  ],
  [
    "a Query with an overlong form of a quote",
    () => messages.query(Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xc0, 0xa7), Buffer.from("; DELETE FROM prizes --'")])),
  ],
  [
    "a Query with half a surrogate",
    () => messages.query(Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xed, 0xa0, 0x80), Buffer.from("'; DELETE FROM prizes")])),
  ],
  [
    "a Parse with bytes after its end",
    () => Buffer.concat([frame("P", [cstring(""), cstring("SELECT 1"), int16(0), Buffer.from("DELETE FROM prizes")]), messages.sync()]),
  ],
  [
    "a Parse that claims more parameter types than it has",
    () => Buffer.concat([frame("P", [cstring(""), cstring("SELECT 1"), int16(5), int32(23)]), messages.sync()]),
  ],
  [
    "a Parse that claims -1 parameter types",
    () => Buffer.concat([frame("P", [cstring(""), cstring("DELETE FROM prizes"), int16(-1)]), messages.sync()]),
  ],
  [
    "a Bind whose value is longer than its frame",
    () =>
      Buffer.concat([
        messages.parse("SELECT $1::text"),
        frame("B", [cstring(""), cstring(""), int16(0), int16(1), int32(500), Buffer.from("x")]),
        messages.execute(),
        messages.sync(),
      ]),
  ],
  [
    "a Bind whose value has the length -2",
    () =>
      Buffer.concat([
        messages.parse("SELECT $1::text"),
        frame("B", [cstring(""), cstring(""), int16(0), int16(1), int32(-2), int16(0)]),
        messages.execute(),
        messages.sync(),
      ]),
  ],
  ["a Describe of an unknown kind", () => Buffer.concat([frame("D", [Buffer.from("X"), cstring("")]), messages.sync()])],
  ["a FunctionCall that ends early", () => frame("F", [int32(1), int16(0)])],
  ["a FunctionCall that claims 30,000 arguments", () => frame("F", [int32(1598), int16(0), int16(30000)])],
  ["an unknown message", () => frame("Z", Buffer.from("I"))],
  ["a password message after the login", () => frame("p", cstring("x"))],
  ["a message of the server", () => frame("T", int16(0))],
  ["a start-up packet after the login", () => untyped(196608, cstring(""))],
  ["a NUL byte as a message's type", () => frame("\0", cstring("DELETE FROM prizes"))],
];

const lengths: readonly WireCase[] = [
  ...lies.map(([name, bytes]) => ({
    name,
    async run(g: WireGround) {
      const client = await reader(g);
      client.send(bytes());
      client.socket.end();
      const answer = await client.ready().catch(() => ({ messages: [], closed: true }));
      assert.ok(answer.closed || errorsOf(answer).length > 0, saidIn(answer));
      assert.equal(rowsOf(answer).length, 0);
      client.destroy();
    },
  })),
  ...[
    ["a start-up of 2 GiB", untyped(196608, Buffer.alloc(4), 0x7fffffff)],
    ["a start-up of length 0", untyped(196608, Buffer.alloc(4), 0)],
    ["a start-up of negative length", untyped(196608, Buffer.alloc(4), -1)],
    ["a start-up of version 2", untyped(131072, Buffer.alloc(64))],
    ["a start-up without its end", untyped(196608, Buffer.from("user"))],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ].map(([name, bytes]) => ({
    name: String(name),
    async run(g: WireGround) {
      assert.doesNotMatch(await closedAfter(g, bytes as Buffer), /SCRAM/);
    },
  })),
  {
    name: "one byte at a time: a denied statement is denied, an allowed one is answered",
    async run(g) {
      const client = await reader(g);
      for (const byte of Buffer.concat([
        messages.query("DELETE FROM prizes"),
        messages.parse("SELECT 5"),
        messages.bind(),
        messages.execute(),
        messages.sync(),
      ]))
        client.send(Buffer.of(byte));
      assert.equal(oneOf(await client.ready()), "42501");
      assert.deepEqual(rowsOf(await client.ready()), [["5"]]);
      await client.end();
    },
  },
  {
    name: "deep nesting ends in a refusal, and other sessions go on",
    async run(g) {
      const [client, other] = [await reader(g), await reader(g)];
      const deep = [
        `SELECT ${"(".repeat(50_000)}1${")".repeat(50_000)}`,
        `SELECT ${"-(".repeat(20_000)}1${")".repeat(20_000)}`,
        `SELECT 1${"+1".repeat(200_000)}`,
        `SELECT ${"ARRAY[".repeat(9_000)}1${"]".repeat(9_000)}`,
      ];
      for (const text of deep) {
        const answer = await client.simple(`${text}; DELETE FROM prizes`);
        assert.ok(errorsOf(answer).length > 0);
        await works(other);
      }
      await works(client);
      for (const each of [client, other]) await each.end();
    },
  },
  {
    name: "a text longer than can be judged is refused, not forwarded",
    async run(g) {
      const client = await reader(g);
      for (const text of [`DELETE FROM prizes /*${"x".repeat(2_000_000)}*/`, `SELECT '${"y".repeat(1_500_000)}'; DELETE FROM prizes`]) {
        const answer = await client.simple(text);
        assert.match(oneOf(answer), /^(54000|42501)$/);
        assert.equal(answer.closed, false);
      }
      await works(client);
      await client.end();
    },
  },
];

export const lyingFrames: readonly WireCase[] = [...startups, ...lengths];
