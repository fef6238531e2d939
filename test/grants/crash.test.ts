/** kill -9 of the gateway while a grant is open and used: its next start leaves no right, no role and no half-done change behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { holdSession } from "../../src/control/client.ts";
import { environmentOf, leasedRoles } from "../provision/shop.ts";
import { serverVersions, testServer } from "../support/servers.ts";
import { openScene, until } from "./scene.ts";

for (const version of serverVersions) {
  describe(`a gateway that is killed with a grant open, on PostgreSQL ${version}`, () => {
    test("leaves it to its next start, which takes everything away and says so", async () => {
      const first = await openScene(await testServer(version));
      await first.stop();
      const { shop, folder, socket } = first;
      const child = spawn(process.execPath, [fileURLToPath(new URL("./gateway-child.ts", import.meta.url)), folder], {
        env: { ...process.env, ...environmentOf(shop) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const held = await holdSession(socket, { target: shop.target, program: "agent" });
      const client = await first.connect(held);
      await client.query("SELECT 1");
      const grant = await first.grant(held.opened.session, { operations: ["delete", "update"] });
      assert.deepEqual(await first.acl(), ["orders DELETE", "orders UPDATE"]);
      await client.query("DELETE FROM orders WHERE id = 1");
      await client.query("BEGIN");
      await client.query("DELETE FROM orders WHERE id = 2");
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      assert.equal(await held.ended, "the gateway is gone");
      assert.deepEqual(await first.acl(), ["orders DELETE", "orders UPDATE"], "a crash leaves the right at the server");
      // Whoever edits what the store remembers of a grant opens nothing by it.
      const store = new DatabaseSync(join(folder, ".holdfast", "control.db"));
      store.exec("UPDATE grants SET body = json_set(body, '$.rowsMax', 1000000, '$.untilMs', 9000000000000)");
      store.close();
      const second = await openScene(shop.server, { shop, folder });
      assert.deepEqual(await second.acl(), []);
      assert.deepEqual(await leasedRoles(shop), []);
      assert.equal(await second.count("SELECT count(*) FROM orders"), 9, "what was committed stays, what was open is rolled back");
      await until("what the start found is written", async () => (await second.events("run_ended")).length > 0);
      const [lapsed] = await second.events("grant_lapsed");
      assert.deepEqual([lapsed?.grant, lapsed?.because], [grant.id, "Holdfast was started anew"]);
      assert((await second.events("run_ended")).some((event) => event.run === grant.run));
      const again = await second.program();
      const user = await second.connect(again);
      await assert.rejects(user.query("DELETE FROM orders WHERE id = 3"), { code: /^(42501|25006)$/ });
      await user.end();
      again.letGo();
      await until("its role is gone", async () => (await leasedRoles(shop)).length === 0);
      await second.stop();
    });

    test("a program that is killed ends its session: role, right and login", async () => {
      const scene = await openScene(await testServer(version));
      const held = await scene.program();
      const client = await scene.connect(held);
      await client.query("SELECT 1");
      await scene.grant(held.opened.session);
      // What the kernel does to a killed program's sockets.
      held.letGo();
      await until("role and right are gone", async () => (await scene.acl()).length === 0 && (await leasedRoles(scene.shop)).length === 0);
      await assert.rejects(client.query("SELECT 1"));
      await scene.stop();
    });
  });
}
