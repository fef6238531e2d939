/** `holdfast backup drill`: through a running gateway, signed, and with it down; on record both times, and known to policy. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Drill } from "../../src/model/recovery.ts";
import { openScene, type Scene } from "../grants/scene.ts";
import { environmentOf, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { type BackedUp, openBackedUp } from "./own-backup.ts";
import { type Ran, start } from "./program.ts";

/** Rows of other tables go only while a drill that looked at the table is young enough. */
const policy = `
policies:
  drilled:
    extends: guarded-writes
    rules:
      - id: drilled-only
        title: Deletes from tables whose backup nobody has tried
        why: Without a drill of late nobody knows whether the rows would come back.
        answer: forbid
        match: { operation: delete }
        when: effect.drill_age_days > 7 || facts.backup_age_days > 1
        code: destructive
        examples:
          matches: [DELETE FROM public.orders WHERE id = 7]
          misses: [SELECT 1]`;

const backupKey = "the passphrase that seals the repository";

describe("holdfast backup drill", () => {
  let backedUp: BackedUp;
  let shop: Shop;
  let scene: Scene;

  before(async () => {
    backedUp = await openBackedUp({
      passphrase: Buffer.from(backupKey),
      fill: async (server) => {
        shop = await openShop(server);
        await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
        await server.asSuperuser(`GRANT EXECUTE ON FUNCTION pg_switch_wal() TO ${shop.owner.user}`, shop.database);
        await provisionShop(shop);
        return shop.target;
      },
    });
    await backedUp.backUp();
    backedUp.keepArchiving();
    const checks = `checks: [{ name: ten orders, sql: "SELECT count(*) FROM orders", expect: 10 }]`;
    const keyFile = join(backedUp.folder, "backup-key");
    writeFileSync(keyFile, backupKey, { mode: 0o600 });
    const drill = `drill: { folder: ${join(backedUp.folder, "scratch")}, sample: 2, tables: [public.orders], ${checks} }`;
    const target = `backup: { repository: ${join(backedUp.folder, "repository")}, key: { file: ${keyFile} }, wal: false, ${drill} }`;
    scene = await openScene(backedUp.server, {
      shop,
      target,
      shared: true,
      policy: "drilled",
      more: policy,
      environment: "staging",
      approves: ["staging"],
    });
  });
  after(async () => {
    await scene?.stop();
    await backedUp?.close();
  });

  function drill(...words: string[]): Promise<Ran> {
    const env = { ...environmentOf(shop, shop.owner), OTHER_KEY: "another passphrase" };
    return start(["backup", "drill", "--config", join(scene.folder, "holdfast.yaml"), ...words], { folder: scene.folder, env }).over;
  }

  test("by a gateway: signed, on record, and what policy asks of it holds from then on", async () => {
    const agent = await scene.connect(await scene.program());
    try {
      await assert.rejects(agent.query("DELETE FROM orders WHERE id = 10"), /it removes data or structure/);
      const { code, out, err } = await drill("--json");
      assert.equal(code, 0, `${out}${err}`);
      const done = JSON.parse(out) as Drill;
      assert.equal(done.checks.find(({ name }) => name === "ten orders")?.because, "it answers `10`");
      assert.match(done.checks.find(({ name }) => name === "rows public.orders")?.because ?? "", /^10 rows, each as the server held it/);
      const recorded = (await scene.events("drill_done")).at(-1);
      assert.deepEqual([recorded?.drill, recorded?.passed, recorded?.checks.length], [done.id, true, done.checks.length]);
      assert.deepEqual(recorded?.tables, done.tables);
      await agent.query("DELETE FROM orders WHERE id = 10");
    } finally {
      await agent.end();
    }
  });

  test("of a repository that another key sealed fails by name", async () => {
    const path = join(scene.folder, "holdfast.yaml");
    const text = readFileSync(path, "utf8");
    await scene.stop();
    writeFileSync(path, text.replace(/key: \{ file: \S+ \}/, "key: { env: OTHER_KEY }"));
    try {
      const { code, out, err } = await drill();
      assert.equal(code, 1);
      assert.match(out, /FAILED +repository +the key does not open/, err);
    } finally {
      writeFileSync(path, text);
    }
  });

  test("with the gateway down, and one that fails says why", async () => {
    const { code, out, err } = await drill();
    assert.equal(code, 1, err);
    assert.match(out, /FAILED +ten orders +it does not answer `10`/);
    const recorded = (await scene.events("drill_done")).at(-1);
    assert.deepEqual([recorded?.passed, recorded?.checks.filter(({ passed }) => !passed).map(({ name }) => name)], [false, ["ten orders"]]);
  });
});
