import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manualClock } from "../base/clock.ts";
import { type Click, type ClickSource, SlackClicks, slackSignature } from "./slack-click.ts";
import { agreeAction, denyAction } from "./slack-message.ts";

/** The worked example of Slack's own documentation on verifying requests. */
const published = {
  secret: "8f742231b10e8888abcd99yyyzzz85a5",
  timestamp: "1531420618",
  body:
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA" +
    "&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554" +
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
  signature: "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
};

const secret = "a signing secret of a test";
const people = new Map([["U0ADA", "ada"]]);

function scene(sources: readonly ClickSource[] = [{ name: "team", signingSecret: () => secret, people }]) {
  const clock = manualClock(1_790_000_000_000);
  const clicks: Click[] = [];
  const answers = new SlackClicks(sources, clock, async (click) => void clicks.push(click));
  const send = async (body: Uint8Array, more: { timestamp?: string; signature?: string; retry?: string; key?: string } = {}) => {
    const timestamp = more.timestamp ?? String(Math.floor(clock.now() / 1_000));
    const signature = more.signature ?? slackSignature(more.key ?? secret, timestamp, body);
    const retry = more.retry === undefined ? {} : { "x-slack-retry-num": more.retry };
    const headers = { "x-slack-request-timestamp": timestamp, "x-slack-signature": signature, ...retry };
    const { status, after } = answers.answer({ headers, body });
    const before = clicks.length;
    await after?.();
    return { status, done: clicks.length - before };
  };
  return { clock, clicks, send };
}

interface Shape {
  readonly trigger?: string;
  readonly action?: string;
  readonly member?: string;
  readonly name?: string;
  readonly value?: string;
}

function click({ trigger = "t1", action = denyAction, member = "U0ADA", name = "someone", value }: Shape = {}): Buffer {
  const payload = {
    type: "block_actions",
    user: { id: member, username: name, name },
    trigger_id: trigger,
    response_url: "https://hooks.slack.com/actions/x",
    actions: [{ action_id: action, value: value ?? JSON.stringify({ approval: "q_1", planDigest: "abc" }) }],
  };
  return Buffer.from(`payload=${encodeURIComponent(JSON.stringify(payload))}`);
}

describe("a click in Slack", () => {
  test("Slack's published example has its published signature", () => {
    assert.equal(slackSignature(published.secret, published.timestamp, Buffer.from(published.body)), published.signature);
  });

  test("signed and of now, it names approval, plan and person", async () => {
    const { send, clicks } = scene();
    assert.deepEqual(await send(click()), { status: 200, done: 1 });
    assert.deepEqual(clicks, [
      { source: "team", person: "ada", wants: "deny", approval: "q_1", planDigest: "abc", answerTo: "https://hooks.slack.com/actions/x" },
    ]);
    assert.deepEqual(await send(click({ trigger: "t2", action: agreeAction })), { status: 200, done: 1 });
    assert.equal(clicks[1]?.wants, "agree");
  });

  test("with another secret, another body, no signature or a cut one it is refused", async () => {
    const { send, clock } = scene();
    const now = String(Math.floor(clock.now() / 1_000));
    const good = slackSignature(secret, now, click());
    assert.equal((await send(click(), { key: "another" })).status, 401);
    assert.equal((await send(click({ value: '{"approval":"q_2","planDigest":"abc"}' }), { signature: good })).status, 401);
    for (const signature of ["", "v0=", good.slice(0, -1), good.toUpperCase(), `${good}0`, good.replace("v0", "v1")])
      assert.equal((await send(click(), { signature })).status, 401, signature);
    assert.deepEqual(await send(click(), { signature: good }), { status: 200, done: 1 });
  });

  test("older than five minutes, or from as far ahead, it is refused although it is signed", async () => {
    const { send, clock } = scene();
    const seconds = Math.floor(clock.now() / 1_000);
    for (const timestamp of [seconds - 301, seconds + 301, 0, 1e11])
      assert.equal((await send(click(), { timestamp: String(timestamp) })).status, 401, String(timestamp));
    for (const timestamp of ["", "now", `${seconds}.5`, `-${seconds}`, ` ${seconds}`])
      assert.equal((await send(click(), { timestamp })).status, 401, timestamp);
    assert.equal((await send(click(), { timestamp: String(seconds - 299) })).status, 200);
  });

  test("sent again, by Slack or by somebody who saw it, it is answered and not done again", async () => {
    const { send, clock } = scene();
    assert.deepEqual(await send(click()), { status: 200, done: 1 });
    assert.deepEqual(await send(click(), { retry: "1" }), { status: 200, done: 0 });
    clock.advance(299_000);
    assert.deepEqual(await send(click(), { timestamp: String(Math.floor(clock.now() / 1_000) - 299) }), { status: 200, done: 0 });
    assert.deepEqual(await send(click({ trigger: "t9" }), { retry: "1" }), { status: 200, done: 1 }, "a retry whose first try was lost");
  });

  test("without a trigger the bytes stand for themselves", async () => {
    const { send } = scene();
    assert.deepEqual(await send(click({ trigger: "" })), { status: 200, done: 1 });
    assert.deepEqual(await send(click({ trigger: "" })), { status: 200, done: 0 });
  });

  test("a member's name stands for nobody: only the configured id does", async () => {
    const { send, clicks } = scene();
    await send(click({ member: "U0MALLORY", name: "ada" }));
    assert.equal(clicks[0]?.person, undefined);
  });

  test("a source without a secret accepts nothing, not even what is signed with an empty one", async () => {
    const { send } = scene([{ name: "team", signingSecret: () => undefined, people }]);
    assert.equal((await send(click(), { key: "" })).status, 401);
    const { send: sendEmpty } = scene([{ name: "team", signingSecret: () => "", people }]);
    assert.equal((await sendEmpty(click(), { key: "" })).status, 401);
  });

  test("two workspaces: a click belongs to the one that signed it, with its own members", async () => {
    const other = { name: "other", signingSecret: () => "other secret", people: new Map([["U0ADA", "grace"]]) };
    const { send, clicks } = scene([{ name: "team", signingSecret: () => secret, people }, other]);
    await send(click({ trigger: "a" }), { key: "other secret" });
    await send(click({ trigger: "b" }));
    assert.deepEqual(
      clicks.map(({ source, person }) => [source, person]),
      [
        ["other", "grace"],
        ["team", "ada"],
      ],
    );
  });

  test("what is no click of ours is answered and does nothing; what is no payload is refused", async () => {
    const { send } = scene();
    assert.deepEqual(await send(click({ action: "open_link", trigger: "a" })), { status: 200, done: 0 });
    assert.deepEqual(await send(click({ value: "no json", trigger: "b" })), { status: 200, done: 0 });
    for (const text of ["", "payload=", "payload=%7B", "payload=[]", "payload=null", "\u00ff"])
      assert.equal((await send(Buffer.from(text))).status, 400, text);
    assert.equal((await send(Buffer.from([0xff, 0xfe]))).status, 400);
    assert.equal((await send(Buffer.alloc(64 * 1024 + 1, 97))).status, 413);
  });
});
