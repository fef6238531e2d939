/**
 * The attacks of the wire protocol (G) inside a session: frames that no driver sends, judged by the server's state and by what came back.
 * SQL texts stand in the case files; here are only those attacks that are frames.
 */
import assert from "node:assert/strict";
import { errorsOf, rowsOf, saidIn, typesOf, WireClient } from "./wire/client.ts";
import { messages } from "./wire/frames.ts";
import { oidOf, oneOf, reader, type WireCase, type WireGround, works } from "./wire/ground.ts";
import { lyingFrames } from "./wire/lying-frames.ts";

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
  {
    name: "FunctionCall of set_config",
    run: (g) => calls(g, "'set_config(text,text,boolean)'::regprocedure", ["standard_conforming_strings", "off", "f"]),
  },
  { name: "FunctionCall of pg_read_file", run: (g) => calls(g, "'pg_read_file(text)'::regprocedure", [`${g.scene.files}/planted.txt`]) },
  { name: "FunctionCall of pg_terminate_backend", run: (g) => calls(g, "'pg_terminate_backend(int,bigint)'::regprocedure", ["1", "0"]) },
  { name: "FunctionCall of a function with dynamic SQL", run: (g) => calls(g, "'run(text)'::regprocedure", ["DELETE FROM prizes"]) },
  {
    name: "FunctionCall of query_to_xml",
    run: (g) => calls(g, "'query_to_xml(text,boolean,boolean,text)'::regprocedure", ["SELECT wipe()", "t", "f", ""]),
  },
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
      client.send(
        messages.parse("DELETE FROM prizes"),
        messages.parse("TRUNCATE prizes"),
        messages.bind(),
        messages.execute(),
        messages.sync(),
      );
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
      client.send(
        messages.close("S", "s"),
        messages.parse("DELETE FROM prizes", "s"),
        messages.bind([], "s"),
        messages.execute(),
        messages.sync(),
      );
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
      const bait = Buffer.concat([messages.query("DELETE FROM prizes"), messages.parse("TRUNCATE prizes"), messages.execute()]).toString(
        "hex",
      );
      client.send(messages.query("COPY prizes FROM STDIN"));
      assert.equal((await client.next())?.type, "G");
      const text = Buffer.concat([Buffer.from("100\tQ DELETE FROM prizes; "), Buffer.from(bait), Buffer.from("\t1\n")]);
      client.send(
        messages.copyData(text.subarray(0, 3)),
        messages.flush(),
        messages.sync(),
        messages.copyData(text.subarray(3)),
        messages.copyFail("no"),
      );
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
      mine.send(
        messages.query(
          "SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_class d WHERE a.relpages + b.relpages + c.relpages = d.relpages - 9",
        ),
      );
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
      for (const secret of [
        Buffer.alloc(4),
        Buffer.alloc(key.secret.length),
        other.key?.secret ?? Buffer.alloc(4),
        Buffer.alloc(32, 7),
        key.secret.subarray(0, 3),
      ]) {
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

const sessions: readonly WireCase[] = [
  {
    name: "a flood of cancel requests, guessed and right, holds up nobody else and cancels nothing that comes later",
    async run(g) {
      const login = g.gate.login("superuser", "read-only");
      const [mine, other] = [await WireClient.login(login), await WireClient.login(login)];
      const key = mine.key as { process: number; secret: Buffer };
      const flood = Array.from({ length: 150 }, async (_, n) => {
        const client = await WireClient.open(login.host, login.port);
        const secret = n % 3 === 0 ? key.secret : Buffer.alloc(key.secret.length, n);
        client.send(messages.cancel(n % 5 === 0 ? n : key.process, secret));
        while ((await client.next()) !== undefined);
      });
      for (let n = 0; n < 20; n++) await works(other);
      await Promise.all(flood);
      // Whatever was cancelled on the way, the session goes on, and a cancel that came too late reaches nothing.
      for (let n = 0; n < 20; n++) {
        const answer = await mine.simple("SELECT 40 + 2");
        assert.ok(rowsOf(answer)[0]?.[0] === "42" || (n === 0 && oneOf(answer) === "57014"), saidIn(answer));
      }
      for (const client of [mine, other]) await client.end();
    },
  },
  {
    name: "nothing of a session is left for the next: temporary tables, settings, prepared statements, locks, channels",
    async run(g) {
      const login = g.gate.login("superuser", "guarded-writes");
      const first = await WireClient.login(login);
      for (const text of [
        "CREATE TEMP TABLE left_over (id int)",
        "SET work_mem = '77MB'",
        "SET search_path = evil, public",
        "PREPARE left_over AS SELECT 1",
        "SELECT pg_advisory_lock(77)",
        "LISTEN news",
      ])
        assert.deepEqual(errorsOf(await first.simple(text)), [], text);
      first.send(messages.parse("SELECT 1", "named"), messages.sync());
      await first.ready();
      await first.end();
      const second = await WireClient.login(login);
      const asked = async (text: string): Promise<unknown> => rowsOf(await second.simple(text))[0]?.[0];
      assert.equal(await asked("SELECT to_regclass('pg_temp.left_over')"), null);
      assert.notEqual(await asked("SHOW work_mem"), "77MB");
      assert.doesNotMatch(String(await asked("SHOW search_path")), /evil/);
      assert.equal(await asked("SELECT count(*) FROM pg_prepared_statements"), "0");
      assert.equal(await asked("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77"), "0");
      assert.equal(await asked("SELECT count(*) FROM pg_listening_channels()"), "0");
      await second.end();
    },
  },
  {
    name: "a portal executed again after its end gives nothing twice",
    async run(g) {
      const client = await WireClient.login(g.gate.login("superuser", "guarded-writes"));
      const admin = await g.scene.admin(g.database);
      const rows = async (): Promise<number> => (await admin.query("SELECT count(*)::int AS n FROM history")).rows[0].n as number;
      const before = await rows();
      await client.simple("BEGIN");
      client.send(messages.parse("INSERT INTO history (id, what) VALUES (900, 'once')"), messages.bind());
      client.send(messages.execute(), messages.execute(), messages.sync());
      const answer = await client.ready();
      assert.ok(errorsOf(answer).length <= 1, saidIn(answer));
      await client.simple("ROLLBACK");
      assert.equal(await rows(), before);
      await works(client);
      await client.end();
    },
  },
];

export const wireCases: readonly WireCase[] = [...functionCalls, ...pipelines, ...copies, ...cancels, ...sessions, ...lyingFrames];
