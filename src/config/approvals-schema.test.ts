import assert from "node:assert/strict";
import { test } from "node:test";
import { usualApprovalRules } from "../model/approval-rules.ts";
import { approvalsSchema, resolveApprovals } from "./approvals-schema.ts";

test("what is left out is as usual, and each key says its own", () => {
  assert.deepEqual(resolveApprovals(), usualApprovalRules);
  const entry = approvalsSchema.parse({
    hold: "0s",
    life: "2h",
    quorum: { production: 2 },
    passkey: "always",
    cool_off: "1min",
    solo: true,
    remember: "1d",
    tolerance_rows: 3,
  });
  assert.deepEqual(resolveApprovals(entry), {
    holdMs: 0,
    lifeMs: 7_200_000,
    quorum: { production: 2, staging: 1, development: 1 },
    passkey: "always",
    coolOffMs: 60_000,
    solo: true,
    rememberMs: 86_400_000,
    toleranceRows: 3,
  });
});

test("what would never end, never be answered or mean something else is refused", () => {
  const wrong = [
    { hold: "6min" },
    { hold: 20 },
    { life: "0s" },
    { life: "8d" },
    { quorum: { production: 0 } },
    { quorum: 2 },
    { quorum: { prod: 1 } },
    { passkey: true },
    { cool_off: "2h" },
    { tolerance_rows: -1 },
    { holds: "20s" },
  ];
  for (const entry of wrong) assert.equal(approvalsSchema.safeParse(entry).success, false, JSON.stringify(entry));
});
