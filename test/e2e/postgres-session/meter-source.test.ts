/**
 * The two ways to the meter's figures, by the tables and by the locks: they agree where they must, and each is asked where the other would
 * be wrong. The stand-in guard allows everything and knows nothing, so that only the server's own counts can stop a change.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import pg from "pg";
import { KEPT_SQL, meterSql, tablesOf } from "../../../src/adapters/postgres/session/meter-sql.ts";
import type { TableCount } from "../../../src/model/outcome.ts";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { startThrough, type Through } from "./through.ts";

const SETUP = `drop schema if exists "odd ""schema" cascade; drop table if exists t, u, p, parent, child, unlogged, made, small cascade;
 create table t as select g a from generate_series(1, 1000) g; create table u as table t;
 create table parent (a int primary key); insert into parent select generate_series(1, 10);
 create table child (b int primary key, a int references parent on delete cascade);
 insert into child select i, 1 + i % 10 from generate_series(1, 1000) i;
 create table p (a int) partition by range (a);
 create table p1 partition of p for values from (0) to (500); create table p2 partition of p for values from (500) to (2000);
 insert into p table t;
 create unlogged table unlogged as table t;
 create schema "odd ""schema"; create table "odd ""schema"."Odd table" as table t;
 create materialized view m as table t; create unique index on m (a);
 create or replace function wipe(t text, n int) returns void language plpgsql as $$ begin
  execute format('delete from %I where a <= %s', t, n); end $$`;

/** Statements of one transaction, after which both ways say the same. */
const agreeing: Readonly<Record<string, readonly string[]>> = {
  "an insert, an update and a delete": ["insert into t values (1)", "update t set a = 0 where a < 5", "delete from u where a < 30"],
  "a cascade": ["delete from parent where a < 3"],
  TRUNCATE: ["truncate t, u"],
  "TRUNCATE after a change": ["delete from t where a < 10", "truncate t"],
  "TRUNCATE in a savepoint": ["savepoint s", "truncate t", "release s"],
  "TRUNCATE twice": ["truncate t", "insert into t values (1)", "truncate t"],
  "TRUNCATE of a partition": ["truncate p1"],
  "TRUNCATE taken back": ["savepoint s", "truncate t", "rollback to s"],
  "rows of two partitions": ["update p set a = a + 1"],
  "a table without a log": ["delete from unlogged where a < 10"],
  "names that are quoted": [`delete from "odd ""schema"."Odd table" where a < 10`],
  "a table that is made and filled": ["create table made (a int)", "insert into made select generate_series(1, 9)"],
  "a table that is renamed": ["delete from u where a < 10", "alter table u rename to renamed"],
  "a table that is dropped": ["delete from u where a < 10", "drop table u"],
  "a table that is rewritten": ["delete from u where a < 10", "alter table u alter a type bigint"],
  "a temporary table": ["create temp table pass (a int)", "insert into pass values (1)"],
  "a view that is refreshed beside readers": ["delete from t where a < 10", "refresh materialized view concurrently m"],
  "a read": ["select count(*) from t"],
};

/** What counts by the tables, and takes nothing from anybody: the locks decide. */
const passing: Readonly<Record<string, readonly string[]>> = {
  "a table made of 1,000 rows": ["begin", "do $$ begin execute 'create table made as table t'; end $$", "commit"],
  "a view that is refreshed": ["begin", "refresh materialized view m", "commit"],
  "what a savepoint took back": ["begin", "savepoint s", "select wipe('t', 1000)", "rollback to s", "commit"],
};

for (const version of serverVersions) {
  describe(`the meter's two sources, PostgreSQL ${version}`, { timeout: 120_000 }, () => {
    let server: TestServer;
    let through: Through;
    before(async () => {
      server = await startServer({ version, settings: { autovacuum: false } });
      through = await startThrough(server);
      through.guard.knowsNothing = true;
      through.guard.obligations = [
        { kind: "rows_changed_max", rows: 100 },
        { kind: "rows_changed_per_transaction_max", rows: 100 },
      ];
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });
    beforeEach(async () => {
      await server.asSuperuser(SETUP);
      await server.asSuperuser("analyze");
    });
    const rows = async (table: string): Promise<number | undefined> =>
      (await server.asSuperuser<{ n: number }>(`select count(*)::int n from ${table}`))[0]?.n;
    /** A session whose reading is kept, or whose first it is. */
    async function connected(kept: boolean, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
      const client = new pg.Client({ connectionString: through.url() });
      client.on("error", () => undefined);
      await client.connect();
      if (kept) for (const sql of ["insert into t values (0)", "delete from t where a = 0"]) await client.query(sql);
      await use(client).finally(() => client.end());
    }

    for (const [what, statements] of Object.entries(agreeing)) {
      test(`${what}: both say the same`, async () => {
        const client = new pg.Client({ connectionString: server.url() });
        await client.connect();
        try {
          await client.query("begin");
          for (const sql of statements) await client.query(sql);
          const said: TableCount[][] = [];
          for (const carried of [0, 1]) {
            const { rows } = await client.query<(string | null)[]>({
              text: meterSql({ total: 1_000_000, sinceLast: Infinity, carried }),
              rowMode: "array",
            });
            said.push(tablesOf(rows[0]?.[1] ?? null).sort((a, b) => a.table.localeCompare(b.table)));
          }
          assert.deepEqual(said[1], said[0]);
          assert.equal(
            said[0]?.length === 0,
            ["a read", "TRUNCATE taken back", "a temporary table", "a table that is dropped"].includes(what),
          );
        } finally {
          await client.end();
        }
      });
    }

    test("what others truncate meanwhile is not this transaction's", async () => {
      await server.asSuperuser("create table small as select g a from generate_series(1, 80) g; analyze small");
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      try {
        await client.query("begin");
        await client.query("insert into t values (1)");
        // Without counting, so that the statistics go on to say 80 rows.
        await server.asSuperuser("set track_counts = off; truncate small");
        const { rows } = await client.query<(string | null)[]>({ text: KEPT_SQL, values: ["100"], rowMode: "array" });
        assert.deepEqual(
          tablesOf(rows[0]?.[1] ?? null).map(({ table }) => table),
          ["public.t"],
        );
      } finally {
        await client.end();
      }
    });

    for (const kept of [false, true]) {
      const how = kept ? "kept" : "planned";
      for (const [what, statements] of Object.entries(passing)) {
        test(`${what} is let through, ${how}`, () =>
          connected(kept, async (client) => {
            for (const sql of statements) await client.query(sql);
          }));
      }

      test(`COMMIT AND CHAIN gives no second budget, ${how}`, () =>
        connected(kept, async (client) => {
          await client.query("begin");
          await client.query("select wipe('t', 90)");
          await client.query("commit and chain");
          await client.query("select wipe('u', 150)");
          await assert.rejects(client.query("commit"), { code: "54000", message: /\b150 rows would be changed, more than the 100/ });
          assert.equal(await rows("t"), 910);
          assert.equal(await rows("u"), 1000);
        }));

      test(`COMMIT AND CHAIN gives each transaction its own, ${how}`, () =>
        connected(kept, async (client) => {
          await client.query("begin");
          for (let round = 1; round <= 4; round++) {
            await client.query(`delete from t where a between ${round * 100} and ${round * 100 + 89}; delete from t where a = ${round}`);
            await client.query(round < 4 ? "commit and chain" : "commit");
          }
          assert.equal(await rows("t"), 1000 - 4 * 91);
        }));

      test(`a table that is dropped behind COMMIT AND CHAIN leaves no room for other rows, ${how}`, () =>
        connected(kept, async (client) => {
          await client.query("begin");
          await client.query("create table made (a int)");
          await client.query("insert into made select generate_series(1, 90)");
          await client.query("commit and chain");
          await client.query("drop table made");
          await client.query("select wipe('t', 150)");
          await assert.rejects(client.query("commit"), { code: "54000", message: /\b150 rows would be changed, more than the 100/ });
          assert.equal(await rows("t"), 1000);
        }));

      test(`a table that others made after the snapshot of a chained transaction is counted, ${how}`, () =>
        connected(kept, async (client) => {
          await client.query("begin isolation level repeatable read");
          await client.query("select wipe('t', 90)");
          await client.query("commit and chain");
          await client.query("select count(*) from t");
          await server.asSuperuser("drop table if exists late; create table late (a int); grant all on late to public");
          await client.query("do $$ begin execute 'insert into late select generate_series(1, 500)'; end $$");
          await assert.rejects(client.query("commit"), { code: "54000", message: /\b500 rows would be changed/ });
          assert.equal(await rows("late"), 0);
        }));

      test(`a table that others made after the snapshot is counted, ${how}`, () =>
        connected(kept, async (client) => {
          await client.query("begin isolation level repeatable read");
          await client.query("select count(*) from t");
          await server.asSuperuser("drop table if exists late; create table late (a int); grant all on late to public");
          const copied = client.query("do $$ begin execute 'insert into late select generate_series(1, 500)'; end $$");
          await copied;
          await assert.rejects(client.query("commit"), { code: "54000", message: /\b500 rows would be changed/ });
          assert.equal(await rows("late"), 0);
        }));
    }
  });
}
