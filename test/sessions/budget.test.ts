/** A session's budget, over all its connections and every door of the protocol: refused with figures, recorded, and never passed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import type { HeldSession } from "../../src/control/client.ts";
import { testServer } from "../support/servers.ts";
import { openScene, type Scene, until } from "../grants/scene.ts";
import { agentPassword } from "../provision/shop.ts";
import pgClient from "pg";

const spent = (message: RegExp) => (error: { message?: string; detail?: string }) => {
  assert.match(error.message ?? "", message);
  assert.match(error.detail ?? "", /^code: (budget_exhausted|rows_changed_limit)/, JSON.stringify(error));
  return true;
};

describe("a session's budget", () => {
  let scene: Scene;
  const opened: { held: HeldSession; clients: pg.Client[] }[] = [];
  const session = async (budget: object, clients = 1): Promise<pg.Client[]> => {
    const held = await scene.program({ budget });
    const made = { held, clients: [] as pg.Client[] };
    for (let n = 0; n < clients; n++) made.clients.push(await scene.connect(held));
    opened.push(made);
    return made.clients;
  };
  const first = async (budget: object): Promise<pg.Client> => (await session(budget))[0] as pg.Client;
  /** A writer by configuration: its rights do not come from a grant. */
  const clerk = async (): Promise<pg.Client> => {
    const [host, port] = (scene.gateway.status().targets[0]?.listen ?? "").split(":");
    const client = new pgClient.Client({
      host: host ?? "",
      port: Number(port),
      user: "clerk",
      password: agentPassword,
      database: scene.shop.database,
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };

  before(async () => {
    scene = await openScene(await testServer(18), { target: "budget: { rows_changed: 12, wall: 8h, bytes: 1MiB }" });
    await scene.shop.server.asSuperuser("INSERT INTO orders SELECT n, 1, 'more' FROM generate_series(101, 200) n", scene.shop.database);
  });
  after(async () => {
    for (const { held, clients } of opened) {
      await Promise.all(clients.map((client) => client.end()));
      held.letGo();
    }
    await scene.stop();
  });

  test("statements are counted over all connections, and the end of a transaction is never refused", async () => {
    const [a, b] = (await session({ statements: 4 }, 2)) as [pg.Client, pg.Client];
    await a.query("BEGIN");
    await b.query("SELECT 1");
    await a.query("SELECT 1");
    await b.query("SELECT 1");
    await assert.rejects(a.query("SELECT 1"), spent(/the session's budget is used up: 4 statements of 4/));
    await a.query("ROLLBACK");
    await assert.rejects(b.query("SELECT 1"), spent(/of 4/));
    await until("it is on record", async () => {
      const limits = await scene.events("limit_reached");
      return limits.some(({ code, figure, allowed }) => code === "budget_exhausted" && figure === 4 && allowed === 4);
    });
  });

  test("rows read are counted as they go by, across connections, pipelined or not", async () => {
    const [a, b] = (await session({ rowsRead: 10 }, 2)) as [pg.Client, pg.Client];
    await a.query("SELECT id FROM orders LIMIT 6");
    await assert.rejects(b.query("SELECT id FROM orders LIMIT 6"), spent(/11 rows would be read by this session in all, more than the 10/));
    await assert.rejects(a.query("SELECT 1"), spent(/10 rows read of 10/));
  });

  test("bytes returned are counted, and the target's figure cannot be raised", async () => {
    const client = await first({ bytes: 1_000 });
    await assert.rejects(client.query("SELECT repeat('x', 2000)"), spent(/bytes would be read by this session in all, more than the 1000/));
    const raised = await scene.program({ budget: { rowsChanged: 1_000_000, bytes: null } });
    assert.deepEqual([raised.opened.budget.rowsChanged, raised.opened.budget.bytes], [12, 1024 * 1024]);
    raised.letGo();
  });

  test("rows changed: connections of one login together stay within it, by the server's own count", async () => {
    const clients = await Promise.all([clerk(), clerk(), clerk(), clerk()]);
    const before = await scene.count("SELECT count(*) FROM orders");
    // What was rolled back has used nothing up.
    for (const sql of ["BEGIN", "DELETE FROM orders WHERE id < 10", "ROLLBACK"]) await clients[0]?.query(sql);
    await assert.rejects(
      clients[0]?.query("DELETE FROM orders WHERE id > 100") as Promise<unknown>,
      spent(/100 rows would be changed, more than the \d+ permitted/),
    );
    const work = clients.map(async (client, index) => {
      let rows = 0;
      for (let n = 0; n < 6; n++) {
        const id = 110 + index * 10 + n;
        const text = n % 2 === 0 ? `DELETE FROM orders WHERE id = ${id}` : { text: "DELETE FROM orders WHERE id = $1", values: [id] };
        rows += (await client.query(text as string).catch(() => ({ rowCount: 0 }))).rowCount ?? 0;
      }
      return rows;
    });
    const done = (await Promise.all(work)).reduce((sum, rows) => sum + rows, 0);
    const gone = before - (await scene.count("SELECT count(*) FROM orders"));
    assert.equal(gone, done);
    assert(gone > 4 && gone <= 12, `${gone} rows`);
    const run = scene.gateway.status().runs?.find(({ principal }) => principal === "clerk");
    assert.equal(run?.used.rowsChanged, gone);
    await Promise.all(clients.map((client) => client.end()));
    // A new connection is the same session: nothing is had back by leaving.
    const later = await clerk();
    for (let id = 160; id < 180; id++) await later.query(`DELETE FROM orders WHERE id = ${id}`).catch(() => undefined);
    assert.equal(before - (await scene.count("SELECT count(*) FROM orders")), 12);
    await assert.rejects(later.query("DELETE FROM orders WHERE id = 190"), spent(/12 rows changed of 12/));
    await later.end();
  });

  test("figures are kept over a restart", async () => {
    const used = () => scene.gateway.status().runs?.find(({ principal }) => principal === "clerk")?.used.rowsChanged;
    assert.equal(used(), 12);
    const { shop, folder } = scene;
    await scene.stop();
    scene = await openScene(shop.server, { shop, folder, target: "budget: { rows_changed: 12, wall: 8h, bytes: 1MiB }" });
    opened.length = 0;
    assert.equal(used(), 12);
    const again = await clerk();
    await assert.rejects(again.query("DELETE FROM orders WHERE id = 190"), spent(/12 rows changed of 12/));
    await again.end();
  });

  test("wall time ends the session: connections, role and login", async () => {
    const held = await scene.program({ budget: { wallMs: 2_500 } });
    const client = await scene.connect(held);
    await client.query("SELECT 1");
    assert.match(await held.ended, /its budget of 2500 ms is over/);
    await assert.rejects(client.query("SELECT 1"));
    await assert.rejects(scene.connect(held), { code: "28P01" });
    await until("its role is gone", async () => (await scene.count("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hfs\\_%'")) === 0);
    const [ended] = (await scene.events("run_ended")).slice(-1);
    assert.equal(ended?.used.statements, 1);
  });
});
