/**
 * The meter's limits for each table: rows of one table, and the share of what it held before. The stand-in guard allows everything, so
 * that only the server's own counts can stop a change.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import pg from "pg";
import type { Obligation } from "../../../src/model/decision.ts";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { startThrough, type Through } from "./through.ts";

type Carry = (client: pg.Client, sql: string) => Promise<unknown>;
const extended: Carry = (client, text) => client.query({ text, queryMode: "extended" } as unknown as pg.QueryConfig);
const carriers: Readonly<Record<string, Carry>> = {
  simple: (client, sql) => client.query(sql),
  extended,
  prepared: (client, sql) => client.query({ name: sql.slice(-60), text: sql }),
  "a simple block": async (client, sql) => {
    for (const text of ["begin", sql, "commit"]) await client.query(text);
  },
  "an extended block": async (client, sql) => {
    for (const text of ["begin", sql, "commit"]) await extended(client, text);
  },
  "one text": (client, sql) => client.query(`begin; ${sql}; commit`),
};

/** `child` hangs on `parent`: 700 of its 1,000 rows on the first. */
const SETUP = `drop table if exists child, parent, t, u, small cascade;
 create table t (a int primary key, b int); insert into t select i, 0 from generate_series(1, 1000) i;
 create table u (a int primary key, b int); insert into u select i, 0 from generate_series(1, 1000) i;
 create table small (a int primary key, b int); insert into small select i, 0 from generate_series(1, 20) i;
 create table parent (a int primary key); insert into parent select generate_series(1, 10);
 create table child (b int primary key, a int references parent on delete cascade);
 insert into child select i, case when i <= 700 then 1 when i <= 720 then 2 else 3 end from generate_series(1, 1000) i;
 create index on child (a)`;

const share = (percent: number): readonly Obligation[] => [{ kind: "rows_changed_share_max", percent }];
const perTable = (rows: number): readonly Obligation[] => [{ kind: "rows_changed_per_table_max", rows }];

for (const version of serverVersions) {
  describe(`limits for each table, PostgreSQL ${version}`, { timeout: 180_000 }, () => {
    let server: TestServer;
    let through: Through;
    before(async () => {
      server = await startServer({ version, settings: { autovacuum: false } });
      through = await startThrough(server);
      through.guard.knowsNothing = true;
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });
    beforeEach(async () => {
      await server.asSuperuser(SETUP);
      await server.asSuperuser("analyze");
      through.guard.reached.length = 0;
      through.guard.ended.length = 0;
    });
    const rows = async (table: string): Promise<number | undefined> =>
      (await server.asSuperuser<{ n: number }>(`select count(*)::int n from ${table}`))[0]?.n;
    async function connected<T>(use: (client: pg.Client) => Promise<T>, url = through.url()): Promise<T> {
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => undefined);
      await client.connect();
      return await use(client).finally(() => client.end());
    }
    async function stopped(client: pg.Client, carry: Carry, sql: string): Promise<pg.DatabaseError> {
      through.guard.ended.length = 0;
      const error = await carry(client, sql).then(
        () => undefined,
        (reason: pg.DatabaseError) => reason,
      );
      assert.equal(error?.code, "54000", `${sql}: ${String(error)}`);
      assert.equal(through.guard.reached.at(-1)?.code, "rows_changed_limit");
      // The error goes out before the transaction's end is known.
      for (let waits = 0; through.guard.ended.length === 0 && waits < 500; waits++) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(through.guard.ended.at(-1)?.end, "rolled_back");
      return error;
    }

    for (const [carrier, carry] of Object.entries(carriers)) {
      test(`${carrier}: a share of a table over the limit is stopped, under it let through`, () =>
        connected(async (client) => {
          through.guard.obligations = share(50);
          // Again on the same session: from the second on the reading is kept by the server.
          for (let round = 0; round < 2; round++) {
            const error = await stopped(client, carry, "delete from t where a <= 600");
            assert.match(error.message, /\b600 of about 1000 rows of `public\.t` \(60 %\) would be updated or deleted.* 50 % permitted/);
            assert.match(error.detail ?? "", /public\.t: 600 deleted/);
            await stopped(client, carry, "update t set b = 1 where a <= 501");
            await carry(client, `insert into u select i, 0 from generate_series(${round * 3000 + 2000}, ${round * 3000 + 4000}) i`);
          }
          assert.equal(await rows("t"), 1000);
          await carry(client, "delete from t where a <= 400");
          assert.equal(await rows("t"), 600);
        }));

      test(`${carrier}: a cascade over its own table's share is stopped`, () =>
        connected(async (client) => {
          through.guard.obligations = share(50);
          const error = await stopped(client, carry, "delete from parent where a = 1");
          assert.match(error.message, /\b700 of about 1000 rows of `public\.child` \(70 %\)/);
          assert.match(error.detail ?? "", /public\.child: 700 deleted; public\.parent: 1 deleted/);
          await carry(client, "delete from parent where a = 2");
          assert.equal(await rows("child"), 980);
        }));

      test(`${carrier}: rows of one table over the limit are stopped, the same number in two tables is not`, () =>
        connected(async (client) => {
          through.guard.obligations = perTable(100);
          const two = (n: number): string =>
            `with x as (delete from u where a <= ${n} returning a) insert into t select a + 5000, 0 from x`;
          const error = await stopped(client, carry, two(101));
          assert.match(error.message, /\b101 rows of `public\.[tu]` would be changed, more than the 100 permitted for one table/);
          await carry(client, two(100));
          assert.deepEqual([await rows("t"), await rows("u")], [1100, 900]);
        }));
    }

    test("the strictest of all limits holds, and each names itself", () =>
      connected(async (client) => {
        through.guard.obligations = [...share(50), ...perTable(300), { kind: "rows_changed_per_transaction_max", rows: 400 }];
        const simple = carriers["simple"] as Carry;
        assert.match(
          (await stopped(client, simple, "delete from t where a <= 600")).message,
          /600 rows would be changed, more than the 400/,
        );
        assert.match((await stopped(client, simple, "delete from t where a <= 301")).message, /301 rows of `public\.t`/);
        assert.match((await stopped(client, simple, "delete from small; delete from t where a <= 381")).message, /permitted/);
        through.guard.obligations = [...share(10), ...perTable(300)];
        assert.match((await stopped(client, simple, "delete from t where a <= 200")).message, /\(20 %\)/);
        assert.equal(await rows("t"), 1000);
      }));

    test("what several statements of one transaction change counts together", () =>
      connected(async (client) => {
        through.guard.obligations = share(50);
        await client.query("begin");
        for (let part = 0; part < 3; part++)
          await client.query("delete from t where a between $1 and $2", [part * 200 + 1, part * 200 + 200]);
        await assert.rejects(client.query("commit"), { code: "54000", message: /600 of about 1000 rows/ });
        assert.equal(await rows("t"), 1000);
        await assert.rejects(client.query("delete from t where a <= 300; delete from t where a <= 600"), { code: "54000" });
        assert.equal(await rows("t"), 1000);
      }));

    test("twenty rows are let through whatever share they are, and inserts have none", () =>
      connected(async (client) => {
        through.guard.obligations = share(10);
        await client.query("update small set b = 1");
        await client.query("insert into small select i, 0 from generate_series(21, 60) i");
        await server.asSuperuser("analyze small");
        await assert.rejects(client.query("update small set b = 2 where a <= 21"), { code: "54000", message: /21 of about 60 rows/ });
        await client.query("delete from small where a <= 20");
        assert.equal(await rows("small"), 40);
      }));

    test("TRUNCATE takes the whole of a table", () =>
      connected(async (client) => {
        through.guard.obligations = share(90);
        await assert.rejects(client.query("truncate t"), { code: "54000", message: /1000 of about 1000 rows of `public\.t` \(100 %\)/ });
        through.guard.obligations = perTable(999);
        await assert.rejects(extended(client, "truncate t"), { code: "54000", message: /1000 rows of `public\.t`/ });
        assert.equal(await rows("t"), 1000);
      }));

    test("rows that the transaction itself inserted do not make the table larger, not by ANALYZE either", () =>
      connected(async (client) => {
        through.guard.obligations = share(50);
        await client.query("begin");
        await client.query("insert into t select i, 0 from generate_series(2001, 12000) i");
        await client.query("analyze t");
        await client.query("delete from t where a <= 600");
        await assert.rejects(client.query("commit"), { code: "54000", message: /600 of about 1000 rows/ });
        assert.equal(await rows("t"), 1000);
      }));

    test("the size is the larger of the two that the server knows", async () => {
      through.guard.obligations = share(50);
      await server.asSuperuser("select pg_stat_reset()");
      await connected(async (client) => {
        await assert.rejects(client.query("delete from t where a <= 600"), { code: "54000", message: /600 of about 1000 rows/ });
        await client.query("delete from t where a <= 400");
      });
    });

    test("of a table whose size the server does not know no share is taken; the other limits hold", async () => {
      await server.asSuperuser("create table fresh (a int); insert into fresh select generate_series(1, 1000)");
      await server.asSuperuser("select pg_stat_reset()");
      const [known] = await server.asSuperuser<{ n: number }>("select reltuples::int n from pg_class where relname = 'fresh'");
      assert.equal(known?.n, -1);
      await connected(async (client) => {
        through.guard.obligations = [...share(50), ...perTable(700)];
        await assert.rejects(client.query("delete from fresh where a <= 701"), { code: "54000", message: /701 rows of `public\.fresh`/ });
        await client.query("delete from fresh where a <= 600");
        assert.equal(await rows("fresh"), 400);
      });
      await server.asSuperuser("drop table fresh");
    });

    test("a share far behind many larger changes is found all the same", async () => {
      const many = Array.from({ length: 80 }, (_, i) => `a_table_with_a_rather_long_name_so_that_the_text_is_cut_${i}`);
      await server.asSuperuser(many.map((name) => `create table ${name} (a int)`).join(";"));
      await connected(async (client) => {
        through.guard.obligations = share(50);
        const inserts = many.map((name) => `insert into ${name} select generate_series(1, 900)`).join("; ");
        const text = `begin; ${inserts}; delete from t where a <= 600; commit`;
        await assert.rejects(client.query(text), { code: "54000", message: /600 of about 1000 rows of `public\.t`/ });
      });
      await server.asSuperuser(`drop table ${many.join(", ")}`);
    });

    test("a session that first had no such limit has it from the statement on that carries one", () =>
      connected(async (client) => {
        through.guard.obligations = [{ kind: "rows_changed_max", rows: 10_000 }];
        for (let a = 901; a <= 904; a++) await client.query(`delete from t where a = ${a}`);
        through.guard.obligations = share(50);
        for (const carry of Object.values(carriers)) await stopped(client, carry, "delete from t where a <= 600");
        through.guard.obligations = [{ kind: "rows_changed_max", rows: 10_000 }];
        await client.query("delete from t where a <= 600");
        assert.equal(await rows("t"), 396);
      }));

    test("the reading that is kept bounds each table too, and code on the server cannot answer in its place", () =>
      connected(async (client) => {
        await server.asSuperuser(`create or replace function forge() returns void language plpgsql as $$ begin
          execute 'deallocate holdfast_reading';
          execute 'prepare holdfast_reading(int8, int8, int8) as select null::text, null::text, ''0''::text';
         end $$`);
        through.guard.obligations = [...share(50), ...perTable(800)];
        await client.query("delete from t where a = 1000");
        await client.query("delete from t where a = 999");
        const kept = await client.query<{ types: string }>(
          "select parameter_types::text types from pg_prepared_statements where name = 'holdfast_reading' and not from_sql",
        );
        assert.equal(kept.rows[0]?.types, "{bigint,bigint,bigint}");
        for (const carry of Object.values(carriers)) {
          await client.query("delete from t where a = 998");
          await assert.rejects(carry(client, "with x as (select forge()) delete from t using x where a <= 600"), { code: "42501" });
          await client.query("rollback");
          assert.equal(await rows("t"), 997);
        }
      }));

    test("operators of the agent's own do not decide", () =>
      connected(async (client) => {
        await server.asSuperuser(`drop schema if exists trick cascade; create schema trick;
          create function trick.no(int8, int8) returns bool language sql as 'select false';
          create function trick.nil(int8, int4) returns int8 language sql as 'select 0::int8';
          create operator trick.> (leftarg = int8, rightarg = int8, function = trick.no);
          create operator trick.= (leftarg = int8, rightarg = int8, function = trick.no);
          create operator trick.* (leftarg = int8, rightarg = int4, function = trick.nil)`);
        through.guard.obligations = share(50);
        await client.query("set search_path to trick, pg_catalog, public");
        for (const carry of Object.values(carriers)) await stopped(client, carry, "delete from public.t where a <= 600");
        assert.equal(await rows("t"), 1000);
      }));

    test("figures and size in the error are the server's", async () => {
      const sql =
        "update u set b = 1 where a <= 30; delete from child where b <= 650; insert into u select i, 1 from generate_series(2001, 2007) i";
      const direct = await connected(async (client) => {
        await client.query(`begin; ${sql}`);
        const { rows: lines } = await client.query<{ line: string; size: number }>(
          `select schemaname || '.' || relname || ' ' || x.n_tup_ins || ' ' || x.n_tup_upd || ' ' || x.n_tup_del as line,
             pg_stat_get_live_tuples(x.relid)::int size
           from pg_stat_xact_user_tables x where x.n_tup_ins + x.n_tup_upd + x.n_tup_del > 0 order by 1`,
        );
        await client.query("rollback");
        return lines;
      }, server.url());
      await connected(async (client) => {
        through.guard.obligations = share(50);
        const error = await stopped(client, carriers["one text"] as Carry, sql);
        assert.deepEqual(
          direct.map(({ line }) => line),
          ["public.child 0 0 650", "public.u 7 30 0"],
        );
        assert.match(error.message, new RegExp(`650 of about ${direct[0]?.size} rows of \`public.child\``));
        assert.match(error.detail ?? "", /public\.child: 650 deleted; public\.u: 7 inserted, 30 updated/);
        assert.deepEqual(through.guard.ended.at(-1)?.tables, [
          { table: "public.child", inserted: 0, updated: 0, deleted: 650, truncated: 0 },
          { table: "public.u", inserted: 7, updated: 30, deleted: 0, truncated: 0 },
        ]);
      });
    });
  });
}
