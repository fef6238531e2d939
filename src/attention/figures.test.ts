import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AuditEvent } from "../model/event.ts";
import { Attention } from "./figures.ts";

type Step = readonly [atMs: number, event: object];

function figuresOf(steps: readonly Step[], fromMs = 0) {
  const attention = new Attention();
  for (const [atMs, event] of steps) attention.step(event as AuditEvent, atMs, atMs >= fromMs);
  return attention.figures();
}

const opened = (session: string, run: string): object => ({ kind: "session_opened", session, run });
const act = (session: string, n: number): object => ({
  kind: "intent",
  action: `${session}.${n}`,
  judgement: "j",
  decision: "allow",
  code: "permitted",
});
const asked = (approval: string, run: string, more: object = {}): object => ({
  kind: "approval_asked",
  approval,
  run,
  principal: "agent",
  target: "shop",
  environment: "production",
  rules: ["ask-unbounded"],
  quorum: 1,
  ...more,
});
const answered = (approval: string, answer: "approve" | "deny", more: object = {}): object => ({
  kind: "approval_answered",
  approval,
  answer,
  person: "ada",
  tookMs: null,
  ...more,
});
const settled = (approval: string, how = "used"): object => ({ kind: "approval_settled", approval, how });
const closed = (approval: string, state: string): object => ({ kind: "approval_closed", approval, state });

describe("figures of attention", () => {
  test("an empty log has no figures, and no division by nothing", () => {
    const { questionsPer100Acts, perSession, timeToAnswer, under2s } = figuresOf([]);
    assert.deepEqual([questionsPer100Acts, perSession, timeToAnswer, under2s], [null, null, null, { count: 0, of: 0 }]);
  });

  test("questions per session and per 100 acts count connections of one run together", () => {
    const acts = Array.from({ length: 50 }, (_, n): Step => [n, act(n % 2 === 0 ? "s_1" : "s_2", n)]);
    const steps: Step[] = [[0, opened("s_1", "r_1")], [0, opened("s_2", "r_1")], ...acts, [60, act("s_3", 1)]];
    const {
      acts: count,
      sessions,
      questions,
      questionsPer100Acts,
      perSession,
    } = figuresOf([...steps, [61, asked("q_1", "r_1")], [62, asked("q_2", "r_1")]]);
    assert.deepEqual([count, sessions, questions], [51, 2, 2]);
    assert.equal(questionsPer100Acts, 200 / 51);
    assert.deepEqual(perSession, { mean: 1, most: 2 });
  });

  test("median and 90th per cent are times that were measured, by nearest rank", () => {
    const steps = Array.from({ length: 10 }, (_, n): Step[] => [
      [0, asked(`q_${n}`, "r_1")],
      [(n + 1) * 1_000, answered(`q_${n}`, "approve")],
    ]).flat();
    assert.deepEqual(figuresOf(steps).timeToAnswer, { medianMs: 5_000, p90Ms: 9_000 });
  });

  test("what became of each: approved and carried out as planned, stale, denied, expired, abandoned, still open", () => {
    const ids = ["used", "stale", "unused", "denied", "expired", "left", "open"];
    const { became, approvedUnchanged } = figuresOf([
      ...ids.map((id): Step => [0, asked(id, "r_1")]),
      [10_000, answered("used", "approve")],
      [10_001, settled("used")],
      [10_000, answered("stale", "approve")],
      [10_001, settled("stale", "stale")],
      [10_000, answered("unused", "approve")],
      [90_000, closed("unused", "expired")],
      [10_000, answered("denied", "deny")],
      [10_001, closed("denied", "denied")],
      [90_000, closed("expired", "expired")],
      [90_000, closed("left", "abandoned")],
    ]);
    assert.deepEqual(became, { approved: 3, denied: 1, expired: 1, lapsed: 1, open: 1 });
    assert.deepEqual(approvedUnchanged, { count: 1, of: 4 });
  });

  test("where two must agree, the second answer decides", () => {
    const two: Step[] = [
      [0, asked("q", "r", { quorum: 2 })],
      [1_000, answered("q", "approve")],
    ];
    assert.deepEqual(figuresOf(two).became.open, 1);
    const { became, timeToAnswer } = figuresOf([...two, [30_000, answered("q", "approve", { person: "grace" })]]);
    assert.deepEqual([became.approved, timeToAnswer?.medianMs], [1, 30_000]);
  });

  test("an answer is quick by the time since it was shown; without it by the time since it was asked", () => {
    const { under2s, byPerson } = figuresOf([
      ...["a", "b", "c", "d"].map((id): Step => [0, asked(id, "r")]),
      [60_000, answered("a", "approve", { tookMs: 1_999 })],
      [60_000, answered("b", "approve", { tookMs: 2_000 })],
      [1_500, answered("c", "approve")],
      [60_000, answered("d", "deny", { person: "grace" })],
    ]);
    assert.deepEqual(under2s, { count: 2, of: 4 });
    assert.deepEqual(
      byPerson.map(({ name, answers, approved, denied, under2s: quick }) => [name, answers, approved, denied, quick.count]),
      [
        ["ada", 3, 3, 0, 2],
        ["grace", 1, 0, 1, 0],
      ],
    );
  });

  test("by rule, each of several counts; by environment", () => {
    const { byRule, byEnvironment } = figuresOf([
      [0, asked("a", "r", { rules: ["x", "y"] })],
      [0, asked("b", "r", { rules: ["y"], environment: "staging" })],
      [5, answered("b", "deny")],
    ]);
    assert.deepEqual(
      byRule.map(({ name, questions, became }) => [name, questions, became.denied]),
      [
        ["y", 2, 1],
        ["x", 1, 0],
      ],
    );
    assert.deepEqual(
      byEnvironment.map(({ name, questions }) => [name, questions]),
      [
        ["production", 1],
        ["staging", 1],
      ],
    );
  });

  test("what was asked before the window does not count, nor does its answer; its connections are known all the same", () => {
    const { questions, under2s, sessions } = figuresOf(
      [
        [0, opened("s_1", "r_1")],
        [1, asked("old", "r_1")],
        [100, answered("old", "approve")],
        [101, act("s_1", 1)],
        [102, asked("new", "r_1")],
      ],
      50,
    );
    assert.deepEqual([questions, under2s.of, sessions], [1, 0, 1]);
  });

  test("acts that nobody was asked about because of a break-glass are told apart", () => {
    const { breakGlass } = figuresOf([
      [0, { kind: "break_glass_opened" }],
      [1, { kind: "break_glass_used" }],
      [2, { kind: "break_glass_used" }],
    ]);
    assert.deepEqual(breakGlass, { opened: 1, acts: 2 });
  });
});
