/** Who the executor is, by configuration: a role lent for its acts, an address of its own, the target's login; and a clone for trials. */
import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { Config } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { systemRandom } from "../../../src/base/ids.ts";
import type { LeaseEvent } from "../../../src/credentials/leases.ts";
import { type Executors, openExecutors } from "../../../src/wiring/executors.ts";
import { configText, environmentOf, ephemeral, leasedRoles, openShop, provisionShop, type Shop } from "../../provision/shop.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { expecting, type Ground, openGround } from "./ground.ts";
import { shop as tables } from "./shop.ts";

const configured = (text: string): Config => {
  const loaded = loadConfig({ text, directory: "." });
  assert.ok("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
};

function opened(config: Config, environment: Record<string, string>): { executors: Executors; events: LeaseEvent[] } {
  const events: LeaseEvent[] = [];
  const parts = { environment, clock: systemClock, random: systemRandom, instance: "a test", warn: (text: string) => assert.fail(text) };
  return { executors: openExecutors(config, { ...parts, record: (_, event) => events.push(event) }), events };
}

for (const version of serverVersions)
  describe(`executors on PostgreSQL ${version}`, () => {
    const grounds: Ground[] = [];
    after(() => Promise.all(grounds.map((ground) => ground.close())));
    const ground = async (setup: string): Promise<Ground> => {
      const made = await openGround(await testServer(version), setup);
      grounds.push(made);
      return made;
    };

    test("a role is lent, acts for the owners, leaves what it makes to its group, and is gone afterwards", async () => {
      const server = await testServer(version);
      const shop: Shop = await openShop(server);
      await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
      await provisionShop(shop);
      const reading = await ground("CREATE TABLE orders (id serial PRIMARY KEY, tenant int NOT NULL DEFAULT 1, note text)");
      const { executors, events } = opened(configured(configText(shop, ephemeral)), environmentOf(shop));
      try {
        const executor = executors.of(shop.target);
        assert.ok(executor);
        const act = { ...(await reading.act("CREATE TABLE made (id int); DELETE FROM orders WHERE id < 4")), database: shop.database };
        const measured = await executor.measure(act);
        assert.deepEqual(measured.measurement.parts, [null, 3]);
        assert.deepEqual(measured.unmeasured, []);
        assert.equal((await executor.run(act, expecting(measured), () => Promise.resolve())).kind, "done");
        const [made] = await server.asSuperuser<{ tableowner: string }>(
          "SELECT tableowner FROM pg_tables WHERE tablename = 'made'",
          shop.database,
        );
        assert.equal(made?.tableowner, `holdfast_${shop.target}_owner_executor`);
        assert.equal((await leasedRoles(shop)).length, 1);
      } finally {
        await executors.close();
      }
      assert.deepEqual(await leasedRoles(shop), []);
      assert.deepEqual(
        [...new Set(events.map(({ kind, principal }) => `${kind} ${principal}`))],
        ["lease_started holdfast", "lease_ended holdfast"],
      );
    });

    test("a broker that is not the provisioner may lend the role too", async () => {
      const server = await testServer(version);
      const shop = await openShop(server);
      const broker = await server.ordinaryRole("ALTER ROLE :role CREATEROLE");
      await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
      await provisionShop(shop, { brokerRole: broker.user });
      const reading = await ground("CREATE TABLE orders (id int)");
      const { executors } = opened(configured(configText(shop, ephemeral)), {
        ...environmentOf(shop),
        HOLDFAST_TEST_ADMIN: server.url(shop.database, broker),
      });
      try {
        const act = { ...(await reading.act("DELETE FROM orders WHERE id = 1")), database: shop.database };
        assert.deepEqual((await executors.of(shop.target)?.measure(act))?.measurement.parts, [1]);
      } finally {
        await executors.close();
      }
      assert.deepEqual(await leasedRoles(shop), []);
    });

    test("an address of its own, the target's login where there is none, and a clone", async () => {
      const [target, clone] = [await ground(tables), await ground(`${tables}; DELETE FROM orders WHERE id = 20`)];
      const server = await testServer(version);
      const owner = await server.ordinaryRole(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO :role; ALTER TABLE items OWNER TO :role",
        target.database,
      );
      const text = (more: string) => `version: 1
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { env: UPSTREAM } }
${more}
`;
      const environment = {
        UPSTREAM: server.url(target.database),
        OWNER: server.url(target.database, owner),
        CLONE: server.url(clone.database),
      };
      const measured = async (more: string, sql: string, database = target.database) => {
        const { executors } = opened(configured(text(more)), environment);
        try {
          return await executors.of("shop")?.measure({ ...(await target.act(sql)), database });
        } finally {
          await executors.close();
        }
      };
      const shared = await measured("", "DELETE FROM items");
      assert.match(shared?.unmeasured[0] ?? "", /the target's own login/);
      const own = "    executor: { url: { env: OWNER } }";
      assert.deepEqual((await measured(own, "DELETE FROM items WHERE id = 1"))?.unmeasured, []);
      await assert.rejects(async () => measured(own, "DROP TABLE orders CASCADE"), { refuse: true, message: /42501.*must be owner/ });
    });

    test("why there is no executor is the operator's to know", async () => {
      const reading = await ground(tables);
      const server = await testServer(version);
      const told: string[] = [];
      const url = server.url(reading.database, { user: "nobody_here", password: "synthetic" });
      const text = `version: 1\ntargets:\n  shop: { listen: "127.0.0.1:0", upstream: { url: { env: URL } } }\n  bare: { listen: "127.0.0.1:0", upstream: { url: { env: NONE } } }\n`;
      const executors = openExecutors(configured(text), {
        environment: { URL: url },
        clock: systemClock,
        random: systemRandom,
        instance: "a test",
        warn: (message) => void told.push(message),
        record: () => undefined,
      });
      const act = await reading.act("DELETE FROM items");
      for (const name of ["shop", "bare"])
        await assert.rejects(
          async () => executors.of(name)?.measure(act),
          (error: Error & { refuse?: boolean }) => {
            assert.equal(error.refuse, true);
            assert.doesNotMatch(error.message, /nobody_here|NONE|127\.0\.0\.1/);
            return true;
          },
        );
      assert.match(told.join("; "), /target `shop`: the executor cannot log in: .*28P01.*; target `bare`: there is no executor: .*`NONE`/);
      await executors.close();
    });

    test("an act is tried on the clone, and stays the target's", async () => {
      const [target, other] = [await ground(tables), await ground("SELECT 1")];
      const server = await testServer(version);
      // A clone has the same databases: here the target is a server with another address, which is never reached for the trial.
      const config = configured(`version: 1
targets:
  shop:
    listen: 127.0.0.1:0
    upstream: { url: { env: UPSTREAM } }
    plan: { on: clone, clone: { url: { env: CLONE } } }
    classify: { public: [public.items.name] }
`);
      const { executors } = opened(config, { UPSTREAM: server.url(other.database), CLONE: server.url(target.database) });
      try {
        const result = await executors.of("shop")?.measure(await target.act("DELETE FROM items WHERE id = 1"));
        assert.equal(result?.measurement.on, "clone");
        assert.deepEqual(result?.measurement.tables[0]?.samples, [{ before: { id: "1", order_id: "***", name: "i1" }, after: null }]);
      } finally {
        await executors.close();
      }
    });
  });

describe("the configuration of plans", () => {
  const problems = (plan: string): string => {
    const loaded = loadConfig({
      text: `version: 1\ntargets:\n  a: { listen: "127.0.0.1:0", upstream: { host: h, role: r }, ${plan} }\n`,
      directory: ".",
    });
    return "problems" in loaded ? loaded.problems.map(({ message }) => message).join("; ") : "";
  };
  test("what cannot be is refused by name", () => {
    assert.match(problems("plan: { on: replica }"), /a replica is read-only/);
    assert.match(problems("plan: { on: clone }"), /`clone` is missing/);
    assert.match(problems("plan: { clone: { host: h, role: r } }"), /of no use unless `on` is `clone`/);
    assert.match(problems("classify: { public: [orders] }"), /must be a column as/);
    assert.equal(problems("plan: { lock: 500ms, statement: 10s, run: 1min, samples: 0 }"), "");
  });
});
