/**
 * The parts that tests of decisions start from: an agent before a production shop, an empty policy, a DELETE without WHERE.
 * They say nothing about what is right; each test states what differs.
 */
import type { Effect } from "../../src/model/effect.ts";
import type { Facts } from "../../src/model/facts.ts";
import type { Policy } from "../../src/policy/policy.ts";

export function factsOf(more: Partial<Facts> = {}): Facts {
  return {
    target: "shop",
    environment: "production",
    database: "shop",
    principal: "agent",
    principalKind: "ai_agent",
    role: "app",
    approvals: false,
    ...more,
  };
}

export function policyOf(more: Partial<Policy> = {}): Policy {
  return {
    name: "test",
    version: 1,
    digest: "d",
    mode: "enforce",
    rules: [],
    obligations: [],
    statementsPerMinuteMax: null,
    sessionLimits: { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null },
    ...more,
  };
}

export function deletion(more: Partial<Effect> = {}): Effect {
  return {
    operation: "delete",
    resource: { type: "table", name: "public.orders" },
    extent: { kind: "unbounded" },
    reversibility: "irreversible",
    cause: "direct",
    detail: "delete",
    ...more,
  };
}
