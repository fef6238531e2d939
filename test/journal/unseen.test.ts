/** What the journal must not change: everything that a client sees of its own acts, and what owners may do with their tables. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type pg from "pg";
import { serverVersions } from "../support/servers.ts";
import { type JournalScene, openJournalScene } from "./scene.ts";

const setup = `CREATE TABLE items (id int PRIMARY KEY, name text CHECK (name <> 'bad'), n int DEFAULT 7); INSERT INTO items SELECT k, 'item ' || k, k % 5 FROM generate_series(1, 100) k;
CREATE TABLE lines (id int PRIMARY KEY, item int REFERENCES items ON DELETE CASCADE); INSERT INTO lines SELECT k, k FROM generate_series(1, 50) k;
CREATE TABLE parted (id int, at int) PARTITION BY RANGE (at); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE parted_2 (id int, at int);
CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'changed by %', TG_OP; RETURN NULL; END $$; CREATE TRIGGER loud AFTER INSERT OR UPDATE OR DELETE ON items FOR EACH STATEMENT EXECUTE FUNCTION loud();
CREATE VIEW some_items AS SELECT * FROM items WHERE n > 2 WITH CHECK OPTION; CREATE TABLE other (id int)`;

const agents = [
  "INSERT INTO items VALUES (200, 'x', 1), (201, 'y', 2) RETURNING id, name",
  "UPDATE items SET n = n + 1 WHERE id < 20 RETURNING n",
  "DELETE FROM items WHERE id = 5 RETURNING *",
  "INSERT INTO items VALUES (1, 'twice', 0)",
  "INSERT INTO items VALUES (300, 'bad', 0)",
  "UPDATE some_items SET n = 0 WHERE id = 4",
  "INSERT INTO lines VALUES (900, 12345)",
  "DELETE FROM nowhere",
  "UPDATE items SET id = 'x'",
  "INSERT INTO items VALUES (1, 'again', 0) ON CONFLICT (id) DO UPDATE SET n = items.n + 1 RETURNING xmax <> 0 AS was_there",
  "MERGE INTO items i USING (VALUES (2), (999)) v(k) ON i.id = v.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.k, 'm', 0)",
  "WITH gone AS (DELETE FROM lines WHERE id > 40 RETURNING id) SELECT count(*) FROM gone",
  "DO $$ DECLARE n int; BEGIN UPDATE items SET n = 1 WHERE id < 10; GET DIAGNOSTICS n = ROW_COUNT; RAISE NOTICE '% rows', n; END $$",
  "INSERT INTO parted VALUES (1, 1), (2, 99)",
  "INSERT INTO parted VALUES (1, 1), (2, 2)",
  "UPDATE parted SET at = 5",
  "SHOW search_path; SHOW DateStyle; SHOW TimeZone; SHOW extra_float_digits; SHOW bytea_output; SHOW IntervalStyle; SHOW lc_monetary",
  "BEGIN; SAVEPOINT a; DELETE FROM items; ROLLBACK TO a; SELECT count(*) FROM items; COMMIT",
  "SELECT tableoid::regclass, ctid IS NULL FROM parted",
  "EXPLAIN (COSTS OFF) DELETE FROM items WHERE id = 7",
  "TRUNCATE other",
  "CREATE TEMPORARY TABLE mine (a int); INSERT INTO mine VALUES (1); DELETE FROM mine",
];

const owners = [
  "ALTER TABLE items ALTER n TYPE bigint",
  "CREATE INDEX CONCURRENTLY items_n ON items (n)",
  "REINDEX TABLE CONCURRENTLY items",
  "ALTER TABLE items ADD COLUMN more text DEFAULT 'x', DROP COLUMN name CASCADE",
  "ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (10) TO (20)",
  "ALTER TABLE parted DETACH PARTITION parted_1",
  "ALTER TABLE items RENAME TO things; ALTER TABLE things RENAME COLUMN n TO number",
  "CREATE SCHEMA elsewhere; ALTER TABLE things SET SCHEMA elsewhere",
  "CLUSTER elsewhere.things USING items_pkey",
  "VACUUM FULL elsewhere.things",
  "ALTER TABLE elsewhere.things SET UNLOGGED; ALTER TABLE elsewhere.things SET LOGGED",
  "TRUNCATE elsewhere.things CASCADE",
  "CREATE TABLE child () INHERITS (other); ALTER TABLE child NO INHERIT other",
  "DROP TABLE elsewhere.things CASCADE",
  "DROP TABLE parted, parted_1, lines",
];

async function seen(client: pg.Client, sql: string): Promise<unknown> {
  const notices: unknown[] = [];
  const hear = ({ severity, message }: { severity?: string | undefined; message?: string | undefined }) =>
    void notices.push([severity, message]);
  client.on("notice", hear);
  try {
    const answer = (await client.query(sql)) as pg.QueryResult | pg.QueryResult[];
    const results = Array.isArray(answer) ? answer : [answer];
    return { results: results.map(({ command, rowCount, rows }) => ({ command, rowCount, rows })), notices };
  } catch (error) {
    const { code, message, detail, hint, table, constraint, where } = error as pg.DatabaseError;
    await client.query("ROLLBACK");
    return { code, message, detail, hint, table, constraint, where, notices };
  } finally {
    client.off("notice", hear);
  }
}

const asRoleOf = (scene: JournalScene, value: unknown): string =>
  JSON.stringify(value).replaceAll(scene.agent.user, "AGENT").replaceAll(scene.shop.owner.user, "OWNER");

for (const version of serverVersions) {
  describe(`with and without the journal on PostgreSQL ${version}`, () => {
    test("clients and owners see the same", async () => {
      const scenes: JournalScene[] = [];
      try {
        for (const change of [undefined, {}])
          scenes.push(await openJournalScene(version, setup, ...(change === undefined ? [] : [change])));
        const [kept, plain] = scenes as [JournalScene, JournalScene];
        for (const [who, statements] of [
          ["acting", agents],
          ["owner", owners],
        ] as const)
          for (const sql of statements)
            assert.equal(asRoleOf(kept, await seen(kept[who], sql)), asRoleOf(plain, await seen(plain[who], sql)), sql);
        const { rows } = await kept.shop.server
          .asSuperuser("SELECT count(*)::int AS n FROM holdfast_undo.change", kept.shop.database)
          .then((found) => ({ rows: found }));
        assert((rows[0]?.["n"] as number) > 8, "the one with the journal kept what the agent did");
      } finally {
        for (const scene of scenes) await scene.stop();
      }
    });

    test("COPY FROM is kept, and COPY FREEZE goes on", async () => {
      const scene = await openJournalScene(version, "CREATE TABLE loaded (id int)");
      try {
        const { server, database } = scene.shop;
        await server.asSuperuser(`GRANT pg_execute_server_program TO ${scene.agent.user}`);
        await scene.acting.query("COPY loaded FROM PROGRAM 'seq 1 150'");
        const kept = await server.asSuperuser(
          "SELECT op, sum(cardinality(came))::int AS n FROM holdfast_undo.change GROUP BY op",
          database,
        );
        assert.deepEqual(kept, [{ op: "I", n: 150 }]);
        await server.asSuperuser("BEGIN; TRUNCATE loaded; COPY loaded FROM PROGRAM 'seq 1 3' (FREEZE); COMMIT", database);
        await server.asSuperuser(`REVOKE pg_execute_server_program FROM ${scene.agent.user}`);
      } finally {
        await scene.stop();
      }
    });
  });
}
