/**
 * TRUNCATE and dropped columns in the bin where more has happened since: what comes back beside new rows, what is in the way, and
 * what other sessions notice. By 15 and 18.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { testServer } from "../support/servers.ts";
import { appRole, openBinGround } from "./ground.ts";

/** Large enough to be exchanged instead of copied, of few rows. */
const LARGE = `CREATE TABLE t (id int PRIMARY KEY, x text) WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
  ALTER TABLE t ALTER x SET STORAGE EXTERNAL; INSERT INTO t SELECT i, repeat('x', 2500) FROM generate_series(1, 7500) i; DELETE FROM t WHERE id > 5;`;

for (const version of [15, 18] as const)
  describe(`emptied tables and dropped columns, PostgreSQL ${version}`, async () => {
    const ground = await openBinGround(await testServer(version));
    const { builder, client, put, restore } = ground;
    after(() => ground.close());
    let turn = 0;
    const inSchema = async (sql: string): Promise<string> => {
      const schema = `s${turn++}`;
      await builder.query(
        `SET ROLE ${appRole}; CREATE SCHEMA ${schema}; GRANT USAGE ON SCHEMA ${schema} TO PUBLIC; SET search_path = ${schema}; ${sql}; RESET ROLE`,
      );
      return schema;
    };
    const number = async (sql: string): Promise<number> =>
      Number((await builder.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`)).rows[0]?.n);
    const kept = async (text: string, schema: string): Promise<string> => {
      const { error, entry } = await put(text, schema);
      assert.equal(error, undefined);
      assert.ok(entry !== undefined, "an entry rests");
      return entry;
    };

    for (const [what, table] of [
      ["copied", "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 5) i"],
      ["exchanged", LARGE],
    ] as const) {
      test(`${what}: rows that came since stay, and a key that is taken is named`, async () => {
        const schema = await inSchema(table);
        const entry = await kept("TRUNCATE t", schema);
        const { rows } = await builder.query(
          "SELECT how FROM holdfast_bin.emptied e JOIN holdfast_bin.entry n ON n.id = e.entry WHERE n.name = $1",
          [entry],
        );
        assert.deepEqual(rows, [{ how: what === "copied" ? "copied" : "moved" }]);
        await builder.query(`INSERT INTO ${schema}.t VALUES (3, 'new'), (9, 'new')`);
        await assert.rejects(restore([entry]), /a row of the bin stands in table s\d+\.t already: Key \(id\)=\(3\) already exists/);
        assert.equal(await number(`${schema}.t`), 2, "nothing half done");
        await builder.query(`DELETE FROM ${schema}.t WHERE id = 3`);
        await restore([entry]);
        assert.equal(await number(`${schema}.t`), 6);
      });

      test(`${what}: under another name`, async () => {
        const schema = await inSchema(table);
        const entry = await kept("TRUNCATE t", schema);
        await builder.query(`INSERT INTO ${schema}.t VALUES (3, 'new')`);
        await restore([entry], { as: "t_before" });
        assert.equal(await number(`${schema}.t`), 1);
        assert.equal(await number(`${schema}.t_before`), 5);
        const { rows } = await builder.query(`SELECT tableowner FROM pg_tables WHERE schemaname = $1 AND tablename = 't_before'`, [schema]);
        assert.deepEqual(rows, [{ tableowner: appRole }]);
      });

      test(`${what}: what other sessions have prepared goes on`, async () => {
        const schema = await inSchema(`${table}; GRANT SELECT, INSERT ON t TO PUBLIC;
          CREATE FUNCTION many() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM ${`s${turn}`}.t); END'`);
        await client.query(
          `SET search_path = ${schema}; PREPARE seen AS SELECT count(*)::int AS n FROM t; PREPARE add(int) AS INSERT INTO t VALUES ($1, 'p')`,
        );
        const seen = async () => [(await client.query("EXECUTE seen")).rows[0], (await client.query("SELECT many()::int AS n")).rows[0]];
        assert.deepEqual(await seen(), [{ n: 5 }, { n: 5 }]);
        const entry = await kept("TRUNCATE t", schema);
        assert.deepEqual(await seen(), [{ n: 0 }, { n: 0 }]);
        await client.query("EXECUTE add(77)");
        assert.deepEqual(await seen(), [{ n: 1 }, { n: 1 }]);
        await restore([entry]);
        assert.deepEqual(await seen(), [{ n: 6 }, { n: 6 }]);
        await client.query("DEALLOCATE ALL");
      });

      test(`${what}: goes with the client's own transaction, savepoints too`, async () => {
        const schema = await inSchema(table);
        await client.query("BEGIN; SAVEPOINT one");
        await put("TRUNCATE t", schema);
        await client.query("ROLLBACK TO one");
        assert.equal(await number(`${schema}.t`), 5);
        await put("TRUNCATE t", schema);
        await client.query("ROLLBACK");
        assert.equal(await number(`${schema}.t`), 5);
        assert.equal(await number(`pg_namespace WHERE nspname ~ '^holdfast_bin_.*_new$'`), 0);
        await client.query("BEGIN");
        await put("TRUNCATE t", schema);
        await client.query("COMMIT");
        assert.equal(await number(`${schema}.t`), 0);
        await restore();
        assert.equal(await number(`${schema}.t`), 5);
      });
    }

    test("a table without a key takes its rows back only while it is empty", async () => {
      const schema = await inSchema("CREATE TABLE t (x int); INSERT INTO t VALUES (1), (1)");
      const entry = await kept("TRUNCATE t", schema);
      await builder.query(`INSERT INTO ${schema}.t VALUES (1)`);
      await assert.rejects(restore([entry]), /is not empty, and without a key nobody could tell its rows/);
      await builder.query(`DELETE FROM ${schema}.t`);
      await restore([entry]);
      assert.equal(await number(`${schema}.t`), 2);
    });

    test("a table of another server is not emptied, not even to try it", async () => {
      const schema = await inSchema(
        "CREATE TABLE there (x int); INSERT INTO there VALUES (1); CREATE TABLE here (x int); INSERT INTO here VALUES (1)",
      );
      const { superuser, host, port } = ground.server;
      await builder.query(`CREATE EXTENSION postgres_fdw; CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw
        OPTIONS (host '${host}', port '${port}', dbname '${ground.database}');
        CREATE USER MAPPING FOR PUBLIC SERVER other OPTIONS (user '${superuser.user}', password '${superuser.password}');
        CREATE FOREIGN TABLE ${schema}.far (x int) SERVER other OPTIONS (schema_name '${schema}', table_name 'there');
        ALTER FOREIGN TABLE ${schema}.far OWNER TO ${appRole}; ANALYZE ${schema}.far`);
      const { error, entry } = await put("TRUNCATE here, far", schema);
      assert.deepEqual([error?.code, error?.message, entry], ["42501", "permission denied for foreign table far", undefined]);
      assert.deepEqual([await number(`${schema}.there`), await number(`${schema}.here`)], [1, 1]);
      await restore([await kept("TRUNCATE here", schema)]);
      assert.equal(await number(`${schema}.here`), 1);
      await builder.query("DROP EXTENSION postgres_fdw CASCADE");
    });

    test("triggers and rules keep still while rows come back, and fire again afterwards", async () => {
      const schema = await inSchema(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE said (id int); INSERT INTO t VALUES (1), (2);
        CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ${`s${turn}`}.said VALUES (new.id); RETURN NEW; END';
        CREATE TRIGGER saying AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION say(); CREATE RULE also AS ON INSERT TO t DO ALSO INSERT INTO said VALUES (new.id)`);
      const entry = await kept("TRUNCATE t", schema);
      await restore([entry]);
      assert.equal(await number(`${schema}.said`), 0);
      await builder.query(`INSERT INTO ${schema}.t VALUES (3)`);
      assert.equal(await number(`${schema}.said`), 2);
    });

    test("a column's values find their rows again: those that went are counted, those that came have the default", async () => {
      const schema = await inSchema(`CREATE TABLE t (id int PRIMARY KEY, mail text NOT NULL DEFAULT 'none', age int NOT NULL);
        INSERT INTO t SELECT i, 'm' || i, i FROM generate_series(1, 5) i`);
      const entry = await kept("ALTER TABLE t DROP COLUMN mail, DROP COLUMN age", schema);
      await builder.query(`DELETE FROM ${schema}.t WHERE id < 3; INSERT INTO ${schema}.t VALUES (9)`);
      const { leftOut } = await restore([entry]);
      assert.ok(
        leftOut.some((said) => said.startsWith("column age of table")),
        "what stays without NOT NULL is told",
      );
      assert.ok(
        leftOut.some((said) => said.startsWith("2 rows have gone since")),
        leftOut.join("; "),
      );
      const { rows } = await builder.query(`SELECT id, mail, age FROM ${schema}.t ORDER BY id`);
      assert.deepEqual(rows, [3, 4, 5].map((id): object => ({ id, mail: `m${id}`, age: id })).concat({ id: 9, mail: "none", age: null }));
      const columns = await builder.query(
        "SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [`${schema}.t`],
      );
      assert.deepEqual(columns.rows, [
        { attname: "id", attnotnull: true },
        { attname: "mail", attnotnull: true },
        { attname: "age", attnotnull: false },
      ]);
    });

    test("a column under another name, where its own is taken", async () => {
      const schema = await inSchema(
        "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t VALUES (1, 'old'); COMMENT ON COLUMN t.x IS 'c'",
      );
      const entry = await kept("ALTER TABLE t DROP x", schema);
      await builder.query(`ALTER TABLE ${schema}.t ADD x text`);
      await assert.rejects(restore([entry]), /has a column x again/);
      await restore([entry], { as: "x_before" });
      assert.deepEqual((await builder.query(`SELECT id, x, x_before FROM ${schema}.t`)).rows, [{ id: 1, x: null, x_before: "old" }]);
    });
  });
