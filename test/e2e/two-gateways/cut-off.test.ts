/** A gateway that lives and does not reach the store: nothing that changes something passes, and what others closed meanwhile is over. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { login, openScene, type Scene, until } from "../../grants/scene.ts";
import type { Shop } from "../../provision/shop.ts";
import { type CuttingProxy, cuttingProxy } from "../../store/cutting-proxy.ts";
import { type StorePlace, storePlace } from "../../store/postgres-place.ts";
import { type TestServer, testServer } from "../../support/servers.ts";
import { provisioned, storeSection } from "./pair.ts";

const refused = (client: pg.Client, sql: string): Promise<string> =>
  client.query(sql).then(
    () => "",
    (error: Error) => error.message,
  );

describe("a gateway that does not reach the store", () => {
  let server: TestServer;
  let shop: Shop;
  let store: StorePlace;
  let proxy: CuttingProxy;
  let scene: Scene;
  const clients: pg.Client[] = [];
  const clerk = async (): Promise<pg.Client> => {
    const client = await login(scene);
    clients.push(client);
    return client;
  };
  before(async () => {
    server = await testServer(18);
    [shop, store] = [await provisioned(server), await storePlace(server)];
    proxy = await cuttingProxy(server);
    scene = await openScene(server, { shop, more: storeSection(store, { port: proxy.port, timeout: "2s" }) });
  });
  after(async () => {
    proxy.back();
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await scene.stop();
    await proxy.close();
  });

  test("lets reads go on and nothing else, says so, and goes on when it reaches it again", async () => {
    const client = await clerk();
    await client.query("UPDATE orders SET note = 'before' WHERE id = 1");
    proxy.away();
    await until("it is unsure", async () => (await refused(client, "UPDATE orders SET note = 'during' WHERE id = 1")) !== "");
    assert.match(
      await refused(client, "UPDATE orders SET note = 'during' WHERE id = 1"),
      /nothing is changed now: the control store that the gateways share is not reached/,
    );
    assert.equal((await client.query("SELECT note FROM orders WHERE id = 1")).rowCount, 1);
    await assert.rejects(scene.program(), { message: /the session cannot be kept: the control store at/ });
    await client.query("BEGIN");
    await client.query("ROLLBACK");
    await assert.rejects(clerk(), { message: /the control store that the gateways share is not reached/ });
    assert.equal(scene.gateway.status().store?.shared?.problem, "it does not answer");
    proxy.back();
    await until("it is sure again", async () => (await refused(client, "UPDATE orders SET note = 'after' WHERE id = 1")) === "");
    await until("and says nothing", () => scene.gateway.status().store?.shared?.problem === undefined);
    await (await clerk()).query("SELECT 1");
  });

  test("and that others took for dead has its sessions ended, there and here, and begins again", async () => {
    const other = await openScene(server, { shop, more: storeSection(store, { timeout: "2s" }) });
    try {
      const held = await scene.program({ purpose: "to be taken over" });
      const [program, client] = [await scene.connect(held), await clerk()];
      clients.push(program);
      await program.query("SELECT 1");
      const gone = Promise.all([program, client].map((each) => new Promise<void>((resolve) => each.once("end", resolve))));
      proxy.away();
      await until("the other one has ended the program's run", async () =>
        (await other.events("run_ended")).some(({ run, because }) => run === held.opened.session && /is gone/.test(because)),
      );
      assert.equal((await refused(program, "UPDATE orders SET note = 'late' WHERE id = 2")) === "", false);
      proxy.back();
      await gone;
      // Whichever of the two it learns first: the store's word on itself, or on the run.
      assert.match(await held.ended, /took this one for dead|its gateway .* is gone/);
      // A connection that comes in while the last run is being ended is told to come again.
      await until("the clerk begins again", () =>
        clerk()
          .then((again) => refused(again, "UPDATE orders SET note = 'again' WHERE id = 2"))
          .then(
            (because) => because === "",
            () => false,
          ),
      );
      await until("both live", () => {
        const { gateways = [] } = other.gateway.status().store?.shared ?? {};
        return gateways.filter(({ state }) => state === "alive").length === 2;
      });
      assert.equal((await other.events("run_ended")).filter(({ run }) => run === held.opened.session).length, 1, "once");
    } finally {
      await other.stop();
    }
  });
});
