/**
 * Plans and approvals to put into stores and desks: whole ones, of a database that does not exist.
 * What a test is about it sets itself.
 */
import type { ApprovalId, PlanId, SessionId } from "../../src/base/ids.ts";
import type { Approval } from "../../src/model/approval.ts";
import type { Plan } from "../../src/model/plan.ts";

export function samplePlan(id: string): Plan {
  return {
    version: 1,
    id: id as PlanId,
    madeAtMs: 1,
    expiresAtMs: 900_001,
    target: { name: "shop", environment: "production", database: "shop", identity: "7412803745/shop" },
    asked: { principal: "run_claude_k3", session: "s_1" as SessionId, actsFor: "ada" },
    act: { digest: "d".repeat(64), shown: "DELETE FROM orders WHERE year < 2020", parts: 1 },
    effects: [],
    measured: {
      tables: [
        {
          table: "public.orders",
          direct: { inserted: 0, updated: 0, deleted: 41 },
          following: { inserted: 0, updated: 0, deleted: 0 },
          rowsBefore: 100,
          bytes: null,
          samples: [{ before: { id: "1", mail: null }, after: null }],
        },
      ],
      objects: [],
      locks: [],
      parts: [41],
      elapsedMs: 2.5,
      on: "target",
    },
    unmeasured: [],
    reversibility: "irreversible",
    undo: ["41 rows cannot be taken back"],
    policy: { digest: "p".repeat(64), rules: ["ask_for_deletes"] },
    preconditions: [{ name: "role", value: "app" }],
    digest: "f".repeat(64),
  };
}

export function sampleApproval(id: string): Approval {
  return {
    id: id as ApprovalId,
    revision: 0,
    plan: samplePlan(`p_of_${id}`),
    nonce: "n1",
    strength: "signature",
    quorum: 1,
    answers: [],
    state: "pending",
    askedAtMs: 1,
    expiresAtMs: 900_001,
    notBeforeMs: null,
    count: 1,
  };
}
