/**
 * Approvals that were none: the recorded incidents in which a person's answer came too late, meant something else, or was not a person's.
 * Each is rebuilt on a real gateway and judged by what the server holds afterwards. The numbers are those of the studied cases.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { loadConfig } from "../../src/config/load-config.ts";
import { holdfast } from "../cli/holdfast.ts";
import { acceptedConfig, changeVault, openSealedVault, type VaultContent } from "../../src/wiring/vault.ts";
import { until, vaultPassphrase } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { type ApprovalScene, openApprovalScene, quickly, refusal } from "./scene.ts";

const held = /held until a person has answered/;

describe("an approval that would have been none", () => {
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
  const shown = async (sql: string) => {
    const found = (await scene.approvals()).find(({ state, plan }) => state === "pending" && plan.act.shown === sql);
    assert(found !== undefined, `nobody is asked about: ${sql}`);
    return found;
  };

  test("C28: what the agent confirms itself is no answer", async () => {
    const sql = "DELETE FROM orders WHERE 28 = 28";
    await refusal(agent, sql);
    const { id, confirm = "" } = await shown(sql);
    for (const words of [["--yes"], ["--confirm", confirm || "public.orders"]]) {
      const given = await holdfast(["approve", id, "--socket", scene.socket, "--as", "ada", ...words]);
      assert.equal(given.code, 1, given.out);
      assert.match(given.err, /takes a person, and nobody can be asked here|not approved/);
    }
    assert.match((await refusal(agent, sql)).message, held);
    assert.equal(await scene.orders(), 10);
  });

  test("C35: stopped from outside it stops, whatever was agreed to before", async () => {
    const program = await scene.program({ purpose: "tidy up" });
    const client = await scene.connect(program);
    try {
      const sql = "DELETE FROM orders WHERE 35 = 35";
      await refusal(client, sql);
      await scene.answer((await shown(sql)).id, "ben");
      await scene.signed("POST", "/v1/suspensions", { session: program.opened.session, because: "stop" });
      await assert.rejects(client.query(sql));
      assert.equal(await scene.orders(), 10);
    } finally {
      await client.end().catch(() => undefined);
      program.letGo();
    }
  });

  test("C42: an answer holds for the very target it was given for", async () => {
    const sql = "DELETE FROM orders WHERE 42 = 42";
    await refusal(agent, sql);
    const { id, plan } = await shown(sql);
    await scene.answer(id, "ben");
    assert.match(plan.target.identity, /^(system|address):/);
    // The same name, environment and policy before another server's database.
    const other = await openApprovalScene(await testServer(15));
    const there = await other.agent();
    try {
      assert.match((await refusal(there, sql)).message, held);
      assert.equal(await other.orders(), 10);
      const [asked] = await other.approvals();
      assert.notEqual(asked?.plan.target.identity, plan.target.identity);
    } finally {
      await there.end();
      await other.stop();
    }
  });

  test("C47: a person is shown the whole of it, or is not asked", async () => {
    const tail = "DELETE FROM orders WHERE 47 = 47";
    const long = `/* ${"kept tidy ".repeat(200)}*/ SELECT 1; ${tail}`;
    await refusal(agent, long);
    assert.equal((await shown(long)).plan.act.shown.endsWith(tail), true);
    const endless = `/* ${"x".repeat(300 * 1024)} */ ${tail}`;
    const before = (await scene.approvals()).length;
    assert.match((await refusal(agent, endless)).message, /too long for a person to read/);
    assert.equal((await scene.approvals()).length, before);
  });

  test("C48: a plan that was only to be looked at changes nothing", async () => {
    const file = join(scene.folder, "look.sql");
    writeFileSync(file, "DELETE FROM orders WHERE 48 = 48;\n");
    const { opened, letGo } = await scene.program({ purpose: "look only" });
    try {
      const inside = { HOLDFAST_SESSION: opened.session, HOLDFAST_ASK_TOKEN: opened.askToken, HOLDFAST_CONTROL: scene.socket };
      await holdfast(["plan", "--socket", scene.socket, file], { env: inside });
      assert.equal(await scene.orders(), 10);
    } finally {
      letGo();
    }
  });

  test("C49, C50: a gate that was rewritten under it is not the gate that asks", async () => {
    const path = join(scene.folder, "holdfast.yaml");
    await accepted(scene, path);
    const before = readFileSync(path, "utf8");
    const lax = before.replace("approvals: {", "approvals: { solo: true, passkey: never,");
    assert.notEqual(lax, before);
    writeFileSync(path, lax);
    const loaded = loadConfig({ path });
    assert("config" in loaded, JSON.stringify(loaded));
    assert.throws(() => scene.gateway.reload(loaded.config), /accept/);
    writeFileSync(path, before);
    assert.match((await refusal(agent, "DELETE FROM orders WHERE 49 = 49")).message, held);
  });

  test("C45, C46: nothing runs before the answer, nor when it is no", async () => {
    const sql = "ALTER TABLE open_to_all DROP COLUMN note";
    await refusal(agent, sql);
    const columns = () => scene.count("SELECT count(*) FROM information_schema.columns WHERE table_name = 'open_to_all'");
    const whole = await columns();
    await scene.answer((await shown(sql)).id, "ada", { answer: "deny", reason: "no" });
    await refusal(agent, sql);
    assert.equal(await columns(), whole);
    assert.equal((await scene.events("approval_used")).length, 0);
  });

  test("C44: what was refused once is refused when it comes again to verify its work", async () => {
    const sql = "DELETE FROM open_to_all WHERE 44 = 44";
    await refusal(agent, sql);
    await scene.answer((await shown(sql)).id, "cleo", { answer: "deny", reason: "not without a backup" });
    const fresh = await scene.agent();
    try {
      for (const client of [agent, fresh]) assert.match((await refusal(client, sql)).message, /cleo said no to it .*not without a backup/);
    } finally {
      await fresh.end();
    }
    assert.equal(await scene.count("SELECT count(*) FROM open_to_all"), 1);
  });

  test("C34: the same effect by another statement is another question, not another way", async () => {
    const first = "TRUNCATE orders";
    await refusal(agent, first);
    await scene.answer((await shown(first)).id, "ada", { answer: "deny", reason: "the orders stay" });
    for (const other of ["DELETE FROM orders", "TRUNCATE ONLY orders", "DROP TABLE orders CASCADE", "DROP SCHEMA public CASCADE"]) {
      const { message } = await refusal(agent, other);
      assert.match(message, /holdfast: /, other);
    }
    assert.equal(await scene.orders(), 10);
  });
});

/** The configuration of now is the one that a person accepted. */
async function accepted({ gateway }: ApprovalScene, path: string): Promise<void> {
  const loaded = loadConfig({ path });
  assert("config" in loaded, JSON.stringify(loaded));
  const { config } = loaded;
  const vault = await openSealedVault(config, vaultPassphrase());
  const change = (content: VaultContent) => ({ ...content, ...acceptedConfig(config, config.source?.digest ?? null) });
  await changeVault(vault, config, change, "accepted the configuration");
  vault.close();
  await gateway.look();
}

describe("C08: the second person", () => {
  test("is asked by the gate, whatever rights the first has", async () => {
    const more = quickly.replace("life: 5min", "life: 5min, quorum: { production: 2 }");
    const scene = await openApprovalScene(await testServer(18), { more });
    const agent = await scene.agent();
    try {
      const sql = "DELETE FROM orders WHERE 8 = 8";
      await refusal(agent, sql);
      const { id } = await scene.asked();
      assert.equal((await scene.answer(id, "ada")).state, "pending");
      await assert.rejects(scene.answer(id, "ada"), /answered already/);
      assert.match((await refusal(agent, sql)).message, held);
      assert.equal(await scene.orders(), 10);
      assert.equal((await scene.answer(id, "ben")).state, "approved");
      assert.equal((await agent.query(sql)).rowCount, 10);
      await until("it is settled", async () => (await scene.approvals()).find((each) => each.id === id)?.state === "used");
    } finally {
      await agent.end();
      await scene.stop();
    }
  });
});
