/** kill -9 of the gateway during bin and restore: a few rounds here, fifty in `gateway-crash.long.test.ts`. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gatewayRounds } from "./gateway-crash.ts";

describe("kill -9 of the gateway while something goes into the bin or comes back", () => {
  for (const version of [18] as const)
    test(`PostgreSQL ${version}: nothing half done, nothing lost`, async () => {
      const { undone, done } = await gatewayRounds(version, 2);
      assert.equal(undone + done, 2);
    });
});
