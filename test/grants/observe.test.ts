/**
 * The policy only observes and refuses nothing: what changes data then is what the server lets a session's role do. That is what a grant
 * says, within its bounds, and nothing before and after it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serverVersions, testServer } from "../support/servers.ts";
import { openScene, until } from "./scene.ts";

const orders = "SELECT count(*) FROM orders";

for (const version of serverVersions) {
  describe(`a grant where the policy only observes, on PostgreSQL ${version}`, () => {
    test("opens what it names and no more; the server has it as a GRANT, and loses it with the last use", async () => {
      const scene = await openScene(await testServer(version));
      const held = await scene.program();
      const client = await scene.connect(held);
      await assert.rejects(client.query("DELETE FROM orders WHERE id = 1"), { code: /^(42501|25006)$/ });
      const grant = await scene.grant(held.opened.session, { usesMax: 2 });
      assert.deepEqual(await scene.acl(), ["orders DELETE"]);
      assert.equal((await client.query("DELETE FROM orders WHERE id = 1")).rowCount, 1);
      for (const sql of ["TRUNCATE orders", "DROP TABLE orders", "UPDATE orders SET note = 'x'", "DELETE FROM open_to_all", "INSERT INTO orders DEFAULT VALUES"])
        await assert.rejects(client.query(sql), { code: /^(42501|25006)$/ }, sql);
      assert.equal(await scene.count(orders), 9);
      const [left] = (await scene.events("grant_used")).slice(-1);
      assert.equal(left?.grant, grant.id);
      await client.end();
      held.letGo();
      await until("the role is gone", async () => (await scene.acl()).length === 0);
      await scene.stop();
      assert.deepEqual(scene.warnings, []);
    });
  });
}
