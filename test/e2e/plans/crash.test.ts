/**
 * kill -9 of the gateway, and the loss of the server, at COMMIT: before the server has it, and after it has carried it out. The next start,
 * or the same process, finds out what became of it, and nothing runs twice.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { PlannedView } from "../../../src/control/contract.ts";
import { until } from "../../grants/scene.ts";
import { environmentOf } from "../../provision/shop.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { type HoldingProxy, holdingProxy } from "./holding-proxy.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

const child = fileURLToPath(new URL("../../grants/gateway-child.ts", import.meta.url));

for (const version of serverVersions) {
  describe(`a plan that is interrupted, on PostgreSQL ${version}`, () => {
    let scene: PlanScene;
    let proxy: HoldingProxy;
    let gateway: ChildProcess | undefined;
    before(async () => {
      const server = await testServer(version);
      proxy = await holdingProxy(server);
      scene = await openPlanScene(server, { more: "approvals: { life: 1h }" });
      await scene.stop();
      await start();
    });
    after(async () => {
      await kill();
      await proxy.close();
    });

    /** Behind the proxy: only its own connections as the target's login go through it, not those that make roles. */
    async function start(): Promise<void> {
      const environment = environmentOf(scene.shop);
      const url = new URL(environment["HOLDFAST_TEST_URL"] ?? "");
      url.port = String(proxy.port);
      const started = spawn(process.execPath, [child, scene.folder], {
        env: { ...process.env, ...environment, HOLDFAST_TEST_URL: url.href },
        stdio: ["ignore", "pipe", "inherit"],
      });
      gateway = started;
      await new Promise<void>((resolve, reject) => {
        started.stdout.once("data", () => resolve());
        started.once("exit", () => reject(new Error("the gateway ended")));
      });
    }

    async function kill(): Promise<void> {
      const running = gateway;
      gateway = undefined;
      if (running === undefined || running.exitCode !== null) return;
      const gone = new Promise((resolve) => running.once("exit", resolve));
      running.kill("SIGKILL");
      await gone;
    }

    let count = 0;
    async function approved(): Promise<{ readonly planned: PlannedView; readonly id: string }> {
      count += 1;
      await scene.shop.server.asSuperuser(`INSERT INTO orders (id, note) VALUES (${100 + count}, 'one of these')`, scene.shop.database);
      // No table but this one is hit, and the text is another each time.
      const planned = await scene.planAs("ada", `DELETE FROM orders WHERE id >= 100 AND true OR id = -${count}`, { ask: true });
      const id = planned.approval?.id ?? "";
      assert.equal((await scene.answer(id, "approve", "ben")).state, "approved");
      return { planned, id };
    }
    const left = () => scene.count("SELECT count(*) FROM orders WHERE id >= 100");
    const state = async (id: string) => (await scene.approval(id)).state;

    test("by a kill before the server has COMMIT did not take place, and can be applied once more", async () => {
      const { planned, id } = await approved();
      const held = proxy.hold("before");
      const applying = scene.applyAs("ada", planned);
      const lost = assert.rejects(applying);
      await held;
      assert.equal(await state(id), "running");
      await kill();
      await lost;
      proxy.cut();
      await start();
      await until("it is settled", async () => (await state(id)) === "approved");
      assert.equal(await left(), 1, "rolled back");
      assert.equal((await scene.applyAs("ada", planned)).outcome, "applied");
      await assert.rejects(scene.applyAs("ada", planned), /applied once/);
      assert.equal(await left(), 0);
      const settled = (await scene.events("approval_settled")).filter(({ approval }) => approval === id);
      assert.deepEqual(
        settled.map(({ how }) => how),
        ["not_reached", "used"],
      );
    });

    test("by a kill after the server has carried out COMMIT is used, and never runs again", async () => {
      const { planned, id } = await approved();
      const held = proxy.hold("after");
      const lost = assert.rejects(scene.applyAs("ada", planned));
      await held;
      assert.equal(await left(), 0, "committed");
      await kill();
      await lost;
      // What it would delete is there again: were it run twice, it would go.
      await scene.shop.server.asSuperuser("INSERT INTO orders (id, note) VALUES (500, 'another')", scene.shop.database);
      await start();
      await until("it is settled", async () => (await state(id)) === "used");
      await assert.rejects(scene.applyAs("ada", planned), /applied once/);
      assert.equal(await left(), 1);
      await scene.shop.server.asSuperuser("DELETE FROM orders WHERE id = 500", scene.shop.database);
    });

    test("by the loss of the server at COMMIT is unknown, and settled by the same gateway when it is asked", async () => {
      for (const [moment, end, rows] of [
        ["after", "used", 0],
        ["before", "stale", 1],
      ] as const) {
        const { planned, id } = await approved();
        const held = proxy.hold(moment);
        const applying = scene.applyAs("ada", planned);
        await held;
        proxy.cut();
        const applied = await applying;
        assert.equal(applied.outcome, "unknown", JSON.stringify(applied));
        await until("it is settled", async () => (await state(id)) === end);
        assert.equal(await left(), rows);
        await assert.rejects(scene.applyAs("ada", planned), /(applied once|stale)/);
        assert.equal(await left(), rows);
        await scene.shop.server.asSuperuser("DELETE FROM orders WHERE id >= 100", scene.shop.database);
      }
    });
  });
}
