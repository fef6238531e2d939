/** Webhooks over real sockets: signed so that a receiver can tell, bounded, tried again, and never with an act's text. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { approvalNews } from "../../src/channels/news.ts";
import { Outbox } from "../../src/channels/outbox.ts";
import { webhook, webhookSignature } from "../../src/channels/webhook.ts";
import type { Environment } from "../../src/model/principal.ts";
import { openReceiver, type ReceiverStandIn } from "./receiver-stand-in.ts";
import { sampleApproval, samplePlan, secretText } from "./samples.ts";

const secret = "whsec_c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMgbG9uZyE=";

interface Given {
  readonly url?: string;
  readonly perMinute?: number;
  readonly environments?: readonly Environment[];
  readonly timeoutMs?: number;
}

describe("a webhook", () => {
  let receiver: ReceiverStandIn;
  const open: Outbox[] = [];
  let warnings: string[];
  const outbox = (given: Given = {}): Outbox => {
    const channel = webhook({
      name: "on-call",
      environments: given.environments ?? null,
      messagesPerMinuteMax: given.perMinute ?? 100,
      timeoutMs: given.timeoutMs ?? 5_000,
      url: () => given.url ?? `${receiver.url}/hook`,
      secret: () => secret,
      clock: systemClock,
    });
    const made = new Outbox(channel, { clock: systemClock, random: systemRandom, warn: (line) => warnings.push(line), firstPauseMs: 20 });
    open.push(made);
    return made;
  };
  before(async () => {
    receiver = await openReceiver();
  });
  beforeEach(async () => {
    warnings = [];
    receiver.got.length = 0;
    receiver.answers.length = 0;
  });
  after(async () => {
    await Promise.all(open.map((each) => each.close()));
    await receiver.close();
  });
  const warned = async (): Promise<string> => {
    for (let tries = 0; tries < 800 && warnings.length === 0; tries++) await delay(10);
    return warnings.join("\n");
  };

  test("has the published signature of the Standard Webhooks example", () => {
    const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const signature = webhookSignature({ id, seconds: 1614265330, body: '{"test": 2432232314}' }, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert.equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("tells ids, who, where and how many, signed over id, time and body; never the text, a sample or a reason", async () => {
    outbox().tell(approvalNews(sampleApproval()));
    await receiver.arrived(1);
    const [{ headers, body }] = receiver.got as [(typeof receiver.got)[0]];
    const id = String(headers["webhook-id"]);
    const time = String(headers["webhook-timestamp"]);
    const key = Buffer.from(secret.slice(6), "base64");
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64")}`);
    assert.equal(id, "q_1.0");
    assert.ok(Math.abs(Number(time) - Date.now() / 1_000) < 600);
    const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
    assert.equal(type, "approval.pending");
    assert.deepEqual(
      [data["principal"], data["actsFor"], data["target"], data["environment"]],
      ["run_agent_x", "grace", "shop", "production"],
    );
    assert.deepEqual(data["tables"], [{ table: "public.customers", inserted: 0, updated: 0, deleted: 1_203, following: 1_200 }]);
    assert.equal(data["destroys"], true);
    for (const word of [secretText, "4111111111111111", "clean up", "because"]) assert.ok(!body.includes(word), word);
  });

  test("is tried again with the same delivery id until it is taken, also after a lost connection", async () => {
    receiver.answers.push(
      (response) => response.writeHead(500).end(),
      (response) => response.destroy(),
      (response) => response.writeHead(429, { "retry-after": "0" }).end(),
    );
    outbox().tell(approvalNews(sampleApproval()));
    await receiver.arrived(4);
    assert.deepEqual([...new Set(receiver.got.map(({ headers }) => headers["webhook-id"]))], ["q_1.0"]);
    assert.deepEqual(warnings, []);
  });

  test("is given up after six tries, said to the operator without the address or the secret", async () => {
    for (let n = 0; n < 10; n++) receiver.answers.push((response) => response.writeHead(503).end("nothing to see"));
    outbox().tell(approvalNews(sampleApproval()));
    assert.equal(await warned(), "channel `on-call`: `q_1` was not told after 6 tries: it answered 503");
    assert.equal(receiver.got.length, 6);
  });

  test("follows no redirect and does not try again what cannot help", async () => {
    receiver.answers.push((response) => response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end());
    outbox().tell(approvalNews(sampleApproval()));
    assert.match(await warned(), /after 1 tries: it answered 307, and no redirect is followed/);
    assert.deepEqual(
      receiver.got.map(({ path }) => path),
      ["/hook"],
    );
  });

  test("goes over TLS alone beyond this machine, and to no address with a password in it", async () => {
    outbox({ url: "http://hooks.example/x" }).tell(approvalNews(sampleApproval()));
    assert.match(await warned(), /its `url` is not used: clear text goes to this machine only/);
    warnings = [];
    outbox({ url: "https://name:word@hooks.example/x" }).tell(approvalNews(sampleApproval()));
    assert.match(await warned(), /it holds a name or a password/);
    assert.ok(!warnings.join().includes("word@"));
  });

  test("gives up waiting for a receiver that never answers, and reads no endless answer", async () => {
    receiver.answers.push(() => undefined);
    for (let n = 0; n < 6; n++) receiver.answers.push((response) => response.writeHead(200).end("x".repeat(100_000)));
    outbox({ timeoutMs: 1_000 }).tell(approvalNews(sampleApproval()));
    assert.match(await warned(), /after [2-6] tries: its answer is too long/);
  });

  test("tells only the environments that it is for", async () => {
    const staging = samplePlan({ target: { name: "lab", environment: "staging", database: "lab", identity: "1" } });
    const box = outbox({ environments: ["staging"] });
    box.tell(approvalNews(sampleApproval()));
    box.tell(approvalNews(sampleApproval({ id: "q_2" as never, plan: staging })));
    await receiver.arrived(1);
    assert.deepEqual(
      receiver.got.map(({ headers }) => headers["webhook-id"]),
      ["q_2.0"],
    );
  });

  test("many changes while it is slow are one message with the newest state", async () => {
    let release: () => void = () => undefined;
    receiver.answers.push((response) => {
      release = () => response.writeHead(200).end();
    });
    const box = outbox();
    box.tell(approvalNews(sampleApproval()));
    await receiver.arrived(1);
    for (let revision = 1; revision <= 30; revision++) box.tell(approvalNews(sampleApproval({ revision, count: revision + 1 })));
    release();
    await receiver.arrived(2);
    await delay(50);
    assert.deepEqual(
      receiver.got.map(({ headers }) => headers["webhook-id"]),
      ["q_1.0", "q_1.30"],
    );
  });

  test("a session that asks without end is told of so often a minute, and another session is not kept back by it", async () => {
    const box = outbox({ perMinute: 3 });
    for (let n = 1; n <= 20; n++) box.tell(approvalNews(sampleApproval({ id: `q_${n}` as never })));
    const other = samplePlan({ asked: { principal: "other", run: "r_2" as never } });
    box.tell(approvalNews(sampleApproval({ id: "q_other" as never, plan: other })));
    await receiver.arrived(4);
    await delay(100);
    assert.deepEqual(
      receiver.got.map(({ headers }) => headers["webhook-id"]),
      ["q_1.0", "q_2.0", "q_3.0", "q_other.0"],
    );
    box.tell(approvalNews(sampleApproval({ id: "q_2" as never, revision: 1, state: "denied" })));
    await receiver.arrived(5);
    assert.equal(receiver.got[4]?.headers["webhook-id"], "q_2.1", "what ends a question that was told is not kept back");
  });

  test("closing ends a delivery that hangs, and says what was not told", async () => {
    receiver.answers.push(() => undefined);
    const box = outbox({ timeoutMs: 60_000 });
    box.tell(approvalNews(sampleApproval()));
    await receiver.arrived(1);
    await box.close();
    assert.deepEqual(warnings, ["channel `on-call`: 1 messages were not sent"]);
  });
});
