/** Held acts of sessions whose own role may change nothing: what persons approved is carried out as the executor, and by it alone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { type ApprovalView, answerPath } from "../../../src/control/contract.ts";
import { callControl, type HeldSession } from "../../../src/control/client.ts";
import { openScene, type Scene, until } from "../../grants/scene.ts";
import { leasedRoles } from "../../provision/shop.ts";
import { serverVersions, testServer } from "../../support/servers.ts";

for (const version of serverVersions) {
  describe(`held acts and session roles, PostgreSQL ${version}`, () => {
    let scene: Scene;
    let held: HeldSession;
    let client: pg.Client;
    before(async () => {
      scene = await openScene(await testServer(version), { policy: "guarded-writes", environment: "staging", approves: ["staging"] });
      held = await scene.program();
      client = await scene.connect(held);
    });
    after(async () => {
      await client.end().catch(() => undefined);
      held.letGo();
      await scene.stop();
    });

    const pending = async (): Promise<ApprovalView> => {
      let found: ApprovalView | undefined;
      await until("somebody is asked", async () => {
        const { approvals } = (await callControl(scene.socket, { method: "GET", path: "/v1/approvals" })) as {
          approvals: readonly ApprovalView[];
        };
        found = approvals.find(({ state }) => state === "pending");
        return found !== undefined;
      });
      assert.ok(found !== undefined);
      return found;
    };
    /** Of sessions: the executor's are gone soon after each act. */
    const sessionRoles = async (): Promise<readonly string[]> => {
      let roles: readonly string[] = [];
      await until("one role is left at most", async () => (roles = await leasedRoles(scene.shop)).length <= 1);
      return roles;
    };
    const approve = async (): Promise<void> => {
      const { id, plan, confirm } = await pending();
      const body = { approval: id, planDigest: plan.digest, answer: "approve", reason: "", confirm: confirm ?? "" };
      await scene.signed("POST", answerPath(id), body);
    };

    test("a statement that the session's role could not run is carried out, once, and the role can no more than before", async () => {
      await assert.rejects(client.query("DELETE FROM orders WHERE id = 1"), /permission denied|read-only/);
      const answered = client.query("DELETE FROM orders RETURNING id");
      await approve();
      assert.equal((await answered).rowCount, 10);
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 0);
      await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 3)", scene.shop.database);
      await assert.rejects(client.query("DELETE FROM orders WHERE id > 0"), /permission denied|read-only/);
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 3);
    });

    test("the server ends the connection while it waits: the next one, under another role, gets what was approved", async () => {
      const text = "DELETE FROM orders WHERE true";
      const waiting = client.query(text).catch((error: unknown) => error as Error);
      await pending();
      const [role] = await sessionRoles();
      await scene.shop.server.asSuperuser(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
      assert.ok((await waiting) instanceof Error);
      await until("its role is gone", async () => !(await sessionRoles()).includes(role ?? ""));
      await approve();
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 3);
      client = await scene.connect(held);
      assert.ok(!(await sessionRoles()).includes(role ?? ""));
      assert.equal((await client.query(text)).rowCount, 3);
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 0);
    });

    test("suspended between question and answer: the connection ends, and nothing runs", async () => {
      await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'last' FROM generate_series(1, 3)", scene.shop.database);
      const waiting = client.query("DELETE FROM orders WHERE id = id").catch((error: unknown) => error as Error & { code?: string });
      await pending();
      await scene.signed("POST", "/v1/suspensions", { session: held.opened.session, because: "a look first" });
      const error = await waiting;
      assert.ok(error instanceof Error);
      // The question may be over with the session, or an answer to it may stand: neither runs anything.
      await approve().catch(() => undefined);
      assert.equal(await scene.count("SELECT count(*) FROM orders"), 3);
      assert.equal((await scene.events("approval_used")).length, 2);
    });
  });
}
