/** Held acts of a real agent, answered over the control socket: exactly once, by whom it may be, in time, and over a restart. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { loadConfig } from "../../src/config/load-config.ts";
import { Refused } from "../../src/control/client.ts";
import { until } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { type ApprovalScene, openApprovalScene, refusal } from "./scene.ts";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

describe("a held act and the persons who answer it", () => {
  let scene: ApprovalScene;
  let agent: pg.Client;
  before(async () => {
    scene = await openApprovalScene(await testServer(18));
    agent = await scene.agent();
  });
  after(async () => {
    await agent.end();
    await scene.stop();
  });

  test("is answered with the id and the figures, and runs exactly once after a person has agreed", async () => {
    const held = await refusal(agent, "DELETE FROM orders WHERE id <= 2 OR true");
    assert.equal(held.code, "42501");
    const approval = await scene.asked();
    assert.match(
      held.message,
      new RegExp(`held until a person has answered approval ${approval.id}; measured: 10 rows deleted in public.orders`),
    );
    assert.equal(await scene.orders(), 10);
    assert.equal((await scene.answer(approval.id, "ben")).state, "approved");
    assert.equal((await agent.query("DELETE FROM orders WHERE id <= 2 OR true")).rowCount, 10);
    assert.equal(await scene.orders(), 0);
    await until("it is settled", async () => (await scene.approvals()).find(({ id }) => id === approval.id)?.state === "used");
    assert.equal((await scene.events("approval_used")).length, 1);
    assert.match((await refusal(agent, "DELETE FROM orders WHERE id <= 2 OR true")).message, /held until a person has answered/);
    await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
  });

  test("is denied with the person's reason, which reaches the agent at once whenever it tries again", async () => {
    const rename = "ALTER TABLE orders RENAME COLUMN note TO words";
    await refusal(agent, rename);
    const approval = await scene.asked();
    assert.equal(approval.plan.act.shown, rename);
    await assert.rejects(scene.answer(approval.id, "ben", { answer: "deny" }), refusedWith("bad_request", /takes a reason/));
    const leaking = { answer: "deny" as const, reason: "log in with password=correct-horse-battery" };
    await assert.rejects(scene.answer(approval.id, "ben", leaking), refusedWith("not_allowed", /looks as if it held a secret/));
    await scene.answer(approval.id, "ben", { answer: "deny", reason: "the audit needs them" });
    const asked = (await scene.events("approval_asked")).length;
    const denied = await refusal(agent, rename);
    assert.match(denied.message, /ben said no to it \(approval q_\w+\): the audit needs them; measured: /);
    assert.match(denied.hint, /do not send it again/);
    assert.doesNotMatch(denied.message + denied.hint, /ask-structure/);
    assert.equal((await scene.events("approval_asked")).length, asked);
    await assert.rejects(scene.answer(approval.id, "cleo"), refusedWith("conflict", /denied already: ben said no/));
    assert((await scene.orders()) > 0);
  });

  test("of two who answer at once one decides, and the log says which", async () => {
    await refusal(agent, "ALTER TABLE orders ALTER COLUMN note SET DEFAULT 'x'");
    const { id } = await scene.asked();
    const both = await Promise.allSettled([
      scene.answer(id, "ben", { answer: "deny", reason: "not now" }),
      scene.answer(id, "cleo", { answer: "deny", reason: "never" }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const answers = (await scene.events("approval_answered")).filter(({ approval }) => approval === id);
    assert.equal(answers.length, 1);
    assert.deepEqual(answers[0]?.evidence.kind, "signature");
    const view = (await scene.approvals()).find((each) => each.id === id);
    assert.deepEqual([view?.state, view?.answers.length], ["denied", 1]);
  });

  test("is never answered by the one for whom it is asked", async () => {
    const held = await scene.program({ actsFor: "ben", purpose: "clean up" });
    const program = await scene.connect(held);
    try {
      await refusal(program, "DELETE FROM orders WHERE 2 = 2");
      const { id, plan } = await scene.asked();
      assert.deepEqual([plan.asked.actsFor, plan.asked.purpose], ["ben", "clean up"]);
      await assert.rejects(scene.answer(id, "ben"), refusedWith("not_allowed", /is the one who asks/));
      await scene.answer(id, "ben", { answer: "deny", reason: "I do not want it after all" });
    } finally {
      await program.end();
      held.letGo();
    }
  });

  test("stands over a restart, is answered then, and runs once", async () => {
    await refusal(agent, "DELETE FROM orders WHERE 3 = 3");
    const { id } = await scene.asked();
    await agent.end();
    await scene.stop();
    scene = await openApprovalScene(scene.shop.server, { folder: scene.folder, shop: scene.shop });
    agent = await scene.agent();
    assert.equal((await scene.approvals()).find((each) => each.id === id)?.state, "pending");
    await scene.answer(id, "cleo");
    const before = await scene.orders();
    assert.equal((await agent.query("DELETE FROM orders WHERE 3 = 3")).rowCount, before);
    assert.equal(await scene.orders(), 0);
    assert.match((await refusal(agent, "DELETE FROM orders WHERE 3 = 3")).message, /held until/);
  });

  test("that was asked under another policy is stale, and is asked anew", async () => {
    await refusal(agent, "TRUNCATE open_to_all");
    const { id } = await scene.asked();
    const path = join(scene.folder, "holdfast.yaml");
    const text = readFileSync(path, "utf8");
    const changed = text
      .replace("policy: guarded-writes", "policy: mine")
      .concat("policies: { mine: { extends: guarded-writes, limits: { statements_per_minute: 4000 } } }\n");
    writeFileSync(path, changed);
    const loaded = loadConfig({ path });
    assert("config" in loaded, JSON.stringify(loaded));
    scene.gateway.reload(loaded.config);
    await until("it is closed", async () => (await scene.approvals()).find((each) => each.id === id)?.state === "stale");
    await assert.rejects(scene.answer(id, "ben"), refusedWith("conflict", /stale already: the policy has changed/));
    const again = await refusal(agent, "TRUNCATE open_to_all");
    assert.doesNotMatch(again.message, new RegExp(id));
    assert.equal((await scene.asked([id])).state, "pending");
  });
});

describe("a connection that waits", () => {
  let scene: ApprovalScene;
  before(async () => {
    const more = "approvals: { hold: 60s, life: 5min, cool_off: 0s, quorum: { production: 2 } }";
    scene = await openApprovalScene(await testServer(18), { more });
  });
  after(() => scene.stop());

  test("is answered by the last of two persons, as the server answers", async () => {
    const agent = await scene.agent();
    try {
      const answered = agent.query("DELETE FROM orders RETURNING id");
      const { id, quorum } = await scene.asked();
      assert.equal(quorum, 2);
      assert.equal((await scene.answer(id, "ben")).state, "pending");
      await assert.rejects(scene.answer(id, "ben"), refusedWith("conflict", /answered already/));
      assert.equal(await scene.orders(), 10);
      await scene.answer(id, "ada");
      const { rows, command } = await answered;
      assert.deepEqual([command, rows.length, await scene.orders()], ["DELETE", 10, 0]);
    } finally {
      await agent.end();
    }
  });

  test("and goes away leaves nothing behind that could still run", async () => {
    const agent = await scene.agent();
    const known = (await scene.approvals()).map(({ id }) => id);
    agent.query("TRUNCATE orders").catch(() => undefined);
    const { id } = await scene.asked(known);
    agent.connection.stream.destroy();
    await until("it is abandoned", async () => (await scene.approvals()).find((each) => each.id === id)?.state === "abandoned");
    await assert.rejects(scene.answer(id, "ben"), refusedWith("conflict", /abandoned already/));
  });
});

describe("a question that nobody answers", () => {
  let scene: ApprovalScene;
  before(async () => {
    scene = await openApprovalScene(await testServer(18), { more: "approvals: { hold: 60s, life: 1s, cool_off: 0s }" });
  });
  after(() => scene.stop());

  test("is a no: for the connection that waits, and for who answers too late", async () => {
    const agent = await scene.agent();
    try {
      const denied = await refusal(agent, "TRUNCATE orders");
      assert.match(denied.message, /is expired: 0 of 1 persons agreed in time/);
      const { id } = await scene.asked();
      await assert.rejects(scene.answer(id, "ben"), refusedWith("conflict", /expired already/));
      assert.equal(await scene.orders(), 10);
    } finally {
      await agent.end();
    }
  });
});

function refusedWith(code: string, message: RegExp) {
  return (error: unknown): boolean => {
    assert(error instanceof Refused, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}
