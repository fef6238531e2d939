/** What persons approve goes into the bin, too: a production target with a bin, a held DROP, a person's yes, and the way back. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { callControl } from "../../src/control/client.ts";
import type { BinView } from "../../src/control/contract.ts";
import type { BinEntry } from "../../src/model/recovery.ts";
import { binStatements, binVersion } from "../../src/recovery/bin/install.ts";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import { planning } from "../e2e/plans/scene.ts";
import { until } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";

const bin = { statements: binStatements, version: binVersion };

for (const version of [15, 18] as const) {
  describe(`approved, and into the bin, PostgreSQL ${version}`, () => {
    let scene: ApprovalScene;
    let agent: pg.Client;
    const list = async () => ((await callControl(scene.socket, { method: "GET", path: "/v1/bin/-" })) as BinView).entries;
    const restore = (entries: readonly BinEntry[]) =>
      scene.signed("POST", "/v1/bin-restores", {
        target: scene.shop.target,
        entries: entries.map(({ id }) => id),
        as: "",
        replace: false,
        withoutConstraints: false,
      });

    before(async () => {
      const server = await testServer(version);
      const shop = await openShop(server);
      await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
      await provisionShop(shop, { bin });
      scene = await openApprovalScene(server, { shop });
      agent = await scene.agent();
    });
    after(async () => {
      await agent?.end();
      await scene?.stop();
    });

    /** The statement's answer after a person's yes. */
    const approved = async (text: string, known: readonly string[]) => {
      await refusal(agent, text);
      const { id, plan } = await scene.asked(known);
      await scene.answer(id, "ada");
      return { id, plan, result: await agent.query(text) };
    };

    test("a DROP that a person approved answers as a DROP, rests in the bin, and comes back whole", async () => {
      const rows = await scene.orders();
      const { plan, result } = await approved("DROP TABLE orders CASCADE", []);
      assert.equal(result.command, "DROP");
      assert.equal(plan.reversibility, "restorable");
      assert(
        plan.undo.some((sentence) => /goes into the bin for up to 30 days/.test(sentence)),
        plan.undo.join("\n"),
      );
      await assert.rejects(scene.orders(), /does not exist/);
      const [entry] = await list();
      assert(entry !== undefined, "it is in the bin");
      await until("it is on record", async () => (await scene.events("bin_put")).some(({ entry: id }) => id === entry.id));
      await restore([entry]);
      assert.equal(await scene.orders(), rows);
      assert.deepEqual(await list(), []);
    });

    test("a TRUNCATE, too", async () => {
      const rows = await scene.orders();
      const known = (await scene.approvals()).map(({ id }) => id);
      const { plan } = await approved("TRUNCATE orders CASCADE", known);
      assert(
        plan.undo.some((sentence) => /what is in it goes into the bin/.test(sentence)),
        plan.undo.join("\n"),
      );
      assert.equal(await scene.orders(), 0);
      const entries = await list();
      assert.equal(entries.length, 1);
      await restore(entries);
      assert.equal(await scene.orders(), rows);
    });

    test("of a migration that changes and removes, what it removes rests and what it changes stays", async () => {
      const text =
        "ALTER TABLE lines ADD COLUMN seen boolean; UPDATE lines SET seen = true; ALTER TABLE lines DROP COLUMN seen; DROP TABLE lines";
      await scene.shop.server.asSuperuser(
        `SET ROLE ${scene.shop.owner.user}; CREATE TABLE public.lines (id int PRIMARY KEY, note text); INSERT INTO lines VALUES (1, 'a'), (2, 'b')`,
        scene.shop.database,
      );
      const plans = planning(scene);
      const planned = await plans.planAs("ada", text, { target: scene.shop.target, ask: true });
      assert(planned.approval !== undefined, planned.decision);
      await plans.answer(planned.approval.id, "approve", "ben");
      const applied = await plans.applyAs("ada", planned);
      assert.equal(applied.outcome, "applied", applied.because);
      const entries = await list();
      assert.deepEqual(entries.map(({ tag }) => tag).sort(), ["ALTER TABLE", "DROP TABLE"]);
      await restore(entries.filter(({ tag }) => tag === "DROP TABLE"));
      assert.equal(await scene.count("SELECT count(*) FROM lines WHERE note IN ('a', 'b')"), 2);
    });
  });
}
