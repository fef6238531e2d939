/** kill -9 of the gateway during bin and restore, fifty times on each version: nothing half done, nothing lost. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gatewayRounds } from "./gateway-crash.ts";

describe("kill -9 of the gateway fifty times while something goes into the bin and comes back", () => {
  for (const version of [15, 18] as const)
    test(`PostgreSQL ${version}`, async () => {
      const tally = await gatewayRounds(version, 50);
      console.log(`PostgreSQL ${version}: ${JSON.stringify(tally)}`);
      assert.ok(tally.done > 0 && tally.back > 0, "some kills came after the act");
    });
});
