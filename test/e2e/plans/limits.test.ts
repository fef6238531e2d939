/** What bounds a plan: its life, its session's budget and state, the policy and the wait that it was approved under. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load-config.ts";
import { until } from "../../grants/scene.ts";
import { testServer } from "../../support/servers.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

const deletion = "DELETE FROM orders WHERE true";
const orders = "SELECT count(*) FROM orders";

async function inScene(options: Parameters<typeof openPlanScene>[1], act: (scene: PlanScene) => Promise<void>): Promise<void> {
  const scene = await openPlanScene(await testServer(18), options);
  try {
    await act(scene);
    assert.equal(await scene.count(orders), 10, "nothing was changed");
  } finally {
    await scene.stop();
  }
}

test("a plan that has expired is not applied, approved or not", () =>
  inScene({ more: "approvals: { life: 1500ms }" }, async (scene) => {
    const planned = await scene.planAs("ada", deletion);
    const id = planned.approval?.id ?? "";
    await scene.answer(id, "approve", "ben").catch(() => undefined);
    await until("its life is over", async () => (await scene.approval(id)).state === "expired");
    await assert.rejects(scene.applyAs("ada", planned), /the plan has expired/);
  }));

test("a plan is not applied before the wait after its approval is over, and can be taken back until then", () =>
  inScene({ environment: "production", approves: ["production"], more: "approvals: { cool_off: 1h }" }, async (scene) => {
    const planned = await scene.planAs("ada", "TRUNCATE orders");
    const id = planned.approval?.id ?? "";
    assert.equal((await scene.answer(id, "approve", "ben")).state, "approved");
    const applied = await scene.applyAs("ada", planned);
    assert.equal(applied.outcome, "not_reached");
    assert.match(applied.because ?? "", /it waits for another \d+ s/);
    assert.equal((await scene.answer(id, "deny", "ben")).state, "denied");
    await assert.rejects(scene.applyAs("ada", planned), /a person said no/);
  }));

test("a plan that was made under another policy is not applied", () =>
  inScene({}, async (scene) => {
    const planned = await scene.planAs("ada", deletion);
    const id = planned.approval?.id ?? "";
    await scene.answer(id, "approve", "ben");
    const path = join(scene.folder, "holdfast.yaml");
    writeFileSync(path, readFileSync(path, "utf8").replace("policy: guarded-writes", "policy: migrations"), { mode: 0o600 });
    const loaded = loadConfig({ path });
    assert("config" in loaded);
    scene.gateway.reload(loaded.config);
    await assert.rejects(scene.applyAs("ada", planned), /policy has changed/);
  }));

test("a session asks no more than its budget, and nothing once it is suspended; what it had approved waits with it", () =>
  inScene({}, async (scene) => {
    const held = await scene.program({ budget: { held: 1 } });
    const planned = await scene.plan(held, deletion);
    await assert.rejects(scene.plan(held, "TRUNCATE orders"), /budget_exhausted/);
    await scene.answer(planned.approval?.id ?? "");
    await scene.signed("POST", "/v1/suspensions", { session: held.opened.session, because: "a look at it" });
    await assert.rejects(scene.plan(held, deletion), /is suspended/);
    await assert.rejects(scene.apply(held, planned), /is suspended/);
    await assert.rejects(scene.applyAs("ben", planned), /suspended/, "nor by a person in its name");
    held.letGo();
  }));

test("a plan of more rows than the session may change is not applied", () =>
  inScene({}, async (scene) => {
    const held = await scene.program({ budget: { rowsChanged: 3 } });
    const planned = await scene.plan(held, deletion);
    await scene.answer(planned.approval?.id ?? "");
    const applied = scene.apply(held, planned);
    await assert.rejects(applied, /budget_exhausted/);
    held.letGo();
  }));

test("what an applied plan changed counts against the session's budget, and it leaves its intent, use and outcome in the log", async () => {
  const scene = await openPlanScene(await testServer(18), {});
  try {
    const held = await scene.program({ budget: { rowsChanged: 12 } });
    const planned = await scene.plan(held, deletion);
    const id = planned.approval?.id ?? "";
    await scene.answer(id);
    assert.equal((await scene.apply(held, planned)).outcome, "applied");
    const run = scene.gateway.status().runs?.find((each) => each.id === held.opened.session);
    assert.equal(run?.used.rowsChanged, 10);
    const intents = (await scene.events("intent")).filter(({ code }) => code === "approved");
    assert.equal(intents.length, 1);
    const outcomes = (await scene.events("outcome")).filter(({ action }) => action === intents[0]?.action);
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome.status),
      ["succeeded"],
    );
    const judgement = (await scene.events("judgement")).find((each) => each.judgement === intents[0]?.judgement);
    assert.ok(judgement?.rules.includes(`approval:${id}`), "it says on which approval it rests");
    const settled = (await scene.events("approval_settled")).filter(({ approval }) => approval === id);
    assert.deepEqual(
      settled.map(({ how }) => how),
      ["used"],
    );
    held.letGo();
  } finally {
    await scene.stop();
  }
});
