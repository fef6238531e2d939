/** kill -9 of the server during bin and restore: a few rounds here, fifty in `crash.long.test.ts`. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { killRounds } from "./crash.ts";

describe("kill -9 of the server while something goes into the bin or comes back", () => {
  for (const version of [15, 18] as const)
    test(`PostgreSQL ${version}: nothing half done, nothing lost`, async () => {
      const { undone, done } = await killRounds(version, 5);
      assert.equal(undone + done, 5);
    });
});
