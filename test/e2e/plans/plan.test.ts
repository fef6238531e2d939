/** A plan from its text to its end: measured, asked about, agreed to, applied once; and whatever differs by then refused by name. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { HeldSession } from "../../../src/control/client.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

for (const version of serverVersions) {
  describe(`a plan on PostgreSQL ${version}`, () => {
    let scene: PlanScene;
    let held: HeldSession;
    before(async () => {
      scene = await openPlanScene(await testServer(version));
      await scene.shop.server.asSuperuser(
        `SET ROLE ${scene.shop.owner.user}; CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
         INSERT INTO items SELECT n, 1 + n % 10 FROM generate_series(1, 40) n`,
        scene.shop.database,
      );
      held = await scene.program({ actsFor: "grace", purpose: "tidy up" });
    });
    after(async () => {
      held.letGo();
      await scene.stop();
    });

    test("changes nothing, is asked about with its figures, and runs once when a person has agreed", async () => {
      const before = await scene.content();
      const planned = await scene.plan(held, "DELETE FROM orders WHERE id <= 2", { purpose: "two duplicates" });
      assert.equal(await scene.content(), before, "a plan changes nothing");
      assert.equal(planned.decision, "hold");
      const counts = planned.plan.measured?.tables.map(({ table, direct, following }) => [table, direct.deleted, following.deleted]);
      assert.deepEqual(counts?.toSorted(), [
        ["public.items", 0, 8],
        ["public.orders", 2, 0],
      ]);
      assert.equal(planned.plan.asked.purpose, "two duplicates");
      assert.deepEqual(planned.plan.policy.rules, [], "who asks is not told the rules");
      const id = planned.approval?.id ?? "";
      assert.equal((await scene.apply(held, planned)).outcome, "waiting");
      assert.equal(await scene.content(), before);
      assert.equal((await scene.answer(id)).state, "approved");
      const applied = await scene.apply(held, planned);
      assert.equal(applied.outcome, "applied", JSON.stringify(applied));
      assert.equal(applied.approval.state, "used");
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 8);
      assert.equal(await scene.count("SELECT count(*) FROM items"), 32);
      await assert.rejects(scene.apply(held, planned), /applied already, and is applied once/);
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 8);
    });
  });
}
