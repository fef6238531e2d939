/**
 * DROP DATABASE into the bin, next to the server's own: the same answers, and what rests comes back as it was. By 15 and 18.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type pg from "pg";
import type { BinEntryId } from "../../src/base/ids.ts";
import { newBinEntryId } from "../../src/base/ids.ts";
import {
  type DatabaseAnswer,
  type DropDatabase,
  emptyDatabase,
  keepDatabase,
  listDatabases,
  markDatabaseTold,
  restoreDatabase,
} from "../../src/recovery/bin/database.ts";
import { type Login, type TestServer, testServer } from "../support/servers.ts";

for (const version of [15, 18] as const)
  describe(`a database in the bin, PostgreSQL ${version}`, async () => {
    const server = await testServer(version);

    test("comes back with its data, owner, rights, settings, limit and comment", async () => {
      const { client, login } = await keeper(server);
      await server.asSuperuser(`CREATE DATABASE shop OWNER ${login.user}`);
      await server.asSuperuser(`ALTER DATABASE shop CONNECTION LIMIT 17; ALTER DATABASE shop SET work_mem = '7MB';
        COMMENT ON DATABASE shop IS 'it''s ours'; REVOKE CONNECT ON DATABASE shop FROM public;
        GRANT CONNECT ON DATABASE shop TO pg_monitor`);
      await server.asSuperuser("CREATE TABLE t AS SELECT generate_series(1, 7) AS id", "shop");
      const before = await looks(server, "shop");
      const entry = newBinEntryId();
      const answer = await keepDatabase(client, act(entry, "shop", login));
      assert.equal(answer.kind, "kept");
      assert.equal(await looks(server, "shop"), undefined, "the name is free");
      await assert.rejects(server.connect(`holdfast_bin_${entry}`, login), /not currently accepting connections/);
      const [listed] = await listDatabases(client, "main");
      assert.deepEqual(
        { id: listed?.id, database: listed?.database, tag: listed?.tag, told: listed?.told, state: listed?.state },
        { id: entry, database: "shop", tag: "DROP DATABASE", told: false, state: "kept" },
      );
      assert.deepEqual(await listDatabases(client, "another"), [], "another target at the same server has none of it");
      await markDatabaseTold(client, entry);
      assert.equal((await listDatabases(client, "main"))[0]?.told, true);

      await server.asSuperuser("CREATE DATABASE shop");
      await assert.rejects(restoreDatabase(client, entry), /database "shop" already exists/);
      await server.asSuperuser("DROP DATABASE shop");
      assert.equal(await restoreDatabase(client, entry), "shop");
      assert.deepEqual(await looks(server, "shop"), before);
      assert.equal((await server.asSuperuser("SELECT count(*)::int AS n FROM t", "shop"))[0]?.["n"], 7);
      assert.deepEqual(await listDatabases(client, "main"), []);

      const second = newBinEntryId();
      await keepDatabase(client, act(second, "shop", login));
      assert.equal(await restoreDatabase(client, second, "shop_of_old"), "shop_of_old");
      const third = newBinEntryId();
      await keepDatabase(client, act(third, "shop_of_old", login));
      await emptyDatabase(client, third);
      assert.deepEqual(await listDatabases(client, "main"), []);
      await assert.rejects(emptyDatabase(client, third), /does not rest in the bin/);
      await client.end();
    });

    test("answers as the server does", async () => {
      const { client, login } = await keeper(server);
      await server.asSuperuser(`CREATE DATABASE mine OWNER ${login.user}`);
      await server.asSuperuser(`CREATE DATABASE pattern OWNER ${login.user} IS_TEMPLATE true`);
      await server.asSuperuser("CREATE DATABASE others");
      await server.asSuperuser(`CREATE DATABASE busy OWNER ${login.user}`);
      const guest = await open(server, "busy");
      // Either way takes the server five seconds to believe that a database is busy: once is enough.
      for (const name of ["none", "pattern", "others", ...(version === 18 ? ["busy"] : []), "mine"]) {
        // The server's own answer comes from a session connected to `mine`, so that the last case is its own database.
        const own = await open(server, "mine", login);
        const theirs = await own.query(`DROP DATABASE ${name}`).then(() => undefined, shown);
        await own.end();
        await settled(server, "mine");
        const ours = await keepDatabase(client, { ...act(newBinEntryId(), name, login), current: "mine" });
        assert.ok(theirs !== undefined, `${name}: the server refuses`);
        assert.deepEqual(ours.kind === "refused" ? shown(ours.error) : ours, theirs, name);
      }
      await guest.end();
      const skipped = await keepDatabase(client, { ...act(newBinEntryId(), "none", login), ifExists: true });
      assert.deepEqual(skipped, { kind: "skipped", notice: 'database "none" does not exist, skipping' });
      assert.deepEqual(await listDatabases(client, "main"), []);
      await client.end();
    });

    test("FORCE ends others' connections, and our own ones give way without it", async () => {
      const { client, login } = await keeper(server);
      await server.asSuperuser(`CREATE DATABASE forced OWNER ${login.user}`);
      const guest = await open(server, "forced", login);
      const kept = await keepDatabase(client, { ...act(newBinEntryId(), "forced", login), force: true });
      assert.equal(kept.kind, "kept");
      await assert.rejects(guest.query("SELECT 1"));
      await server.asSuperuser(`CREATE DATABASE looked_at OWNER ${login.user}`);
      const own = await open(server, "looked_at", login);
      await own.query("SET application_name = 'holdfast catalogue'");
      const gone = await keepDatabase(client, act(newBinEntryId(), "looked_at", login));
      assert.equal(gone.kind, "kept");
      await client.end();
    });

    test("a login that may not rename says so by name, and nothing has changed", async () => {
      const plain = await server.ordinaryRole();
      await server.asSuperuser(`CREATE DATABASE stays OWNER ${plain.user}`);
      const client = await open(server, "postgres", plain);
      const answer: DatabaseAnswer = await keepDatabase(client, act(newBinEntryId(), "stays", plain));
      assert.equal(answer.kind === "refused" && answer.error.code, "42501");
      assert.match(answer.kind === "refused" ? answer.error.message : "", /may not rename databases/);
      assert.ok(await looks(server, "stays"));
      await client.end();
    });
  });

const opened: pg.Client[] = [];
after(() => Promise.all(opened.map((client) => client.end().catch(() => undefined))));

/** Ended with the file, so that a test that fails leaves nothing open. */
async function open(server: TestServer, database: string, login?: Login): Promise<pg.Client> {
  const client = await server.connect(database, login);
  opened.push(client);
  return client;
}

async function keeper(server: TestServer): Promise<{ client: pg.Client; login: Login }> {
  const login = await server.ordinaryRole();
  await server.asSuperuser(`ALTER ROLE ${login.user} CREATEDB`);
  return { client: await open(server, "postgres", login), login };
}

function act(entry: BinEntryId, name: string, login: Login): DropDatabase {
  return {
    target: "main",
    entry,
    name,
    ifExists: false,
    force: false,
    current: "postgres",
    role: "hfs_x",
    atMs: 1_700_000_000_000,
    ownLogins: [login.user],
  };
}

async function looks(server: TestServer, name: string): Promise<object | undefined> {
  const rows = await server.asSuperuser(
    `SELECT d.oid, d.datname, d.datdba, d.datallowconn, d.datconnlimit, d.datacl::text, shobj_description(d.oid, 'pg_database') AS comment,
      (SELECT array_agg(s.setconfig::text) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid) AS settings
     FROM pg_database d WHERE d.datname = $1`,
    "postgres",
    [name],
  );
  return rows[0];
}

/** Waits until nobody is connected: a client's end is not yet its backend's. */
async function settled(server: TestServer, name: string): Promise<void> {
  for (;;) {
    const rows = await server.asSuperuser("SELECT FROM pg_stat_activity WHERE datname = $1", "postgres", [name]);
    if (rows.length === 0) return;
  }
}

function shown(error: object): object {
  const { code, message, detail } = error as { code?: string; message?: string; detail?: string };
  return { code, message, detail };
}
