/** The journal is beyond agents' reach, keeps nobody else's changes, and refuses what it cannot keep. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attachJournal } from "../../src/provision/attach-journal.ts";
import { keptImages, keptTransactions } from "../../src/recovery/journal-read.ts";
import { sweepJournal } from "../../src/recovery/journal-sweep.ts";
import { adminClient, provisionShop } from "../provision/shop.ts";
import { type ServerVersion, serverVersions } from "../support/servers.ts";
import { assertComplete, type JournalScene, keepAll, openJournalScene } from "./scene.ts";

const items = "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items SELECT k, 'item ' || k FROM generate_series(1, 100) k";
const rowsKept = async ({ shop }: JournalScene): Promise<number> =>
  (await shop.server.asSuperuser("SELECT count(*)::int AS n FROM holdfast_undo.change", shop.database))[0]?.["n"] as number;

async function inScene(version: ServerVersion, setup: string, work: (scene: JournalScene) => Promise<void>): Promise<void> {
  const scene = await openJournalScene(version, setup);
  try {
    await work(scene);
  } finally {
    await scene.stop();
  }
}

for (const version of serverVersions) {
  describe(`the journal on PostgreSQL ${version}`, () => {
    test("an agent neither reads nor changes it, and switches nothing off", () =>
      inScene(version, items, async (scene) => {
        for (const sql of [
          "SELECT * FROM holdfast_undo.change",
          "INSERT INTO holdfast_undo.change (transaction) VALUES (1)",
          "DELETE FROM holdfast_undo.change",
          "TRUNCATE holdfast_undo.change",
          "SELECT nextval('holdfast_undo.change_id_seq')",
          "ALTER TABLE items DISABLE TRIGGER ALL",
          "ALTER TABLE items DISABLE TRIGGER USER",
          "SET session_replication_role = replica",
          "DROP SCHEMA holdfast_undo CASCADE",
          "CREATE OR REPLACE FUNCTION holdfast_undo.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
          "CREATE TABLE own (a int); CREATE TRIGGER t AFTER INSERT ON own REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION holdfast_undo.keep()",
        ])
          await assert.rejects(scene.acting.query(sql), { code: "42501" }, sql);
        await scene.acting.query("ROLLBACK");
        await scene.acting.query("DELETE FROM items WHERE id = 1");
        assert.equal(await rowsKept(scene), 1);
      }));

    test("a cast or a table of somebody's in the search path does not change an image", () =>
      inScene(version, `${items}; CREATE TABLE gone (x int); CREATE TABLE pg_attribute (a int)`, async (scene) => {
        await scene.owner
          .query(
            `CREATE FUNCTION lie(items) RETURNS text LANGUAGE sql AS $$ SELECT 'nothing to see' $$; CREATE CAST (items AS text) WITH FUNCTION lie(items) AS ASSIGNMENT;
           CREATE FUNCTION record_out(items) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'record_out'`,
          )
          .catch(() => undefined);
        await scene.acting.query(
          "SET search_path = public, pg_catalog; CREATE TEMP TABLE came (t text); CREATE TEMP TABLE change (t text)",
        );
        assert.deepEqual(await assertComplete(scene, () => scene.acting.query("UPDATE items SET name = 'new' WHERE id < 4")), {
          gone: 3,
          came: 3,
        });
      }));

    test("what applications and owners change is not kept", () =>
      inScene(version, items, async (scene) => {
        await scene.owner.query("UPDATE items SET name = 'by the application'; DELETE FROM items WHERE id > 50");
        assert.equal(await rowsKept(scene), 0);
      }));

    test("what cannot be kept is not done", () =>
      inScene(version, items, async (scene) => {
        await scene.shop.server.asSuperuser(
          "ALTER TABLE holdfast_undo.change ADD CONSTRAINT no_deletes CHECK (op <> 'D')",
          scene.shop.database,
        );
        await assert.rejects(scene.acting.query("DELETE FROM items"), { code: "23514" });
        const { rows } = await scene.acting.query("SELECT count(*)::int AS n FROM items");
        assert.equal(rows[0].n, 100);
      }));

    test("a table that something inherits from since is refused until it is looked after, and then kept with all columns", () =>
      inScene(version, items, async (scene) => {
        await scene.owner.query(`CREATE TABLE special (extra text) INHERITS (items); INSERT INTO special VALUES (500, 'x', 'own column');
          GRANT ALL ON special TO ${scene.agent.user}`);
        await assert.rejects(scene.acting.query("DELETE FROM items WHERE id = 500"), {
          code: "55000",
          hint: "run holdfast provision again",
        });
        const admin = await adminClient(scene.shop);
        const done = await attachJournal(admin, scene.shop.target, keepAll);
        assert.deepEqual(done, { attached: ["public.items", "public.special"], lacking: [], because: done?.because });
        assert.deepEqual((await attachJournal(admin, scene.shop.target, keepAll))?.attached, []);
        await admin.end();
        assert.deepEqual(await assertComplete(scene, () => scene.acting.query("DELETE FROM items WHERE id IN (1, 500)")), {
          gone: 2,
          came: 0,
        });
      }));

    test("excluded tables are left alone, and all of it goes with provisioning's undo", () =>
      inScene(version, `${items}; CREATE TABLE noise (id int)`, async (scene) => {
        const { shop } = scene;
        assert((await provisionShop(shop, { undo: { logins: [], exclude: ["public.noise"] } })) > 0);
        await scene.acting.query("INSERT INTO noise VALUES (1); DELETE FROM items WHERE id = 1");
        assert.equal(await rowsKept(scene), 1);
        assert.equal(await provisionShop(shop, { undo: { logins: [], exclude: ["public.noise"] } }), 0);
        await provisionShop(shop, { undo: keepAll }, "undo");
        const left = await shop.server.asSuperuser(
          "SELECT tgname AS name FROM pg_trigger WHERE tgname LIKE 'holdfast%' UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE 'holdfast%'",
          shop.database,
        );
        assert.deepEqual(left, []);
        await scene.acting.query("DELETE FROM items WHERE id = 2");
      }));

    test("logins of agents that are no session roles are kept where they are named", () =>
      inScene(version, items, async (scene) => {
        const { shop } = scene;
        await provisionShop(shop, { undo: { logins: [shop.owner.user], exclude: [] } });
        await scene.owner.query("DELETE FROM items WHERE id = 1");
        assert.equal(await rowsKept(scene), 1);
      }));

    test("transactions are read back with their figures, and swept whole: by age, then by size, told first", () =>
      inScene(version, items, async (scene) => {
        const { server, database, target } = scene.shop;
        const ids: string[] = [];
        for (const sql of [
          "DELETE FROM items WHERE id <= 70",
          "UPDATE items SET name = 'x' WHERE id = 80",
          "INSERT INTO items VALUES (900, 'n')",
        ]) {
          await scene.acting.query("BEGIN");
          await scene.acting.query(sql);
          ids.push((await scene.acting.query("SELECT pg_current_xact_id()::text AS id")).rows[0].id);
          await scene.acting.query("COMMIT");
        }
        const client = await server.connect(database);
        try {
          await client.query(`SET ROLE holdfast_${target}_owner_executor`);
          const kept = await keptTransactions(client);
          const count = { table: "public.items", inserted: 0, updated: 0, deleted: 0, truncated: 0 };
          assert.deepEqual(
            kept.map(({ transaction, role, tables }) => ({ transaction, role, tables })),
            [
              { transaction: ids[2], role: scene.agent.user, tables: [{ ...count, inserted: 1 }] },
              { transaction: ids[1], role: scene.agent.user, tables: [{ ...count, updated: 1 }] },
              { transaction: ids[0], role: scene.agent.user, tables: [{ ...count, deleted: 70 }] },
            ],
          );
          assert.deepEqual(await keptTransactions(client, { roles: ["nobody"] }), []);
          assert.equal((await keptTransactions(client, { transactions: [ids[1] as string], sinceMs: 0 })).length, 1);
          assert.deepEqual(
            (await keptImages(client, [ids[1] as string])).map(({ gone, came }) => [gone, came]),
            [[['(80,"item 80")'], ["(80,x)"]]],
          );
          const told: unknown[] = [];
          const limits = { keepMs: 3_600_000, sizeMax: 1024 ** 3 };
          assert.deepEqual(await sweepJournal(client, limits, async (swept) => void told.push(swept)), []);
          await server.asSuperuser(
            `UPDATE holdfast_undo.change SET at = at - interval '2 hours' WHERE transaction = ${ids[0]} AND id < (SELECT max(id) FROM holdfast_undo.change WHERE transaction = ${ids[0]})`,
            database,
          );
          assert.deepEqual(await sweepJournal(client, limits, async (swept) => void told.push(swept)), [], "a part of it is young");
          await server.asSuperuser(
            `UPDATE holdfast_undo.change SET at = now() - interval '2 hours' WHERE transaction = ${ids[0]}`,
            database,
          );
          const failing = sweepJournal(client, limits, async () => Promise.reject(new Error("the log is full")));
          await assert.rejects(failing, /the log is full/);
          assert.equal((await keptTransactions(client)).length, 3, "nothing goes untold");
          const [old] = await sweepJournal(client, limits, async (swept) => void told.push(swept));
          assert.deepEqual([old?.transactions, told.length], [1, 1]);
          const other = await server.connect(database);
          await other.query("SELECT pg_advisory_lock(hashtext('holdfast undo sweep'))");
          assert.deepEqual(await sweepJournal(client, { keepMs: 0, sizeMax: 0 }, async () => undefined), [], "another gateway is at it");
          await other.end();
          const [large] = await sweepJournal(client, { ...limits, sizeMax: 200 }, async (swept) => void told.push(swept));
          assert.equal(large?.transactions, 1);
          assert.deepEqual(
            (await keptTransactions(client)).map(({ transaction }) => transaction),
            [ids[2]],
          );
        } finally {
          await client.end();
        }
      }));
  });
}
