import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { BreakGlassId } from "../base/ids.ts";
import type { Obligation } from "../model/decision.ts";
import { operations, unknownEffect } from "../model/effect.ts";
import { decide } from "./decide.ts";
import { figureOf } from "./obligations.ts";
import { deletion, factsOf, policyOf } from "../../test/support/policy-parts.ts";
import type { Answer, Match, Policy, Rule } from "./policy.ts";

const facts = factsOf({ approvals: true });

const policyWith = (rules: readonly Rule[], more: Partial<Policy> = {}): Policy => policyOf({ rules, ...more });

function ruleOf(id: string, answer: Answer, match: Match, more: Partial<Rule> = {}): Rule {
  return {
    id,
    title: `title of ${id}`,
    why: `why of ${id}`,
    answer,
    match,
    code: answer === "permit" ? "permitted" : "destructive",
    obligations: [],
    examples: { matches: [], misses: [] },
    ...more,
  };
}

// ---- arbitrary effects and rules over a small world, so that rules and effects meet often ---------------------------
const tables = ["public.orders", "public.items", "audit.log"];
const effects = fc.array(
  fc.record({
    operation: fc.constantFrom(...operations),
    resource: fc.record({ type: fc.constantFrom("table" as const, "function" as const), name: fc.constantFrom(...tables) }),
    extent: fc.oneof(
      fc.constant({ kind: "unbounded" as const }),
      fc.constant({ kind: "unknown" as const }),
      fc.record({ kind: fc.constantFrom("exact" as const, "at_most" as const), count: fc.nat(1000) }),
    ),
    reversibility: fc.constantFrom("reversible" as const, "irreversible" as const),
    cause: fc.constantFrom("direct" as const, "cascade" as const),
    detail: fc.constantFrom("select", "delete", "drop"),
  }),
  { maxLength: 4 },
);
const some = <T>(...of: T[]) => fc.option(fc.uniqueArray(fc.constantFrom(...of), { minLength: 1 }), { nil: undefined });
const match = fc
  .record({
    operation: some(...operations),
    resourceName: some("*", "public.*", "audit.*", "public.orders"),
    extent: some("exact" as const, "at_most" as const, "unbounded" as const, "unknown" as const),
    detail: some("select", "delete", "drop"),
  })
  .map((m) => Object.fromEntries(Object.entries(m).filter(([, v]) => v !== undefined)) as Match);
const obligation = fc.oneof(
  fc.nat(500).map((rows): Obligation => ({ kind: "rows_returned_max", rows })),
  fc.nat(500).map((rows): Obligation => ({ kind: "rows_changed_max", rows })),
  fc.nat(500).map((rows): Obligation => ({ kind: "rows_changed_per_table_max", rows })),
  fc.nat(100).map((percent): Obligation => ({ kind: "rows_changed_share_max", percent })),
  fc.nat(500).map((ms): Obligation => ({ kind: "statement_ms_max", ms })),
);
const whens: readonly (Rule["when"] | undefined)[] = [
  undefined,
  undefined,
  () => true,
  () => false,
  () => {
    throw new Error("boom");
  },
];
const someRule = (answers: readonly Answer[], conditions = whens) =>
  fc
    .record({
      answer: fc.constantFrom(...answers),
      match,
      when: fc.constantFrom(...conditions),
      code: fc.constantFrom("destructive" as const, "not_permitted" as const),
      obligations: fc.array(obligation, { maxLength: 2 }),
    })
    .map(({ when, ...rest }) => ({ ...rest, ...(when === undefined ? {} : { when }) }));
const rulesOf = (answers: readonly Answer[], conditions = whens) =>
  fc.array(someRule(answers, conditions), { maxLength: 6 }).map((list) => list.map((r, i) => ruleOf(`r${i}`, r.answer, r.match, r)));
const all: readonly Answer[] = ["permit", "forbid", "require_approval"];
const sound = whens.slice(0, 4);
const permitAll = ruleOf("all", "permit", { operation: operations });
const strictness = { allow: 0, hold: 1, deny: 2 } as const;

describe("named properties", () => {
  test("forbid_beats_permit", () => {
    fc.assert(
      fc.property(
        effects.filter((e) => e.length > 0),
        rulesOf(all),
        fc.nat(),
        (es, rules, at) => {
          const hit = es[at % es.length];
          assert(hit !== undefined);
          const forbid = ruleOf("no", "forbid", { operation: [hit.operation], resourceName: [hit.resource.name] });
          const decision = decide(es, facts, policyWith([...rules, permitAll, forbid]));
          assert.equal(decision.kind, "deny");
          assert(decision.rules.includes("no"));
        },
      ),
    );
  });

  test("approval_beats_permit", () => {
    fc.assert(
      fc.property(
        effects.filter((e) => e.length > 0),
        rulesOf(["permit"], sound),
        (es, rules) => {
          assert.equal(
            decide(es, facts, policyWith([...rules, permitAll, ruleOf("ask", "require_approval", { operation: operations })])).kind,
            "hold",
          );
        },
      ),
    );
  });

  test("default_deny", () => {
    fc.assert(
      fc.property(effects, rulesOf(all, sound), (es, rules) => {
        const decision = decide(es, facts, policyWith(rules));
        if (decision.kind !== "allow") return;
        for (const effect of es) {
          assert.equal(
            decide([effect], facts, policyWith(rules.filter((r) => r.answer === "permit"))).kind,
            "allow",
            "each effect of an allow is permitted by itself",
          );
        }
      }),
    );
    assert.equal(decide([deletion()], facts, policyWith([])).kind, "deny");
  });

  test("nothing_held_holds_what_nobody_permitted", () => {
    fc.assert(
      fc.property(effects, rulesOf(all, sound), (es, rules) => {
        if (decide(es, facts, policyWith(rules)).kind !== "hold") return;
        for (const effect of es) assert.notEqual(decide([effect], facts, policyWith(rules)).kind, "deny");
      }),
    );
  });

  test("order_of_rules_is_irrelevant", () => {
    const shuffled = rulesOf(all).chain((rules) => fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })));
    fc.assert(
      fc.property(effects, shuffled, (es, [rules, other]) => {
        assert.deepEqual(decide(es, facts, policyWith(rules)), decide(es, facts, policyWith(other)));
      }),
      { numRuns: 500 },
    );
  });

  test("order_of_effects_never_changes_the_answer", () => {
    fc.assert(
      fc.property(effects, rulesOf(all), (es, rules) => {
        const [a, b] = [decide(es, facts, policyWith(rules)), decide([...es].reverse(), facts, policyWith(rules))];
        assert.equal(a.kind, b.kind);
        assert.deepEqual(a.rules, b.rules);
      }),
    );
  });

  test("adding_a_forbid_never_allows_more", () => {
    fc.assert(
      fc.property(effects, rulesOf(all), someRule(["forbid", "require_approval"]), (es, rules, r) => {
        const before = decide(es, facts, policyWith(rules));
        const after = decide(es, facts, policyWith([...rules, ruleOf("more", "forbid", r.match, { ...r, answer: "forbid" })]));
        assert(strictness[after.kind] >= strictness[before.kind]);
      }),
      { numRuns: 500 },
    );
  });

  test("adding_an_effect_never_allows_more", () => {
    fc.assert(
      fc.property(effects, effects, rulesOf(all), (es, more, rules) => {
        const before = decide(es, facts, policyWith(rules));
        assert(strictness[decide([...es, ...more], facts, policyWith(rules)).kind] >= strictness[before.kind]);
      }),
    );
  });

  test("a_rule_that_fails_is_a_deny", () => {
    const bad = [
      () => {
        throw new Error("boom");
      },
      () => "true" as unknown as boolean,
      () => undefined as unknown as boolean,
      () => 1 as unknown as boolean,
    ];
    fc.assert(
      fc.property(
        effects.filter((e) => e.some((x) => x.operation !== "unknown")),
        rulesOf(all, sound),
        fc.constantFrom(...bad),
        fc.constantFrom(...all),
        (es, rules, when, answer) => {
          const decision = decide(es, facts, policyWith([...rules, permitAll, ruleOf("bad", answer, {}, { when })]));
          assert.equal(decision.kind, "deny");
          assert(decision.rules.includes("bad"));
        },
      ),
    );
    const decision = decide(
      [deletion()],
      facts,
      policyWith([
        permitAll,
        ruleOf(
          "bad",
          "permit",
          {},
          {
            when: () => {
              throw new Error("x");
            },
          },
        ),
      ]),
    );
    assert(decision.kind === "deny" && decision.reason.code === "rule_failed");
    assert.deepEqual(decision.rules, ["bad"]);
  });

  test("a_rule_that_does_not_match_is_never_evaluated", () => {
    const when = () => assert.fail("evaluated");
    assert.equal(
      decide([deletion()], facts, policyWith([permitAll, ruleOf("x", "permit", { operation: ["read"] }, { when })])).kind,
      "allow",
    );
  });

  test("unknown_is_never_permitted_by_a_broad_permit", () => {
    const known = operations.filter((o) => o !== "unknown");
    fc.assert(
      fc.property(rulesOf(["permit", "require_approval"], sound), (rules) => {
        const broad = rules.map(
          (r): Rule => ({ ...r, match: r.match.operation === undefined ? r.match : { ...r.match, operation: known } }),
        );
        const decision = decide(
          [unknownEffect("a test")],
          facts,
          policyWith([...broad, ruleOf("any", "permit", {}), ruleOf("ask", "require_approval", {})]),
        );
        assert(decision.kind === "deny" && decision.reason.code === "not_understood");
      }),
    );
    assert.equal(
      decide([unknownEffect("a test")], facts, policyWith([ruleOf("named", "permit", { operation: ["unknown"] })])).kind,
      "allow",
    );
    assert.deepEqual(decide([unknownEffect("a test")], facts, policyWith([permitAll, ruleOf("no", "forbid", {})])).rules, ["no"]);
  });

  test("obligations_only_get_stricter", () => {
    fc.assert(
      fc.property(
        effects,
        rulesOf(["permit"], sound),
        fc.array(obligation, { maxLength: 4 }),
        fc.array(obligation, { maxLength: 3 }),
        (es, rules, own, more) => {
          const before = decide(es, facts, policyWith([...rules, permitAll], { obligations: own }));
          const after = decide(
            es,
            facts,
            policyWith([...rules, permitAll, ruleOf("more", "permit", { operation: operations }, { obligations: more })], {
              obligations: own,
            }),
          );
          assert(before.kind === "allow" && after.kind === "allow");
          for (const o of before.obligations) {
            const now = after.obligations.find((x) => x.kind === o.kind);
            assert(now !== undefined && figureOf(now) <= figureOf(o));
          }
          for (const o of own) assert(before.obligations.some((x) => x.kind === o.kind && figureOf(x) <= figureOf(o)));
          assert.equal(new Set(after.obligations.map((o) => o.kind)).size, after.obligations.length);
        },
      ),
    );
  });

  test("observe_refuses_nothing_and_says_what_it_would_have_done", () => {
    fc.assert(
      fc.property(effects, rulesOf(all), (es, rules) => {
        const enforced = decide(es, facts, policyWith(rules));
        const observed = decide(es, facts, policyWith(rules, { mode: "observe", obligations: [{ kind: "rows_changed_max", rows: 1 }] }));
        assert(observed.kind === "allow");
        assert.deepEqual(observed.obligations, []);
        assert.equal(observed.observed, enforced.kind === "allow" ? undefined : enforced.kind);
        assert.deepEqual(observed.rules, enforced.rules);
      }),
    );
  });
});

test("no effects at all is an allow with the policy's own obligations", () => {
  const decision = decide([], facts, policyWith([], { obligations: [{ kind: "rows_returned_max", rows: 5 }] }));
  assert.deepEqual(decision, { kind: "allow", obligations: [{ kind: "rows_returned_max", rows: 5 }], rules: [], policyDigest: "d" });
});

describe("break-glass", () => {
  const open = factsOf({ breakGlass: { id: "b_0123456789" as BreakGlassId } });
  const rule = (id: string, answer: Answer, match: Match = {}, when?: Rule["when"]): Rule => ({
    id,
    title: id,
    why: id,
    answer,
    match,
    ...(when === undefined ? {} : { when }),
    code: "destructive",
    obligations: [],
    examples: { matches: [], misses: [] },
  });

  test("answers what a person would have been asked, and stands among the rules with the one that asked", () => {
    const policy = policyOf({ rules: [rule("ask", "require_approval"), rule("may", "permit")] });
    assert.equal(decide([deletion()], facts, policy).kind, "hold");
    const decision = decide([deletion()], open, policy);
    assert.equal(decision.kind, "allow");
    assert.deepEqual(decision.rules, ["ask", "break-glass:b_0123456789", "may"]);
  });

  test("answers nothing else: forbidden, permitted by nothing, not evaluated, all stay refused; a plain permit rests on none", () => {
    const ask = rule("ask", "require_approval");
    const failing = rule("broken", "permit", {}, () => {
      throw new Error("x");
    });
    for (const rules of [[ask, rule("never", "forbid")], [ask, failing], [], [rule("never", "forbid")]])
      assert.equal(decide([deletion()], open, policyOf({ rules })).kind, "deny");
    const other = { ...deletion(), resource: { type: "table", name: "public.other" } } as const;
    const named = rule("ask", "require_approval", { resourceName: ["public.orders"] });
    assert.equal(decide([deletion(), other], open, policyOf({ rules: [named] })).kind, "deny", "a part that nothing permits");
    assert.deepEqual(decide([deletion()], open, policyOf({ rules: [rule("may", "permit")] })).rules, ["may"]);
  });

  test("the policy's limits bind what passes because of it", () => {
    const obligations = [{ kind: "rows_changed_max", rows: 5 }] as const;
    const decision = decide([deletion()], open, policyOf({ rules: [rule("ask", "require_approval")], obligations }));
    assert.deepEqual(decision.kind === "allow" && decision.obligations, obligations);
  });

  test("break_glass_answers_only_what_would_be_asked", () => {
    const answers = fc.constantFrom<Answer>("permit", "forbid", "require_approval");
    const rules = fc.array(fc.tuple(answers, fc.constantFrom("public.orders", "public.other")), { maxLength: 5 });
    const property = fc.property(rules, fc.boolean(), (given, two) => {
      const made = given.map(([answer, name], n) => rule(`r${n}`, answer, { resourceName: [name] }));
      const effects = two ? [deletion(), deletion({ resource: { type: "table", name: "public.other" } })] : [deletion()];
      const policy = policyOf({ rules: made });
      const before = decide(effects, facts, policy).kind;
      assert.equal(decide(effects, open, policy).kind, before === "deny" ? "deny" : "allow");
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe("a recovery point that rules demand", () => {
  const point: readonly Obligation[] = [{ kind: "recovery_point" }];
  const all = { operation: ["delete" as const] };

  test("is owed by what is allowed, and by what is approved, whichever of the rules that let it through demands it", () => {
    const asks = ruleOf("asks", "require_approval", all);
    const permits = ruleOf("permits", "permit", all);
    const allowed = decide([deletion()], facts, policyWith([permits, ruleOf("pointed", "permit", all, { obligations: point })]));
    assert.deepEqual(allowed.kind === "allow" && allowed.obligations, point);
    for (const rules of [
      [asks, ruleOf("pointed", "permit", all, { obligations: point })],
      [ruleOf("pointed", "require_approval", all, { obligations: point }), permits],
    ]) {
      const held = decide([deletion()], facts, policyWith(rules));
      assert.deepEqual(held.kind === "hold" && held.owed, point);
    }
    const plain = decide([deletion()], facts, policyWith([asks, permits]));
    assert.equal(plain.kind === "hold" && plain.owed, undefined);
  });
});
