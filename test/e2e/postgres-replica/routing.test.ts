/** What goes to a read replica and what does not, on real servers: the query and the session decide, never what the agent asks for. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { serverVersions } from "../../support/servers.ts";
import { Scene } from "./scene.ts";

const SETUP = `
  CREATE TABLE counted (n int);
  INSERT INTO counted VALUES (0);
  CREATE UNLOGGED TABLE passing (id int);
  INSERT INTO passing VALUES (1), (2);
  CREATE VIEW telling AS SELECT id, pg_is_in_recovery() AS standby FROM orders;
  CREATE VIEW short_notes AS SELECT id, left(note, 3) AS note FROM orders;
  CREATE FUNCTION bump() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO counted VALUES (1); RETURN 1; END $$;
  CREATE FUNCTION claims() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN INSERT INTO counted VALUES (1); RETURN 1; END $$;
  CREATE FUNCTION looks() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT count(*) FROM orders';
  CREATE SEQUENCE numbers;
  GRANT SELECT, INSERT, UPDATE ON counted, passing, telling, short_notes TO :role;
  GRANT USAGE, SELECT ON SEQUENCE numbers TO :role;
`;

for (const version of serverVersions) {
  describe(`a read replica of PostgreSQL ${version}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await Scene.open({ version, setup: SETUP });
    });
    after(() => scene.close());

    const at = async (client: pg.Client, sql: string, values?: unknown[]) => scene.ranAt(client, sql, values);

    test("answers reads of either protocol, and the primary has the rest", async () => {
      const client = await scene.warm();
      for (const sql of [
        "SELECT * FROM orders WHERE id = 7",
        "SELECT note, count(*) FROM orders WHERE note ~ '1' GROUP BY note ORDER BY 2 LIMIT 5",
        "WITH o AS (SELECT * FROM orders) SELECT max(id), now() FROM o",
        "SELECT * FROM short_notes WHERE id < 3",
      ])
        assert.equal(await at(client, sql), "replica", sql);
      assert.equal(await at(client, "SELECT note FROM orders WHERE id = $1", [7]), "replica");
      for (const sql of [
        "SELECT 1",
        "SELECT id, pg_backend_pid() FROM orders LIMIT 1",
        "SELECT id, random() FROM orders LIMIT 1",
        "SELECT * FROM telling LIMIT 1",
        "SELECT looks(), id FROM orders LIMIT 1",
        "SELECT count(*) FROM orders, pg_class",
        "SELECT last_value FROM numbers",
        "SELECT id FROM orders WHERE id = 1 FOR UPDATE",
        "EXPLAIN SELECT * FROM orders",
        "SELECT id FROM orders WHERE id = 1; SELECT id FROM orders WHERE id = 2",
      ])
        assert.equal(await at(client, sql), "primary", sql);
      const { rows } = await client.query("SELECT note FROM orders WHERE id = $1", [42]);
      assert.deepEqual(rows, [{ note: "note 42" }]);
      assert.equal((await client.query("SELECT * FROM orders")).rowCount, 1000);
    });

    test("has no part in a transaction block, and answers again behind it", async () => {
      const client = await scene.warm();
      await client.query("BEGIN");
      assert.equal(await at(client, "SELECT * FROM orders WHERE id = 1"), "primary");
      await client.query("COMMIT");
      assert.equal(await at(client, "SELECT * FROM orders WHERE id = 1"), "replica");
      await client.query("BEGIN READ ONLY");
      assert.equal(await at(client, "SELECT * FROM orders WHERE id = 1"), "primary");
      await client.query("SAVEPOINT a; ROLLBACK TO a");
      await client.query("ROLLBACK");
      assert.equal(await at(client, "SELECT * FROM orders WHERE id = 1"), "replica");
    });

    test("never runs a function that writes, whatever it says of itself", async () => {
      const client = await scene.warm();
      const before = await scene.primary.asSuperuser("SELECT count(*)::int AS n FROM counted");
      assert.equal(await at(client, "SELECT bump(), id FROM orders LIMIT 1"), "primary");
      assert.equal(await at(client, "SELECT * FROM orders WHERE id = (SELECT bump())"), "primary");
      assert.equal(await at(client, "SELECT nextval('numbers'), id FROM orders LIMIT 1"), "primary");
      const [{ n }] = (await scene.primary.asSuperuser("SELECT count(*)::int AS n FROM counted")) as [{ n: number }];
      assert.equal(n, (before[0] as { n: number }).n + 2);
      // The server itself does not let a function that says it changes nothing change something; it is asked all the same.
      await assert.rejects(client.query("/* claimed to be immutable */ SELECT claims(), id FROM orders LIMIT 1"), { code: "0A000" });
      assert.equal(scene.whoRan("claimed to be immutable"), "primary");
    });

    test("is not an agent's to choose", async () => {
      const client = await scene.warm({ application_name: "standby", options: "-c default_transaction_read_only=on" });
      for (const sql of ["/* route: replica */ SELECT 1", "SELECT 'read from the replica'", "SHOW transaction_read_only"])
        assert.equal(await at(client, sql), "primary", sql);
      // Nor does a word keep a read away from it, or a claim to be read-only bring a change there.
      assert.equal(await at(client, "/* primary only */ SELECT id FROM orders WHERE id = 1"), "replica");
      await assert.rejects(client.query("/* claimed */ INSERT INTO orders VALUES (5000, 'x')"), { code: "25006" });
      assert.equal(scene.whoRan("claimed"), "primary");
    });

    test("is given the settings of a session, and a session that cannot be shared stays with the primary", async () => {
      const shared = await scene.warm();
      await shared.query("SET extra_float_digits = 1");
      await shared.query("SET intervalstyle TO 'iso_8601'");
      assert.equal(await at(shared, "SELECT id FROM orders WHERE id = 1"), "replica");
      assert.deepEqual((await shared.query("SELECT (now() - now() + '1 day 2 hours')::text AS i FROM orders LIMIT 1")).rows, [
        { i: "P1DT2H" },
      ]);
      assert.equal(await at(shared, "SHOW intervalstyle"), "primary");
      let tried = 0;
      for (const sql of [
        "SELECT set_config('extra_float_digits', '0', false)",
        "RESET extra_float_digits",
        "SET extra_float_digits TO DEFAULT",
        "SET search_path TO public",
        "LISTEN news",
        "SELECT pg_advisory_lock(1)",
        "CREATE TEMPORARY TABLE orders (id int, note text)",
        "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM orders",
        "BEGIN; SET intervalstyle TO 'iso_8601'; COMMIT",
      ]) {
        const bound = await scene.warm();
        const done = await bound.query(sql).then(
          () => true,
          () => false,
        );
        // What the policy refuses leaves no state behind.
        tried += Number(done);
        if (done) assert.equal(await at(bound, "SELECT id FROM orders WHERE id = 1"), "primary", sql);
        await bound.end();
      }
      assert.ok(tried >= 7, `${tried} were let through`);
    });

    test("prepares what the primary has prepared", async () => {
      const client = await scene.warm();
      const named = (id: number) =>
        client.query({ name: "by id", text: "/* named one */ SELECT note FROM orders WHERE id = $1", values: [id] });
      assert.deepEqual((await named(1)).rows, [{ note: "note 1" }]);
      for (const id of [2, 3, 4]) assert.deepEqual((await named(id)).rows, [{ note: `note ${id}` }]);
      assert.equal(scene.whoRan("named one"), "primary and replica");
      assert.equal(scene.standby.log().split("named one").length - 1, 3);
      // The name comes to mean something else.
      await client.query('DEALLOCATE "by id"');
      const other = { name: "by id", text: "/* named two */ SELECT -id AS id FROM orders WHERE id = $1", values: [2] };
      Object.assign(client, {
        connection: Object.assign((client as unknown as { connection: object }).connection, { parsedStatements: {} }),
      });
      for (let i = 0; i < 3; i++) assert.deepEqual((await client.query(other)).rows, [{ id: -2 }]);
      assert.equal(scene.whoRan("named two"), "primary and replica");
    });

    test("falls back to the primary where it alone can answer", async () => {
      const client = await scene.warm();
      // On a busy machine the replica is behind now and then, and is not asked.
      const both = async (rows: readonly object[], query: (marker: string) => Promise<pg.QueryResult>): Promise<void> => {
        let tries = 0;
        await scene.until(async () => {
          const marker = `unlogged ${rows.length} try ${++tries}.`;
          assert.deepEqual((await query(`/* ${marker} */`)).rows, rows);
          return scene.whoRan(marker) === "primary and replica";
        });
      };
      await both([{ id: 1 }, { id: 2 }], (marker) => client.query(`${marker} SELECT * FROM passing ORDER BY id`));
      await both([{ id: 2 }], (marker) => client.query(`${marker} SELECT * FROM passing WHERE id > $1`, [1]));
      await assert.rejects(client.query("/* by zero */ SELECT 1 / (id - id) FROM orders"), { code: "22012" });
      await assert.rejects(client.query("/* by zero */ SELECT 1 / (id - $1) FROM orders WHERE id = 3", [3]), { code: "22012" });
      assert.equal(await at(client, "SELECT id FROM orders WHERE id = 1"), "replica");
    });
  });
}
