import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { heldAct, measured } from "../../test/plans/held.ts";
import type { Executor } from "../adapters/postgres/executor/port.ts";
import { makePlan } from "../approvals/make-plan.ts";
import type { ApprovalId } from "../base/ids.ts";
import type { Approval, ApprovalState } from "../model/approval.ts";
import { Reconciler } from "./reconcile-uses.ts";

const random = (size: number) => new Uint8Array(size).fill(3);
const plan = makePlan(heldAct(), measured(), { nowMs: 1_000, lifeMs: 900_000, random });

function use(state: ApprovalState, transaction: string | null): Approval {
  return {
    id: "q_000000000000" as ApprovalId,
    revision: 2,
    plan,
    nonce: "n",
    strength: "signature",
    quorum: 1,
    answers: [],
    state,
    askedAtMs: 1_000,
    expiresAtMs: plan.expiresAtMs,
    notBeforeMs: null,
    count: 1,
    use: { attempt: "a", gateway: "g", atMs: 1_500, transaction },
  };
}

type Said = Awaited<ReturnType<Executor["reconcile"]>> | "lost";

/** A stand-in for the desk: one approval, and what it was settled as. */
class StandInDesk {
  approval: Approval;
  readonly settled: string[] = [];
  #changed: (approval: Approval) => void = () => {};

  constructor(approval: Approval) {
    this.approval = approval;
  }

  running(): readonly Approval[] {
    return this.approval.state === "running" || this.approval.state === "unknown" ? [this.approval] : [];
  }

  settle(_: string, how: "used" | "stale" | "unknown" | "not_reached"): Promise<void> {
    this.settled.push(how);
    this.become(how === "not_reached" ? "approved" : how);
    return Promise.resolve();
  }

  become(state: ApprovalState): void {
    this.approval = { ...this.approval, state };
    this.#changed(this.approval);
  }

  onChange(changed: (approval: Approval) => void): () => void {
    this.#changed = changed;
    return () => undefined;
  }
}

async function check(approval: Approval, says: readonly Said[], expected: readonly string[]): Promise<void> {
  const desk = new StandInDesk(approval);
  let asked = 0;
  const reconcile = (): ReturnType<Executor["reconcile"]> => {
    const said = says[Math.min(asked, says.length - 1)] ?? "lost";
    asked += 1;
    return said === "lost" ? Promise.reject(new Error("nobody answers")) : Promise.resolve(said);
  };
  const executor = { reconcile, measure: reconcile, run: reconcile } as unknown as Executor;
  const reconciler = new Reconciler({ desk, executor: () => executor, warn: assert.fail, everyMs: 3_600_000 });
  for (let look = 0; look < says.length; look++) await reconciler.look();
  await reconciler.close();
  assert.deepEqual(desk.settled, expected, `the server says ${says.join(", ")}`);
}

describe("a use whose end nobody saw", () => {
  test("is used when the server says that it is committed, and did not take place when it says that it is rolled back", async () => {
    await check(use("running", "750"), ["committed"], ["used"]);
    await check(use("running", "750"), ["aborted"], ["not_reached"]);
    await check(use("unknown", "750"), ["committed"], ["used"]);
  });

  test("is asked about until the server says it, and counts as unknown meanwhile", async () => {
    await check(use("running", "750"), ["in progress", "in progress", "aborted"], ["not_reached"]);
    await check(use("running", "750"), ["lost", "lost", "lost", "lost", "committed"], ["unknown", "used"]);
    await check(use("running", "750"), ["unknown"], ["unknown"]);
    await check(use("unknown", "750"), ["unknown", "committed"], []);
  });

  test("outside a transaction stays unknown: nobody can say", async () => {
    await check(use("running", null), ["committed"], ["unknown"]);
  });

  test("of this process is left alone while it is being carried out, and taken up when its end was not seen", async () => {
    const desk = new StandInDesk(use("approved", "750"));
    const executor = { reconcile: () => Promise.resolve("committed" as const) } as unknown as Executor;
    const reconciler = new Reconciler({ desk, executor: () => executor, warn: assert.fail, everyMs: 3_600_000 });
    desk.become("running");
    await reconciler.look();
    assert.deepEqual(desk.settled, []);
    desk.become("unknown");
    await reconciler.look();
    assert.deepEqual(desk.settled, ["used"]);
    await reconciler.close();
  });
});
