import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { BreakGlassId, GrantId } from "../base/ids.ts";
import { compilePolicy } from "../config/compile-policy.ts";
import { resolvePolicy } from "../config/policy-document.ts";
import { presetEntries } from "../config/presets.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import type { Environment } from "../model/principal.ts";
import { factsOf, policyOf } from "../../test/support/policy-parts.ts";
import { decide } from "./decide.ts";
import type { Answer, Policy, Rule } from "./policy.ts";

const drop: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "unknown" },
  reversibility: "irreversible",
  cause: "direct",
  detail: "drop",
};
const read: Effect = { ...drop, operation: "read", detail: "select", reversibility: "reversible" };

const owed = { rows: { kind: "rows_changed_max", rows: 5 }, bin: { kind: "bin" } } as const;

function rule(id: string, answer: Answer, of: Effect, more: Partial<Rule> = {}): Rule {
  return {
    id,
    title: id,
    why: id,
    answer,
    match: { operation: [of.operation], detail: [of.detail] },
    code: answer === "permit" ? "permitted" : "destructive",
    obligations: answer === "bin" ? [owed.bin] : [],
    examples: { matches: [], misses: [] },
    ...more,
  };
}

const keeps: Facts = factsOf({ approvals: true, bin: "kept" });
const without: Facts = factsOf({ approvals: true });
const binned = (decision: Decision): boolean => decision.kind === "allow" && decision.obligations.some(({ kind }) => kind === "bin");

describe("a rule that answers bin", () => {
  const policy = policyOf({ rules: [rule("b", "bin", drop), rule("r", "permit", read)] });

  test("lets an act through with the duty to bin it, where the target keeps one", () => {
    const decision = decide([drop, read], keeps, policy);
    assert(binned(decision));
    assert.deepEqual(decision.rules, ["b", "r"]);
    assert(!binned(decide([read], keeps, policy)), "and asks nothing of the bin for what it did not answer");
  });

  test("asks a person where it keeps none, and says that a bin would have let it through", () => {
    const decision = decide([drop], without, policy);
    assert(decision.kind === "hold");
    assert.match(decision.reason.message, /no bin is kept here.*a person must approve it/);
    assert.equal(decision.reason.code, "destructive");
  });

  test("asks a person where the bin cannot take the act as it stands, and says so", () => {
    const decision = decide([drop], { ...keeps, bin: "unfit" }, policy);
    assert(decision.kind === "hold");
    assert.match(decision.reason.message, /it cannot go into the bin in this form/);
  });

  test("is weaker than forbid and than require_approval, and stronger than permit, in any order", () => {
    const expected = { forbid: "deny", require_approval: "hold", permit: "allow" } as const;
    for (const other of ["forbid", "require_approval", "permit"] as const) {
      for (const rules of [
        [rule("b", "bin", drop), rule("o", other, drop)],
        [rule("o", other, drop), rule("b", "bin", drop)],
      ]) {
        const decision = decide([drop], keeps, policyOf({ rules }));
        assert.equal(decision.kind, expected[other]);
        assert.equal(binned(decision), other === "permit", "what both let through goes into the bin");
      }
    }
  });

  test("lets nothing through that stands beside what nothing permits", () => {
    assert.equal(decide([drop, read], keeps, policyOf({ rules: [rule("b", "bin", drop)] })).kind, "deny");
  });

  test("brings its limits along with the bin", () => {
    const decision = decide([drop], keeps, policyOf({ rules: [rule("b", "bin", drop, { obligations: [owed.rows, owed.bin] })] }));
    assert(decision.kind === "allow");
    assert.deepEqual(decision.obligations, [owed.rows, owed.bin]);
  });

  test("bins nothing where the policy only observes", () => {
    const decision = decide([drop], keeps, policyOf({ mode: "observe", rules: [rule("b", "bin", drop)] }));
    assert.deepEqual([decision.kind, binned(decision)], ["allow", false]);
    const observed = decide([drop], without, policyOf({ mode: "observe", rules: [rule("b", "bin", drop)] }));
    assert.equal(observed.kind === "allow" && observed.observed, "hold");
  });
});

describe("bin beside what persons have opened", () => {
  const policy = policyOf({ rules: [rule("b", "bin", drop)] });
  const breakGlass = { id: "bg_one" as BreakGlassId };

  test("break-glass answers for the person who would be asked, and leaves the bin where there is one", () => {
    assert(binned(decide([drop], { ...keeps, breakGlass }, policy)));
    const decision = decide([drop], { ...without, breakGlass }, policy);
    assert.deepEqual([decision.kind, binned(decision)], ["allow", false]);
    const asking = policyOf({ rules: [rule("b", "bin", drop), rule("a", "require_approval", read)] });
    assert(binned(decide([drop, read], { ...keeps, breakGlass }, asking)));
    const nobody = policyOf({ rules: [rule("a", "require_approval", drop), rule("r", "require_approval", read)] });
    assert(binned(decide([drop], { ...keeps, breakGlass }, nobody)), "what a person would be asked about, too");
    assert(!binned(decide([drop], { ...keeps, bin: "unfit", breakGlass }, nobody)), "where the bin can take it");
    assert(!binned(decide([read], { ...keeps, breakGlass }, nobody)), "and nothing that removes nothing");
  });

  test("a grant of the table's rows does not take a DROP out of the bin", () => {
    const grant = { id: "g_one" as GrantId, tables: ["public.orders"], operations: ["delete" as const], sequences: [] };
    assert(binned(decide([drop], { ...keeps, grants: [grant] }, policy)));
    const deletion: Effect = { ...drop, detail: "delete" };
    const rows = policyOf({ rules: [rule("b", "bin", deletion)] });
    assert(binned(decide([deletion], { ...keeps, grants: [grant] }, rows)));
    assert.equal(decide([deletion], { ...without, grants: [grant] }, rows).kind, "allow", "it answers what a person would be asked");
  });
});

test("without a bin, an answer of bin decides as require_approval does, whatever the rules", () => {
  const answers = fc.array(fc.tuple(fc.constantFrom<Answer>("permit", "bin", "forbid", "require_approval"), fc.constantFrom(drop, read)), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(answers, fc.subarray([drop, read]), (drawn, effects) => {
      const rules = drawn.map(([answer, of], i) => rule(`r${i}`, answer, of));
      const asking = rules.map((one): Rule => (one.answer === "bin" ? { ...one, answer: "require_approval" } : one));
      const decision = decide(effects, without, policyOf({ rules }));
      assert(!binned(decision));
      assert.deepEqual([decision.kind, decision.rules], decided(effects, asking));
    }),
  );
});

function decided(effects: readonly Effect[], rules: readonly Rule[]): readonly [Decision["kind"], readonly string[]] {
  const decision = decide(effects, without, policyOf({ rules }));
  return [decision.kind, decision.rules];
}

describe("the presets", () => {
  const preset = (name: string, environment: Environment): Policy => {
    const known = new Map(presetEntries());
    const entry = known.get(name);
    assert(entry !== undefined);
    return compilePolicy(resolvePolicy(name, entry, known).document, { environment });
  };
  const owned: Effect = { ...drop, operation: "update", detail: "sequence_set", resource: { type: "sequence", name: "owned sequences" } };

  for (const name of ["guarded-writes", "migrations"]) {
    for (const environment of ["staging", "development", "production"] as const) {
      test(`${name} in ${environment}: DROP, TRUNCATE and DROP COLUMN`, () => {
        for (const effects of [[drop], [{ ...drop, detail: "truncate" }, owned], [{ ...drop, detail: "alter_drop_column" }]]) {
          const here = { ...keeps, environment };
          const decision = decide(effects, here, preset(name, environment));
          assert.equal(decision.kind, environment === "production" ? "hold" : "allow");
          assert.equal(binned(decision), environment !== "production");
          assert.equal(decide(effects, { ...without, environment }, preset(name, environment)).kind, "hold");
        }
      });

      test(`${name} in ${environment}: what no bin takes is no other than before`, () => {
        const here = { ...keeps, environment };
        const decision = (of: Effect) => decide([of], here, preset(name, environment)).kind;
        assert.equal(decision({ ...drop, detail: "drop_owned" }), "deny");
        assert.equal(decision({ ...drop, operation: "define", detail: "alter_type" }), "hold");
        assert.equal(decision({ ...drop, operation: "grant", detail: "drop_role" }), "deny");
      });
    }
  }

  test("read-only bins nothing", () => {
    assert.equal(decide([drop], { ...keeps, environment: "staging" }, preset("read-only", "staging")).kind, "deny");
  });
});

test("where only databases can rest, what is in one is asked about", () => {
  const decision = decide([drop], { ...keeps, bin: "databases" }, policyOf({ rules: [rule("b", "bin", drop)] }));
  assert(decision.kind === "hold");
  assert.match(decision.reason.message, /no bin is kept here/);
});

test("a permit may prefer the bin: it is used where there is one, and nobody is asked where not", () => {
  const policy = policyOf({ rules: [rule("p", "permit", drop, { obligations: [owed.bin] })] });
  assert(binned(decide([drop], keeps, policy)));
  for (const facts of [without, { ...keeps, bin: "unfit" as const }]) {
    const decision = decide([drop], facts, policy);
    assert.deepEqual([decision.kind, binned(decision)], ["allow", false]);
  }
});
