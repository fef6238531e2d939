/** Placeholders in messages of a WebSocket: what is filled in, what is found, and what a request would carry in its place. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BoundSecret } from "./bound-secret.ts";
import { type MessageParts, takeText, type TakenText } from "./messages.ts";

const REAL = 'rw_"real"/0123456789';
const OURS = `hfp_${"a".repeat(40)}`;
const OTHER = `hfp_${"b".repeat(40)}`;

function secret(surfaces: BoundSecret["surfaces"] = new Set()): BoundSecret {
  const value = () => ({ value: REAL });
  return {
    name: "railway",
    hosts: ["h"],
    header: "authorization",
    form: "Bearer {}",
    mode: "placeholder",
    prefix: "hfp_",
    surfaces,
    value,
  };
}

function taken(text: string, opening: boolean, more: Partial<MessageParts> = {}): TakenText {
  const ours = new Map([[OURS, secret()]]);
  const shaped = (part: string): boolean => part.startsWith("sk_live_");
  return takeText(text, opening, { principal: "run_1", ours, all: ours, authSlots: ["project-access-token"], shaped, ...more });
}

async function sent(one: TakenText): Promise<string> {
  assert(one.kind === "clean", JSON.stringify(one));
  const filled = await one.sent();
  assert(typeof filled !== "string", String(filled));
  return filled.text;
}

describe("what opens a connection", () => {
  const places: readonly (readonly [payload: unknown, filled: unknown, header: string])[] = [
    [{ Authorization: `Bearer ${OURS}` }, { Authorization: `Bearer ${REAL}` }, `Bearer ${OURS}`],
    [{ authToken: OURS }, { authToken: REAL }, `Bearer ${OURS}`],
    [{ headers: { "Project-Access-Token": OURS } }, { headers: { "Project-Access-Token": REAL } }, `Bearer ${OURS}`],
    [{ a: [{ b: `token ${OURS}` }], locale: "de" }, { a: [{ b: `token ${REAL}` }], locale: "de" }, `token ${OURS}`],
  ];
  for (const [payload, filled, header] of places)
    test(JSON.stringify(payload), async () => {
      const one = taken(JSON.stringify(payload), true);
      assert.deepEqual(JSON.parse(await sent(one)), filled);
      assert(one.kind === "clean" && !one.judged.includes(REAL));
      assert.deepEqual(one.header, ["authorization", header]);
    });

  const finds: readonly (readonly [what: string, text: string])[] = [
    ["somebody's token", JSON.stringify({ Authorization: "Bearer x" })],
    ["by a name with a hump", JSON.stringify({ authToken: "x" })],
    ["by a slot of the provider", JSON.stringify({ "Project-Access-Token": "x" })],
    ["by its shape", JSON.stringify({ colour: "sk_live_1234567890" })],
    ["another session's placeholder", JSON.stringify({ Authorization: `Bearer ${OTHER}` })],
    ["a placeholder beside something", JSON.stringify({ Authorization: `Bearer ${OURS} x` })],
    ["what cannot be read", "Bearer x"],
  ];
  for (const [what, text] of finds)
    test(`${what} is found, and not named`, () => {
      const one = taken(text, true);
      assert(one.kind === "found", JSON.stringify(one));
      assert(!/sk_live|hfp_/.test(one.slot), one.slot);
    });
});

describe("other texts", () => {
  test("are filled in where the operator opened them, as JSON writes a text", async () => {
    const ours = new Map([[OURS, secret(new Set(["websocket"]))]]);
    const text = JSON.stringify({ say: `key=${OURS}` });
    assert.deepEqual(JSON.parse(await sent(taken(text, false, { ours, all: ours }))), { say: `key=${REAL}` });
  });

  test("are not sent with a placeholder in them where he did not, or to a host that the secret may not go to", async () => {
    for (const ours of [new Map([[OURS, secret()]]), new Map<string, BoundSecret>()]) {
      const one = taken(`key=${OURS}`, false, { ours, all: new Map([[OURS, secret(new Set(ours.size === 0 ? ["websocket"] : []))]]) });
      assert(one.kind === "clean");
      const said = await one.sent();
      assert(typeof said === "string" && !said.includes(REAL), JSON.stringify(said));
    }
  });

  test("without one they go as they are", async () => {
    assert.equal(await sent(taken("anything", false)), "anything");
  });
});
