/** What an agent could try against the bin itself, and what somebody else's names, operators or schemas could do to it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemRandom } from "../../src/base/ids.ts";
import { writeTicket } from "../../src/recovery/bin/ticket.ts";
import { testServer } from "../support/servers.ts";
import { appRole, type BinGround, executorRole, openBinGround } from "./ground.ts";

for (const version of [15, 18] as const) {
  describe(`the bin against who would misuse it, PostgreSQL ${version}`, () => {
    let ground: BinGround;
    const build = (sql: string) => ground.builder.query(`SET ROLE ${appRole}; ${sql}; RESET ROLE`);
    const count = async (sql: string): Promise<number> =>
      Number((await ground.builder.query(`SELECT (${sql})::int AS n`)).rows[0]?.n ?? -1);
    const there = (name: string) => count(`SELECT count(*) FROM (SELECT to_regclass('${name}') AS t) x WHERE t IS NOT NULL`);
    const refused = (code: string, message: RegExp) => (error: unknown) => {
      assert.equal((error as { code?: string }).code, code, String(error));
      assert.match((error as Error).message, message);
      return true;
    };
    /** A ticket for some session, and the call of it in the agent's. */
    const issue = async (text: string, more: { role?: string; pid?: number } = {}) => {
      const pid = ((await ground.client.query("SELECT pg_backend_pid() AS pid")).rows[0] as { pid: number }).pid;
      await ground.builder.query(`SET ROLE ${executorRole}`);
      const request = { text, tag: "DROP TABLE", searchPath: "app", role: more.role ?? ground.agent.user, copyBytesMax: 0 };
      const { id } = await writeTicket(ground.builder, { ...request, serverProcess: more.pid ?? pid }, systemRandom);
      await ground.builder.query("RESET ROLE");
      return id;
    };
    const call = (ticket: string) => ground.client.query(`CALL holdfast_bin.carry_out('${ticket}')`);

    before(async () => {
      ground = await openBinGround(await testServer(version));
      await ground.builder.query(`CREATE SCHEMA app AUTHORIZATION ${appRole}; GRANT USAGE ON SCHEMA app TO ${ground.agent.user}`);
    });
    after(() => ground?.close());

    test("no ticket, a guessed, another's, a used or an old one: nothing is done", async () => {
      await build("CREATE TABLE app.t (id int); CREATE TABLE app.u (id int)");
      const none = refused("HF004", /no such ticket/);
      await assert.rejects(call(""), none);
      await assert.rejects(call("t_00000000000000000000000000000000"), none);
      await assert.rejects(call(await issue("DROP TABLE t", { role: "postgres" })), none);
      await assert.rejects(call(await issue("DROP TABLE t", { pid: 1 })), none);
      const old = await issue("DROP TABLE t");
      await ground.builder.query("UPDATE holdfast_bin.ticket SET made = made - interval '1 hour' WHERE id = $1", [old]);
      await assert.rejects(call(old), none);
      assert.equal(await there("app.t"), 1);
      const good = await issue("DROP TABLE t");
      await call(good);
      await build("CREATE TABLE app.t (id int)");
      await assert.rejects(call(good), none);
      assert.equal(await there("app.t"), 1);
      await ground.client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await ground.client.query("SELECT 1");
      await assert.rejects(call(await issue("DROP TABLE u")), refused("HF005", /READ COMMITTED/));
      await ground.client.query("ROLLBACK");
      // As the first statement, too: a row that is committed while it waits for the lock would be emptied and not be kept.
      const first = await issue("TRUNCATE u");
      await ground.client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      await assert.rejects(call(first), refused("HF005", /READ COMMITTED/));
      await ground.client.query("ROLLBACK");
      assert.equal(await there("app.u"), 1);
    });

    test("nothing of the bin can be read, called or dropped by a session, not even a table that it could read before", async () => {
      await build(`CREATE TABLE app.seen (id int); GRANT ALL ON app.seen TO ${ground.agent.user}`);
      const { entry } = await ground.put("DROP TABLE seen", "app");
      assert(entry !== undefined);
      const resting = (await ground.builder.query("SELECT resting FROM holdfast_bin.place ORDER BY entry DESC LIMIT 1")).rows[0]
        .resting as string;
      for (const sql of [
        "SELECT * FROM holdfast_bin.ticket",
        "SELECT * FROM holdfast_bin.entry",
        "INSERT INTO holdfast_bin.ticket (id, entry, text, tag, search_path, role, pid) VALUES ('x', 'y', 'DROP TABLE app.t', 'z', '', session_user, pg_backend_pid())",
        "SELECT holdfast_bin.move(1)",
        "SELECT holdfast_bin.forget_leaning()",
        "SELECT * FROM holdfast_bin.trial('DROP TABLE app.t', 'app')",
        `SELECT * FROM ${resting}.seen`,
        `DROP TABLE ${resting}.seen`,
        "DROP SCHEMA holdfast_bin CASCADE",
      ])
        await assert.rejects(ground.client.query(sql), /permission denied|must be owner/, sql);
      await ground.restore([entry]);
      assert.equal(await there("app.seen"), 1);
    });

    test("Holdfast's own things are not for the bin, whatever a ticket says", async () => {
      await ground.builder.query(`CREATE SCHEMA holdfast_undo AUTHORIZATION ${executorRole};
        CREATE FUNCTION holdfast_undo.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        ALTER FUNCTION holdfast_undo.keep() OWNER TO ${executorRole}; GRANT USAGE ON SCHEMA holdfast_undo TO ${appRole}`);
      await build("CREATE TABLE app.kept (id int); CREATE TRIGGER keep AFTER INSERT ON app.kept EXECUTE FUNCTION holdfast_undo.keep()");
      await ground.put("DROP TABLE u", "app");
      for (const text of [
        "DROP SCHEMA holdfast_bin CASCADE",
        "DROP SCHEMA holdfast_undo CASCADE",
        "DROP FUNCTION holdfast_undo.keep() CASCADE",
        "DROP TRIGGER keep ON app.kept",
        "DROP TABLE holdfast_bin.entry CASCADE",
        "DROP FUNCTION holdfast_bin.present()",
      ]) {
        const { error, entry } = await ground.put(text, "app");
        assert.equal(error?.code, "HF003", `${text}: ${error?.message}`);
        assert.equal(entry, undefined);
      }
      const { entry } = await ground.put("DROP TABLE kept", "app");
      assert(entry !== undefined, "a table takes its triggers along");
      await ground.restore([entry]);
      assert.equal(await count("SELECT count(*) FROM pg_trigger WHERE tgname = 'keep'"), 1);
    });

    test("a text that does more than remove changes nothing, and is refused where that can be seen", async () => {
      await build("CREATE TABLE app.a (id int, x int, y int); CREATE TABLE app.b (id int); INSERT INTO app.b VALUES (1)");
      for (const text of [
        "DROP TABLE a; CREATE TABLE c ()",
        "ALTER TABLE a DROP COLUMN x, ALTER COLUMN y SET NOT NULL",
        "ALTER TABLE a DROP COLUMN x, ADD COLUMN z int",
        "ALTER TABLE a DROP COLUMN x, RENAME TO q",
        "DROP TABLE a; TRUNCATE b",
      ]) {
        const { error } = await ground.put(text, "app");
        assert(error !== undefined, text);
        assert.match(error.code, /^(HF002|42601)$/, `${text}: ${error.message}`);
      }
      assert.equal(await there("app.a"), 1);
      assert.equal(
        await count("SELECT count(*) FROM pg_attribute WHERE attrelid = 'app.a'::regclass AND attnum > 0 AND NOT attisdropped"),
        3,
      );
      const { entry } = await ground.put("DROP TABLE a; DELETE FROM b", "app");
      assert(entry !== undefined);
      assert.equal(await count("SELECT count(*) FROM app.b"), 1, "what was tried was taken back");
      await ground.restore([entry]);
    });

    test("operators, functions and temporary tables that carry the server's names decide nothing", async () => {
      await build(`CREATE TABLE app.h (id int); CREATE TABLE app.i (id int);
        CREATE FUNCTION app.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT ''DROP TABLE app.i''';
        CREATE FUNCTION app.yes(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR app.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = app.yes)`);
      await ground.builder.query(`GRANT TEMPORARY ON DATABASE ${ground.database} TO ${ground.agent.user}`);
      await ground.client.query(`CREATE TEMP TABLE pg_class AS SELECT * FROM pg_catalog.pg_class LIMIT 0;
        CREATE TEMP TABLE pg_depend AS SELECT * FROM pg_catalog.pg_depend LIMIT 0; CREATE TEMP TABLE pg_namespace (oid oid, nspname name)`);
      const { error, entry } = await ground.put("DROP TABLE h", "app, pg_catalog");
      assert.equal(error, undefined);
      assert(entry !== undefined);
      assert.deepEqual([await there("app.h"), await there("app.i")], [0, 1]);
      await ground.client.query("DROP TABLE pg_temp.pg_class, pg_temp.pg_depend, pg_temp.pg_namespace");
      await ground.restore([entry]);
    });

    test("a name means what it means to the session, and not to whoever may look into more schemas", async () => {
      await build("CREATE SCHEMA hidden; CREATE TABLE hidden.same (id int); CREATE TABLE app.same (id int)");
      const { entry } = await ground.put("DROP TABLE same", "hidden, app");
      assert(entry !== undefined);
      assert.deepEqual([await there("hidden.same"), await there("app.same")], [1, 0]);
      await ground.restore([entry]);
    });

    test("names with quotes, of 63 bytes, beyond ASCII, and schemas that are called like the bin's", async () => {
      const long = `${"ä".repeat(31)}x`;
      const names = ['quo"te', "semi;'colon", "percent %s %1$s", "back\\slash", long, "DROP TABLE"];
      await ground.builder.query('CREATE SCHEMA holdfast_bin_1000; CREATE SCHEMA "holdfast_bin_x"');
      for (const name of names) {
        const quoted = `"${name.replaceAll('"', '""')}"`;
        await build(
          `CREATE TABLE app.${quoted} (${quoted} int CHECK (${quoted} > 0)); COMMENT ON TABLE app.${quoted} IS '100 %'; CREATE VIEW app.w AS SELECT * FROM app.${quoted}, app.b`,
        );
        const { error, entry } = await ground.put(`DROP TABLE ${quoted} CASCADE`, "app");
        assert.equal(error, undefined, name);
        assert(entry !== undefined, name);
        assert.equal(await there(`app.${quoted.replaceAll("'", "''")}`), 0, name);
        await ground.restore([entry]);
        assert.equal(await there(`app.${quoted.replaceAll("'", "''")}`), 1, name);
        await build("DROP VIEW app.w");
      }
    });

    test("in the client's own transaction: ROLLBACK and savepoints take the entry back, COMMIT keeps it", async () => {
      await build("CREATE TABLE app.s1 (id int); CREATE TABLE app.s2 (id int)");
      await ground.client.query("BEGIN");
      await call(await issue("DROP TABLE s1"));
      await ground.client.query("ROLLBACK");
      assert.equal(await there("app.s1"), 1);
      await ground.client.query("BEGIN");
      await call(await issue("DROP TABLE s1"));
      await ground.client.query("SAVEPOINT one");
      await call(await issue("DROP TABLE s2"));
      await ground.client.query("ROLLBACK TO one");
      await ground.client.query("COMMIT");
      assert.deepEqual([await there("app.s1"), await there("app.s2")], [0, 1]);
      const rests = (name: string) => count(`SELECT count(*) FROM holdfast_bin.object WHERE name = '${name}'`);
      assert.deepEqual([await rests("app.s1"), await rests("app.s2")], [1, 0]);
    });

    test("what rests touches nobody: no foreign key, no partition, no heir, no publication", async () => {
      await build(`CREATE TABLE app.p (id int PRIMARY KEY); INSERT INTO app.p VALUES (1), (2);
        CREATE TABLE app.c (id int REFERENCES app.p); INSERT INTO app.c VALUES (1);
        CREATE TABLE app.parts (id int) PARTITION BY LIST (id); CREATE TABLE app.part1 PARTITION OF app.parts FOR VALUES IN (1); INSERT INTO app.parts VALUES (1);
        CREATE TABLE app.base (id int); CREATE TABLE app.heir () INHERITS (app.base); INSERT INTO app.heir VALUES (7)`);
      await ground.builder.query(
        `CREATE PUBLICATION news_${version} FOR TABLE app.c; ALTER PUBLICATION news_${version} OWNER TO ${appRole}`,
      );
      const entries: string[] = [];
      for (const name of ["c", "part1", "heir"]) {
        const { error, entry } = await ground.put(`DROP TABLE ${name}`, "app");
        assert.equal(error, undefined);
        assert(entry !== undefined);
        entries.push(entry);
      }
      await build("DELETE FROM app.p WHERE id = 1");
      assert.deepEqual([await count("SELECT count(*) FROM app.parts"), await count("SELECT count(*) FROM app.base")], [0, 0]);
      assert.equal(await count("SELECT count(*) FROM pg_publication_tables"), 0);
      await assert.rejects(ground.restore(entries), /foreign key|without-constraint/, "the parent of its row has gone");
      const { leftOut } = await ground.restore(entries, { withoutConstraints: true });
      assert.equal(leftOut.length, 1);
      assert.match(leftOut[0] ?? "", /c_id_fkey/);
      assert.deepEqual([await count("SELECT count(*) FROM app.parts"), await count("SELECT count(*) FROM app.base")], [1, 1]);
      assert.equal(await count("SELECT count(*) FROM pg_publication_tables"), 1);
    });

    test("extensions, event triggers and what belongs to neither", async () => {
      await ground.builder.query(`CREATE FUNCTION public.heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER hears_${version} ON ddl_command_end EXECUTE FUNCTION public.heard();
        CREATE SCHEMA with_extension AUTHORIZATION ${appRole}; CREATE EXTENSION pg_trgm SCHEMA with_extension`);
      const schema = await ground.put("DROP SCHEMA with_extension CASCADE", "app");
      assert(schema.error !== undefined);
      assert.match(schema.error.message, /pg_trgm/);
      await build("CREATE TABLE app.heard (id int)");
      const { error, entry } = await ground.put("DROP TABLE heard", "app");
      assert.equal(error, undefined);
      assert(entry !== undefined);
      await ground.restore([entry]);
      await ground.builder.query(`DROP EVENT TRIGGER hears_${version}`);
    });
  });
}
