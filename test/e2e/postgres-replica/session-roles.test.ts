/** Session roles and a replica: the role that was made for a session logs in there too, and reads there what it may and no more. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { serverVersions, startServer } from "../../support/servers.ts";
import { startStandby } from "../../support/standby.ts";
import { configText, environmentOf, ephemeral, leasedRoles, openShop, provisionShop, serveShop } from "../../provision/shop.ts";

for (const version of serverVersions) {
  describe(`session roles at a replica of PostgreSQL ${version}`, () => {
    test("read there as themselves, change nothing there, and are gone when the session is", async () => {
      const settings = { log_statement: "all", log_connections: version === 18 ? "all" : "on" };
      const primary = await startServer({ version, settings: { ...settings, wal_keep_size: "256MB" } });
      const shop = await openShop(primary);
      await provisionShop(shop);
      const standby = await startStandby(primary, settings);
      const replica = `    replica: { host: ${standby.host}, port: ${standby.port}, password: { env: HOLDFAST_TEST_REPLICA } }\n`;
      const text = configText(shop, ephemeral).replace("    policy:", `${replica}    policy:`);
      const served = await serveShop(shop, text, { ...environmentOf(shop), HOLDFAST_TEST_REPLICA: shop.owner.password });
      try {
        for (const user of ["agent", "clerk"]) {
          const client = await served.connect(user);
          const role = (await client.query<{ u: string }>("SELECT current_user AS u")).rows[0]?.u ?? "";
          assert.match(role, /^hfs_/);
          const atReplica = async (marker: string): Promise<boolean> => {
            await client.query(`/* ${marker} */ SELECT note FROM orders WHERE id = 1`);
            return standby.log().includes(marker);
          };
          for (let tries = 0; tries < 200 && !(await atReplica(`${user} ${tries}.`)); tries++) await delay(50);
          assert.ok(await atReplica(`${user} once more`), `${user}'s reads do not go to the replica`);
          assert.match(standby.log(), new RegExp(`${role}@${shop.database} .*${user} once more`));
          // What the role may not read, neither server reads; what it may change, only the primary changes.
          await assert.rejects(client.query(`/* ${user} hidden */ SELECT * FROM secrets`), { code: "42501" });
          if (user === "clerk") {
            await client.query("/* clerk writes */ UPDATE orders SET note = 'new' WHERE id = 1");
            assert.equal(standby.log().includes("clerk writes"), false);
            assert.deepEqual((await client.query("SELECT note FROM orders WHERE id = 1")).rows, [{ note: "new" }]);
          } else {
            await assert.rejects(client.query("UPDATE orders SET note = 'new'"), { code: /^(42501|25006)$/ });
          }
          await client.end();
        }
        const sessions = "SELECT usename FROM pg_stat_activity WHERE usename LIKE 'hfs\\_%'";
        for (let tries = 0; tries < 400 && (await leasedRoles(shop)).length > 0; tries++) await delay(25);
        assert.deepEqual(await leasedRoles(shop), []);
        assert.deepEqual(await standby.asSuperuser(sessions), []);
        assert.deepEqual(await primary.asSuperuser(sessions), []);
      } finally {
        await served.stop();
        await standby.stop();
        await primary.stop();
      }
    });
  });
}
