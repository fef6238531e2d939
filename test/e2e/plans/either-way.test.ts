/** The same act is the same whether it comes as a file or on a connection: asked about once, and carried out once, by either way. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import type { HeldSession } from "../../../src/control/client.ts";
import { testServer } from "../../support/servers.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

describe("an act that is planned from a file and sent on a connection", () => {
  let scene: PlanScene;
  let held: HeldSession;
  let client: pg.Client;
  let timeZone = "";
  before(async () => {
    scene = await openPlanScene(await testServer(18), { more: "approvals: { hold: 0s }" });
    held = await scene.program();
    client = await scene.connect(held);
    timeZone = (await client.query<{ TimeZone: string }>("SHOW TimeZone")).rows[0]?.TimeZone ?? "";
  });
  after(async () => {
    await client.end();
    held.letGo();
    await scene.stop();
  });
  const orders = () => scene.count("SELECT count(*) FROM orders");

  test("runs on the connection once it was approved as a plan, and is then used", async () => {
    const text = "DELETE FROM orders WHERE id = 1 OR false";
    const planned = await scene.plan(held, text, { timeZone, ask: true });
    const id = planned.approval?.id ?? "";
    await scene.answer(id);
    // The policy itself lets it pass on a connection: what is asked about all the same is another matter.
    assert.equal((await scene.apply(held, planned)).outcome, "applied");
    assert.equal(await orders(), 9);
    const all = "DELETE FROM orders WHERE id > 0";
    const wide = await scene.plan(held, `${all} OR true`, { timeZone });
    await scene.answer(wide.approval?.id ?? "");
    assert.equal((await client.query(`${all} OR true`)).rowCount, 9);
    assert.equal(await orders(), 0);
    await assert.rejects(scene.apply(held, wide), /applied already/);
    await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
  });

  test("is one question, and is applied as a plan once it was approved for the connection", async () => {
    const text = "TRUNCATE orders";
    await assert.rejects(client.query(text), /held until a person has answered/);
    const planned = await scene.plan(held, text, { timeZone });
    const id = planned.approval?.id ?? "";
    assert.equal((await scene.approval(id)).count, 2, "the statement and the plan are one");
    await scene.answer(id);
    assert.equal((await scene.apply(held, planned)).outcome, "applied");
    assert.equal(await orders(), 0);
  });

  test("is another where another setting would change what it means", async () => {
    const text = "TRUNCATE orders CASCADE";
    await assert.rejects(client.query(text), /held until a person has answered/);
    const elsewhere = await scene.plan(held, text, { timeZone: timeZone === "UTC" ? "Asia/Tokyo" : "UTC" });
    assert.equal((await scene.approval(elsewhere.approval?.id ?? "")).count, 1);
  });
});
