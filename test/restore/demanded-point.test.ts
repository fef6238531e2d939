/**
 * A rule that demands a recovery point: what it lets through, by itself or by persons, runs once the server's WAL position is on record,
 * and does not run where that cannot be had.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { type PlanScene, planning, usual } from "../e2e/plans/scene.ts";
import { openScene } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { until } from "../backup/ground.ts";
import { startServer, type TestServer } from "../support/servers.ts";

const policy = `
policies:
  pointed:
    extends: guarded-writes
    rules:
      - id: orders-with-a-point
        title: Deletes of orders
        why: Each is one that may have to be gone back before.
        answer: permit
        match: { operation: delete, detail: delete, resource_name: public.orders }
        recovery_point: true
        examples:
          matches: [DELETE FROM public.orders WHERE id = 7]
          misses: [SELECT 1]
      - id: unbounded-with-a-point
        title: Updates that nothing restricts
        why: A person looks, and the way back is known.
        answer: require_approval
        match: { operation: update, extent: unbounded }
        recovery_point: true
        code: unbounded_change
        examples:
          matches: [UPDATE public.orders SET id = id]
          misses: [SELECT 1]
approvals: { cool_off: 0s }`;

describe("a rule that demands a recovery point", { timeout: 300_000 }, () => {
  let server: TestServer;
  let scene: PlanScene;
  let agent: pg.Client;

  before(async () => {
    server = await startServer({ version: 18 });
    // A provider's backups: nothing is made here, and points are taken all the same.
    const target = `backup: { method: external, external: { query: "SELECT now()" }, wal: false }`;
    const shop = await openShop(server);
    await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
    await provisionShop(shop);
    scene = planning(await openScene(server, { ...usual, shop, shared: true, policy: "pointed", more: policy, target }));
    agent = await scene.connect(await scene.program());
  });
  after(async () => {
    await agent?.end().catch(() => undefined);
    await scene?.stop();
    await server?.stop();
  });

  const points = async () => scene.events("recovery_point");
  const positions = (may: boolean) =>
    server.asSuperuser(
      `${may ? "GRANT EXECUTE ON FUNCTION pg_current_wal_insert_lsn() TO" : "REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM"} PUBLIC`,
      scene.shop.database,
    );

  test("has the position on record before the act, in both protocols, and reads cost none", async () => {
    await agent.query("SELECT count(*) FROM orders");
    assert.equal((await points()).length, 0);
    await agent.query("DELETE FROM orders WHERE id = 3");
    await agent.query("DELETE FROM orders WHERE id = $1", [4]);
    await agent.query("DELETE FROM orders WHERE id = $1", [5]);
    const taken = await points();
    const intents = (await scene.events("intent")).filter(({ action }) => taken.some((point) => point.action === action));
    assert.equal(taken.length, 3);
    assert.equal(intents.length, 3, "each act has its own");
    for (const { lsn } of taken) assert.match(lsn ?? "", /^\w+\/\w+$/);
  });

  test("does not run where the position cannot be had, and runs again once it can", async () => {
    await positions(false);
    try {
      const count = await scene.count("SELECT count(*) FROM orders");
      for (const run of [() => agent.query("DELETE FROM orders WHERE id = 6"), () => agent.query("DELETE FROM orders WHERE id = $1", [6])])
        await assert.rejects(run(), /asks for a recovery point before it, and none could be taken: nothing has run/);
      assert.equal(await scene.count("SELECT count(*) FROM orders"), count);
      await until("the cause is on record", async () => /permission denied/.test((await points()).at(-1)?.because ?? ""));
      await until("the act failed", async () => (await scene.events("outcome")).at(-1)?.outcome.status === "failed");
    } finally {
      await positions(true);
    }
    await agent.query("DELETE FROM orders WHERE id = 6");
    assert.equal(await scene.count("SELECT count(*) FROM orders WHERE id = 6"), 0);
  });

  test("is not lifted by persons' approval of a plan", async () => {
    const approved = async (text: string) => {
      const planned = await scene.planAs("ada", text, { target: scene.shop.target, ask: true });
      assert(planned.approval !== undefined && planned.approval !== null, JSON.stringify(planned).slice(0, 400));
      await scene.answer(planned.approval.id, "approve", "ben");
      return planned;
    };
    const refused = await approved("UPDATE orders SET id = id");
    await positions(false);
    const not = await scene
      .applyAs("ada", refused)
      .then(
        (applied) => JSON.stringify(applied),
        (error: unknown) => String(error),
      )
      .finally(() => positions(true));
    assert.match(not, /recovery point/);
    const before_ = (await points()).length;
    const applied = await scene.applyAs("ada", await approved("UPDATE orders SET id = id + 0"));
    assert.equal(applied.outcome, "applied", JSON.stringify(applied).slice(0, 400));
    assert.match((await points()).slice(before_).at(-1)?.lsn ?? "", /^\w+\/\w+$/);
  });
});
