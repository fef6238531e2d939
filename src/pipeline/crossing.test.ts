import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EffectThing } from "../model/api-thing.ts";
import type { Effect, Operation } from "../model/effect.ts";
import { crossing } from "./crossing.ts";

const effect = (detail: string, environment?: EffectThing["environment"], operation: Operation = "delete"): Effect => ({
  operation,
  resource: { type: "api_resource", name: "railway:volume/v1" },
  extent: { kind: "exact", count: 1 },
  reversibility: "irreversible",
  cause: "direct",
  detail,
  ...(environment === undefined ? {} : { thing: { environment, backupCoupling: "unknown", name: "production/data" } }),
});

describe("what crosses from a session of staging into production", () => {
  const refused: readonly (readonly [string, Effect])[] = [
    ["destroying what is production's", effect("destroy", "production")],
    ["deploying to production", effect("write", "production", "update")],
    ["a change that no pack knows, of what is production's", effect("unknown", "production", "unknown")],
    ["destroying what cannot be placed", effect("destroy", "unknown")],
    ["wiping what cannot be placed", effect("wipe", "unknown")],
    ["restoring over what cannot be placed", effect("restore", "unknown", "update")],
  ];
  for (const [what, one] of refused) {
    test(`${what} is refused, in staging and in development`, () => {
      for (const session of ["staging", "development"] as const) assert.equal(crossing([one], session)?.code, "other_environment");
      assert.equal(crossing([one], "production"), undefined);
      assert.equal(crossing([effect("read", "staging", "read"), one], "staging")?.code, "other_environment", "beside another");
    });
  }

  const passing: readonly (readonly [string, Effect])[] = [
    ["reading what is production's", effect("read", "production", "read")],
    ["destroying what is staging's", effect("destroy", "staging")],
    ["deploying to what cannot be placed", effect("write", "unknown", "update")],
    ["destroying what nobody could ask about", effect("destroy", "unasked")],
    ["destroying what belongs to no environment", effect("destroy", "none")],
    ["what is no thing behind an API", effect("drop")],
  ];
  for (const [what, one] of passing) test(`${what} is for the policy to decide`, () => assert.equal(crossing([one], "staging"), undefined));
});
