import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Finding, Report } from "../../src/scan/report.ts";
import { holdfast } from "../cli/holdfast.ts";
import { type Login, type ScratchDatabase, type ServerVersion, serverVersions, startServer, type TestServer } from "../support/servers.ts";

const schema = `CREATE SCHEMA sales; CREATE TABLE sales.orders (id int PRIMARY KEY, note text); CREATE TABLE sales.items (id int);
  CREATE TABLE audit_trail (id int); INSERT INTO sales.orders SELECT g FROM generate_series(1, 500) g; ANALYZE sales.orders`;

for (const version of serverVersions)
  describe(`PostgreSQL ${version}: what the holder of a login could do is what the server would let them do`, () => {
    let server: TestServer;
    let database: ScratchDatabase;
    before(async () => {
      server = await startServer({ version: version as ServerVersion });
      database = await server.scratchDatabase(schema);
    });
    after(() => server.stop());

    const tried = async (login: Login | string, code: number): Promise<Finding> => {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-trial-"));
      const url = typeof login === "string" ? login : database.url(login);
      writeFileSync(join(folder, ".env"), `DATABASE_URL=${url}\n`);
      const ran = await holdfast(["scan", folder, "--try", "--yes", "--json"]);
      const page = await holdfast(["scan", folder, "--try", "--yes"]);
      rmSync(folder, { recursive: true });
      assert.equal(ran.code, code, ran.out + ran.err);
      const password = /:\/\/[^:]+:([^@]+)@/.exec(url)?.[1] as string;
      for (const said of [ran.out, ran.err, page.out, page.err]) assert.ok(!said.includes(password), "the password was said");
      const [found] = (JSON.parse(ran.out) as Report).findings;
      assert.ok(found !== undefined);
      for (const text of found.destroys) assert.ok(page.out.replace(/\s+/g, " ").includes(text), `${text} is not on the page`);
      return found;
    };
    const role = (grants?: string) => server.ordinaryRole(grants, database.name);

    test("a superuser: everything", async () => {
      const found = await tried(server.superuser, 1);
      assert.equal(found.power, "can");
      const everything = /^everything on the server: \d+ databases, all 3 tables here, every role \(a superuser\)$/;
      assert.match(found.destroys[0] as string, everything);
      assert.deepEqual(found.also.slice(0, 2), [
        "read every role's password verifier",
        "run programs and write files on the server's machine",
      ]);
    });

    test("a reader: nothing, exit code 0", async () => {
      const reader = "GRANT USAGE ON SCHEMA sales TO :role; GRANT SELECT ON ALL TABLES IN SCHEMA sales TO :role";
      const found = await tried(await role(reader), 0);
      assert.deepEqual([found.power, found.destroys, found.login?.outcome], ["cannot", [], "open"]);
    });

    test("an owner: drops its tables, schemas and databases", async () => {
      const login = await role("ALTER TABLE sales.orders OWNER TO :role; ALTER SCHEMA sales OWNER TO :role");
      await server.asSuperuser(`CREATE DATABASE "own_${login.user}" OWNER ${login.user}`);
      const found = await tried(login, 1);
      assert.deepEqual(found.destroys, [
        `drop 1 database: own_${login.user}`,
        "drop 1 schema with what is in them: sales",
        "drop 1 table (some 500 rows): sales.orders",
      ]);
      await server.asSuperuser("ALTER TABLE sales.orders OWNER TO postgres; ALTER SCHEMA sales OWNER TO postgres", database.name);
    });

    test("a writer: what it may truncate, delete and overwrite, columns included; a schema it may not enter protects", async () => {
      const login = await role(
        "GRANT USAGE ON SCHEMA sales TO :role; GRANT DELETE, TRUNCATE ON sales.orders TO :role; " +
          "GRANT UPDATE (id) ON sales.items TO :role; GRANT INSERT ON audit_trail TO :role",
      );
      const found = await tried(login, 1);
      assert.deepEqual(found.destroys, [
        "truncate 1 table (some 500 rows): sales.orders",
        "delete rows of 1 table (some 500 rows): sales.orders",
        "overwrite rows of 1 table: sales.items",
      ]);
      assert.deepEqual(found.also, ["add rows to 1 table"]);
      const outside = await role("GRANT DELETE ON sales.orders TO :role");
      assert.equal((await tried(outside, 0)).power, "cannot");
    });

    test("rights by membership count, inherited or by SET ROLE", async () => {
      const owner = await role("ALTER TABLE sales.items OWNER TO :role");
      const member = await role(`ALTER ROLE :role NOINHERIT; GRANT ${owner.user} TO :role`);
      assert.deepEqual((await tried(member, 1)).destroys, ["drop 1 table: sales.items"]);
      const admin = await role("GRANT postgres TO :role");
      assert.match((await tried(admin, 1)).destroys[0] as string, /^everything on the server: .* \(may become a superuser\)$/);
    });

    test("programs, files, roles, passwords, attributes", async () => {
      const found = await tried(
        await role(
          "GRANT pg_execute_server_program, pg_write_server_files, pg_read_server_files TO :role; " +
            "ALTER ROLE :role CREATEROLE CREATEDB BYPASSRLS REPLICATION; " +
            "GRANT SELECT ON pg_authid TO :role",
        ),
        1,
      );
      assert.deepEqual(found.destroys, [
        "run programs on the server's machine, as the server's account",
        "overwrite files of the server, its data among them",
        "change and drop roles it administers, or make new ones (CREATEROLE)",
      ]);
      assert.deepEqual(found.also, [
        "read every role's password verifier",
        "read files of the server's machine",
        "has CREATEDB, BYPASSRLS, REPLICATION",
      ]);
    });

    test("it leaves no trace in the database, and a role's own search_path bends nothing", async () => {
      const login = await role("GRANT CREATE ON DATABASE current_db TO :role".replace("current_db", database.name));
      await server.asSuperuser(
        `CREATE SCHEMA trap; CREATE TABLE trap.hits (n int); GRANT ALL ON SCHEMA trap TO PUBLIC; GRANT ALL ON trap.hits TO PUBLIC;
         CREATE FUNCTION trap.current_setting(text) RETURNS text LANGUAGE sql AS 'INSERT INTO trap.hits VALUES (1); SELECT ''1''';
         ALTER ROLE ${login.user} SET search_path = trap, pg_catalog`,
        database.name,
      );
      await tried(login, 1);
      assert.deepEqual(await server.asSuperuser("SELECT n FROM trap.hits", database.name), []);
      await server.asSuperuser("DROP SCHEMA trap CASCADE", database.name);
      assert.doesNotMatch(server.log(), /cannot execute .* in a read-only transaction/);
    });

    test("a wrong password opens nothing; a server that is not there leaves the question open", async () => {
      const login = await role();
      const wrong = await tried({ ...login, password: "Wrong-password-1" }, 0);
      assert.deepEqual([wrong.power, wrong.login?.why], ["cannot", "the server refuses this login"]);
      const nowhere = await tried(`postgres://app:Some-password-1@127.0.0.1:1/shop`, 1);
      assert.deepEqual([nowhere.power, nowhere.login?.why], ["may", "nothing listens there"]);
      const lost = await tried(`postgres://app:Some-password-1@no-such-host.invalid/shop`, 1);
      assert.deepEqual([lost.power, lost.login?.outcome], ["may", "unknown"]);
    });
  });
