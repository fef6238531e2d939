/** The meter alone: the stand-in guard allows everything and knows nothing, so that only the server's own counts can stop a change. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import pg from "pg";
import postgres from "postgres";
import { serverVersions, startServer, type Login, type TestServer } from "../../support/servers.ts";
import { tool } from "../../support/tools.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

const run = promisify(execFile);

const SETUP = `drop table if exists child, parent, m, copied, secret cascade;
 create table parent (a int primary key); insert into parent select generate_series(1, 20);
 create table child (b int primary key, a int references parent on delete cascade);
 insert into child select i, case when i <= 2000 then 1 else 2 end from generate_series(1, 2040) i; create index on child (a);
 create table copied (a int);
 create table m (a int);
 create or replace function multiply() returns trigger language plpgsql as
  'begin insert into copied select generate_series(1, 49); return new; end';
 create trigger multiply after insert on m for each row execute function multiply();
 create or replace function wipe(n int) returns void language sql as 'delete from child where b <= n';
 create or replace procedure wipe_and_commit(n int) language plpgsql as 'begin delete from child where b <= n; commit; end'`;

/** What changes too much, the same under the budget of 100 rows, and the rows that the server counts for each. */
const changes: readonly (readonly [what: string, over: string, overRows: number, under: string, underRows: number])[] = [
  ["a DELETE with WHERE", "delete from child where b <= 500", 500, "delete from child where b <= 90", 90],
  ["a DELETE of one row that cascades", "delete from parent where a = 1", 2001, "delete from parent where a = 2", 41],
  ["a function", "select wipe(500)", 500, "select wipe(90)", 90],
  [
    "a DO block",
    "do $$ begin execute 'delete from child where b <= 500'; end $$",
    500,
    "do $$ begin execute 'delete from child where b <= 90'; end $$",
    90,
  ],
  ["a trigger that multiplies", "insert into m values (1), (2), (3)", 150, "insert into m values (1)", 50],
  [
    "MERGE",
    "merge into child using generate_series(1, 300) s on b = s when matched then update set a = 3",
    300,
    "merge into child using generate_series(1, 30) s on b = s when matched then update set a = 3",
    30,
  ],
  ["TRUNCATE", "truncate child", 2040, "delete from child where b = 1", 1],
];

type Client = pg.Client;
const carriers: Record<string, (client: Client, sql: string) => Promise<unknown>> = {
  simple: (client, sql) => client.query(sql),
  extended: (client, sql) => client.query({ text: sql, queryMode: "extended" } as pg.QueryConfig),
  prepared: (client, sql) => client.query({ name: sql.slice(0, 20), text: sql }),
  "a simple block": async (client, sql) => {
    await client.query("begin");
    await client.query(sql);
    await client.query("commit");
  },
  "an extended block": async (client, sql) => {
    for (const text of ["begin", sql, "commit"]) await client.query({ text, queryMode: "extended" } as pg.QueryConfig);
  },
  "one text": (client, sql) => client.query(`begin; ${sql}; commit`),
  savepoints: async (client, sql) => {
    for (const text of ["begin", "savepoint s", sql, "release s", "commit"]) await client.query(text);
  },
  "behind a rolled back transaction": async (client, sql) => {
    await client.query("begin");
    await client.query("delete from child where b between 1000 and 1090");
    await client.query("rollback");
    await client.query(sql);
  },
};

for (const version of serverVersions) {
  describe(`the meter alone, PostgreSQL ${version}`, () => {
    let server: TestServer;
    let through: Through;
    let login: Login;
    before(async () => {
      server = await startServer({ version, settings: { autovacuum: false } });
      await server.asSuperuser(SETUP);
      login = await server.ordinaryRole("grant all on schema public to :role");
      through = await startThrough(server);
      through.guard.knowsNothing = true;
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });
    beforeEach(async () => {
      await server.asSuperuser(SETUP);
      await server.asSuperuser(`analyze; grant all on all tables in schema public to ${login.user}`);
      through.guard.obligations = [
        { kind: "rows_changed_max", rows: 100 },
        { kind: "rows_changed_per_transaction_max", rows: 1000 },
      ];
      through.guard.reached.length = 0;
    });
    const state = async (): Promise<unknown> =>
      server.asSuperuser(
        "select (select count(*) from parent) p, (select count(*) from child) c, (select count(*) from m) m, (select count(*) from copied) x, (select sum(a) from child) s",
      );
    async function connected<T>(use: (client: Client) => Promise<T>, url = through.url()): Promise<T> {
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => undefined);
      await client.connect();
      try {
        return await use(client);
      } finally {
        await client.end();
      }
    }
    /** The server's own figures for the statement, read directly and taken back. */
    const counted = (sql: string): Promise<string> =>
      connected(async (client) => {
        await client.query(`begin; ${sql}`);
        const { rows } = await client.query<{ line: string }>(
          `select schemaname || '.' || relname || ' ' || n_tup_ins || ' ' || n_tup_upd || ' ' || n_tup_del as line
           from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1`,
        );
        await client.query("rollback");
        return rows.map(({ line }) => line).join("; ");
      }, server.url());

    for (const [what, over, overRows, under, underRows] of changes) {
      for (const [carrier, carry] of Object.entries(carriers)) {
        test(`${what}, ${carrier}: over the budget stopped, under it let through`, { timeout: 30_000 }, async () => {
          const before = await state();
          const error = await connected((client) =>
            carry(client, over).then(
              () => undefined,
              (reason: pg.DatabaseError) => reason,
            ),
          );
          assert.equal(error?.code, "54000", String(error));
          assert.match(error?.message ?? "", new RegExp(`\\b${overRows} rows would be changed`));
          assert.deepEqual(await state(), before);
          assert.equal(through.guard.reached.at(-1)?.code, "rows_changed_limit");
          assert.equal(through.guard.ended.at(-1)?.end, "rolled_back");
          await connected((client) => carry(client, under));
          assert.notDeepEqual(await state(), before);
          const tables =
            through.guard.ended.at(-1)?.tables ??
            [...through.guard.settled.values()].findLast((o) => o.status === "succeeded" && o.measured.tables !== undefined);
          assert.ok(tables !== undefined && underRows > 0);
        });
      }

      test(`${what}: the figures in the error are the server's`, async () => {
        if (what === "TRUNCATE") return;
        const error = await connected((client) =>
          client.query(over).then(
            () => undefined,
            (reason: pg.DatabaseError) => reason,
          ),
        );
        const shown = [...(error?.detail ?? "").matchAll(/(\S+): (.*?)(?:;|$)/gm)]
          .filter(([, table]) => table?.includes("."))
          .map(([, table, figures = ""]) => {
            const of = (word: string): string => new RegExp(`(\\d+) ${word}`).exec(figures)?.[1] ?? "0";
            return `${table} ${of("inserted")} ${of("updated")} ${of("deleted")}`;
          })
          .sort();
        assert.equal(shown.join("; "), await counted(over));
      });
    }

    test("a procedure that commits by itself cannot get away with it", async () => {
      const before = await state();
      for (const carrier of ["simple", "extended"]) {
        const error = await connected(
          (client) =>
            carriers[carrier]?.(client, "call wipe_and_commit(500)").then(
              () => undefined,
              (e) => e,
            ) as Promise<pg.DatabaseError>,
        );
        assert.equal(error.code, "2D000");
        assert.deepEqual(await state(), before);
      }
    });

    test("a ROLLBACK that is skipped because of an error leaves the reading owed", async () => {
      const before = await state();
      for (const skipped of ["select 1/0; rollback", "extended", "begin; select 1/0; rollback"]) {
        await connected(async (client) => {
          await client.query("begin");
          await client.query("delete from parent where a = 1");
          await client.query("savepoint s");
          if (skipped !== "extended") await assert.rejects(client.query(skipped), { code: "22012" });
          else {
            const failing = client.query({ text: "select 1/0", queryMode: "extended" } as pg.QueryConfig);
            await assert.rejects(failing, { code: "22012" });
          }
          await client.query("rollback to s");
          await assert.rejects(client.query("commit"), { code: "54000" });
        });
      }
      const wire = await Wire.connect(through.url());
      wire.send("Q begin", "Q delete from parent where a = 1", "Q savepoint s");
      await wire.until("Z", 3);
      wire.send("P |select 1/0", "B |", "E ", "P |rollback", "B |", "E ", "S", "Q rollback to s", "Q commit");
      assert.match(await wire.until("Z", 3), /E:22012 Z:E C:ROLLBACK Z:T E:54000 Z:I$/);
      wire.close();
      assert.deepEqual(await state(), before);
    });

    test("prepared transactions are refused", async () => {
      const before = await state();
      await connected(async (client) => {
        await client.query("begin; delete from child where b < 10");
        await assert.rejects(client.query("prepare transaction 'x'"), { code: "42501" });
        await client.query("rollback");
      });
      assert.deepEqual(await state(), before);
    });

    test("temporary tables do not count", async () => {
      await connected(async (client) => {
        await client.query("create temp table big (a int)");
        await client.query("insert into big select generate_series(1, 5000)");
        await client.query({ text: "update big set a = a", queryMode: "extended" } as pg.QueryConfig);
      });
    });

    test("many small transactions on one connection do not add up", async () => {
      await connected(async (client) => {
        for (let i = 1; i <= 30; i++) await client.query("delete from child where b between $1 and $2", [i * 50, i * 50 + 40]);
      });
    });

    test("COPY counts", async () => {
      const psql = await tool("psql");
      const rows = (count: number): string => `${Array.from({ length: count }, (_, i) => i).join("\n")}\n\\.\n`;
      for (const [count, said] of [
        [500, /500 rows/],
        [90, /^$/],
      ] as const) {
        const started = execFile(psql, ["-X", "-q", "-d", through.url(), "-c", "\\copy copied from stdin"]);
        started.stdin?.end(rows(count));
        let stderr = "";
        started.stderr?.on("data", (chunk) => {
          stderr += chunk;
        });
        await new Promise((resolve) => started.once("close", resolve));
        assert.match(stderr, said);
      }
      assert.equal((await server.asSuperuser<{ n: number }>("select count(*)::int n from copied"))[0]?.n, 90);
    });

    test("postgres.js is not told of a success that the meter takes back", async () => {
      const sql = postgres(through.url(), { max: 1, onnotice: () => undefined });
      const before = await state();
      await assert.rejects(sql`delete from child where b <= ${500}`, { code: "54000" });
      await assert.rejects(
        sql.begin((tx) => tx`delete from child where b <= ${500}`),
        { code: "54000" },
      );
      assert.deepEqual(await state(), before);
      assert.equal((await sql`delete from child where b <= ${50}`).count, 50);
      await sql.end();
    });

    test("when the counts cannot be read nothing is committed", async () => {
      const before = await state();
      await server.asSuperuser("revoke execute on function pg_stat_get_xact_tuples_deleted(oid) from public");
      const limited = await startThrough(server, undefined, login);
      limited.guard.knowsNothing = true;
      limited.guard.obligations = through.guard.obligations;
      await connected(async (client) => {
        await assert.rejects(client.query("delete from child where b = 1"), { code: "42501", message: /could not be read/ });
        await client.query("begin; delete from child where b = 1");
        await assert.rejects(client.query("commit"), { code: "42501", message: /could not be read/ });
      }, limited.url());
      await limited.listener.stop();
      await server.asSuperuser("grant execute on function pg_stat_get_xact_tuples_deleted(oid) to public");
      assert.deepEqual(await state(), before);
    });

    test("pgbench TPC-B in all its modes", { timeout: 60_000 }, async () => {
      const pgbench = await tool("pgbench");
      await run(pgbench, ["-i", "-q", server.url()]);
      for (const mode of ["simple", "extended", "prepared"]) {
        const { stdout } = await run(pgbench, ["-n", "-M", mode, "-c", "4", "-t", "50", through.url()]);
        assert.match(stdout, /transactions actually processed: 200\/200/);
      }
      const [row] = await server.asSuperuser<{ n: number }>("select count(*)::int n from pgbench_history");
      assert.equal(row?.n, 600);
    });
  });
}
