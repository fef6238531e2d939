import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "../base/canonical.ts";
import { manualClock } from "../base/clock.ts";
import { actionId, newSessionId, systemRandom } from "../base/ids.ts";
import { type AuditLog, AuditUnavailable } from "../audit/log.ts";
import type { Analysis, SqlAnalyser } from "../effects/analyse.ts";
import type { Action, SqlContext } from "../model/action.ts";
import type { Decision, Obligation, StatementSummary } from "../model/decision.ts";
import { type Effect, unknownEffect } from "../model/effect.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Policy } from "../policy/policy.ts";
import { factsOf, policyOf } from "../../test/support/policy-parts.ts";
import type { Capabilities } from "./guard.ts";
import { openGuard } from "./open-guard.ts";

const can: Capabilities = { obligations: new Set(["rows_changed_max"] as const) };

/** A log in memory: what the guard appends, in order. */
function memoryLog() {
  const events: AuditEvent[] = [];
  const state = { broken: false };
  const log: AuditLog = {
    append(event) {
      if (state.broken) throw new AuditUnavailable("disk full");
      events.push(event);
    },
    seal: async () => {},
    close: async () => {},
    get size() {
      return events.length;
    },
  };
  return { events, state, log };
}

function statement(effects: readonly Effect[]): StatementSummary {
  return {
    tag: "SELECT",
    effects,
    readOnly: effects.length === 0,
    transaction: "none",
    changesContext: false,
    definesObjects: false,
    immediate: false,
    span: { start: 0, end: 1 },
  };
}

interface Setting {
  readonly analysis?: (text: string) => Promise<Analysis>;
  readonly policy?: Policy;
  readonly obligations?: readonly Obligation[];
}

function setting({ analysis, policy: chosen = policyOf(), obligations = [] }: Setting = {}) {
  const clock = manualClock();
  const { events, state, log } = memoryLog();
  let analysed = 0;
  const analyser: SqlAnalyser = {
    async analyse(payload) {
      analysed += 1;
      const text = payload.kind === "sql" ? payload.text : "";
      if (analysis !== undefined) return await analysis(text);
      return { kind: "understood", statements: [statement(text.includes("?") ? [unknownEffect("asked")] : [])], redactedText: text };
    },
  };
  const decide = (effects: readonly Effect[]): Decision =>
    effects.length === 0
      ? { kind: "allow", obligations, rules: ["all"], policyDigest: "d" }
      : { kind: "deny", reason: { code: "not_understood", message: "no" }, rules: [], policyDigest: "d" };
  const situation = ({ session: { principal }, target: { database } }: Action) => ({
    policy: chosen,
    facts: { ...factsOf(), principal: principal.name, principalKind: principal.kind, database },
  });
  const guard = openGuard({ clock, random: systemRandom, log, analyser, decide, situation });
  const id = newSessionId();
  const session = { id, principal: { kind: "ai_agent", name: "agent" }, client: "t", peer: "p", openedAtMs: 0 } as const;
  const target = { name: "shop", environment: "production", database: "shop" } as const;
  let sequence = 0;
  const action = (text: string, context: SqlContext): Action => ({
    id: actionId(id, ++sequence),
    session,
    target,
    payload: { kind: "sql", text, door: "simple", context },
  });
  return { guard, events, state, clock, action, session, analysed: () => analysed };
}

const context = (): SqlContext => ({
  role: "app",
  sessionRole: "app",
  searchPath: ["pg_catalog", "public"],
  temporary: [],
  catalogueVersion: 1,
  pendingDdl: [],
});

test("a text is analysed once for all sessions in the same situation", async () => {
  const { guard, action, analysed } = setting();
  assert.equal(guard.admitNow(action("select 1", context()), can), undefined);
  assert.equal((await guard.admit(action("select 1", context()), can)).kind, "allow");
  assert.equal(guard.admitNow(action("select 1", context()), can)?.kind, "allow");
  assert.equal(analysed(), 1);
});

test("a text that differs in free numbers alone is answered from the cache, and recorded with its own digest", async () => {
  const understood = (text: string, numbersFree: boolean): Analysis => ({
    kind: "understood",
    statements: [statement([])],
    redactedText: text,
    numbersFree,
  });
  const { guard, action, events, analysed } = setting({ analysis: async (text) => understood(text, text.startsWith("select")) });
  await guard.admit(action("select a where id = 12", context()), can);
  assert.equal(guard.admitNow(action("select a where id = 34", context()), can)?.kind, "allow");
  assert.equal(guard.admitNow(action("select a where id = 345", context()), can), undefined, "another length");
  await guard.admit(action("limit 12", context()), can);
  assert.equal(guard.admitNow(action("limit 34", context()), can), undefined, "its numbers matter");
  assert.equal(analysed(), 2);
  const intents = events.filter((event) => event.kind === "intent");
  assert.deepEqual(
    intents.map((event) => event.textDigest),
    [undefined, sha256Hex("select a where id = 34"), undefined],
  );
});

test("a refusal is never shared with another text", async () => {
  const { guard, action } = setting({
    analysis: async (text) => ({
      kind: "understood",
      statements: [statement([unknownEffect("x")])],
      redactedText: text,
      numbersFree: true,
    }),
  });
  assert.equal((await guard.admit(action("select 12", context()), can)).kind, "deny");
  assert.equal(guard.admitNow(action("select 34", context()), can), undefined);
  assert.equal(guard.admitNow(action("select 12", context()), can)?.kind, "deny");
});

test("a changed search_path, role or catalogue is another scope", async () => {
  const { guard, action } = setting();
  await guard.admit(action("select 1", context()), can);
  for (const change of [{ searchPath: ["evil"] }, { role: "other" }, { catalogueVersion: 2 }, { pendingDdl: ["create table t()"] }]) {
    assert.equal(guard.admitNow(action("select 1", { ...context(), ...change }), can), undefined, JSON.stringify(change));
  }
});

test("two principals that share a context object never share a scope", async () => {
  const { guard, action, analysed } = setting();
  const shared = context();
  const own = action("select 1", shared);
  await guard.admit(own, can);
  const other: Action = { ...own, session: { ...own.session, principal: { kind: "human", name: "somebody" } } };
  const elsewhere: Action = { ...own, target: { ...own.target, database: "other" } };
  assert.equal(guard.admitNow(other, can), undefined);
  assert.equal(guard.admitNow(elsewhere, can), undefined);
  assert.equal(guard.admitNow(own, can)?.kind, "allow");
  assert.equal(analysed(), 1);
});

test("after policyChanged nothing is answered from the cache", async () => {
  const { guard, action } = setting();
  const known = context();
  await guard.admit(action("select 1", known), can);
  guard.policyChanged();
  assert.equal(guard.admitNow(action("select 1", known), can), undefined);
});

test("every allowed act has exactly one outcome, `unknown` when its session ends first", async () => {
  const { guard, action, events, session } = setting();
  const first = await guard.admit(action("select 1", context()), can);
  const second = await guard.admit(action("select 2", context()), can);
  assert.ok(first.kind === "allow" && second.kind === "allow");
  guard.settle(first, { status: "succeeded", measured: { elapsedMs: 1 } });
  guard.settle(first, { status: "succeeded", measured: { elapsedMs: 1 } });
  guard.sessionClosed(session, "client left");
  const outcomes = events.filter((event) => event.kind === "outcome");
  assert.deepEqual(
    outcomes.map((event) => [event.action, event.outcome.status]),
    [
      [first.id, "succeeded"],
      [second.id, "unknown"],
    ],
  );
});

test("the judgement is recorded before the first intent that names it, and once", async () => {
  const { guard, action, events } = setting();
  await guard.admit(action("select ?", context()), can);
  await guard.admit(action("select ?", context()), can);
  assert.deepEqual(
    events.map((event) => event.kind),
    ["judgement", "intent", "intent"],
  );
});

test("a log that cannot be written refuses everything and says what to do", async () => {
  const { guard, action, state } = setting();
  state.broken = true;
  const admission = await guard.admit(action("select 1", context()), can);
  assert.ok(admission.kind === "deny");
  assert.equal(admission.reason.code, "record_unavailable");
  assert.ok(admission.reason.next);
});

test("an obligation the adapter cannot keep turns the allow into a deny", async () => {
  const { guard, action } = setting({ obligations: [{ kind: "rows_returned_max", rows: 5 }] });
  const admission = await guard.admit(action("select 1", context()), can);
  assert.ok(admission.kind === "deny");
  assert.equal(admission.reason.code, "obligation_unfulfilled");
});

test("an analyser that throws is a deny, and is asked again the next time", async () => {
  const { guard, action, analysed } = setting({ analysis: async () => Promise.reject(new Error("dead worker")) });
  for (let time = 1; time <= 2; time++) {
    const admission = await guard.admit(action("select 1", context()), can);
    assert.ok(admission.kind === "deny");
    assert.equal(admission.reason.code, "analysis_unavailable");
    assert.equal(analysed(), time);
  }
});

test("statements per minute are counted over a sliding minute", async () => {
  const { guard, action, clock } = setting({ policy: policyOf({ statementsPerMinuteMax: 2 }) });
  const once = async () => (await guard.admit(action("select 1", context()), can)).kind;
  assert.deepEqual([await once(), await once(), await once()], ["allow", "allow", "deny"]);
  clock.advance(59_000);
  assert.equal(await once(), "deny");
  clock.advance(61_000);
  assert.equal(await once(), "allow");
});
