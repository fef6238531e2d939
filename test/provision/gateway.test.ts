/** The gateway with session roles: who logs in as what, where it refuses to start, and that judgements are shared by group. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { holdfast } from "../cli/holdfast.ts";
import { serverVersions, testServer } from "../support/servers.ts";
import { configText, environmentOf, ephemeral, leasedRoles, newFolder, openShop, provisionShop, serveShop, type Shop } from "./shop.ts";

async function audit(folder: string, kind: string): Promise<readonly Record<string, string>[]> {
  const { out } = await holdfast(["audit", "tail", "-n", "1000", "--json"], { cwd: folder });
  const lines = out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { event?: Record<string, string> } & Record<string, string>);
  return lines.map((line) => line.event ?? line).filter((event) => event["kind"] === kind);
}

for (const version of serverVersions) {
  describe(`a gateway with session roles before PostgreSQL ${version}`, () => {
    test("readers and writers get their own groups' rights, from the server, while the policy refuses nothing", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop);
      const served = await serveShop(shop, configText(shop, ephemeral));
      const agent = await served.connect("agent");
      const clerk = await served.connect("clerk");
      for (const sql of ["DELETE FROM orders", "SELECT wipe()", "TRUNCATE orders", "BEGIN READ WRITE; DELETE FROM orders"])
        await assert.rejects(agent.query(sql), { code: /^(42501|25006)$/ }, sql);
      await agent.query("ROLLBACK");
      await clerk.query("DELETE FROM orders WHERE id = 1");
      for (const sql of ["TRUNCATE orders", "DELETE FROM open_to_all", "DROP TABLE orders", "SELECT wipe()", "TABLE secrets"])
        await assert.rejects(clerk.query(sql), { code: "42501" }, sql);
      assert.deepEqual(await shop.server.asSuperuser("SELECT count(*)::int AS n FROM orders", shop.database), [{ n: 9 }]);
      const [agentRole, clerkRole] = [await roleOf(agent), await roleOf(clerk)];
      assert.notEqual(agentRole, clerkRole);
      const elsewhere = {
        code: "3D000",
        message: `holdfast: sessions of this target are for database "${shop.database}" alone, and "postgres" was asked for: connect to "${shop.database}"`,
      };
      await assert.rejects(served.connect("agent", "postgres"), elsewhere, "another database is not provisioned");
      await Promise.all([agent.end(), clerk.end()]);
      for (let tries = 0; tries < 1200 && (await leasedRoles(shop)).length > 0; tries++) await delay(25);
      assert.deepEqual(await leasedRoles(shop), []);
      await served.stop();
      const started = await audit(served.folder, "lease_started");
      assert.deepEqual(
        started.map(({ role, principal }) => [role, principal]).sort(),
        [
          [agentRole, "agent"],
          [clerkRole, "clerk"],
        ].sort(),
      );
      assert.equal((await audit(served.folder, "lease_ended")).length, 2);
      assert.deepEqual(served.warnings, []);
    });

    test("the start-up test passes as a session role; what was judged for one role holds for the next of its group", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop);
      const served = await serveShop(shop, configText(shop, ephemeral, "read-only"));
      const first = await served.connect();
      await first.query("SELECT note FROM orders WHERE id = 2");
      const firstRole = await roleOf(first);
      await first.end();
      for (let tries = 0; tries < 1200 && (await leasedRoles(shop)).includes(firstRole); tries++) await delay(25);
      const second = await served.connect();
      await second.query("SELECT note FROM orders WHERE id = 2");
      assert.notEqual(await roleOf(second), firstRole);
      await second.end();
      await served.stop();
      const judged = (await audit(served.folder, "judgement")).filter(({ text }) => text?.includes("note"));
      assert.deepEqual(
        judged.map(({ role }) => role),
        [`holdfast_${shop.target}_reader`],
        "judged once, for the group",
      );
    });

    test("no session roles, no start: without provisioning nobody logs in, and the migration runner's login is refused", async () => {
      const shop = await openShop(await testServer(version));
      await assert.rejects(serveShop(shop, configText(shop, ephemeral, "read-only")), /start-up test cannot log in/);
      const shared = `${ephemeral}\nmigration_role: ${shop.admin.user}`;
      await assert.rejects(serveShop(shop, configText(shop, shared)), /the login of the migration runner/);
      const admin = { ...environmentOf(shop), HOLDFAST_TEST_ADMIN: shop.server.url(shop.database, { ...shop.admin, password: "wrong" }) };
      await assert.rejects(serveShop(shop, configText(shop, ephemeral), admin), /session roles cannot be made as/);
    });

    test("the fixed mode demands a role that the server itself calls read-only", async () => {
      const shop = await openShop(await testServer(version));
      await assert.rejects(serveShop(shop, withoutWriter(configText(shop, "mode: fixed"))), /is not read-only: it /);
      const readOnly = await shop.server.ordinaryRole();
      await shop.server.asSuperuser(
        `GRANT SELECT ON orders TO ${readOnly.user}; REVOKE ALL ON open_to_all, secrets FROM PUBLIC; REVOKE UPDATE (note) ON secrets FROM PUBLIC;
         REVOKE EXECUTE ON FUNCTION wipe() FROM PUBLIC`,
        shop.database,
      );
      const served = await serveShop(shop, withoutWriter(configText(shop, "mode: fixed")), environmentOf(shop, readOnly));
      const agent = await served.connect();
      await assert.rejects(agent.query("DELETE FROM orders"), { code: "42501" });
      await agent.end();
      await served.stop();
    });
  });
}

describe("holdfast provision", () => {
  test("shows every statement, changes nothing unasked, provisions once, and takes it back", async () => {
    const shop = await openShop(await testServer(18));
    const folder = newFolder();
    writeFileSync(join(folder, "holdfast.yaml"), configText(shop, ephemeral), { mode: 0o600 });
    const env = environmentOf(shop);
    const provision = (...words: readonly string[]) =>
      holdfast(["provision", "--admin-url-env", "HOLDFAST_TEST_ADMIN", ...words], { cwd: folder, env });
    const unasked = await provision("--migration-role", shop.migrator.user);
    assert.equal(unasked.code, 0, unasked.err);
    assert.match(unasked.out, /CREATE ROLE "holdfast_.*_reader" NOLOGIN;[\s\S]*nothing was changed/);
    assert(!unasked.out.includes(shop.admin.password));
    assert.equal((await roles(shop)).length, 0);
    assert.match((await provision()).err, /migration runner's login is not known/);
    assert.match((await provision("--migration-role", shop.admin.user)).err, /so that the two are never shared/);
    const done = await provision("--migration-role", shop.migrator.user, "--yes", "--json");
    assert.equal(done.code, 0, done.err);
    assert.equal((JSON.parse(done.out) as { applied: boolean }).applied, true);
    assert.equal((await roles(shop)).length, 3);
    assert.match((await provision("--migration-role", shop.migrator.user, "--yes")).out, /nothing is to be done/);
    const undone = await provision("--undo", "--yes");
    assert.equal(undone.code, 0, undone.err);
    assert.equal((await roles(shop)).length, 0);
  });
});

const roles = (shop: Shop) => shop.server.asSuperuser(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'holdfast\\_${shop.target}\\_%'`);

const withoutWriter = (text: string): string => text.replace(/^ {2}clerk:.*\n/m, "");

async function roleOf(client: { query(sql: string): Promise<{ rows: { role: string }[] }> }): Promise<string> {
  return (await client.query("SELECT session_user AS role")).rows[0]?.role ?? "";
}
