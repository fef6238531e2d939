import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { heldAct, measured } from "../../test/plans/held.ts";
import { changedAt, leaves } from "../../test/plans/mutate.ts";
import { NotMeasurable } from "../pipeline/approvals-port.ts";
import { makePlan } from "./make-plan.ts";
import { actKey, actOf, planDigest } from "./plan-digest.ts";

const random = (size: number) => new Uint8Array(size).fill(3);
const plan = makePlan(heldAct(), measured(), { nowMs: 1_000, lifeMs: 900_000, random, actsFor: "ada", purpose: "clear old orders" });

/** Of these a plan may differ and bind the same. */
const advisory: readonly RegExp[] = [
  /^(id|madeAtMs|digest)$/,
  /^asked\.(action|purpose)$/,
  /^policy\.rules\./,
  /^effects\.\d+\.because$/,
  /^measured\.(elapsedMs|tables\.\d+\.(bytes|samples\..*)|locks\.\d+\.heldMs)$/,
];

describe("a plan's digest", () => {
  test("changes with every field that binds, and with no advisory one", () => {
    const paths = leaves(plan);
    assert.ok(paths.length > 60, "the plan under test is whole");
    for (const path of paths) {
      const name = path.join(".");
      const same = planDigest(changedAt(plan, path)) === plan.digest;
      assert.equal(
        same,
        advisory.some((pattern) => pattern.test(name)),
        name,
      );
    }
  });

  test("binds what is missing: a field left out is not one that is empty or null", () => {
    const { actsFor: _, ...rest } = plan.asked;
    const without = planDigest({ ...plan, asked: rest });
    assert.notEqual(without, plan.digest);
    assert.notEqual(without, planDigest({ ...plan, asked: { ...rest, actsFor: "" } }));
    assert.notEqual(planDigest({ ...plan, measured: null }), plan.digest);
    assert.notEqual(planDigest({ ...plan, unmeasured: [] }), plan.digest);
  });

  test("does not depend on the order in which preconditions were noted", () => {
    assert.equal(planDigest({ ...plan, preconditions: plan.preconditions.toReversed() }), plan.digest);
  });

  test("of the same act made a moment later is another, but its act is the same", () => {
    const later = makePlan(heldAct(), measured(), { nowMs: 2_000, lifeMs: 900_000, random, actsFor: "ada" });
    assert.notEqual(later.digest, plan.digest);
    assert.equal(actKey(actOf(later)), actKey(actOf(plan)));
  });
});

describe("an act's key", () => {
  const held = heldAct();
  const identity = (over: Parameters<typeof heldAct>[0] = {}) => {
    const { session, target, digest, policyDigest, preconditions } = heldAct(over);
    return actKey({ principal: session.principal.name, target, digest, policyDigest, preconditions });
  };

  test("is the same for an act presented again and for the plan made of it", () => {
    assert.equal(identity(), actKey(actOf(plan)));
    assert.equal(identity({ preconditions: held.preconditions.toReversed() }), identity());
  });

  test("differs for other bytes, policy, target, principal, role or search_path, or one of them missing", () => {
    const other = [
      { digest: "c".repeat(64) },
      { policyDigest: "c".repeat(64) },
      { target: { ...held.target, name: "x" } },
      { target: { ...held.target, database: "x" } },
      { target: { ...held.target, environment: "staging" as const } },
      { session: { ...held.session, principal: { ...held.session.principal, name: "x" } } },
      { preconditions: held.preconditions.slice(1) },
      ...held.preconditions.map(({ name }) => ({
        preconditions: held.preconditions.map((each) => (each.name === name ? { name, value: "x" } : each)),
      })),
    ];
    const keys = new Set([identity(), ...other.map(identity)]);
    assert.equal(keys.size, other.length + 1);
  });

  test("leaves out what only describes: the same act of another session, or shown otherwise", () => {
    assert.equal(identity({ shown: "", rules: [], parts: 2 }), identity());
  });
});

test("what could not be measured is said and never filled in", () => {
  const without = makePlan(heldAct(), new NotMeasurable("it cannot run in a transaction", "7312:16384"), { nowMs: 1, lifeMs: 1, random });
  assert.equal(without.measured, null);
  assert.deepEqual(without.unmeasured, ["it cannot run in a transaction"]);
  assert.equal(without.target.identity, "7312:16384");
});
