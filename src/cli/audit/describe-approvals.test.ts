import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApprovalId, PlanId } from "../../base/ids.ts";
import type { ApprovalEvent } from "../../model/event.ts";
import { describeEvent } from "./describe.ts";

const approval = "q_1" as ApprovalId;
const planDigest = "d".repeat(64);
const asked: Extract<ApprovalEvent, { kind: "approval_asked" }> = {
  kind: "approval_asked",
  approval,
  plan: "p_1" as PlanId,
  planDigest,
  actDigest: planDigest,
  principal: "agent",
  target: "shop",
  environment: "production",
  tables: [
    { table: "public.items", inserted: 0, updated: 0, deleted: 8, truncated: 0 },
    { table: "public.orders", inserted: 0, updated: 0, deleted: 1_041, truncated: 0 },
  ],
  unmeasured: [],
  policyDigest: "p",
  rules: [],
  nonce: "n",
  strength: "passkey",
  quorum: 2,
  expiresAtMs: 9,
};

const said = (event: ApprovalEvent): string => {
  const { word, about, text, tone } = describeEvent(event, new Map());
  return `${word} ${about} ${tone}: ${text}`;
};

test("a question, its answers and its end read as sentences", () => {
  assert.equal(
    said(asked),
    "asked q_1 warn: agent on shop (production): 1,041 rows of public.orders and 1 more table; 2 persons, by passkey",
  );
  assert.equal(
    said({ ...asked, tables: null, quorum: 1 }),
    "asked q_1 warn: agent on shop (production): not measured; one person, by passkey",
  );
  assert.match(said({ ...asked, tables: [] }), /no rows changed/);
  const answer = { kind: "approval_answered", approval, planDigest, person: "ben", atMs: 1, tookMs: null, reason: "" } as const;
  const login = { kind: "login" } as const;
  assert.equal(
    said({ ...answer, answer: "deny", channel: "chat", evidence: login, reason: "no" }),
    "denied q_1 bad: denied by ben through the chat, logged in: no",
  );
  assert.equal(said({ kind: "approval_closed", approval, state: "expired", because: "nobody" }), "expired q_1 plain: nobody");
  const used = { kind: "approval_used", approval, planDigest, attempt: "a" } as const;
  assert.equal(said({ ...used, transaction: "771" }), "used q_1 good: plan dddddddddddd, transaction 771");
  assert.equal(said({ ...used, transaction: null }), "used q_1 good: plan dddddddddddd, outside a transaction");
  const settled = { kind: "approval_settled", approval, attempt: "a", because: "" } as const;
  assert.equal(said({ ...settled, how: "used" }), "settled q_1 plain: used");
  assert.equal(said({ ...settled, how: "not_reached", because: "refused" }), "settled q_1 warn: not reached: refused");
  assert.equal(said({ ...settled, how: "unknown" }), "settled q_1 bad: unknown");
});
