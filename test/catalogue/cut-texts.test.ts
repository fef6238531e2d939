/**
 * Texts that go on behind the end of a transaction in which names changed: under `observe` every answer is the server's own, and under
 * a policy what stands behind the end is judged by what it then means.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { serverVersions, testServer, type TestServer } from "../support/servers.ts";
import { Wire } from "../e2e/postgres-session/wire.ts";
import { openGate, type Gate } from "./gate.ts";

const base = `DROP SCHEMA IF EXISTS good, evil, public CASCADE; CREATE SCHEMA public; CREATE SCHEMA good; CREATE SCHEMA evil;
  CREATE TABLE public.kept (id int PRIMARY KEY); INSERT INTO public.kept SELECT generate_series(1, 20);
  CREATE TABLE good.t (id int PRIMARY KEY); CREATE TABLE evil.t (id int PRIMARY KEY); INSERT INTO good.t VALUES (1); INSERT INTO evil.t VALUES (1), (2);
  CREATE FUNCTION good.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION evil.f() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.kept; RETURN 1; END'`;

/** Each line is a conversation of simple queries, divided by ` | `. */
const alike = `
begin; create table a (id int) | commit; select * from a; insert into a values (1); select * from a
begin; create table a (id int) | rollback; select * from a; select 1
begin | create table a (id int) | insert into a values (1); commit; select * from a; select nothing
begin; set local search_path = good | select count(*) from t; commit; set search_path = evil; select count(*) from t
begin; set search_path = good | rollback; set search_path = evil; select count(*) from t
begin; create table a (id int) | savepoint s; create table b (id int); rollback to s; select * from a; select * from b | commit
begin; create table a (id int) | savepoint s | create table b (id int) | rollback to s; select 'é', * from b | rollback; select 1
begin; create table a (id int) | select 1/0 | rollback; select 1; select 'x' as y
begin; create table a (id int) | select 1/0 | select 1; rollback | rollback
begin; create table a (id int) | select 1/0 | commit; create table b (id int); commit; select * from b
begin; create table a (id int) | commit; begin; create table b (id int); commit; select * from b; select * from a
begin; create table a (id int) | commit; begin; create table b (id int) | rollback; select count(*) from a; select * from b
begin; create table a (id int) | commit; select 1/0; select 2 | select 3
begin; create table a (id int) | commit; vacuum a; select 1
begin; create table a (id int) | commit; copy a from stdin
begin; create temp table t (id int) on commit drop; set local search_path = evil | select * from t; commit; select count(*) from t
begin; create table a (id int) | commit /* é */; select 'é' as ü; select nothing
begin; create table a (id int) | commit; ; ; select 1;
begin; create table a (id int); prepare p as select * from a | commit; execute p; deallocate p
begin; create table a (id int) | end; select txid_current() is not null, count(*) from a; begin; select 1 | rollback
set search_path = pg_temp, good; select count(*) from t; select pg_my_temp_schema()::int
set search_path = pg_temp, good | select count(*) from t | select pg_my_temp_schema()::int | create table t (id int) | select * from t
create table a (id int); commit; create index on a (id); insert into a values (1); select * from a
set search_path = good; create table a (id int); commit; select * from good.a; select * from a
`
  .trim()
  .split("\n");

for (const version of serverVersions) {
  describe(`texts in pieces before PostgreSQL ${version}`, () => {
    let server: TestServer;
    let gate: Gate;
    before(async () => {
      server = await testServer(version);
      gate = await openGate(server, base, "{ rows_changed: 10 }");
    });
    after(() => gate?.close());
    beforeEach(() => gate.direct(base));

    async function played(url: string, texts: readonly string[]): Promise<readonly string[]> {
      const wire = await Wire.connect(url, { notices: true });
      const said: string[] = [];
      for (const text of texts) {
        wire.send(`Q ${text}`);
        if (text.endsWith("from stdin")) {
          said.push(await wire.until("G"));
          wire.send("c");
        }
        said.push(await wire.until("Z"));
      }
      wire.close();
      return said;
    }

    for (const conversation of alike) {
      test(`alike: ${conversation}`, { timeout: 60_000 }, async () => {
        const texts = conversation.split(" | ");
        const through = await played(gate.url("observe"), texts);
        await gate.direct(base);
        assert.deepEqual(through, await played(server.url(gate.database), texts));
      });
    }

    async function answered(texts: readonly string[]): Promise<string> {
      return (await played(gate.url("migrations"), texts)).at(-1) ?? "";
    }

    test("what stands behind the end is judged by what it then means", { timeout: 60_000 }, async () => {
      assert.match(
        await answered(["begin; set local search_path = good", "select f(); commit; set search_path = evil; select f()"]),
        /E:42501/,
      );
      assert.match(
        await answered(["begin; create table a (id int)", "commit; insert into a values (1); delete from public.kept"]),
        /E:42501/,
      );
      assert.match(
        await answered(["begin; create table b (id int primary key)", "commit; delete from b where id = 1"]),
        /^C:COMMIT C:DELETE_0 Z:I$/,
      );
      assert.deepEqual(await gate.direct("SELECT count(*)::int AS n FROM public.kept"), [{ n: 20 }]);
    });

    test("a view keeps the names it was made with, whatever search_path is when it is read", { timeout: 60_000 }, async () => {
      await gate.direct("CREATE VIEW public.direct AS SELECT evil.f() AS x");
      for (const texts of [
        [
          "begin",
          "set local search_path = evil",
          "create view public.v as select f() as x",
          "set local search_path = good",
          "select * from public.v",
        ],
        ["set search_path = evil", "create view public.v as select f() as x", "set search_path = good", "select * from public.v"],
        [
          "set search_path = evil; create table public.w (id int, x int default f()); set search_path = good",
          "insert into public.w values (1)",
        ],
        [
          "begin; set local search_path = evil; create table public.w (id int, x int default f()); set local search_path = good",
          "insert into public.w values (1)",
        ],
      ])
        assert.match(await answered(texts), /E:(42501|25P02)/, texts.join(" | "));
      assert.deepEqual(await gate.direct("SELECT count(*)::int AS n FROM public.kept"), [{ n: 20 }]);
    });

    test("rows put into a temporary table are nobody's loss, however it is made", { timeout: 60_000 }, async () => {
      const many = "select g as id from generate_series(1, 1000) g";
      const texts = [
        `create temp table a as ${many}`,
        `create table pg_temp.b as ${many}`,
        "select g as id into temp c from generate_series(1, 1000) g",
        "set search_path = pg_temp, public",
        `create table d as ${many}`,
        "select g as id into e from generate_series(1, 1000) g",
        `prepare p as ${many}`,
        "create table f as execute p",
        `set search_path = public; set search_path = pg_temp; create table h as ${many}`,
      ];
      const wire = await Wire.connect(gate.url("guarded-writes"));
      for (const text of texts) {
        wire.send(`Q ${text}`);
        assert.doesNotMatch(await wire.until("Z"), /E:/, text);
      }
      wire.send(`Q create table public.lasting as ${many}`);
      assert.match(await wire.until("Z"), /E:54000/);
      wire.close();
    });

    test("a table that does not exist is named as the server would", { timeout: 60_000 }, async () => {
      const client = await gate.connect("guarded-writes");
      for (const sql of [
        "INSERT INTO nowhere VALUES (1)",
        "DELETE FROM nowhere WHERE id = 1",
        "SELECT * FROM nowhere",
        'UPDATE "No".x SET a = 1',
      ])
        await assert.rejects(client.query(sql), { code: "42P01" }, sql);
      await assert.rejects(client.query("INSERT INTO nowhere VALUES (no_function())"), { code: "42501" });
      await client.query("CREATE TABLE public.nowhere (id int)");
      await client.query("INSERT INTO nowhere VALUES (1)");
      await client.end();
    });
  });
}
