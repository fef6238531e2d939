import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Analysis, SqlAnalyser } from "../effects/analyse.ts";
import type { Decision, StatementSummary } from "../model/decision.ts";
import { type Effect, unknownEffect } from "../model/effect.ts";
import type { Policy } from "../policy/policy.ts";
import { type ExplainParts, explainLine } from "./explain.ts";
import { factsOf } from "../../test/support/policy-parts.ts";

// Stand-ins: the composition is tested here; the real analyser and policy are tested through the built program.
const policy = { name: "stand-in", digest: "0".repeat(64) } as Policy;

function parts(analysis: Analysis | Error, decision?: Decision): ExplainParts & { asked: string[]; judged: (readonly Effect[])[] } {
  const asked: string[] = [];
  const judged: (readonly Effect[])[] = [];
  const analyser: SqlAnalyser = {
    async analyse(payload) {
      asked.push(payload.kind === "sql" ? payload.text : "");
      if (analysis instanceof Error) throw analysis;
      return analysis;
    },
  };
  const decide = (effects: readonly Effect[]): Decision => {
    judged.push(effects);
    return decision ?? { kind: "allow", obligations: [], rules: [], policyDigest: policy.digest };
  };
  const facts = factsOf();
  const context = { role: "r", sessionRole: "r", searchPath: ["public"], temporary: [], catalogueVersion: 0, pendingDdl: [] };
  return { analyser, decide, policy, facts, context, asked, judged };
}

function understood(...effects: Effect[][]): Analysis {
  const statements = effects.map(
    (list): StatementSummary => ({
      tag: "SELECT",
      effects: list,
      readOnly: true,
      transaction: "none",
      changesContext: false,
      definesObjects: false,
      immediate: false,
      span: { start: 0, end: 1 },
    }),
  );
  return { kind: "understood", statements, redactedText: "" };
}

const deletion: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "at_most", count: 1 },
  reversibility: "restorable",
  cause: "cascade",
  detail: "delete",
};

describe("explainLine", () => {
  test("renders an effect with its resource as one word and its rows only where certain", async () => {
    const result = await explainLine('{"sql":"x"}', parts(understood([deletion, unknownEffect("because")])));
    assert.deepEqual(result.effects, [
      {
        operation: "delete",
        resource: "table:public.orders",
        extent: "at_most",
        rows: 1,
        reversibility: "restorable",
        cause: "cascade",
        detail: "delete",
      },
      {
        operation: "unknown",
        resource: "unknown:statement",
        extent: "unknown",
        reversibility: "unknown",
        cause: "direct",
        detail: "unknown",
      },
    ]);
    assert.equal(result.reason.code, "permitted");
  });

  test("judges the statements of one text together", async () => {
    const used = parts(understood([deletion], [deletion]));
    await explainLine('{"sql":"a; b"}', used);
    assert.equal(used.judged[0]?.length, 2);
  });

  test("a hold stays a hold", async () => {
    const reason = { code: "unbounded_change", message: "m" } as const;
    const result = await explainLine(
      '{"sql":"x"}',
      parts(understood([deletion]), { kind: "hold", reason, rules: ["r"], policyDigest: "" }),
    );
    assert.equal(result.decision, "hold");
    assert.deepEqual(result.reason, reason);
  });

  test("an observing policy says what it would have decided", async () => {
    const decision: Decision = { kind: "allow", obligations: [], rules: [], policyDigest: "", observed: "deny" };
    const result = await explainLine('{"sql":"x"}', parts(understood([deletion]), decision));
    assert.equal(result.decision, "allow");
    assert.equal(result.observed, "deny");
    assert.equal(result.reason.code, "observed");
  });

  for (const [name, line] of [
    ["no JSON", "DROP TABLE x"],
    ["an empty line", ""],
    ["an array", "[]"],
    ["null", "null"],
    ["another key", '{"cmd":"ls"}'],
    ["a number", '{"sql":1}'],
    ["NUL", '{"sql":"SELECT 1\\u0000; DROP TABLE x"}'],
    ["half a surrogate pair", '{"sql":"SELECT \'\\ud800\'"}'],
  ] as const) {
    test(`a bad line is a deny that reaches no analyser: ${name}`, async () => {
      const used = parts(understood([]));
      const result = await explainLine(line, used);
      assert.equal(result.decision, "deny");
      assert.equal(result.reason.code, "not_parsed");
      assert.deepEqual(used.asked, []);
    });
  }

  test("a whole surrogate pair is text", async () => {
    assert.equal((await explainLine('{"sql":"SELECT \'\\ud83d\\ude00\'"}', parts(understood([])))).decision, "allow");
  });

  test("what the analysis refuses is a deny with its code", async () => {
    const result = await explainLine('{"sql":"x"}', parts({ kind: "refused", code: "too_large", message: "m" }));
    assert.equal(result.decision, "deny");
    assert.equal(result.reason.code, "too_large");
  });

  test("a throw is a deny, never a crash", async () => {
    const result = await explainLine('{"sql":"x"}', parts(new Error("broken")));
    assert.equal(result.decision, "deny");
    assert.equal(result.reason.code, "analysis_unavailable");
  });
});
