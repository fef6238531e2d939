/** Slack-compatible messages over real sockets: one card an approval, changed with what became of it, and every name in it only data. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { approvalNews, type ToldApproval } from "../../src/channels/news.ts";
import { Outbox } from "../../src/channels/outbox.ts";
import { slack, type SlackWay } from "../../src/channels/slack.ts";
import { slackMessage } from "../../src/channels/slack-message.ts";
import { openReceiver, type ReceiverStandIn } from "./receiver-stand-in.ts";
import { harmlessPlan, sampleApproval, samplePlan, secretText } from "./samples.ts";

const offers = { buttons: true, agree: true };
const answered = { person: "ada", answer: "deny", atMs: 1, channel: "console", reason: secretText, tookMs: null } as const;

describe("a Slack channel", () => {
  let receiver: ReceiverStandIn;
  let warnings: string[];
  const open: Outbox[] = [];
  const outbox = (way: SlackWay): Outbox => {
    const channel = slack({ name: "team", environments: null, messagesPerMinuteMax: 100, timeoutMs: 5_000, way, offers });
    const made = new Outbox(channel, { clock: systemClock, random: systemRandom, warn: (line) => warnings.push(line), firstPauseMs: 20 });
    open.push(made);
    return made;
  };
  const bot = (): SlackWay => ({ kind: "token", token: () => "xoxb-of-a-test", api: `${receiver.url}/api/`, room: "C0ONCALL" });
  const told = (n: number) => JSON.parse(receiver.got[n]?.body ?? "null") as { channel?: string; ts?: string; blocks: object[] };
  before(async () => {
    receiver = await openReceiver();
  });
  beforeEach(() => {
    warnings = [];
    receiver.got.length = 0;
    receiver.answers.length = 0;
  });
  after(async () => {
    await Promise.all(open.map((each) => each.close()));
    await receiver.close();
  });

  test("posts one card, and changes that card when the approval is presented again, and when somebody decided", async () => {
    const box = outbox(bot());
    box.tell(approvalNews(sampleApproval()));
    await receiver.arrived(1);
    assert.equal(receiver.got[0]?.headers.authorization, "Bearer xoxb-of-a-test");
    assert.deepEqual([told(0).channel, told(0).ts], ["C0ONCALL", undefined]);
    box.tell(approvalNews(sampleApproval({ revision: 1, count: 5 })));
    await receiver.arrived(2);
    assert.deepEqual([told(1).channel, told(1).ts], ["C1", "17.1"]);
    assert.match(JSON.stringify(told(1).blocks), /presented 5 times/);
    box.tell(approvalNews(sampleApproval({ revision: 2, count: 5, state: "denied", answers: [answered] })));
    await receiver.arrived(3);
    assert.deepEqual(
      receiver.got.map(({ path }) => path),
      ["/api/chat.postMessage", "/api/chat.update", "/api/chat.update"],
    );
    const last = JSON.stringify(told(2).blocks);
    assert.match(last, /Denied: shop \(production\)/);
    assert.match(last, /ada denied it \(console\)/);
    assert.ok(!last.includes("actions"), "nothing is left to click");
    for (const { body } of receiver.got)
      for (const word of [secretText, "4111111111111111", "clean up"]) assert.ok(!body.includes(word), word);
  });

  test("an incoming webhook's address gets a second message, since it cannot change the first", async () => {
    const box = outbox({ kind: "incoming_webhook", url: () => `${receiver.url}/services/T/B/x` });
    box.tell(approvalNews(sampleApproval()));
    await receiver.arrived(1);
    box.tell(approvalNews(sampleApproval({ revision: 1, state: "used" })));
    await receiver.arrived(2);
    assert.match(JSON.stringify(told(1).blocks), /Approved and carried out/);
  });

  test("a question that nobody was told of and that is over is not told any more", async () => {
    const box = outbox(bot());
    box.tell(approvalNews(sampleApproval({ revision: 1, state: "denied" })));
    box.tell(approvalNews(sampleApproval({ id: "q_2" as never })));
    await receiver.arrived(1);
    await delay(50);
    assert.equal(receiver.got.length, 1);
    assert.match(receiver.got[0]?.body ?? "", /q_2/);
  });

  test("`ok: false` with a passing cause is tried again, any other is said to the operator", async () => {
    const no = (error: string) => (response: { writeHead(n: number): { end(text: string): unknown } }) =>
      void response.writeHead(200).end(JSON.stringify({ ok: false, error }));
    receiver.answers.push(no("ratelimited"), no("channel_not_found"));
    outbox(bot()).tell(approvalNews(sampleApproval()));
    for (let tries = 0; tries < 800 && warnings.length === 0; tries++) await delay(10);
    assert.deepEqual(warnings, ["channel `team`: `q_1` was not told after 2 tries: chat.postMessage was refused: `channel_not_found`"]);
  });
});

describe("a Slack message", () => {
  const words = (more: Partial<ToldApproval> = {}, given = offers) =>
    JSON.stringify(slackMessage(approvalNews(sampleApproval(more)), given));

  test("says what, where, how many by what, and until when", () => {
    const text = words();
    for (const part of [
      "Approval wanted: shop (production)",
      "run_agent_x, acting for grace, database shop",
      "public.customers: 1,203 deleted, 1,200 of them by cascade or trigger",
      "It can be taken back.",
      "https://holdfast.example/#/approvals/q_1",
      "never approves it",
    ])
      assert.ok(text.includes(part), part);
  });

  test("a click can deny; that it looks right only where nothing is destroyed, all can be taken back, and the channel may", () => {
    assert.ok(words().includes("holdfast_deny") && !words().includes("holdfast_agree"), "rows would be deleted");
    assert.ok(words({ plan: harmlessPlan() }).includes("holdfast_agree"));
    assert.ok(!words({ plan: harmlessPlan() }, { buttons: true, agree: false }).includes("holdfast_agree"));
    assert.ok(!words({ plan: { ...harmlessPlan(), reversibility: "restorable" } }).includes("holdfast_agree"));
    assert.ok(!words({ plan: { ...harmlessPlan(), reversibility: "unknown" } }).includes("holdfast_agree"));
    assert.ok(!words({ plan: harmlessPlan(), state: "approved" }).includes("holdfast_agree"));
    assert.ok(!words({}, { buttons: false, agree: false }).includes("holdfast_"));
  });

  test("a name is data: it calls nobody, links nowhere, turns no text and stays within Slack's sizes", () => {
    const evil = "<!channel> & <https://evil.example|Approve> \u202e\u0007\u3164\u2800\n*bold* :tada:";
    const plan = samplePlan({
      target: { name: evil, environment: "production", database: evil, identity: "1" },
      asked: { principal: evil.repeat(20), run: "r_1" as never },
    });
    const many = Array.from({ length: 400 }, (_, n) => ({ type: "table", name: `${evil}${n}`.repeat(9), change: "dropped" as const }));
    const measured = plan.measured === null ? null : { ...plan.measured, objects: many };
    const message = slackMessage(approvalNews(sampleApproval({ plan: { ...plan, measured } })), offers);
    assert.ok(!message.text.includes("<") && !message.text.includes("\n"), message.text);
    const texts: { type?: string; text?: unknown }[] = [];
    JSON.stringify(message.blocks, (_, value: unknown) => {
      if (typeof value === "object" && value !== null && "text" in value && typeof value.text === "string") texts.push(value);
      return value;
    });
    assert.ok(texts.length >= 3);
    for (const { type, text } of texts) {
      assert.equal(type, "plain_text", "no markup is read in it");
      assert.ok(String(text).length <= 3_000);
      assert.doesNotMatch(String(text), /[\u202e\u0007\u3164\u2800]/);
    }
    assert.match(JSON.stringify(message), /and 388 more objects/);
  });
});
