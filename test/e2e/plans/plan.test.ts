/** A plan from its text to its end: measured, asked about, agreed to, applied once; and whatever differs by then refused by name. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { textDigest } from "../../../src/approvals/plan-file.ts";
import { planDigest } from "../../../src/approvals/plan-digest.ts";
import { callControl, type HeldSession } from "../../../src/control/client.ts";
import type { PlannedView } from "../../../src/control/contract.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { changedAt, leaves } from "../../plans/mutate.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

for (const version of serverVersions) {
  describe(`a plan on PostgreSQL ${version}`, () => {
    let scene: PlanScene;
    let held: HeldSession;
    const asOwner = (sql: string) =>
      scene.shop.server.asSuperuser(`SET ROLE ${scene.shop.owner.user}; ${sql}`, scene.shop.database).then(() => undefined);
    before(async () => {
      scene = await openPlanScene(await testServer(version));
      await asOwner("CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE)");
      held = await scene.program({ actsFor: "grace", purpose: "tidy up" });
    });
    beforeEach(() =>
      asOwner(`TRUNCATE orders, items; INSERT INTO orders (id, note) SELECT n, 'note ' || n FROM generate_series(1, 10) n;
        INSERT INTO items SELECT n, 1 + n % 10 FROM generate_series(1, 40) n`),
    );
    after(async () => {
      held.letGo();
      await scene.stop();
    });
    let from = 0;
    /** Each its own text, so that no test meets another's answer. */
    const deletion = () => `DELETE FROM orders WHERE id <= 2 -- ${++from}`;
    const approved = async (text: string): Promise<PlannedView> => {
      const planned = await scene.plan(held, text);
      assert.equal((await scene.answer(planned.approval?.id ?? "")).state, "approved");
      return planned;
    };
    const orders = () => scene.count("SELECT count(*) FROM orders");

    test("changes nothing, is asked about with its figures, and runs once when a person has agreed", async () => {
      const content = await scene.content();
      const planned = await scene.plan(held, deletion(), { purpose: "two duplicates" });
      assert.equal(await scene.content(), content, "a plan changes nothing");
      assert.equal(planned.decision, "hold");
      const counts = planned.plan.measured?.tables.map(({ table, direct, following }) => [table, direct.deleted, following.deleted]);
      assert.deepEqual(counts?.toSorted(), [
        ["public.items", 0, 8],
        ["public.orders", 2, 0],
      ]);
      assert.deepEqual([planned.plan.asked.purpose, planned.plan.asked.actsFor], ["two duplicates", "grace"]);
      assert.deepEqual(planned.plan.policy.rules, [], "who asks is not told the rules");
      const id = planned.approval?.id ?? "";
      assert.equal((await scene.apply(held, planned)).outcome, "waiting");
      assert.equal(await scene.content(), content);
      assert.equal((await scene.answer(id)).state, "approved");
      const applied = await scene.apply(held, planned);
      assert.equal(applied.outcome, "applied", JSON.stringify(applied));
      assert.equal(applied.approval.state, "used");
      assert.deepEqual([await orders(), await scene.count("SELECT count(*) FROM items")], [8, 32]);
      await assert.rejects(scene.apply(held, planned), /applied already, and is applied once/);
      assert.equal(await orders(), 8);
      const used = (await scene.events("approval_used")).filter(({ approval }) => approval === id);
      assert.equal(used.length, 1);
      assert.match(used[0]?.transaction ?? "", /^[0-9]+$/, "its transaction is on record");
    });

    test("runs once however many apply it at the same time", async () => {
      const planned = await approved(deletion());
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => scene.apply(held, planned)));
      const applied = tries.filter((each) => each.status === "fulfilled" && each.value.outcome === "applied");
      assert.equal(applied.length, 1, JSON.stringify(tries));
      assert.equal(await orders(), 8);
    });

    test("is asked about once however often the same is planned", async () => {
      const text = deletion();
      const first = await scene.plan(held, text);
      const again = await scene.plan(held, text);
      assert.equal(again.approval?.id, first.approval?.id);
      assert.equal((await scene.approval(first.approval?.id ?? "")).count, 2);
      assert.notEqual((await scene.plan(held, `${text} `)).approval?.id, first.approval?.id, "another byte is another act");
      assert.notEqual((await scene.plan(held, text, { searchPath: ["pg_catalog", "public"] })).approval?.id, first.approval?.id);
      assert.notEqual((await scene.plan(held, text, { timeZone: "Asia/Tokyo" })).approval?.id, first.approval?.id);
    });

    test("is rolled back when the data have changed since, and is of no use any more", async () => {
      const planned = await approved(deletion());
      await asOwner("DELETE FROM orders WHERE id = 1");
      const content = await scene.content();
      const applied = await scene.apply(held, planned);
      assert.equal(applied.outcome, "stale", JSON.stringify(applied));
      assert.match(applied.because ?? "", /public\.(orders|items)/);
      assert.equal(await scene.content(), content, "nothing of it stays");
      await assert.rejects(scene.apply(held, planned), /the plan is stale/);
    });

    test("is stale when the schema has changed since", async () => {
      const planned = await approved(deletion());
      await asOwner(`ALTER TABLE items ADD COLUMN more_${from} int`);
      await assert.rejects(scene.apply(held, planned), /since it was planned: the schema of the database has changed/);
      await assert.rejects(scene.apply(held, planned), /the plan is stale/);
      assert.equal(await orders(), 10);
    });

    test("that was denied is not applied, and the same is not asked again", async () => {
      const text = deletion();
      const planned = await scene.plan(held, text);
      await scene.answer(planned.approval?.id ?? "", "deny");
      await assert.rejects(scene.apply(held, planned), /a person said no.*not those/s);
      await assert.rejects(scene.plan(held, text), /approval_denied: .*not those/s);
      assert.equal(await orders(), 10);
    });

    test("with anything in it changed is refused, and says what, whatever digests are computed again", async () => {
      const planned = await approved(deletion());
      const other = "DELETE FROM orders";
      await assert.rejects(scene.apply(held, { ...planned, text: other }), /its text is not the one that was planned/);
      const plan = { ...planned.plan, act: { ...planned.plan.act, digest: textDigest(other) } };
      const forged = { text: other, plan: { ...plan, digest: planDigest(plan) } };
      await assert.rejects(scene.apply(held, forged), /this is not the plan that was made: `act\.digest` is another/);
      const paths = leaves(planned.plan).filter(([first]) => first !== "digest");
      assert.ok(paths.length > 30);
      for (const path of paths) {
        const lie = changedAt(planned.plan, path);
        await assert.rejects(scene.apply(held, { ...planned, plan: { ...lie, digest: planDigest(lie) } }), path.join("."));
      }
      assert.equal(await orders(), 10);
      assert.equal((await scene.apply(held, planned)).outcome, "applied");
    });

    test("is applied for the session that asked and for no other, and with its token alone", async () => {
      const planned = await approved(deletion());
      const other = await scene.program();
      await assert.rejects(scene.apply(other, planned), /the session did not ask for this plan/);
      other.letGo();
      const body = { plan: { text: planned.text, plan: planned.plan }, session: held.opened.session, token: "guessed" };
      await assert.rejects(callControl(scene.socket, { method: "POST", path: "/v1/plans/apply", body }), /inside a session alone/);
      const unsigned = callControl(scene.socket, { method: "POST", path: "/v1/plans/apply/signed", body: { plan: body.plan } });
      await assert.rejects(unsigned, /this takes a person/);
      assert.equal(await orders(), 10);
      assert.equal((await scene.applyAs("ada", planned)).outcome, "applied", "a person who decides there may");
      assert.equal(await orders(), 8);
    });

    test("of a person is asked in that person's name, who cannot agree to it", async () => {
      const planned = await scene.planAs("ada", deletion());
      assert.equal(planned.plan.asked.principal, "ada");
      await assert.rejects(scene.answer(planned.approval?.id ?? ""), /another person has to answer/);
      assert.equal((await scene.applyAs("ada", planned)).outcome, "waiting");
      assert.equal((await scene.answer(planned.approval?.id ?? "", "approve", "ben")).state, "approved");
      assert.equal((await scene.applyAs("ada", planned)).outcome, "applied");
      assert.equal(await orders(), 8);
    });

    test("is not made of what the policy forbids, and not asked about where it lets pass", async () => {
      await assert.rejects(scene.plan(held, "GRANT ALL ON orders TO PUBLIC"), /^Refused: privilege_change: /);
      await assert.rejects(scene.plan(held, "DELETE FROM orders; DROP ROLE somebody"), /privilege_change/);
      const content = await scene.content();
      const planned = await scene.plan(held, "UPDATE orders SET note = 'x' WHERE id = 3");
      assert.deepEqual([planned.decision, planned.approval], ["allow", undefined]);
      assert.equal(planned.plan.measured?.tables[0]?.direct.updated, 1);
      assert.equal(await scene.content(), content);
      await assert.rejects(scene.apply(held, planned), /nobody was asked about plan/);
      const asked = await scene.plan(held, "UPDATE orders SET note = 'x' WHERE id = 3", { ask: true });
      assert.equal(asked.decision, "hold");
      await scene.answer(asked.approval?.id ?? "");
      assert.equal((await scene.apply(held, asked)).outcome, "applied");
      assert.equal(await scene.count("SELECT count(*) FROM orders WHERE note = 'x'"), 1);
    });
  });
}
