import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compilePolicy } from "../config/compile-policy.ts";
import { type LearnedRule, learnedPolicy } from "../config/learned-policy.ts";
import { resolvePolicy } from "../config/policy-document.ts";
import type { PolicyEntry, RuleEntry } from "../config/policy-schema.ts";
import { presetEntries } from "../config/presets.ts";
import type { Effect } from "../model/effect.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Facts } from "../model/facts.ts";
import type { TableCount } from "../model/outcome.ts";
import { decide } from "../policy/decide.ts";
import { Evidence, type JudgedAct } from "./evidence.ts";
import { type Proposal, proposalsFrom } from "./proposals.ts";
import { replay } from "./replay.ts";

const staging: Facts = {
  target: "shop",
  environment: "staging",
  database: "shop",
  principal: "agent",
  principalKind: "ai_agent",
  role: "app",
  approvals: true,
};
const clear: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.carts" },
  extent: { kind: "unbounded" },
  reversibility: "restorable",
  cause: "direct",
  detail: "delete",
};
const rows = (table: string, deleted: number): TableCount => ({ table, inserted: 0, updated: 0, deleted, truncated: 0 });
let count = 0;
const act = (more: Partial<JudgedAct> = {}): JudgedAct => ({
  judgement: `j_${++count}`,
  facts: staging,
  effects: [clear],
  cut: false,
  text: "DELETE FROM carts",
  acts: 1,
  approved: [[rows("public.carts", 5)]],
  denied: 0,
  ...more,
});

const guarded = compiled("guarded-writes", presetEntries());

function compiled(name: string, entries: ReadonlyMap<string, PolicyEntry>, environment: Facts["environment"] = "staging") {
  return compilePolicy(resolvePolicy(name, entries.get(name) as PolicyEntry, entries).document, { environment });
}

function proposed(acts: readonly JudgedAct[], leastApproved = 3): readonly Proposal[] {
  return proposalsFrom(acts, { policy: guarded, decide, leastApproved });
}

const words = (proposal: Proposal): LearnedRule => ({ ...proposal, title: "t", why: "w", examples: ["SELECT 1"], examplesSchema: "" });

function learned(proposal: Proposal, base = "guarded-writes", entries: ReadonlyMap<string, PolicyEntry> = presetEntries()) {
  const made = learnedPolicy(base, words(proposal), { entries });
  assert("learned" in made, JSON.stringify(made));
  return made.learned;
}

describe("a proposal", () => {
  test("is the narrowest rule for one shape, with the largest that was approved as its limit", () => {
    const sizes = [5, 40, 12].map((deleted) => act({ approved: [[rows("public.carts", deleted)]] }));
    const [proposal, ...others] = proposed(sizes);
    assert.deepEqual(others, []);
    assert.ok(proposal !== undefined);
    assert.deepEqual([proposal.rowsMax, proposal.rowsPerTableMax, proposal.approved, proposal.asking], [40, 40, 3, ["ask-unbounded"]]);
    const { policy } = learned(proposal);
    const decision = decide([clear], staging, policy);
    assert.equal(decision.kind, "allow");
    assert.deepEqual(decision.rules, [proposal.id]);
    const changed = decision.kind === "allow" ? decision.obligations.filter(({ kind }) => kind.startsWith("rows_changed")) : [];
    assert.deepEqual(
      changed.map((each) => ("rows" in each ? each.rows : -1)),
      [40, 40, 40],
    );
  });

  test("lets no neighbour of the shape pass: another table, extent, cause, way, principal, database, environment", () => {
    const [proposal] = proposed([act(), act(), act()]);
    assert.ok(proposal !== undefined);
    const { policy } = learned(proposal);
    const neighbours: readonly (readonly [Partial<Effect>, Partial<Facts>])[] = [
      [{ resource: { type: "table", name: "public.carts2" } }, {}],
      [{ resource: { type: "view", name: "public.carts" } }, {}],
      [{ cause: "cascade" }, {}],
      [{ operation: "update", detail: "update" }, {}],
      [{ operation: "delete", detail: "truncate", reversibility: "irreversible" }, {}],
      [{ reversibility: "unknown" }, {}],
      [{ classification: "sensitive" }, {}],
      [{}, { principal: "agent2" }],
      [{}, { database: "shop2" }],
      [{}, { environment: "production" }],
    ];
    for (const [effect, facts] of neighbours) {
      const given = [[{ ...clear, ...effect }], { ...staging, ...facts }] as const;
      assert.equal(decide(...given, policy).kind, decide(...given, guarded).kind, JSON.stringify([effect, facts]));
      assert.notEqual(decide(...given, policy).kind, "allow");
    }
  });

  test("nothing that destroys in production, that cannot be taken back, that is no row, that was denied once, or is known in part", () => {
    const three = (more: Partial<JudgedAct>) => [act(more), act(more), act(more)];
    const production = { facts: { ...staging, environment: "production" } } as const;
    assert.deepEqual(proposed(three(production)), []);
    const update = { ...clear, operation: "update", detail: "update" } as const;
    assert.equal(proposed(three({ ...production, effects: [update] })).length, 1, "an update destroys nothing");
    for (const reversibility of ["irreversible", "unknown"] as const)
      assert.deepEqual(proposed(three({ effects: [{ ...clear, reversibility }] })), []);
    assert.deepEqual(proposed(three({ effects: [{ ...clear, detail: "truncate" }] })), []);
    assert.deepEqual(proposed(three({ effects: [{ ...clear, operation: "define", detail: "alter_rename" }] })), []);
    assert.deepEqual(proposed(three({ effects: [{ ...clear, resource: { type: "table", name: "public.*" } }] })), []);
    assert.deepEqual(proposed(three({ facts: { ...staging, principal: "*" } })), []);
    assert.deepEqual(proposed(three({ cut: true })), []);
    assert.deepEqual(proposed(three({ denied: 1 })), []);
    assert.deepEqual(proposed(three({ approved: [] })), []);
    assert.deepEqual(proposed([act(), act()]), [], "twice is no habit");
  });

  test("sessions of one program share a pattern, since each has a login of its own", () => {
    const acts = ["run_tidy_0a1b2c3d", "run_tidy_zzzzzzz9", "run_tidy_11112222"].map((principal) =>
      act({ facts: { ...staging, principal } }),
    );
    const [proposal] = proposed(acts);
    assert.equal(proposal?.principal, "run_tidy_*");
    const { policy } = learned(proposal as Proposal);
    for (const [principal, kind] of [
      ["run_tidy_xxxxxxxx", "allow"],
      ["run_tidier_xxxxxxxx", "hold"],
    ] as const)
      assert.equal(decide([clear], { ...staging, principal }, policy).kind, kind);
  });

  test("each effect that asked passes, and the rest of the act is judged as before", () => {
    const cascade: Effect = {
      ...clear,
      resource: { type: "table", name: "public.cart_items" },
      cause: "cascade",
      extent: { kind: "unknown" },
    };
    const direct: Effect = { ...clear, extent: { kind: "unknown" } };
    const acts = [1, 2, 3].map(() =>
      act({ effects: [direct, cascade], approved: [[rows("public.carts", 1), rows("public.cart_items", 30)]] }),
    );
    const [proposal] = proposed(acts);
    assert.deepEqual([proposal?.effects.length, proposal?.rowsMax, proposal?.rowsPerTableMax], [1, 31, 30]);
    const { policy } = learned(proposal as Proposal);
    assert.equal(decide([direct, cascade], staging, policy).kind, "allow");
    assert.equal(decide([direct, cascade, { ...clear, resource: { type: "table", name: "public.x" } }], staging, policy).kind, "hold");
    const secret: Effect = { ...clear, operation: "read", detail: "select", resource: { type: "table", name: "pg_catalog.pg_authid" } };
    assert.equal(decide([direct, cascade, secret], staging, policy).kind, "deny");
  });
});

describe("the replay", () => {
  test("says what would have been saved, and refuses a proposal that lets pass what was denied, or nobody approved", () => {
    const acts = [act(), act(), act({ approved: [[rows("public.carts", 2)], [rows("public.carts", 3)]], acts: 9 })];
    const [proposal] = proposed(acts);
    const { policy } = learned(proposal as Proposal);
    const held = act({ effects: [{ ...clear, resource: { type: "table", name: "public.other" } }], approved: [] });
    const replayed = replay([...acts, held], decide, guarded, policy);
    assert.deepEqual(replayed, { ok: true, figures: { texts: 4, acts: 12, approvalsSaved: 4, passing: 3, stillHeld: 1, cut: 0 } });
    for (const [more, because] of [
      [{ denied: 1 }, /a person denied/],
      [{ approved: [] }, /nobody approved/],
      [{ cut: true }, /not all is on record/],
    ] as const) {
      const one = replay([...acts, act(more)], decide, guarded, policy);
      assert.match(one.ok ? "" : one.because, because);
    }
  });
});

/** A small world in which shapes meet often. */
const tables = ["public.a", "public.b"] as const;
const effects = fc.record({
  operation: fc.constantFrom("delete", "update", "create"),
  detail: fc.constantFrom("delete", "update", "insert", "truncate"),
  resource: fc.record({ type: fc.constant("table"), name: fc.constantFrom(...tables) }),
  extent: fc.record({ kind: fc.constantFrom("unbounded", "unknown") }),
  reversibility: fc.constantFrom("restorable", "irreversible"),
  cause: fc.constantFrom("direct", "cascade"),
}) as fc.Arbitrary<Effect>;
const facts = fc.record({ environment: fc.constantFrom("production", "staging"), principal: fc.constantFrom("agent", "other") });
const ruleEntries = fc.array(
  fc.record({
    answer: fc.constantFrom("permit", "forbid", "require_approval", "require_approval"),
    table: fc.option(fc.constantFrom(...tables), { nil: undefined }),
    operation: fc.option(fc.constantFrom("delete", "update", "create"), { nil: undefined }),
    condition: fc.option(fc.constantFrom("effect.extent == 'unbounded'", "facts.environment == 'staging'"), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 5 },
);
const world = fc.record({
  rules: ruleEntries,
  acts: fc.array(
    fc.record({
      effects: fc.array(effects, { minLength: 1, maxLength: 2 }),
      facts,
      approved: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 0, maxLength: 4 }),
      denied: fc.constantFrom(0, 0, 0, 0, 0, 1),
    }),
    { maxLength: 5 },
  ),
  anything: fc.array(fc.record({ effects: fc.array(effects, { minLength: 1, maxLength: 3 }), facts }), { maxLength: 12 }),
});

function entriesOf(rules: typeof ruleEntries extends fc.Arbitrary<infer T> ? T : never): ReadonlyMap<string, PolicyEntry> {
  const made = rules.map(({ answer, table, operation, condition }, n): RuleEntry => {
    const match = { ...(table === undefined ? {} : { resource_name: table }), operation: operation ?? ["delete", "update", "create"] };
    const when = condition === undefined ? {} : { when: condition };
    const examples = { matches: ["SELECT 1"], misses: ["SELECT 2"] };
    return { id: `r${n}`, title: "t", why: "w", answer, match, ...when, examples } as RuleEntry;
  });
  return new Map([["base", { rules: made }]]);
}

describe("over any policy and any history", () => {
  test("lets nothing pass in the log but what was approved, where it replays well, and turns no forbid into anything else", () => {
    let seen = 0;
    const property = fc.property(world, ({ rules, acts: given, anything }) => {
      const entries = entriesOf(rules);
      const acts = given.map((each) =>
        act({
          effects: each.effects,
          facts: { ...staging, ...each.facts } as Facts,
          approved: each.approved.map((n) => [rows("public.a", n)]),
          denied: each.denied,
        }),
      );
      for (const environment of ["staging", "production"] as const) {
        const before = compiled("base", entries, environment);
        const here = acts.filter((each) => each.facts.environment === environment);
        for (const proposal of proposalsFrom(here, { policy: before, decide, leastApproved: 1 })) {
          const { policy: after } = learned(proposal, "base", entries);
          const replayed = replay(here, decide, before, after);
          if (!replayed.ok) continue;
          seen += 1;
          for (const each of here) {
            const [was, is] = [decide(each.effects, each.facts, before).kind, decide(each.effects, each.facts, after).kind];
            if (was !== is) assert.ok(was === "hold" && is === "allow" && each.approved.length > 0 && each.denied === 0, `${was} -> ${is}`);
          }
          for (const each of anything) {
            const at = { ...staging, ...each.facts } as Facts;
            const [was, is] = [decide(each.effects, at, before), decide(each.effects, at, after)];
            if (was.kind === "deny" && was.rules.length > 0) assert.equal(is.kind, "deny");
            if (was.kind === "allow") assert.equal(is.kind, "allow");
            if (is.kind === "allow" && was.kind === "hold") assert.ok(is.rules.some((id) => id.startsWith(proposal.id)));
          }
        }
      }
    });
    fc.assert(property, { numRuns: 2_000 });
    assert.ok(seen > 20, `the property met ${seen} proposals`);
  });
});

describe("the evidence of a log", () => {
  const judged = (judgement: string, decision: "hold" | "allow", more: object = {}): object => ({
    kind: "judgement",
    judgement,
    decision,
    effects: [clear],
    text: "DELETE FROM carts WHERE id = ?",
    cut: false,
    rules: ["ask-unbounded"],
    role: "app",
    ...more,
  });
  const opened = (session: string, target = "shop"): object => ({
    kind: "session_opened",
    session,
    target,
    environment: "staging",
    database: "shop",
    principal: "agent",
  });
  const intent = (action: string, judgement: string): object => ({ kind: "intent", action, judgement, decision: "hold" });
  const asked = (approval: string, action: string, quorum = 1): object => ({
    kind: "approval_asked",
    approval,
    action,
    target: "shop",
    tables: [rows("public.carts", 4)],
    quorum,
  });
  const said = (approval: string, answer: string): object => ({ kind: "approval_answered", approval, answer });
  const settled = (approval: string, how: string): object => ({ kind: "approval_settled", approval, how });
  const gather = (events: readonly object[]) => {
    const evidence = new Evidence("shop", () => "ai_agent");
    for (const event of events) evidence.step(event as AuditEvent);
    return evidence;
  };

  test("joins act, judgement, session, question and answers; only what was carried out as planned counts as approved", () => {
    const base = [opened("s_1"), judged("j_1", "hold"), intent("s_1.1", "j_1"), intent("s_1.2", "j_1"), asked("q_1", "s_1.1")];
    const approvedOf = (more: readonly object[]) => gather([...base, ...more]).acts()[0];
    assert.deepEqual(approvedOf([said("q_1", "approve"), settled("q_1", "used")])?.approved, [[rows("public.carts", 4)]]);
    assert.equal(approvedOf([])?.acts, 2);
    for (const more of [[], [said("q_1", "approve")], [said("q_1", "approve"), settled("q_1", "stale")], [settled("q_1", "used")]])
      assert.deepEqual(approvedOf(more)?.approved, []);
    assert.equal(approvedOf([said("q_1", "deny")])?.denied, 1);
    const two = [opened("s_1"), judged("j_1", "hold"), intent("s_1.1", "j_1"), asked("q_1", "s_1.1", 2), said("q_1", "approve")];
    assert.deepEqual(gather([...two, settled("q_1", "used")]).acts()[0]?.approved, []);
  });

  test("what was let through by an approval, a grant or a break-glass is no act of its own", () => {
    for (const rule of ["approval:q_1", "grant:g_1", "break-glass:b_1"]) {
      const evidence = gather([opened("s_1"), judged("j_1", "allow", { rules: ["ask-unbounded", rule] }), intent("s_1.1", "j_1")]);
      assert.deepEqual(evidence.acts(), [], rule);
    }
  });

  test("another target's acts are not among them, and what refers to nothing is counted", () => {
    const evidence = gather([
      opened("s_2", "lab"),
      judged("j_1", "hold"),
      intent("s_2.1", "j_1"),
      intent("s_9.1", "j_1"),
      intent("s_2.2", "j_9"),
    ]);
    assert.deepEqual([evidence.acts().length, evidence.leftOut], [0, 2]);
  });
});
