/** The journal behind a gateway: new tables are looked after, old images go, and the log leads from an act to its images. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readEvents } from "../../src/audit/events.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { keptTransactions } from "../../src/recovery/journal-read.ts";
import { configText, ephemeral, newFolder, openShop, provisionShop, serveShop, type ServedShop, type Shop } from "../provision/shop.ts";
import { serverVersions, testServer } from "../support/servers.ts";
import { keepAll } from "./scene.ts";

/** As written below the target's roles. */
const withUndo = (text: string, undo: string): string => text.replace("\nusers:", `\n    undo: ${undo}\nusers:`);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await holds()) return;
    await delay(50);
  }
  assert.fail(`never came: ${what}`);
}

async function events({ config }: ServedShop): Promise<readonly AuditEvent[]> {
  const found: AuditEvent[] = [];
  for await (const { event } of readEvents({ directory: config.auditDirectory })) found.push(event);
  return found;
}

const triggers = async ({ server, database }: Shop, table: string): Promise<number> =>
  (
    await server.asSuperuser(
      "SELECT count(*)::int AS n FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname LIKE 'holdfast%'",
      database,
      [table],
    )
  )[0]?.["n"] as number;

const ofKind = <K extends AuditEvent["kind"]>(all: readonly AuditEvent[], kind: K) =>
  all.filter((event): event is Extract<AuditEvent, { kind: K }> => event.kind === kind);

for (const version of serverVersions) {
  describe(`the journal behind a gateway on PostgreSQL ${version}`, () => {
    test("the log names the transactions whose images are kept, and counts nothing of the journal's own", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop, { undo: keepAll });
      const served = await serveShop(shop, configText(shop, ephemeral, "guarded-writes"));
      try {
        const clerk = await served.connect("clerk");
        await clerk.query("BEGIN");
        await clerk.query("UPDATE orders SET note = 'x' WHERE id < 4");
        await clerk.query("COMMIT");
        await clerk.query("DELETE FROM orders WHERE id = 9");
        await clerk.end();
      } finally {
        await served.stop();
      }
      const owner = await shop.server.connect(shop.database);
      const kept = await keptTransactions(owner);
      await owner.end();
      const told = await events(served);
      const ended = ofKind(told, "transaction_ended").filter(({ tables }) => tables !== undefined && tables.length > 0);
      const alone = ofKind(told, "outcome").flatMap(({ outcome }) =>
        outcome.status === "succeeded" && outcome.measured.transaction !== undefined ? [outcome.measured] : [],
      );
      assert.deepEqual([ended.length, alone.length, kept.length], [1, 1, 2]);
      assert.deepEqual(
        [alone[0]?.transaction, ended[0]?.transaction],
        kept.map(({ transaction }) => transaction),
      );
      assert.deepEqual(
        [alone[0]?.tables, ended[0]?.tables],
        kept.map(({ tables }) => tables),
      );
      const sessions = ofKind(told, "session_opened").map(({ serverProcess }) => serverProcess);
      assert(sessions.includes(kept[0]?.serverProcess));
    });

    test("tables that are made later, partitions and children among them, are given triggers", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop, { undo: keepAll });
      const served = await serveShop(shop, configText(shop, ephemeral, "guarded-writes"));
      const owner = await shop.server.connect(shop.database, shop.owner);
      const clerk = await served.connect("clerk");
      try {
        await owner.query(
          "CREATE TABLE later (id int); CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9); CREATE TABLE special (extra int) INHERITS (orders)",
        );
        // A gateway looks at the catalogue when somebody works with it.
        for (const [table, wanted] of [
          ["later", 3],
          // The fourth of a partitioned table is on its partitions too.
          ["parts", 4],
          ["parts_1", 4],
          ["special", 1],
          ["orders", 1],
        ] as const)
          await until(`triggers of ${table}`, async () => {
            await clerk.query("SELECT count(*) FROM orders");
            return (await triggers(shop, table)) === wanted;
          });
        assert.deepEqual(
          served.warnings.filter((warning) => warning.includes("undone")),
          [],
        );
      } finally {
        await Promise.all([owner.end(), clerk.end()]);
        await served.stop();
      }
    });

    test("images that are too old go when a gateway starts, and the log says so", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop, { undo: { logins: [shop.owner.user], exclude: [] } });
      const owner = await shop.server.connect(shop.database, shop.owner);
      await owner.query("DELETE FROM orders WHERE id = 1");
      await owner.query("DELETE FROM orders WHERE id = 2");
      await owner.end();
      await shop.server.asSuperuser("UPDATE holdfast_undo.change SET at = at - interval '2 hours' WHERE id = 1", shop.database);
      const text = withUndo(configText(shop, ephemeral, "guarded-writes"), "{ keep: 1h }");
      const served = await serveShop(shop, text, undefined, newFolder());
      const left = async () =>
        (await shop.server.asSuperuser("SELECT count(*)::int AS n FROM holdfast_undo.change", shop.database))[0]?.["n"] === 1;
      try {
        await until("one image is left", left);
      } finally {
        await served.stop();
      }
      const swept = ofKind(await events(served), "undo_swept");
      assert.deepEqual(
        swept.map(({ target, database, transactions }) => ({ target, database, transactions })),
        [{ target: shop.target, database: shop.database, transactions: 1 }],
      );
    });
  });
}
