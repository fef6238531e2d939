/** A server that lies about rows, lengths and turns: the client hears of it and is cut off, no other session hears the lie. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { type Gateway, openGateway } from "../../src/wiring.ts";
import { testServer } from "../support/servers.ts";
import { errorsOf, rowsOf, saidIn, WireClient, type WireLogin } from "./wire/client.ts";
import { cstring, frame, int16, int32 } from "./wire/frames.ts";
import { type Lie, LyingServer, marker } from "./wire/lying-server.ts";

const field = (text: string, length = text.length): Buffer => Buffer.concat([int32(length), Buffer.from(text)]);

/** What the server says in place of one row. */
const lies: readonly (readonly [string, Lie])[] = [
  ["a field longer than its frame", () => frame("D", [int16(1), field("short", 5_000)])],
  ["a field of 2 GiB", () => frame("D", [int16(1), field("short", 0x7fffffff)])],
  ["a field of length -2", () => frame("D", [int16(1), field("short", -2)])],
  ["more fields than the row has", () => frame("D", [int16(30_000), field("short")])],
  ["bytes after the last field", (row) => frame("D", [row.subarray(5), Buffer.from("more")])],
  ["a field that takes in the next frames", (row) => frame("D", [int16(1), field("x", 64)]).subarray(0, row.length)],
  ["a row of 2 GiB", () => frame("D", [int16(1), field("x")], 0x7fffffff)],
  ["a row of negative length", () => frame("D", [int16(1), field("x")], -9)],
  ["a row of length 3", () => frame("D", [int16(1), field("x")], 3)],
  ["a message of no known type", () => frame("!", cstring("x"))],
  ["a message of the client", () => frame("Q", cstring("SELECT 1"))],
  ["a turn that nobody asked for", (row) => Buffer.concat([frame("Z", Buffer.from("I")), row])],
  ["an end without its NUL", () => frame("C", Buffer.from("SELECT 1"))],
  ["a status that is none", () => frame("Z", Buffer.from("X"))],
  ["a COPY in the middle of rows", () => frame("G", [Buffer.of(0), int16(0)])],
  ["another encoding in the middle of rows", () => frame("S", [cstring("client_encoding"), cstring("SJIS")])],
  ["strings that mean something else", () => frame("S", [cstring("standard_conforming_strings"), cstring("off")])],
];

describe("a server that lies", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-lying-"));
  const password = randomBytes(18).toString("base64url");
  let line: LyingServer;
  let gateway: Gateway;
  let login: WireLogin;
  before(async () => {
    const server = await testServer();
    const database = await server.scratchDatabase("");
    line = await LyingServer.before(server.host, server.port);
    const url = new URL(database.url());
    url.port = String(line.port);
    writeFileSync(join(folder, "upstream"), url.href, { mode: 0o600 });
    writeFileSync(join(folder, "agent"), password, { mode: 0o600 });
    const path = join(folder, "holdfast.yaml");
    writeFileSync(
      path,
      `version: 1
targets:
  shop: { environment: production, listen: "127.0.0.1:0", upstream: { url: { file: upstream }, tls: disable }, policy: read-only }
users:
  agent: { kind: ai_agent, password: { file: agent }, targets: [shop] }
`,
    );
    const loaded = loadConfig({ path });
    if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
    gateway = await openGateway(loaded.config, { environment: {} });
    await gateway.start();
    const [host = "", port = ""] = (gateway.status().targets[0]?.listen ?? "").split(":");
    login = { host, port: Number(port), user: "agent", password, database: database.name };
  });
  after(async () => {
    await gateway?.stop("the test is over");
    await line?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("says the truth where it is not told to lie", async () => {
    const client = await WireClient.login(login);
    line.lie = (row) => row;
    assert.deepEqual(rowsOf(await client.simple(`SELECT '${marker}'`)), [[marker]]);
    assert.equal(line.told, 1, "the line sees the row");
    await client.end();
  });

  test("what was judged is what was sent, byte for byte, and what does not parse is not sent", async () => {
    const passing = [
      "SELECT/**/1 /* a */",
      "  sElEcT\t'é '' ;' -- c\n",
      "SELECT $q$ DROP $q$;;",
      'SELECT 1 AS "Ä ""b"',
      "SELECT U&'\\0061'",
    ];
    const refused = [
      "DELETE FROM absent -- never 1",
      "SELECT FROM FROM 'never 2'",
      "SELECT 1; DROP TABLE never_3",
      "SELECT 'never 4",
      "never 5",
    ];
    const bytes = [
      Buffer.concat([Buffer.from("SELECT 'never 6"), Buffer.of(0xff), Buffer.from("'")]),
      Buffer.concat([Buffer.from("SELECT 'never 7"), Buffer.of(0xc0, 0xa7), Buffer.from("'")]),
    ];
    for (const door of ["simple", "extended"] as const) {
      const client = await WireClient.login(login);
      line.lie = (row) => row;
      line.heard = Buffer.alloc(0);
      for (const text of passing) {
        assert.deepEqual(errorsOf(await client[door](text)), [], text);
        const sent = frame(door === "simple" ? "Q" : "P", door === "simple" ? cstring(text) : [cstring(""), cstring(text), int16(0)]);
        assert.ok(line.heard.includes(sent), `${door}: sent as it came: ${text}`);
      }
      for (const text of [...refused, ...bytes]) assert.equal(errorsOf(await client[door](text)).length, 1, String(text));
      assert.ok(!line.heard.includes("never"), `${door}: nothing of what was refused was sent`);
      client.destroy();
    }
  });

  for (const [what, lie] of lies) {
    test(`${what}: the client is told and cut off, others go on`, async () => {
      line.lie = lie;
      const other = await WireClient.login(login);
      for (const door of ["simple", "extended"] as const) {
        const client = await WireClient.login(login);
        const before = line.told;
        const text = `SELECT CASE g WHEN 3 THEN '${marker}' ELSE 'row ' || g END FROM generate_series(1, 5) g`;
        const answer = await client[door](text);
        assert.equal(line.told, before + 1, "the lie was told");
        // What came after the lie is nobody's: it never reaches the client as an answer.
        const rest = answer.closed ? answer : await client.simple("SELECT 40 + 2");
        assert.ok(answer.closed || rest.closed, `${door}: ${saidIn(answer)} ${saidIn(rest)}`);
        assert.ok(errorsOf(answer).length + errorsOf(rest).length > 0, "it is told why");
        assert.ok(
          rowsOf(answer).every(([value]) => /^row \d$/.test(value ?? "")),
          saidIn(answer),
        );
        client.destroy();
      }
      assert.deepEqual(rowsOf(await other.simple("SELECT 40 + 2")), [["42"]]);
      await other.end();
    });
  }
});
