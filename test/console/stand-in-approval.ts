/**
 * Stands in for an approval that the real desk would make: a DELETE with a cascade, measured, on a synthetic shop.
 */
import { newApprovalId, newPlanId, randomText } from "../../src/base/ids.ts";
import { sha256Hex } from "../../src/base/canonical.ts";
import type { ApprovalView } from "../../src/control/contract.ts";

export function standInApproval(
  more: Partial<ApprovalView> = {},
  shown = "DELETE FROM public.orders WHERE region = 'north'",
): ApprovalView {
  const now = Date.now();
  const none = { inserted: 0, updated: 0, deleted: 0 };
  const sample = (id: string) => ({ before: { id, region: "north", customer: null }, after: null });
  return {
    id: newApprovalId(),
    revision: 0,
    nonce: randomText(26),
    strength: "signature",
    quorum: 1,
    answers: [],
    state: "pending",
    askedAtMs: now,
    expiresAtMs: now + 15 * 60_000,
    notBeforeMs: null,
    count: 1,
    confirm: "public.orders",
    plan: {
      version: 1,
      id: newPlanId(),
      madeAtMs: now,
      expiresAtMs: now + 15 * 60_000,
      target: { name: "shop", environment: "production", database: "shop", identity: "7301234567890123456" },
      asked: { principal: "run_agent_stand_in", purpose: "clean up the north region" },
      act: { digest: sha256Hex(shown), shown, parts: 1 },
      effects: [],
      measured: {
        tables: [
          {
            table: "public.orders",
            direct: { ...none, deleted: 41_203 },
            following: none,
            rowsBefore: 41_210,
            bytes: 8_388_608,
            samples: [sample("1"), sample("2")],
          },
          {
            table: "public.order_lines",
            direct: none,
            following: { ...none, deleted: 164_812 },
            rowsBefore: 164_900,
            bytes: 33_554_432,
            samples: [],
          },
        ],
        objects: [],
        locks: [{ relation: "public.orders", mode: "RowExclusiveLock", heldMs: 214 }],
        parts: [41_203],
        elapsedMs: 214,
        on: "target",
      },
      unmeasured: [],
      reversibility: "irreversible",
      undo: ["nothing takes it back but a backup, and none was verified"],
      policy: { digest: sha256Hex("a policy"), rules: ["large-changes-are-asked-about"] },
      preconditions: [],
      digest: sha256Hex(`a plan of ${shown}`),
    },
    ...more,
  };
}
