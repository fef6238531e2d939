/** Where a plan was tried is for the configuration to say: whoever wants another place gets no plan, and a person sees which it was. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testServer } from "../../support/servers.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

const text = "DELETE FROM orders WHERE id = 1";

async function at(target: string, run: (scene: PlanScene) => Promise<void>): Promise<void> {
  const scene = await openPlanScene(await testServer(18), { target });
  try {
    await run(scene);
  } finally {
    await scene.stop();
  }
}

const refused = (scene: PlanScene, on: string, because: RegExp) =>
  assert.rejects(scene.planAs("ada", text, { on, ask: true }), (error: Error) => {
    assert.match(error.message, because);
    return true;
  });

describe("a plan that has to be tried somewhere", () => {
  test("is made where the target's acts are tried, and not where they are not", () =>
    at("", async (scene) => {
      await refused(scene, "clone", /are tried at the target itself, and not at the clone/);
      await refused(scene, "replica", /a replica is read-only, and no change can be tried on it/);
      await refused(scene, "moon", /`on` must be one of target, replica, clone/);
      const { plan } = await scene.planAs("ada", text, { on: "target", ask: true });
      assert.equal(plan.measured?.on, "target");
    }));

  test("is tried on the clone where there is one, and does not move to the target because somebody wants that", () =>
    // The clone has the same databases; here it is the same server, seen by another login.
    at("plan: { on: clone, clone: { url: { env: HOLDFAST_TEST_URL } } }", async (scene) => {
      await refused(scene, "target", /are tried at its clone, and not at the target/);
      for (const on of ["clone", undefined]) {
        const { plan } = await scene.planAs("ada", text, { ...(on === undefined ? {} : { on }), ask: true });
        assert.equal(plan.measured?.on, "clone");
      }
    }));
});
