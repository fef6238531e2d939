import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { heldAct, measured } from "../../test/plans/held.ts";
import { changedAt, leaves, withoutAt } from "../../test/plans/mutate.ts";
import { digestOf } from "../base/canonical.ts";
import type { RunId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { Plan } from "../model/plan.ts";
import { NotMeasurable } from "../pipeline/approvals-port.ts";
import { makePlan } from "./make-plan.ts";
import { planDigest } from "./plan-digest.ts";
import { differenceOf, PlanFileRefused, planFileOf, readPlanFile, textDigest, asTold, writePlanFile } from "./plan-file.ts";

const text = "DELETE FROM orders WHERE placed < '2020-01-01'; -- caf\u00e9 \u{1f9ca} \u001b[2J";
const held = heldAct({ digest: textDigest(text), shown: text });
const random = (size: number) => new Uint8Array(size).fill(3);
const plan = makePlan(held, measured(), { nowMs: 1_000, lifeMs: 900_000, random, actsFor: "ada" });
const file = writePlanFile({ text, plan });

function refused(value: string, because: RegExp): void {
  assert.throws(
    () => readPlanFile(value),
    (error: unknown) => error instanceof PlanFileRefused && because.test(error.message),
  );
}

/** As a liar writes it: whatever digests can be computed again are. */
function lie(content: object): string {
  const { digest: _, ...rest } = content as Record<string, unknown>;
  return `${JSON.stringify(sorted({ ...rest, digest: digestOf(rest) }), null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return Array.isArray(value) ? value.map(sorted) : value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}

describe("a plan as a file", () => {
  test("comes back as it was, but for the rules' names, which who asks is not told", () => {
    const read = readPlanFile(file);
    assert.deepEqual(read, { text, plan: asTold(plan) });
    assert.equal(read.plan.digest, plan.digest);
    assert.equal(writePlanFile(read), file);
    assert.deepEqual(readPlanFile(file.replaceAll("\n", "\r\n")), read, "a checkout may change line ends");
  });

  test("shows a session no rows, and a person what the plan holds", () => {
    const samples = (each: Plan) => each.measured?.tables.flatMap((table) => table.samples).length;
    assert.ok((samples(asTold(plan)) ?? 0) > 0);
    const ofSession = makePlan(held, measured(), { nowMs: 1_000, lifeMs: 900_000, random, run: "r_000000000000" as RunId });
    const read = readPlanFile(writePlanFile({ text, plan: ofSession })).plan;
    assert.equal(samples(read), 0);
    assert.equal(read.digest, ofSession.digest, "the digest does not hang on them");
  });

  test("holds whatever can be planned: nothing measured, no act's person, control characters", () => {
    const bare = makePlan(held, new NotMeasurable("it cannot be tried", "7312:16384"), { nowMs: 0, lifeMs: 1, random });
    assert.deepEqual(readPlanFile(writePlanFile({ text, plan: bare })).plan, asTold(bare));
  });

  test("is refused when any one byte of it is another", () => {
    const places = fc.tuple(fc.nat(file.length - 1), fc.constantFrom("x", " ", "0", '"', "\n", "{", "\u0000", "\u202e"));
    const property = fc.property(places, ([at, char]) => {
      fc.pre(file[at] !== char);
      const altered = file.slice(0, at) + char + file.slice(at + 1);
      fc.pre(altered.replaceAll("\r\n", "\n") !== file);
      assert.throws(() => readPlanFile(altered), PlanFileRefused);
    });
    fc.assert(property, { numRuns: 400 });
  });

  test("is refused, and breaks nothing, whatever else it is", () => {
    const anything = fc.oneof(
      fc.string().map((junk) => [junk, junk] as const),
      fc.jsonValue().map((value) => [JSON.stringify(value), value] as const),
      fc.jsonValue().map((value) => [JSON.stringify({ ...JSON.parse(file), plan: value }), { text, plan: value }] as const),
    );
    const property = fc.property(anything, ([asText, asValue]) => {
      assert.throws(() => readPlanFile(asText), PlanFileRefused);
      assert.throws(() => planFileOf(asValue), PlanFileRefused);
    });
    fc.assert(property, { numRuns: 300 });
    refused("[".repeat(100_000), /no JSON/);
    const deep = `${'{"plan":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    refused(deep, /is (not known|missing)/);
  });

  test("is refused with a name that stands twice, whichever reader takes which", () => {
    refused(file.replace('"version": 1\n}', '"version": 1,\n  "version": 1\n}'), /not written as/);
    refused(file.replace('  "text": ', '  "text": "SELECT 1",\n  "text": '), /not written as/);
  });

  test("is refused when it is longer than a plan can be, no JSON, or no plan", () => {
    refused(" ".repeat(limits.planFileBytesMax + 1), /more than/);
    refused("", /no JSON/);
    refused("[]", /no object/);
    refused('{"kind":"holdfast-plan"}', /version is missing/);
  });
});

describe("a file that lies", () => {
  const honest = JSON.parse(file) as { text: string; plan: Plan; digest: string };
  const paths = leaves(honest).filter((path) => path[0] !== "digest");

  test("is refused, or differs from the plan that was made at that very place", () => {
    assert.ok(paths.length > 60, "the file under test is whole");
    for (const path of paths) {
      for (const forged of [changedAt(honest, path), withoutAt(honest, path)]) {
        const found = outcome(lie(forged));
        const name = path.join(".");
        assert.ok(found === "refused" || `plan.${found}` === name || name.startsWith(`plan.${found}.`), `${name}: ${found}`);
      }
    }
  });

  test("is no other when the plan's own digest is computed again, too", () => {
    for (const path of paths.filter((each) => each[0] === "plan" && each[1] !== "digest")) {
      const forged = changedAt(honest, path);
      const found = outcome(lie({ ...forged, plan: { ...forged.plan, digest: planDigest(forged.plan) } }));
      assert.notEqual(found, undefined, path.join("."));
    }
  });

  test("with another text is refused, whatever it computes again", () => {
    const other = "DELETE FROM orders";
    refused(lie({ ...honest, text: other }), /not the one that was planned/);
    const act = { ...honest.plan.act, digest: textDigest(other) };
    refused(lie({ ...honest, text: other, plan: { ...honest.plan, act } }), /plan was altered/);
    const forged = { ...honest.plan, act };
    const whole = { text: other, plan: { ...forged, digest: planDigest(forged) } };
    assert.equal(differenceOf(planFileOf(whole).plan, asTold(plan)), "act.digest", "only who made the plan can tell");
  });

  /** What the gateway finds of it: `undefined` when it is the plan that was made. */
  function outcome(forged: string): string | undefined {
    try {
      return differenceOf(readPlanFile(forged).plan, asTold(plan));
    } catch (error) {
      assert.ok(error instanceof PlanFileRefused);
      return "refused";
    }
  }
});

test("two plans that differ say where", () => {
  assert.equal(differenceOf(plan, plan), undefined);
  assert.equal(differenceOf({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }), "a.1.b");
  assert.equal(differenceOf({ a: 1 }, { a: 1, b: null }), "b");
  assert.equal(differenceOf({ a: null }, { a: {} }), "a");
});
