/** The meter's reading as a prepared statement: it stops what the planned one stops, and code on the server cannot forge it. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import pg from "pg";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { message } from "../../playbooks/wire-messages.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

type Carry = (client: pg.Client, sql: string) => Promise<unknown>;
const extended = (client: pg.Client, text: string): Promise<unknown> =>
  client.query({ text, queryMode: "extended" } as unknown as pg.QueryConfig);
const carriers: Readonly<Record<string, Carry>> = {
  simple: (client, sql) => client.query(sql),
  extended,
  "a simple block": async (client, sql) => {
    for (const text of ["begin", sql, "commit"]) await client.query(text);
  },
  "an extended block": async (client, sql) => {
    for (const text of ["begin", sql, "commit"]) await extended(client, text);
  },
  "one text": (client, sql) => client.query(`begin; ${sql}; commit`),
};

const KEPT = "select count(*)::int n from pg_prepared_statements where name = 'holdfast_reading' and not from_sql";
/** Changes 700 rows; neither text nor command tag tells. */
const OVER = "select wipe()";
/** What code on the server does to answer in the meter's place. */
const FORGE = "select forge()";
const SETUP = `drop table if exists t; create table t (a int primary key); insert into t select generate_series(1, 1000);
 create or replace function wipe() returns void language sql as 'delete from t where a > 300';
 create or replace function forge() returns void language plpgsql as $$ begin
  execute 'deallocate holdfast_reading';
  execute 'prepare holdfast_reading(int8) as select null::text, null::text, ''0''::text';
 end $$`;

for (const version of serverVersions) {
  describe(`the kept reading, PostgreSQL ${version}`, { timeout: 120_000 }, () => {
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
      through.guard.obligations = [
        { kind: "rows_changed_max", rows: 100 },
        { kind: "rows_changed_per_transaction_max", rows: 1000 },
      ];
    });
    const rows = async (): Promise<number | undefined> => (await server.asSuperuser<{ n: number }>("select count(*)::int n from t"))[0]?.n;
    /** A client whose session keeps its reading. */
    async function keeping(use: (client: pg.Client) => Promise<unknown>): Promise<void> {
      const client = new pg.Client({ connectionString: through.url() });
      client.on("error", () => undefined);
      await client.connect();
      await client.query("insert into t values (1001)");
      await client.query("delete from t where a = 1001");
      assert.equal((await client.query<{ n: number }>(KEPT)).rows[0]?.n, 1);
      await use(client).finally(() => client.end());
    }

    for (const [carrier, carry] of Object.entries(carriers)) {
      test(`${carrier}: over the budget stopped, under it let through, as often as is asked`, () =>
        keeping(async (client) => {
          for (let round = 1; round <= 8; round++) {
            await assert.rejects(carry(client, OVER), { code: "54000", message: /\b700 rows would be changed/ });
            await carry(client, `delete from t where a = ${round}`);
          }
          assert.equal(await rows(), 992);
          // A change that is a transaction by itself has its figures in its own outcome.
          const alone = [...through.guard.settled.values()].findLast((o) => o.status === "succeeded" && o.measured.tables !== undefined);
          const last = through.guard.ended.at(-1);
          const tables = last?.end === "committed" ? last.tables : alone?.status === "succeeded" ? alone.measured.tables : undefined;
          assert.deepEqual(tables, [{ table: "public.t", inserted: 0, updated: 0, deleted: 1, truncated: 0 }]);
        }));

      test(`${carrier}: a statement of the same name, made by code on the server, is not believed`, () =>
        keeping(async (client) => {
          await assert.rejects(carry(client, "select forge(), wipe()"), { code: "42501", message: /dropped or replaced/ });
          await client.query("rollback").catch(() => undefined);
          assert.equal(await rows(), 1000);
        }));
    }

    test("a name forged in one transaction does not read the next", () =>
      keeping(async (client) => {
        for (const carrier of Object.values(carriers)) {
          await client.query("begin");
          await client.query(FORGE).catch(() => undefined);
          await client.query("commit").catch(() => undefined);
          await client.query("rollback").catch(() => undefined);
          await assert.rejects(carrier(client, OVER));
          await client.query("rollback").catch(() => undefined);
          assert.equal(await rows(), 1000);
        }
        for (let a = 1; a <= 3; a++) await client.query(`delete from t where a = ${a}`).catch(() => undefined);
        assert.equal((await client.query<{ n: number }>(KEPT)).rows[0]?.n, 1);
      }));

    test("a forged name inside the block that it should hide", () =>
      keeping(async (client) => {
        await client.query("begin");
        await client.query(OVER);
        await client.query(FORGE);
        await assert.rejects(client.query("commit"), { code: "42501", message: /dropped or replaced/ });
        assert.equal(await rows(), 1000);
        await extended(client, "delete from t where a = 1");
      }));

    test("DEALLOCATE ALL and DISCARD ALL take it away, and nobody notices", () =>
      keeping(async (client) => {
        for (const [i, carry] of [...Object.values(carriers), ...Object.values(carriers)].entries()) {
          // Known for what it is, DISCARD ALL stands by itself.
          through.guard.knowsNothing = i % 2 === 0;
          await client.query(i % 2 === 0 ? "deallocate all" : "discard all");
          through.guard.knowsNothing = true;
          await carry(client, `delete from t where a = ${i + 1}`);
          await assert.rejects(carry(client, OVER), { code: "54000" });
        }
        const wire = await Wire.connect(through.url());
        wire.send("Q insert into t values (2001)", "Q insert into t values (2002)");
        await wire.until("Z", 2);
        wire.send("P |deallocate all", "B |", "E ", "P |delete from t where a = 2001", "B |", "E ", "S");
        assert.match(await wire.until("Z"), /C:DEALLOCATE_ALL .*C:DELETE_1 Z:I$/);
        wire.close();
        assert.equal(await rows(), 991);
      }));

    test("a COMMIT that was skipped behind a Bind leaves the reading owed", () =>
      keeping(async () => {
        const wire = await Wire.connect(through.url());
        wire.send("Q insert into t values (3001)", "P c|commit", "S", "Q begin", `Q ${OVER}`, "Q savepoint s");
        await wire.until("Z", 5);
        // One parameter for a statement that takes none: the server refuses the Bind and skips the Execute.
        wire.write(message("B", "", "c", [0, 0, 0, 1, 0, 0, 0, 1, 0x31, 0, 0]));
        wire.send("E ", "S", "Q rollback to s", "Q commit");
        assert.match(await wire.until("Z", 3), /E:\w{5} Z:E C:ROLLBACK Z:T E:54000 Z:I$/);
        wire.close();
        assert.equal(await rows(), 1001);
      }));

    test("with many prepared statements of the client's the reading is planned anew, and stops as well", () =>
      keeping(async (client) => {
        for (let i = 0; i < 120; i++) await client.query({ name: `own_${i}`, text: `select ${i}` });
        await assert.rejects(client.query(OVER), { code: "54000" });
        await extended(client, "delete from t where a = 1");
        assert.equal(await rows(), 999);
      }));
  });
}
