/** A shop whose target keeps a bin: an agent drops through the gateway, a person brings back or empties through the control socket. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callControl, type HeldSession, Refused } from "../../src/control/client.ts";
import type { BinRestored, BinView } from "../../src/control/contract.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import type { BinEntry } from "../../src/model/recovery.ts";
import { binStatements, binVersion } from "../../src/recovery/bin/install.ts";
import { login, openScene, type Scene, until } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";

type RecoveryEnd = Extract<AuditEvent, { kind: "bin_restored" | "bin_emptied" }>;

const bin = { statements: binStatements, version: binVersion };

for (const version of [15, 18] as const) {
  describe(`the bin behind a gateway, PostgreSQL ${version}`, () => {
    let scene: Scene;
    let held: HeldSession;
    const list = async () => ((await callControl(scene.socket, { method: "GET", path: "/v1/bin/-" })) as BinView).entries;
    const restore = (entries: readonly BinEntry[], more: object = {}) =>
      scene.signed("POST", "/v1/bin-restores", {
        target: scene.shop.target,
        entries: entries.map(({ id }) => id),
        as: "",
        replace: false,
        withoutConstraints: false,
        ...more,
      }) as Promise<BinRestored>;
    const empty = (entries: readonly BinEntry[]) =>
      scene.signed("POST", "/v1/bin-empties", { target: scene.shop.target, entries: entries.map(({ id }) => id) });
    /** As a writer: a reader's session is read-only, and its DROP is told so. */
    const clerk = () => login(scene);
    const drop = async (text: string) => {
      const client = await clerk();
      try {
        return await client.query(text);
      } finally {
        await client.end();
      }
    };
    const ends = async (kind: "bin_restored" | "bin_emptied") => {
      const found: RecoveryEnd[] = [];
      for (const event of [...(await scene.events("bin_restored")), ...(await scene.events("bin_emptied"))] as readonly AuditEvent[])
        if ((event.kind === "bin_restored" || event.kind === "bin_emptied") && event.kind === kind) found.push(event);
      return found;
    };
    const notes = () => scene.count("SELECT count(*) FROM public.orders");

    before(async () => {
      const server = await testServer(version);
      const shop = await openShop(server);
      await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
      await provisionShop(shop, { bin });
      const options = { shop, policy: "guarded-writes", environment: "development", approves: ["development"] as const };
      scene = await openScene(server, options);
      held = await scene.program();
    });
    after(async () => {
      held?.letGo();
      await scene?.stop();
    });

    test("a session role without any right of an owner drops a table into the bin, and its session is told what a DROP tells", async () => {
      const result = await drop("DROP TABLE orders CASCADE");
      assert.equal(result.command, "DROP");
      const [entry] = await list();
      assert(entry !== undefined);
      assert.equal(entry.tag, "DROP TABLE");
      assert.deepEqual(
        entry.objects.filter(({ direct }) => direct).map(({ name }) => name),
        ["public.orders"],
      );
      await until("it is on record", async () => (await scene.events("bin_put")).some(({ entry: id }) => id === entry.id));
      const [put] = await scene.events("bin_put");
      assert(put?.action !== undefined, "with the act that put it there");
      assert.equal((await scene.shop.server.asSuperuser("SELECT to_regclass('public.orders') AS t", scene.shop.database))[0]?.["t"], null);
    });

    test("only a person brings it back, who may decide about the target; then all is as it was, its view too", async () => {
      const [entry] = await list();
      assert(entry !== undefined);
      const body = { target: scene.shop.target, entries: [entry.id], as: "", replace: false, withoutConstraints: false };
      await assert.rejects(callControl(scene.socket, { method: "POST", path: "/v1/bin-restores", body }), Refused);
      assert.equal((await list()).length, 1);
      const client = await scene.connect(held);
      await assert.rejects(client.query("SELECT FROM orders"));
      const done = await restore([entry]);
      assert.deepEqual(done.leftOut, []);
      // The gateway was told: no look at the server's definitions has to come round first.
      const read = await client.query("SELECT FROM orders");
      assert.equal(read.rowCount, 10);
      assert.equal(await notes(), 10);
      assert.equal(await scene.count("SELECT count(*) FROM public.order_notes"), 10);
      assert.deepEqual(await list(), []);
      const told = (await ends("bin_restored")).map(({ entry: id, person, names }) => [id, person, names]);
      assert.deepEqual(told, [[entry.id, "ada", ["public.orders"]]]);
      try {
        await assert.rejects(client.query("DROP TABLE orders"), /cannot execute DROP TABLE in a read-only transaction/);
      } finally {
        await client.end();
      }
    });

    test("a name that is taken again is refused with what has it; --to and --replace are the ways out", async () => {
      await drop("DROP TABLE orders CASCADE");
      await scene.shop.server.asSuperuser(
        `SET ROLE ${scene.shop.owner.user}; CREATE TABLE public.orders (id int PRIMARY KEY, other text); INSERT INTO orders VALUES (1, 'new')`,
        scene.shop.database,
      );
      const [entry] = await list();
      assert(entry !== undefined);
      await assert.rejects(restore([entry]), /table public\.orders is there again/);
      await restore([entry], { as: "orders_old" });
      assert.equal(await scene.count("SELECT count(*) FROM public.orders_old"), 10);
      assert.equal(await notes(), 1);
      await drop("DROP TABLE orders_old CASCADE");
      const [second] = await list();
      assert(second !== undefined);
      await scene.shop.server.asSuperuser("CREATE TABLE public.orders_old (x int)", scene.shop.database);
      await scene.shop.server.asSuperuser(`ALTER TABLE public.orders_old OWNER TO ${scene.shop.owner.user}`, scene.shop.database);
      const done = await restore([second], { replace: true });
      assert.equal(done.replaced.length, 1);
      assert.equal(await scene.count("SELECT count(*) FROM public.orders_old"), 10);
      assert.deepEqual(
        (await list()).map(({ id }) => id),
        done.replaced,
      );
    });

    test("emptied for good by a person alone, on record before it is done", async () => {
      const entries = await list();
      assert(entries.length > 0);
      await empty(entries);
      assert.deepEqual(await list(), []);
      const told = await ends("bin_emptied");
      assert.deepEqual(
        told.map(({ entry, person }) => [entry, person]),
        entries.map(({ id }) => [id, "ada"]),
      );
      await assert.rejects(empty(entries), /does not rest in the bin/);
      const left = await scene.shop.server.asSuperuser(
        "SELECT nspname FROM pg_namespace WHERE nspname ~ '^holdfast_bin_'",
        scene.shop.database,
      );
      assert.deepEqual(left, []);
    });

    test("--undo of provisioning refuses while something rests, and leaves nothing when it is empty", async () => {
      await drop("DROP TABLE orders_old CASCADE");
      await assert.rejects(provisionShop(scene.shop, { bin }, "undo"), /something rests in the bin/);
      await empty(await list());
      held.letGo();
      await scene.stop();
      assert((await provisionShop(scene.shop, { bin }, "undo")) > 0);
      const left = await scene.shop.server.asSuperuser("SELECT nspname FROM pg_namespace WHERE nspname ~ '^holdfast'", scene.shop.database);
      assert.deepEqual(left, []);
    });
  });
}
