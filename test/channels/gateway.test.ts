/** A real agent's held statement told in chat, and what a click there can and cannot do; over a real gateway, console and server. */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import type { AttentionView } from "../../src/control/contract.ts";
import { logIn } from "../console/client.ts";
import { until } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { type Got, openReceiver, type ReceiverStandIn } from "./receiver-stand-in.ts";

const signingSecret = "the signing secret of a test";

interface Button {
  readonly action_id?: string;
  readonly url?: string;
  readonly value?: string;
}

describe("approvals in chat", () => {
  let scene: ApprovalScene;
  let agent: pg.Client;
  let receiver: ReceiverStandIn;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-channels-"));
  const secretFile = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  before(async () => {
    receiver = await openReceiver();
    const more = `approvals:
  hold: 0s
  cool_off: 0s
  life: 5min
  channels:
    team:
      kind: slack
      token: { file: ${secretFile("token", "xoxb-of-a-test")} }
      channel: C0ONCALL
      api: ${receiver.url}/api
      signing_secret: { file: ${secretFile("signing", signingSecret)} }
      people: { U0BEN: ben, U0NOBODY: nobody }
      agree: true
    books: { kind: webhook, url: "${receiver.url}/hook", secret: { file: ${secretFile("hook", "whsec_c2VjcmV0")} } }
    broken: { kind: webhook, url: "${receiver.url}/nobody", secret: { env: HOLDFAST_TEST_NOT_THERE }, environments: [staging] }
console: { listen: "127.0.0.1:0" }`;
    scene = await openApprovalScene(await testServer(18), { more });
    agent = await scene.agent();
  });
  after(async () => {
    await agent.end();
    await scene.stop();
    await receiver.close();
    rmSync(folder, { recursive: true });
  });

  const cards = (id: string): readonly Got[] => receiver.got.filter(({ path, body }) => path.startsWith("/api/") && body.includes(id));
  const card = async (id: string, holds: RegExp): Promise<Got> => {
    let found: Got | undefined;
    await until(`a card of ${id} with ${holds}`, () => (found = cards(id).findLast(({ body }) => holds.test(body))) !== undefined);
    return found as Got;
  };
  const buttons = ({ body }: Got): readonly Button[] => {
    const { blocks } = JSON.parse(body) as { blocks: { type: string; elements?: Button[] }[] };
    return blocks.flatMap(({ type, elements }) => (type === "actions" ? (elements ?? []) : []));
  };
  const click = async (button: Button, member: string, more: { key?: string; timestamp?: number } = {}): Promise<number> => {
    const payload = {
      type: "block_actions",
      user: { id: member, name: "ben" },
      trigger_id: randomBytes(6).toString("hex"),
      response_url: `${receiver.url}/say`,
      actions: [button],
    };
    const body = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
    const timestamp = String(more.timestamp ?? Math.floor(Date.now() / 1_000));
    const mac = createHmac("sha256", more.key ?? signingSecret)
      .update(`v0:${timestamp}:${body}`)
      .digest("hex");
    const response = await fetch(`${scene.gateway.status().console?.url ?? ""}/hooks/slack`, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": `v0=${mac}`,
      },
      body,
    });
    await response.arrayBuffer();
    return response.status;
  };
  const said = async (count: number): Promise<string> => {
    const found = () => receiver.got.filter(({ path }) => path === "/say");
    await until("a word to whoever clicked", () => found().length >= count);
    return (JSON.parse(found().at(-1)?.body ?? "{}") as { text: string }).text;
  };
  const stateOf = async (id: string) => (await scene.approvals()).find((each) => each.id === id)?.state;

  test("a click denies, as the mapped person and nobody else; the card says who, and the agent hears of it", async () => {
    await refusal(agent, "DELETE FROM orders WHERE true");
    const { id } = await scene.asked();
    const first = await card(id, /Approval wanted/);
    assert.match(first.body, /public\.orders: 10 deleted/);
    assert.doesNotMatch(first.body, /DELETE FROM/);
    const deny = buttons(first).find(({ action_id }) => action_id === "holdfast_deny") as Button;
    assert.match(buttons(first).find(({ url }) => url !== undefined)?.url ?? "", new RegExp(`^http://localhost:\\d+/#/approvals/${id}$`));
    assert.ok(!buttons(first).some(({ action_id }) => action_id === "holdfast_agree"), "rows would be gone");
    assert.equal(await click(deny, "U0BEN", { key: "another secret" }), 401);
    assert.equal(await click(deny, "U0BEN", { timestamp: Math.floor(Date.now() / 1_000) - 600 }), 401);
    assert.equal(await click(deny, "U0STRANGER"), 200);
    assert.match(await said(1), /stands for no registered person/);
    assert.equal(await click(deny, "U0NOBODY"), 200);
    assert.match(await said(2), /stands for no registered person/);
    assert.equal(await stateOf(id), "pending");
    assert.equal(await click(deny, "U0BEN"), 200);
    await until("it is denied", async () => (await stateOf(id)) === "denied");
    await card(id, /Denied: .*ben denied it \(chat\)/s);
    const [answer] = (await scene.events("approval_answered")).filter(({ approval }) => approval === id);
    assert.deepEqual([answer?.person, answer?.answer, answer?.channel, answer?.evidence.kind], ["ben", "deny", "chat", "login"]);
    assert.match((await refusal(agent, "DELETE FROM orders WHERE true")).message, /ben said no to it/);
    assert.equal(cards(id).filter(({ path }) => path === "/api/chat.postMessage").length, 1, "one card, changed");
    assert.equal(await click(deny, "U0BEN"), 200);
    assert.match(await said(3), /denied already/);
  });

  test("the click that says it looks right is offered for what can be taken back alone, approves nothing, and is shown", async () => {
    const known = (await scene.approvals()).map(({ id }) => id);
    await refusal(agent, "ALTER TABLE orders RENAME TO former_orders");
    const { id, plan } = await scene.asked(known);
    const first = await card(id, /Approval wanted/);
    const agree = buttons(first).find(({ action_id }) => action_id === "holdfast_agree");
    assert.equal(plan.reversibility === "reversible", agree !== undefined, plan.reversibility);
    const forged = { action_id: "holdfast_agree", value: JSON.stringify({ approval: id, planDigest: plan.digest }) };
    const before = receiver.got.filter(({ path }) => path === "/say").length;
    assert.equal(await click(agree ?? forged, "U0BEN"), 200);
    const word = await said(before + 1);
    if (agree === undefined) assert.match(word, /This is not answered in chat/);
    else {
      assert.match(word, /It is no approval yet/);
      await card(id, /ben finds it right, in chat: that is no approval yet/);
    }
    assert.equal(await stateOf(id), "pending");
    assert.deepEqual(
      (await scene.events("approval_answered")).filter(({ approval }) => approval === id),
      [],
    );
    await scene.answer(id, "ada", { answer: "deny", reason: "no" });
  });

  test("a secret that cannot be read is warned of at the start, and holds nothing up", () => {
    const warned = scene.warnings.filter((line) => line.startsWith("channel "));
    assert.deepEqual(warned, ["channel `broken`: environment variable `HOLDFAST_TEST_NOT_THERE` is not set"]);
  });

  test("the console shows what the questions cost", async () => {
    const page = await logIn(scene.gateway.status().console?.url ?? "", "ada", "a passphrase that nobody would guess 7");
    const { status, body } = await page.get("/api/attention");
    assert.equal(status, 200);
    const { figures } = body as AttentionView;
    assert.deepEqual([figures.questions, figures.became.denied, figures.byPerson.map(({ name }) => name).sort()], [2, 2, ["ada", "ben"]]);
    assert.equal((await page.get("/api/attention?days=0")).status, 400);
    assert.equal((await page.get("/api/attention?days=91")).status, 400);
  });

  test("a webhook hears of each state too, and the hook's path takes nothing but POST", async () => {
    const heard = () => receiver.got.filter(({ path }) => path === "/hook").map(({ body }) => (JSON.parse(body) as { type: string }).type);
    await until("both ends are told", () => heard().filter((type) => type === "approval.denied").length >= 2);
    assert.ok(heard().includes("approval.pending"));
    const url = `${scene.gateway.status().console?.url ?? ""}/hooks/slack`;
    assert.equal((await fetch(url)).status, 404);
    assert.equal((await fetch(url, { method: "POST", body: "x" })).status, 401);
    assert.equal((await fetch(url, { method: "POST", body: "x".repeat(70_000) })).status, 413);
  });
});
