/** Held acts and measurements for tests of plans: synthetic, whole, and the same each time. */
import type { SessionId } from "../../src/base/ids.ts";
import { actionId } from "../../src/base/ids.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Measurement } from "../../src/model/plan.ts";
import type { HeldAct, Measured } from "../../src/pipeline/approvals-port.ts";

const session = "s_0000000000000000" as SessionId;

export const deletion: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "unknown" },
  reversibility: "restorable",
  cause: "direct",
  detail: "delete",
  because: "the statement names it",
};

export function measurement(): Measurement {
  return {
    tables: [
      {
        table: "public.items",
        direct: { inserted: 0, updated: 0, deleted: 0 },
        following: { inserted: 0, updated: 0, deleted: 90 },
        rowsBefore: null,
        bytes: 16_384,
        samples: [{ before: { id: "7", note: "***" }, after: null }],
      },
      {
        table: "public.orders",
        direct: { inserted: 0, updated: 0, deleted: 41_203 },
        following: { inserted: 0, updated: 0, deleted: 0 },
        rowsBefore: 41_210,
        bytes: 8_192_000,
        rowsDigest: "5a".repeat(32),
        samples: [
          { before: { id: "1", email: "***" }, after: null },
          { before: { id: "2", email: null }, after: null },
        ],
      },
    ],
    objects: [{ type: "view", name: "public.late_orders", change: "dropped", through: "public.orders" }],
    locks: [{ relation: "public.orders", mode: "RowExclusiveLock", heldMs: 12 }],
    parts: [41_203],
    elapsedMs: 13,
    on: "target",
  };
}

export function measured(): Measured {
  return { measurement: measurement(), unmeasured: ["sequence public.orders_id_seq stays advanced"], identity: "7312:16384" };
}

export function heldAct(over: Partial<HeldAct> = {}): HeldAct {
  return {
    action: actionId(session, 4),
    session: { id: session, principal: { kind: "ai_agent", name: "agent" }, client: "psql", peer: "127.0.0.1:5", openedAtMs: 1 },
    target: { name: "shop", environment: "production", database: "shop" },
    digest: "a".repeat(64),
    shown: "DELETE FROM orders WHERE placed < '2020-01-01'",
    parts: 1,
    reason: { code: "approval_unavailable", message: "a person decides" },
    rules: ["deletes"],
    policyDigest: "b".repeat(64),
    effects: [deletion],
    preconditions: [
      { name: "role", value: "agent_role" },
      { name: "search_path", value: "public" },
    ],
    measure: () => Promise.resolve(measured()),
    gone: new AbortController().signal,
    ...over,
  };
}
