/**
 * An agent under the gateway's own account that wants its statement to run: through the socket, the command, a stolen signature, a forged
 * row in the store, and the store's file of yesterday. Each with the real gateway; nothing may run.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { callControl, Refused } from "../../src/control/client.ts";
import { answerPath, type ApprovalView } from "../../src/control/contract.ts";
import { publicKeyText } from "../../src/control/person-key.ts";
import { bodyDigest, statementText } from "../../src/control/signed-statement.ts";
import type { AnswerEvidence, Approval, ApprovalAnswer } from "../../src/model/approval.ts";
import { holdfast } from "../cli/holdfast.ts";
import { challenge } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { type ApprovalScene, openApprovalScene, refusal } from "./scene.ts";

const strangers = generateKeyPairSync("ed25519").privateKey;

describe("an agent of the same account cannot answer for a person", () => {
  let scene: ApprovalScene;
  let agent: pg.Client;
  let view: ApprovalView;
  const sql = "TRUNCATE orders";
  before(async () => {
    scene = await openApprovalScene(await testServer(18));
    agent = await scene.agent();
    await refusal(agent, sql);
    view = await scene.asked();
  });
  after(async () => {
    await agent.end();
    await scene.stop();
  });

  const body = (more = {}) => ({
    approval: view.id,
    planDigest: view.plan.digest,
    answer: "approve",
    reason: "",
    confirm: view.confirm ?? "",
    ...more,
  });
  const post = (headers: Record<string, string>, sent: unknown = body(), id = view.id) =>
    callControl(scene.socket, { method: "POST", path: answerPath(id), body: sent, headers });
  const needsPerson = (error: unknown) => error instanceof Refused && error.code === "person_needed";

  test("at the socket: without a signature, with a stranger's, or with a person's for something else", async () => {
    await assert.rejects(post({}), needsPerson);
    const { nonce } = await challenge(scene.socket, "ben");
    const place = { gateway: scene.socket, person: "ben", nonce, method: "POST", path: answerPath(view.id) };
    const signature = sign(null, Buffer.from(statementText({ ...place, bodyDigest: bodyDigest(body()) })), strangers).toString("base64");
    const headers = (more: Record<string, string>) => ({ "x-holdfast-person": "ben", "x-holdfast-nonce": nonce, ...more });
    await assert.rejects(post(headers({ "x-holdfast-signature": signature })), needsPerson);
    // What ben signed for another question is of no use here, nor a second time there.
    await refusal(agent, "TRUNCATE open_to_all");
    const other = await scene.asked([view.id]);
    await scene.answer(other.id, "ben", { answer: "deny", reason: "no" });
    const [recorded] = await scene.events("approval_answered");
    assert(recorded?.evidence.kind === "signature");
    const { nonce: used, signature: stolen, body: signed } = recorded.evidence;
    const replayed = { "x-holdfast-person": "ben", "x-holdfast-nonce": used, "x-holdfast-signature": stolen };
    await assert.rejects(post(replayed), needsPerson);
    await assert.rejects(post(replayed, signed, other.id), needsPerson);
    assert.equal((await scene.approvals()).find(({ id }) => id === view.id)?.answers.length, 0);
  });

  test("with the command: nobody is at a terminal, and a passphrase cannot be guessed", async () => {
    const socket = ["--socket", scene.socket];
    const confirm = ["--confirm", view.confirm ?? ""];
    const silent = await holdfast(["approve", view.id, "--as", "ben", ...confirm, ...socket], { input: "a guess\n" });
    assert.deepEqual([silent.code, /nobody can be asked here/.test(silent.err)], [1, true], silent.err);
    const unsure = await holdfast(["approve", view.id, "--as", "ben", "--passphrase-fd", "0", ...socket], { input: "a guess\n" });
    assert.deepEqual([unsure.code, /not approved: nothing was signed/.test(unsure.err)], [1, true], unsure.err);
    const guessed = await holdfast(["approve", view.id, "--as", "ben", "--passphrase-fd", "0", ...confirm, ...socket], {
      input: "a guess\n",
    });
    assert.deepEqual([guessed.code, /the signature does not hold/.test(guessed.err)], [1, true], guessed.err);
    assert.equal((await refusal(agent, sql)).code, "42501");
    assert.equal(await scene.orders(), 10);
  });

  test("and what it can read of the question names no rule", async () => {
    assert.deepEqual(view.plan.policy.rules, []);
    assert.doesNotMatch(JSON.stringify(await scene.approvals()), /ask-destruction/);
    assert.equal((await scene.events("approval_asked"))[0]?.rules.includes("ask-destruction"), true, "people find it in the log");
  });
});

describe("the store's file is no authority", () => {
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

  const file = () => join(scene.folder, ".holdfast", "control.db");

  /** What an agent could do to the file while no gateway holds it, between a stop and the next start. */
  async function meanwhile(act: () => void): Promise<void> {
    await agent.end();
    await scene.stop();
    act();
    scene = await openApprovalScene(scene.shop.server, { folder: scene.folder, shop: scene.shop });
    agent = await scene.agent();
  }

  function rewrite(id: string, change: (approval: Approval) => Approval): void {
    const database = new DatabaseSync(file());
    const { body } = database.prepare("SELECT body FROM approvals WHERE id = ?").get(id) as { body: string };
    const changed = change(JSON.parse(body) as Approval);
    database
      .prepare("UPDATE approvals SET body = ?, revision = ?, over = 0, id = ? WHERE id = ?")
      .run(JSON.stringify(changed), changed.revision, changed.id, id);
    database.close();
  }

  const answerOf = (approval: Approval, evidence: AnswerEvidence): ApprovalAnswer => ({
    person: "ben",
    answer: "approve",
    atMs: approval.askedAtMs,
    channel: "command",
    reason: "",
    tookMs: null,
    evidence,
  });

  function forgedSignature({ id, plan }: Approval): AnswerEvidence {
    const body = { approval: id, planDigest: plan.digest, answer: "approve", reason: "", confirm: "public.orders" };
    const place = { gateway: scene.socket, method: "POST", path: answerPath(id), nonce: "n".repeat(50) };
    const text = statementText({ ...place, person: "ben", bodyDigest: bodyDigest(body) });
    const signature = sign(null, Buffer.from(text), strangers).toString("base64");
    return { kind: "signature", publicKey: publicKeyText(strangers), signature, ...place, body };
  }

  test("an agreement written into it opens nothing, whatever it claims as proof", async () => {
    const forgeries: readonly ((approval: Approval) => Approval)[] = [
      (approval) => ({ ...approval, state: "approved" }),
      (approval) => ({ ...approval, state: "approved", quorum: 0 }),
      (approval) => ({ ...approval, state: "approved", answers: [answerOf(approval, { kind: "login" })] }),
      (approval) => ({ ...approval, state: "approved", answers: [answerOf(approval, forgedSignature(approval))] }),
    ];
    for (const [n, forge] of forgeries.entries()) {
      const sql = `DELETE FROM orders WHERE ${n} = ${n}`;
      await refusal(agent, sql);
      const { id } = await scene.asked();
      await meanwhile(() => rewrite(id, forge));
      assert.match((await refusal(agent, sql)).message, /approval/, `forgery ${n}`);
      assert.equal(await scene.orders(), 10, `forgery ${n}`);
      assert.equal((await scene.events("approval_used")).length, 0, `forgery ${n}`);
      const asked = (await scene.approvals()).map((each) => each.id);
      assert.match((await refusal(agent, sql)).message, /held until a person has answered/, "then a person is asked");
      assert.notEqual((await scene.asked(asked.slice(0, -1))).id, id);
    }
  });

  test("an agreement to one plan cannot be moved to another, nor made to live longer or lose its no", async () => {
    const [first, second] = ["DELETE FROM orders WHERE 11 = 11", "DELETE FROM orders WHERE 12 = 12"];
    await refusal(agent, first);
    const agreed = await scene.asked();
    await refusal(agent, second);
    const other = await scene.asked([agreed.id]);
    await scene.answer(agreed.id, "ben");
    await scene.answer(agreed.id, "ben", { answer: "deny", reason: "on second thoughts" });
    const recorded = (await scene.events("approval_answered")).find((each) => each.approval === agreed.id && each.answer === "approve");
    assert(recorded !== undefined);
    const { kind: _, approval: __, planDigest: ___, ...yes } = recorded;
    await meanwhile(() => {
      rewrite(agreed.id, (approval) => ({ ...approval, state: "approved", answers: [yes] }));
      rewrite(other.id, (approval) => ({
        ...approval,
        state: "approved",
        answers: [yes],
        expiresAtMs: approval.expiresAtMs + 3_600_000,
        plan: { ...approval.plan, expiresAtMs: approval.plan.expiresAtMs + 3_600_000 },
      }));
    });
    for (const sql of [first, second]) assert.match((await refusal(agent, sql)).message, /held until|said no|not to be used/);
    assert.equal(await scene.orders(), 10);
    assert.equal((await scene.events("approval_used")).length, 0);
  });

  test("yesterday's copy of it brings no used approval back", async () => {
    const sql = "DELETE FROM orders WHERE 21 = 21";
    await refusal(agent, sql);
    const { id } = await scene.asked();
    await scene.answer(id, "ben");
    const copy = join(scene.folder, "copy.db");
    await meanwhile(() => copyFileSync(file(), copy));
    assert.equal((await agent.query(sql)).rowCount, 10);
    await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
    await meanwhile(() => {
      for (const name of ["", "-wal", "-shm"]) rmSync(`${file()}${name}`, { force: true });
      copyFileSync(copy, file());
    });
    assert.equal((await scene.approvals()).find((each) => each.id === id)?.state, "approved", "the copy says so");
    assert.match((await refusal(agent, sql)).message, /held until a person has answered/);
    assert.equal(await scene.orders(), 10);
    assert.equal((await scene.events("approval_used")).length, 1);
  });
});
