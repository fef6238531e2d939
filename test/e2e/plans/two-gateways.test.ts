/** A plan between two gateways on one store: known to both, applied once, and never by an answer that cannot be proven. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../../grants/scene.ts";
import { testServer } from "../../support/servers.ts";
import { openPair, type Pair } from "../two-gateways/pair.ts";
import { planning, type PlanScene, usual } from "./scene.ts";

describe("a plan between two gateways on one store", () => {
  let pair: Pair;
  let a: PlanScene;
  let b: PlanScene;
  before(async () => {
    pair = await openPair(await testServer(18), usual);
    a = planning(pair.a);
    b = planning(pair.b);
  });
  after(() => pair.stop());

  /** Made and answered at the one, and known to the other. */
  async function approved(text: string) {
    const planned = await a.planAs("ada", text);
    const id = planned.approval?.id ?? "";
    await until("the other has heard of it", () =>
      b.approval(id).then(
        () => true,
        () => false,
      ),
    );
    assert.equal((await b.applyAs("ada", planned)).outcome, "waiting");
    await a.answer(id, "approve", "ben");
    await until("the other knows the answer", async () => (await b.approval(id)).state === "approved");
    return { planned, id };
  }

  test("is the same at both, rests on the same schema, and is used at both once it is at one", async () => {
    const { planned, id } = await approved("DELETE FROM orders WHERE id > 5 OR false OR true");
    assert.equal((await a.applyAs("ada", planned)).outcome, "applied");
    assert.equal(await a.count("SELECT count(*) FROM orders"), 0);
    await until("the other knows that it is used", async () => (await b.approval(id)).state === "used");
    await assert.rejects(b.applyAs("ada", planned), /applied already/);
    await a.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", a.shop.database);
  });

  test("is not applied where its answer cannot be proven: a person of the same name has another key there", async () => {
    const { planned, id } = await approved("DELETE FROM orders WHERE true");
    const unproven = await b.applyAs("ada", planned);
    assert.equal(unproven.outcome, "not_reached");
    assert.match(unproven.because ?? "", /the answer of `ben` does not hold/);
    await until("it is closed for both", async () => (await a.approval(id)).state === "stale");
    await assert.rejects(a.applyAs("ada", planned), /the plan is stale/);
    assert.equal(await a.count("SELECT count(*) FROM orders"), 10);
  });
});
