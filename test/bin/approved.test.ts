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
import { login, until } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";

const bin = { statements: binStatements, version: binVersion };
const entriesOf = async ({ socket }: ApprovalScene) =>
  ((await callControl(socket, { method: "GET", path: "/v1/bin/-" })) as BinView).entries;

for (const version of [15, 18] as const) {
  describe(`approved, and into the bin, PostgreSQL ${version}`, () => {
    let scene: ApprovalScene;
    let agent: pg.Client;
    const list = () => entriesOf(scene);
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
      await server.asSuperuser(`ALTER ROLE ${shop.admin.user} CREATEDB`);
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

    test("a DROP DATABASE, too: it is looked at for the plan, and is the bin's rename when it is carried out", async () => {
      const { server, owner, database } = scene.shop;
      await server.asSuperuser(`CREATE DATABASE ${database}_old OWNER ${owner.user}`);
      await server.asSuperuser("CREATE TABLE t AS SELECT generate_series(1, 7) AS id", `${database}_old`);
      const known = (await scene.approvals()).map(({ id }) => id);
      const { plan, result } = await approved(`DROP DATABASE ${database}_old`, known);
      assert.equal(result.command, "DROP");
      assert.equal(plan.reversibility, "restorable");
      assert.match(plan.undo.join("; "), new RegExp(`database ${database}_old would be dropped: it goes into the bin for up to 30 days`));
      assert.match(plan.unmeasured.join("; "), /looked at, and nothing was tried/);
      const there = "SELECT count(*)::int AS n FROM pg_database WHERE datname = ";
      assert.equal((await server.asSuperuser(`${there}'${database}_old'`))[0]?.["n"], 0);
      const [entry, ...more] = await list();
      assert(entry !== undefined && more.length === 0, "it is in the bin");
      assert.equal(entry.tag, "DROP DATABASE");
      await restore([entry]);
      assert.equal((await server.asSuperuser("SELECT count(*)::int AS n FROM t", `${database}_old`))[0]?.["n"], 7);
    });

    test("a DROP DATABASE that the bin cannot hold is said to be one before it is answered", async () => {
      const { server, owner, admin, database } = scene.shop;
      await server.asSuperuser(`CREATE DATABASE ${database}_real OWNER ${owner.user}`);
      await server.asSuperuser(`ALTER ROLE ${admin.user} NOCREATEDB`);
      try {
        const known = (await scene.approvals()).map(({ id }) => id);
        const { plan } = await approved(`DROP DATABASE ${database}_real`, known);
        assert.equal(plan.reversibility, "irreversible");
        assert.match(plan.undo.join("; "), /the bin does not take it: the login that Holdfast uses may not rename databases/);
        assert.deepEqual(await list(), []);
        const left = await server.asSuperuser(`SELECT count(*)::int AS n FROM pg_database WHERE datname = '${database}_real'`);
        assert.equal(left[0]?.["n"], 0);
      } finally {
        await server.asSuperuser(`ALTER ROLE ${admin.user} CREATEDB`);
      }
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

test("what was planned on a clone goes into the bin when it is carried out, or is not carried out", async () => {
  const server = await testServer(18);
  const shop = await openShop(server);
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await server.asSuperuser(
    `SET ROLE ${shop.owner.user}; CREATE TABLE public.watched (id int PRIMARY KEY, note text);
     INSERT INTO public.watched SELECT n, md5(n::text) FROM generate_series(1, 1000) n`,
    shop.database,
  );
  await provisionShop(shop, { bin });
  // The clone has the same databases; here it is the same server, seen by another login.
  const scene = await openApprovalScene(server, {
    shop,
    target: "plan: { on: clone, clone: { url: { env: HOLDFAST_TEST_URL } } }\n    bin: { copy: 1KiB }",
  });
  const plans = planning(scene);
  try {
    const entries = () => entriesOf(scene);
    const applied = async (text: string) => {
      const planned = await plans.planAs("ada", text, { target: shop.target, ask: true });
      assert(planned.approval !== undefined, planned.decision);
      assert.equal(planned.plan.measured?.on, "clone");
      assert.match(
        planned.plan.undo.join("; "),
        /goes into the bin.*whether the bin takes it was not tried, as the trial was at the clone/,
      );
      await plans.answer(planned.approval.id, "approve", "ben");
      return plans.applyAs("ada", planned);
    };
    const dropped = await applied("DROP TABLE orders CASCADE");
    assert.equal(dropped.outcome, "applied", dropped.because);
    assert.deepEqual(
      (await entries()).map(({ tag }) => tag),
      ["DROP TABLE"],
    );
    const bared = await applied("ALTER TABLE watched DROP COLUMN note");
    assert.equal(bared.outcome, "stale", bared.because);
    assert.match(bared.because ?? "", /does not fit into the bin: .*where it is planned at the target/);
    assert.equal(await scene.count("SELECT count(note) FROM public.watched"), 1000);
    assert.equal((await entries()).length, 1);
  } finally {
    await scene.stop();
  }
});

for (const shared of [false, true])
  test(`under break-glass a drop ${shared ? "is a real one where the sessions' own login is all there is" : "rests in the bin, and nobody is asked"}`, async () => {
    const server = await testServer(18);
    const shop = await openShop(server);
    await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
    await provisionShop(shop, { bin });
    const scene = await openApprovalScene(server, { shop, shared });
    const clerk = await login(scene);
    try {
      await clerk.query("SELECT 1");
      const session = scene.gateway.status().runs?.find(({ principal }) => principal === "clerk")?.id ?? "";
      await scene.signed("POST", "/v1/break-glass", { session, target: shop.target, untilMs: Date.now() + 600_000, reason: "an outage" });
      assert.equal((await clerk.query("DROP TABLE orders CASCADE")).command, "DROP");
      await assert.rejects(scene.orders(), /does not exist/);
      assert.deepEqual(await scene.approvals(), []);
      // That login may do nothing with the bin, so that there is none for it.
      if (!shared)
        assert.deepEqual(
          (await entriesOf(scene)).map(({ tag }) => tag),
          ["DROP TABLE"],
        );
      else assert.equal(await scene.count("SELECT count(*) FROM holdfast_bin.entry"), 0);
    } finally {
      await clerk.end();
      await scene.stop();
    }
  });
