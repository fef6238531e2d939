/** Synthetic approvals for the channels' tests. */
import type { ApprovalId, PlanId, RunId } from "../../src/base/ids.ts";
import type { ToldApproval } from "../../src/channels/news.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Plan } from "../../src/model/plan.ts";

export const secretText = "DELETE FROM customers WHERE card = 4111111111111111";

export function samplePlan(more: Partial<Plan> = {}): Plan {
  const deletion: Effect = {
    operation: "delete",
    resource: { type: "table", name: "public.customers" },
    extent: { kind: "unknown" },
    reversibility: "reversible",
    cause: "direct",
    detail: "delete",
  };
  return {
    version: 1,
    id: "p_1" as PlanId,
    madeAtMs: 1_790_000_000_000,
    expiresAtMs: 1_790_000_900_000,
    target: { name: "shop", environment: "production", database: "shop", identity: "7000000000000000001" },
    asked: { principal: "run_agent_x", run: "r_1" as RunId, actsFor: "grace", purpose: `clean up: ${secretText}` },
    act: { digest: "d".repeat(64), shown: secretText, parts: 1 },
    effects: [deletion],
    measured: {
      tables: [
        {
          table: "public.customers",
          direct: { inserted: 0, updated: 0, deleted: 3 },
          following: { inserted: 0, updated: 0, deleted: 1_200 },
          rowsBefore: 10,
          bytes: 8192,
          samples: [{ before: { card: "4111111111111111" }, after: null }],
        },
      ],
      objects: [],
      locks: [],
      parts: [3],
      elapsedMs: 4,
      on: "target",
    },
    unmeasured: [],
    reversibility: "reversible",
    undo: [`rows are kept: ${secretText}`],
    policy: { digest: "e".repeat(64), rules: ["ask-before-delete"] },
    preconditions: [{ name: "role", value: "agent" }],
    digest: "f".repeat(64),
    ...more,
  };
}

export function sampleApproval(more: Partial<ToldApproval> = {}): ToldApproval {
  return {
    id: "q_1" as ApprovalId,
    revision: 0,
    plan: samplePlan(),
    nonce: "n",
    strength: "signature",
    quorum: 1,
    answers: [],
    state: "pending",
    askedAtMs: 1_790_000_000_000,
    expiresAtMs: 1_790_000_900_000,
    notBeforeMs: null,
    count: 1,
    because: `because of ${secretText}`,
    link: "https://holdfast.example/#/approvals/q_1",
    ...more,
  };
}

/** An update of one row: what may be called right in chat. */
export function harmlessPlan(): Plan {
  const plan = samplePlan();
  const update: Effect = { ...(plan.effects[0] as Effect), operation: "update", detail: "update" };
  const measured = plan.measured === null ? null : { ...plan.measured, tables: [tableOf({ updated: 1 })] };
  return samplePlan({ effects: [update], measured });
}

function tableOf(direct: { updated: number }) {
  const none = { inserted: 0, updated: 0, deleted: 0 };
  return { table: "public.customers", direct: { ...none, ...direct }, following: none, rowsBefore: 10, bytes: 8192, samples: [] };
}
