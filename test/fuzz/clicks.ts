/**
 * Clicks in chat, damaged anywhere: before the signature they are refused, and behind a right one they are read or refused, never thrown.
 * The signature is worked out here as Slack's documentation says it, and not by our own code.
 */
import { createHmac } from "node:crypto";
import { manualClock } from "../../src/base/clock.ts";
import { type Click, SlackClicks } from "../../src/channels/slack-click.ts";
import { damagedText, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

const secret = "a signing secret of a test";
const nowSeconds = 1_790_000_000;

export function clicksInChat(random: Random): void {
  const clicks: Click[] = [];
  const clock = manualClock(nowSeconds * 1_000);
  const people = new Map([["U0ADA", "ada"]]);
  const answers = new SlackClicks([{ name: "team", signingSecret: () => secret, people }], clock, async (click) => void clicks.push(click));
  const action = {
    action_id: pick(random, ["holdfast_deny", "holdfast_agree", "", "__proto__"]),
    value: '{"approval":"q_1","planDigest":"d"}',
  };
  const payload = {
    type: "block_actions",
    user: { id: "U0ADA" },
    trigger_id: "t",
    response_url: "https://hooks.slack.com/x",
    actions: [action],
  };
  const maybe = (text: string): string => (random() < 0.5 ? damagedText(random, text) : text);
  const body = Buffer.from(maybe(`payload=${encodeURIComponent(maybe(JSON.stringify(payload)))}`));
  const timestamp = maybe(String(nowSeconds - pick(random, [0, 299, 301, -301])));
  const mac = (by: string): string => `v0=${createHmac("sha256", by).update(`v0:${timestamp}:`).update(body).digest("hex")}`;
  const right = mac(secret);
  const signature = pick(random, [right, damagedText(random, right), mac("another secret"), ""]);
  const headers = { "x-slack-request-timestamp": timestamp, "x-slack-signature": signature };
  const { status, after } = answers.answer({ headers, body });
  const late = !/^\d{1,12}$/.test(timestamp) || Math.abs(nowSeconds - Number(timestamp)) > 300;
  if ((signature !== right || late) && status !== 401) throw new Error(`a click that is not signed, or late, was answered ${status}`);
  if (status !== 200 && after !== undefined) throw new Error("something is done for a click that was refused");
  const again = answers.answer({ headers, body });
  if (again.after !== undefined) throw new Error("a click is done twice");
}
