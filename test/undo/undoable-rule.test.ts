/** A rule that asks about what could not be taken back: passes what the server keeps, and asks about a table that is left out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openApprovalScene, quickly, refusal } from "../approvals/scene.ts";
import { login } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";

const policy = `
policies:
  kept:
    extends: guarded-writes
    rules:
      - id: ask-what-is-not-kept
        title: Changes that undo cannot take back
        why: Nobody is asked about what one command takes back.
        answer: require_approval
        match: { operation: [update, delete], resource_type: table }
        when: "!effect.undoable"
        code: destructive
        examples: { matches: [DELETE FROM public.orders WHERE id = 7], misses: [SELECT 1] }
    examples_schema: CREATE TABLE public.orders (id int PRIMARY KEY)`;

for (const exclude of [[], ["public.orders"]])
  test(`a change of a table that is ${exclude.length === 0 ? "kept" : "left out"}`, async () => {
    const server = await testServer(18);
    const shop = await openShop(server);
    await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
    await provisionShop(shop, { undo: { logins: [], exclude } });
    const target = `undo: { exclude: [${exclude.join(", ")}] }`;
    const scene = await openApprovalScene(server, { shop, policy: "kept", target, more: `${quickly}${policy}` });
    const clerk = await login(scene);
    try {
      const sql = "UPDATE orders SET note = 'seen' WHERE id = 1";
      if (exclude.length === 0) {
        assert.equal((await clerk.query(sql)).rowCount, 1);
        assert.deepEqual(await scene.approvals(), []);
      } else {
        assert.match((await refusal(clerk, sql)).message, /held until a person has answered/);
        assert.equal((await scene.approvals()).length, 1);
      }
    } finally {
      await clerk.end();
      await scene.stop();
    }
  });
