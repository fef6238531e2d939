/** Plans on real servers, by an administrator who is no superuser: what they give, that they give it once, and that they are undone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyPlan, planDigest, ProvisionError, showPlan } from "../../src/provision/apply.ts";
import { readReach } from "../../src/provision/reach.ts";
import type { ProvisionRequest } from "../../src/provision/request.ts";
import { serverVersions, testServer } from "../support/servers.ts";
import { adminClient, openShop, provisionShop, type Shop } from "./shop.ts";

/** Every right of everybody in the database, the built-in ones spelt out, so that "as before" means the same and not only looks it. */
const rightsSql = `
SELECT 'relation ' || c.oid::regclass::text AS what, a.grantee::regrole::text AS who, a.privilege_type AS right FROM pg_class c,
  aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT 'column ' || t.attrelid::regclass::text || '.' || t.attname, a.grantee::regrole::text, a.privilege_type FROM pg_attribute t, aclexplode(t.attacl) a
  WHERE t.attrelid >= 16384
UNION ALL SELECT 'function ' || p.oid::regprocedure::text, a.grantee::regrole::text, a.privilege_type FROM pg_proc p,
  aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE p.pronamespace = 'public'::regnamespace OR p.proname ~ '^(lo|pg_logical)' 
UNION ALL SELECT 'schema ' || n.nspname, a.grantee::regrole::text, a.privilege_type FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
  WHERE n.nspname !~ '^pg_'
UNION ALL SELECT 'database', a.grantee::regrole::text, a.privilege_type FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  WHERE d.datname = current_database()
UNION ALL SELECT 'default ' || d.defaclrole::regrole || d.defaclobjtype::text || d.defaclnamespace, a.grantee::regrole::text, a.privilege_type
  FROM pg_default_acl d, aclexplode(d.defaclacl) a
UNION ALL SELECT 'policy ' || polname, polrelid::regclass::text, polpermissive::text FROM pg_policy
UNION ALL SELECT 'row security', c.oid::regclass::text, c.relrowsecurity::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
ORDER BY 1, 2, 3`;

const rights = (shop: Shop) => shop.server.asSuperuser(rightsSql, shop.database);
const rolesOf = (shop: Shop) => shop.server.asSuperuser(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'holdfast\\_${shop.target}\\_%'`);

for (const version of serverVersions) {
  for (const attributes of ["INHERIT", "NOINHERIT"]) {
    describe(`provisioning PostgreSQL ${version} as CREATEROLE ${attributes}`, () => {
      test("the second plan is empty, and undo leaves every right as it was", async () => {
        const shop = await openShop(await testServer(version), attributes);
        const before = await rights(shop);
        const change = { rows: [{ table: "public.orders", using: "tenant = 1" }] };
        assert((await provisionShop(shop, change)) > 20);
        assert.equal(await provisionShop(shop, change), 0);
        assert.notDeepEqual(await rights(shop), before);
        assert((await provisionShop(shop, change, "undo")) > 20);
        assert.deepEqual(await rights(shop), before);
        assert.deepEqual(await rolesOf(shop), []);
        assert.equal(await provisionShop(shop, change, "undo"), 0);
      });

      test("readers read and change nothing, writers change their list, and neither sees what is hidden", async () => {
        const shop = await openShop(await testServer(version), attributes);
        await provisionShop(shop);
        const client = await adminClient(shop);
        assert.deepEqual((await readReach(client, `holdfast_${shop.target}_reader`)).changes, []);
        assert.deepEqual((await readReach(client, `holdfast_${shop.target}_writer_orders`)).changes, [
          "may delete public.orders",
          "may insert public.orders",
          "may update public.orders",
          "may advance sequence public.orders_id_seq",
        ]);
        await client.end();
        const reader = await member(shop, "reader");
        assert.equal((await reader.query("SELECT * FROM orders")).rowCount, 10);
        assert.equal((await reader.query("SELECT * FROM order_notes")).rowCount, 10);
        await assert.rejects(reader.query("SELECT * FROM secrets"), { code: "42501" });
        await assert.rejects(reader.query("SELECT * FROM holdfast.provisioned"), { code: "42501" });
        const before = await rights(shop);
        await reader.query(
          `REVOKE SELECT ON orders FROM holdfast_${shop.target}_reader; GRANT ALL ON orders TO CURRENT_USER; GRANT SELECT ON orders TO PUBLIC`,
        );
        assert.deepEqual(await rights(shop), before, "the server warns, and changes no right");
        await reader.end();
      });

      test("who had a right by PUBLIC keeps it, and only new roles go without", async () => {
        const shop = await openShop(await testServer(version), attributes);
        const bystander = await shop.server.ordinaryRole();
        await provisionShop(shop);
        const kept = await shop.server.connect(shop.database, bystander);
        await kept.query(
          "INSERT INTO open_to_all VALUES (2, 'by a bystander'); CREATE TEMP TABLE mine (a int); UPDATE secrets SET note = 'x' WHERE false",
        );
        assert.equal((await kept.query("SELECT wipe()")).rows[0].wipe, "10");
        await kept.end();
        const later = await shop.server.connect(shop.database, await shop.server.ordinaryRole());
        for (const sql of [
          "INSERT INTO open_to_all VALUES (3)",
          "CREATE TEMP TABLE mine (a int)",
          "UPDATE secrets SET note = 'x'",
          "SELECT wipe()",
        ])
          await assert.rejects(later.query(sql), { code: "42501" }, sql);
        await later.end();
      });

      test("tables made later are read at once; SECURITY DEFINER functions made later are not run", async () => {
        const shop = await openShop(await testServer(version), attributes);
        await provisionShop(shop);
        const owner = await shop.server.connect(shop.database, shop.owner);
        await owner.query(
          "CREATE TABLE later (id serial); INSERT INTO later DEFAULT VALUES; CREATE FUNCTION later_wipe() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM orders'",
        );
        await owner.end();
        const reader = await member(shop, "reader");
        assert.equal((await reader.query("SELECT * FROM later")).rowCount, 1);
        for (const sql of ["DELETE FROM later", "SELECT nextval('later_id_seq')", "SELECT later_wipe()"])
          await assert.rejects(reader.query(sql), { code: "42501" }, sql);
        await reader.end();
        assert((await provisionShop(shop)) <= 1, "a later function may need its grant looked at, and nothing else");
      });

      test("a row policy holds against a member that empties its own group, and against views and partitions", async () => {
        const shop = await openShop(await testServer(version), attributes);
        const owner = await shop.server.connect(shop.database, shop.owner);
        await owner.query(
          "CREATE TABLE parts (tenant int, note text) PARTITION BY LIST (tenant); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2); INSERT INTO parts VALUES (2, 'x')",
        );
        await owner.query("CREATE VIEW asking WITH (security_invoker = true) AS SELECT * FROM orders");
        const change = {
          rows: [
            { table: "public.orders", using: "tenant = 1" },
            { table: "public.parts", using: "tenant = 1" },
          ],
        };
        await provisionShop(shop, change);
        const reader = await member(shop, "reader");
        const seen = async (): Promise<readonly unknown[]> =>
          (await reader.query("SELECT count(*)::int AS n, min(tenant) AS least, max(tenant) AS most FROM orders")).rows;
        assert.deepEqual(await seen(), [{ n: 5, least: 1, most: 1 }]);
        await reader.query(`DROP OWNED BY holdfast_${shop.target}_reader CASCADE`);
        assert.deepEqual(await seen(), [{ n: 5, least: 1, most: 1 }]);
        assert.equal((await reader.query("SELECT * FROM asking")).rowCount, 5);
        assert.equal((await reader.query("SELECT * FROM parts")).rowCount, 0);
        for (const sql of ["SELECT * FROM order_notes", "SELECT * FROM parts_2", "SET row_security = off; SELECT * FROM orders"])
          await assert.rejects(reader.query(sql), { code: "42501" }, sql);
        assert.equal((await owner.query("SELECT * FROM orders")).rowCount, 10, "the owner sees what it saw");
        await Promise.all([reader.end(), owner.end()]);
        // The default privileges that the member took from its own group are put back.
        assert((await provisionShop(shop, change)) > 0);
        assert.equal(await provisionShop(shop, change), 0);
      });
    });
  }

  describe(`what stands in the way on PostgreSQL ${version}`, () => {
    const refusals = async (shop: Shop, change: Partial<ProvisionRequest>, login = shop.admin): Promise<string> => {
      const client = await adminClient(shop, login);
      try {
        return (await showPlan(client, { ...shop.request, ...change }, "provision")).refusals.join("\n");
      } finally {
        await client.end();
      }
    };

    test("the migration runner's login is never used or shared", async () => {
      const shop = await openShop(await testServer(version));
      assert.match(await refusals(shop, { migrationRole: shop.admin.user }), /provision as another one/);
      assert.match(await refusals(shop, { sharedRoles: [shop.migrator.user] }), /uses it for sessions/);
      assert.match(await refusals(shop, { brokerRole: shop.migrator.user }), /needs a login of its own/);
      assert.match(await refusals(shop, { migrationRole: "nobody_at_all" }), /does not exist/);
    });

    test("an administrator without CREATEROLE or without the owner's rights is told what is missing, and nothing is changed", async () => {
      const shop = await openShop(await testServer(version));
      assert.match(await refusals(shop, {}, shop.owner), /may not create roles[\s\S]*fixed/);
      const stranger = await shop.server.ordinaryRole();
      await shop.server.asSuperuser(
        `ALTER ROLE ${stranger.user} CREATEROLE; GRANT CREATE ON DATABASE ${shop.database} TO ${stranger.user}`,
      );
      assert.match(await refusals(shop, {}, stranger), new RegExp(`cannot act for \`${shop.owner.user}\``));
      assert.match(await refusals(shop, { hide: ["public.ordres"] }), /`public.ordres` is no table/);
      assert.deepEqual(await rolesOf(shop), []);
    });

    test("a name or a schema that is there and not ours is left alone", async () => {
      const shop = await openShop(await testServer(version));
      await shop.server.asSuperuser(`CREATE ROLE holdfast_${shop.target}_reader LOGIN`);
      await shop.server.asSuperuser("CREATE SCHEMA holdfast", shop.database);
      assert.match(await refusals(shop, {}), /is not ours[\s\S]*is there already and is not what this target needs/);
      assert.equal(await provisionShop(shop, {}, "undo"), 0);
    });

    test("what was agreed to is what is run: when the server has moved on, nothing is", async () => {
      const shop = await openShop(await testServer(version));
      const client = await adminClient(shop);
      const agreed = planDigest(await showPlan(client, shop.request, "provision"));
      await shop.server.asSuperuser(`SET ROLE ${shop.owner.user}; CREATE TABLE public.unseen (id int)`, shop.database);
      await assert.rejects(applyPlan(client, shop.request, "provision", agreed), ProvisionError);
      assert.deepEqual(await rolesOf(shop), []);
      await client.end();
    });

    test("undo passes over what has gone since", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop);
      await shop.server.asSuperuser("DROP TABLE open_to_all; DROP FUNCTION wipe()", shop.database);
      await provisionShop(shop, {}, "undo");
      assert.deepEqual(await rolesOf(shop), []);
    });
  });
}

async function member(shop: Shop, group: string) {
  const login = await shop.server.ordinaryRole(`GRANT holdfast_${shop.target}_${group} TO :role`);
  return shop.server.connect(shop.database, login);
}
