/**
 * The attacks of the wire protocol (G) against one gateway: frames that no driver sends, each judged by the server's state and by what came back.
 * SQL texts stand in the case files; here are only those attacks that are frames.
 */
import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import type { Gate } from "./gate.ts";
import type { Scene } from "./scene.ts";
import { type Answer, errorsOf, rowsOf, saidIn, typesOf, WireClient } from "./wire/client.ts";
import { cstring, frame, int16, int32, messages, untyped } from "./wire/frames.ts";

export interface WireGround {
  readonly scene: Scene;
  readonly gate: Gate;
  readonly database: string;
}

export interface WireCase {
  readonly name: string;
  run(ground: WireGround): Promise<void>;
}

const oneOf = (answer: Answer): string => errorsOf(answer)[0]?.code ?? "";

async function reader({ gate }: WireGround): Promise<WireClient> {
  return WireClient.login(gate.login("superuser", "read-only"));
}

async function oidOf({ scene, database }: WireGround, what: string): Promise<number> {
  const { rows } = await (await scene.admin(database)).query(`SELECT ${what}::oid::int AS oid`);
  return rows[0].oid as number;
}

async function works(client: WireClient): Promise<void> {
  assert.deepEqual(rowsOf(await client.simple("SELECT 40 + 2")), [["42"]]);
}

/** A raw exchange before any login: what comes back until the other side closes, or nothing more comes after `probe`. */
async function closedAfter(ground: WireGround, ...bytes: readonly Buffer[]): Promise<string> {
  const { host, port } = ground.gate.login("superuser", "read-only");
  const client = await WireClient.open(host, port);
  client.send(...bytes);
  let said = "";
  for (let message = await client.next(); message !== undefined; message = await client.next()) said += message.type + message.body.toString("latin1");
  return said;
}

async function calls(ground: WireGround, what: string, values: readonly (string | null)[], code = "42501"): Promise<void> {
  const client = await reader(ground);
  client.send(messages.functionCall(await oidOf(ground, what), values));
  const answer = await client.ready();
  assert.equal(oneOf(answer), code, `${what}: ${saidIn(answer)}`);
  assert.equal(typesOf(answer), "EZ");
  await works(client);
  await client.end();
}

const functionCalls: readonly WireCase[] = [
  { name: "FunctionCall of a function that writes", run: (g) => calls(g, "'wipe()'::regprocedure", []) },
  { name: "FunctionCall of nextval", run: (g) => calls(g, "'nextval(regclass)'::regprocedure", ["tickets"]) },
  { name: "FunctionCall of lo_unlink", run: (g) => calls(g, "'lo_unlink(oid)'::regprocedure", ["4711"]) },
  { name: "FunctionCall of lo_creat", run: (g) => calls(g, "'lo_creat(int)'::regprocedure", ["-1"]) },
  { name: "FunctionCall of set_config", run: (g) => calls(g, "'set_config(text,text,boolean)'::regprocedure", ["standard_conforming_strings", "off", "f"]) },
  { name: "FunctionCall of pg_read_file", run: (g) => calls(g, "'pg_read_file(text)'::regprocedure", [`${g.scene.files}/planted.txt`]) },
  { name: "FunctionCall of pg_terminate_backend", run: (g) => calls(g, "'pg_terminate_backend(int,bigint)'::regprocedure", ["1", "0"]) },
  { name: "FunctionCall of a function with dynamic SQL", run: (g) => calls(g, "'run(text)'::regprocedure", ["DELETE FROM prizes"]) },
  { name: "FunctionCall of query_to_xml", run: (g) => calls(g, "'query_to_xml(text,boolean,boolean,text)'::regprocedure", ["SELECT wipe()", "t", "f", ""]) },
  {
    name: "FunctionCall of an OID that nobody has",
    async run(g) {
      const client = await reader(g);
      client.send(messages.functionCall(4_000_000, []));
      const answer = await client.ready();
      assert.match(oneOf(answer), /^(42501|42883)$/);
      await works(client);
      await client.end();
    },
  },
  {
    name: "FunctionCall of a function that reads passes",
    async run(g) {
      const client = await reader(g);
      client.send(messages.functionCall(await oidOf(g, "'int4pl(int,int)'::regprocedure"), ["40", "2"]));
      const answer = await client.ready();
      assert.equal(typesOf(answer), "VZ", saidIn(answer));
      assert.equal(saidIn(answer).slice(4), "42");
      await client.end();
    },
  },
];

const pipelines: readonly WireCase[] = [
  {
    name: "a denied Parse and what was pipelined after it: one answer, nothing runs, replies do not shift",
    async run(g) {
      const client = await reader(g);
      const tail = [messages.bind(), messages.describe("P"), messages.execute(), messages.sync()];
      client.send(messages.parse("DELETE FROM prizes"), ...tail, messages.parse("SELECT 7"), ...tail);
      const first = await client.ready();
      assert.equal(typesOf(first), "EZ");
      const second = await client.ready();
      assert.equal(typesOf(second), "12TDCZ");
      assert.deepEqual(rowsOf(second), [["7"]]);
      await client.end();
    },
  },
  {
    name: "a Query behind a denied Parse without Sync is skipped as the server skips it",
    async run(g) {
      const client = await reader(g);
      client.send(messages.parse("DELETE FROM prizes"), messages.parse("TRUNCATE prizes"), messages.bind(), messages.execute(), messages.sync());
      assert.equal(typesOf(await client.ready()), "EZ");
      await works(client);
      await client.end();
    },
  },
  {
    name: "an error of the server inside a pipeline: the denied statement after it does not run, the next batch is answered in its place",
    async run(g) {
      const client = await reader(g);
      const run = [messages.bind(), messages.execute()];
      client.send(messages.parse("SELECT 1/0"), ...run, messages.parse("DELETE FROM prizes"), ...run, messages.sync());
      client.send(messages.parse("SELECT 8"), ...run, messages.sync());
      const first = await client.ready();
      assert.equal(errorsOf(first).length, 1);
      assert.match(oneOf(first), /^(22012|42501)$/);
      assert.deepEqual(rowsOf(await client.ready()), [["8"]]);
      await client.end();
    },
  },
  {
    name: "the unnamed statement is parsed anew between Bind and Execute",
    async run(g) {
      const client = await reader(g);
      client.send(messages.parse("SELECT 1"), messages.bind(), messages.parse("DELETE FROM prizes"), messages.execute(), messages.sync());
      const answer = await client.ready();
      assert.equal(oneOf(answer), "42501");
      client.send(messages.bind(), messages.execute(), messages.sync());
      const after = await client.ready();
      assert.ok(errorsOf(after).length === 1 || rowsOf(after).length === 1, saidIn(after));
      await client.end();
    },
  },
  {
    name: "a name is closed and used again for a denied text",
    async run(g) {
      const client = await reader(g);
      client.send(messages.parse("SELECT 1", "s"), messages.sync());
      await client.ready();
      client.send(messages.close("S", "s"), messages.parse("DELETE FROM prizes", "s"), messages.bind([], "s"), messages.execute(), messages.sync());
      assert.equal(oneOf(await client.ready()), "42501");
      client.send(messages.bind([], "s"), messages.execute(), messages.sync());
      const answer = await client.ready();
      assert.ok(typesOf(answer) === "EZ" || rowsOf(answer).length === 1, saidIn(answer));
      await client.end();
    },
  },
  {
    name: "SQL's PREPARE and the wire's Execute share names",
    async run(g) {
      const client = await reader(g);
      assert.equal(oneOf(await client.simple("PREPARE q AS DELETE FROM prizes")), "42501");
      client.send(messages.bind([], "q"), messages.execute(), messages.sync());
      assert.equal(errorsOf(await client.ready()).length, 1);
      client.send(messages.parse("SELECT 3", "w"), messages.sync());
      await client.ready();
      assert.deepEqual(rowsOf(await client.simple("EXECUTE w")), [["3"]]);
      await client.end();
    },
  },
  {
    name: "several statements in one Parse",
    async run(g) {
      const client = await reader(g);
      assert.equal(errorsOf(await client.extended("SELECT 1; DELETE FROM prizes")).length, 1);
      await works(client);
      await client.end();
    },
  },
  {
    name: "a parameter whose type runs a CHECK that writes, by the OID in Parse",
    async run(g) {
      for (const type of ["checked", "has_checked"]) {
        const client = await reader(g);
        const oid = await oidOf(g, `'${type}'::regtype`);
        await client.extended("SELECT $1", [type === "checked" ? "1" : "(1)"], [oid]);
        await client.extended("SELECT id FROM orders WHERE note = $1::text", [type === "checked" ? "1" : "(1)"], [oid]);
        await works(client);
        await client.end();
      }
    },
  },
  {
    name: "a parameter whose type the server finds, and which runs a CHECK that writes",
    async run(g) {
      const client = await reader(g);
      await client.extended("SELECT takes_checked($1)", ["1"]);
      await client.extended("SELECT v FROM traps_checked WHERE v = $1", ["1"]);
      await client.extended("SELECT ROW(1)::has_checked = $1", ["(1)"]);
      await works(client);
      await client.end();
    },
  },
  {
    name: "a portal of a cursor that was declared in SQL, executed by the wire",
    async run(g) {
      const client = await reader(g);
      await client.simple("BEGIN");
      assert.equal(oneOf(await client.simple("DECLARE c CURSOR FOR SELECT wipe()")), "42501");
      client.send(messages.execute("c"), messages.sync());
      assert.equal(errorsOf(await client.ready()).length, 1);
      assert.equal(client.status, "E");
      await client.simple("ROLLBACK");
      await works(client);
      await client.end();
    },
  },
];

const copies: readonly WireCase[] = [
  {
    name: "CopyData that holds bytes of messages, Flush and Sync inside COPY, CopyFail",
    async run(g) {
      const client = await WireClient.login(g.gate.login("superuser", "guarded-writes"));
      const admin = await g.scene.admin(g.database);
      const bait = Buffer.concat([messages.query("DELETE FROM prizes"), messages.parse("TRUNCATE prizes"), messages.execute()]).toString("hex");
      client.send(messages.query("COPY prizes FROM STDIN"));
      assert.equal((await client.next())?.type, "G");
      const text = Buffer.concat([Buffer.from("100\tQ DELETE FROM prizes; "), Buffer.from(bait), Buffer.from("\t1\n")]);
      client.send(messages.copyData(text.subarray(0, 3)), messages.flush(), messages.sync(), messages.copyData(text.subarray(3)), messages.copyFail("no"));
      const answer = await client.ready();
      assert.equal(oneOf(answer), "57014", saidIn(answer));
      await works(client);
      const { rows } = await admin.query("SELECT count(*)::int AS n FROM prizes");
      assert.equal(rows[0].n, 120);
      await client.end();
    },
  },
  {
    name: "a Query sent while COPY waits for data does not run",
    async run(g) {
      const client = await WireClient.login(g.gate.login("superuser", "guarded-writes"));
      client.send(messages.query("COPY prizes FROM STDIN"));
      assert.equal((await client.next())?.type, "G");
      client.send(messages.query("DELETE FROM prizes"));
      const answer = await client.ready();
      assert.ok(answer.closed || errorsOf(answer).length > 0, saidIn(answer));
      client.destroy();
    },
  },
  {
    name: "CopyData and CopyDone where no COPY runs",
    async run(g) {
      const client = await reader(g);
      client.send(messages.copyData("1\n"), messages.copyDone(), messages.query("SELECT 40 + 2"));
      const answer = await client.ready();
      assert.ok(answer.closed || rowsOf(answer)[0]?.[0] === "42", saidIn(answer));
      client.destroy();
    },
  },
];

const cancels: readonly WireCase[] = [
  {
    name: "CancelRequest with guessed keys reaches nobody; with the right one, its own session only",
    async run(g) {
      const login = g.gate.login("superuser", "read-only");
      const [mine, other] = [await WireClient.login(login), await WireClient.login(login)];
      const key = mine.key as { process: number; secret: Buffer };
      mine.send(messages.query("SELECT count(*) FROM pg_catalog.pg_class a, pg_catalog.pg_class b, pg_catalog.pg_class c, pg_catalog.pg_class d WHERE a.relpages + b.relpages + c.relpages + d.relpages = -1"));
      const active = async (): Promise<boolean> => {
        const text = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'";
        return (await (await g.scene.admin(g.database)).query(text, [key.process])).rows.length === 1;
      };
      while (!(await active()));
      const guess = async (bytes: Buffer): Promise<void> => {
        const client = await WireClient.open(login.host, login.port);
        client.send(bytes);
        while ((await client.next()) !== undefined);
      };
      for (const secret of [Buffer.alloc(4), Buffer.alloc(key.secret.length), other.key?.secret ?? Buffer.alloc(4), Buffer.alloc(32, 7), key.secret.subarray(0, 3)]) {
        await guess(messages.cancel(key.process, secret));
      }
      await guess(messages.cancel(other.key?.process ?? 0, key.secret));
      assert.ok(await active(), "guessed keys must not cancel");
      await guess(messages.cancel(key.process, key.secret));
      assert.equal(oneOf(await mine.ready()), "57014");
      await works(mine);
      await works(other);
      for (const client of [mine, other]) await client.end();
    },
  },
];

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
      assert.ok(answer.messages.some(({ type }) => type === "v"), typesOf(answer));
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
  ["a Query that is not UTF-8", () => messages.query(Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xc3, 0x28), Buffer.from("'; DELETE FROM prizes")]))],
  ["a Query with an overlong form of a quote", () => messages.query(Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xc0, 0xa7), Buffer.from("; DELETE FROM prizes --'")]))],
  ["a Query with half a surrogate", () => messages.query(Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xed, 0xa0, 0x80), Buffer.from("'; DELETE FROM prizes")]))],
  ["a Parse with bytes after its end", () => Buffer.concat([frame("P", [cstring(""), cstring("SELECT 1"), int16(0), Buffer.from("DELETE FROM prizes")]), messages.sync()])],
  ["a Parse that claims more parameter types than it has", () => Buffer.concat([frame("P", [cstring(""), cstring("SELECT 1"), int16(5), int32(23)]), messages.sync()])],
  ["a Parse that claims -1 parameter types", () => Buffer.concat([frame("P", [cstring(""), cstring("DELETE FROM prizes"), int16(-1)]), messages.sync()])],
  ["a Bind whose value is longer than its frame", () => Buffer.concat([messages.parse("SELECT $1::text"), frame("B", [cstring(""), cstring(""), int16(0), int16(1), int32(500), Buffer.from("x")]), messages.execute(), messages.sync()])],
  ["a Bind whose value has the length -2", () => Buffer.concat([messages.parse("SELECT $1::text"), frame("B", [cstring(""), cstring(""), int16(0), int16(1), int32(-2), int16(0)]), messages.execute(), messages.sync()])],
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
      for (const byte of Buffer.concat([messages.query("DELETE FROM prizes"), messages.parse("SELECT 5"), messages.bind(), messages.execute(), messages.sync()])) client.send(Buffer.of(byte));
      assert.equal(oneOf(await client.ready()), "42501");
      assert.deepEqual(rowsOf(await client.ready()), [["5"]]);
      await client.end();
    },
  },
  {
    name: "deep nesting ends in a refusal, and other sessions go on",
    async run(g) {
      const [client, other] = [await reader(g), await reader(g)];
      const deep = [`SELECT ${"(".repeat(50_000)}1${")".repeat(50_000)}`, `SELECT ${"-(".repeat(20_000)}1${")".repeat(20_000)}`, `SELECT 1${"+1".repeat(200_000)}`, `SELECT ${"ARRAY[".repeat(9_000)}1${"]".repeat(9_000)}`];
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

export const wireCases: readonly WireCase[] = [...functionCalls, ...pipelines, ...copies, ...cancels, ...startups, ...lengths];
