/** kill -9 of the server during bin and restore, fifty times each and on each version: nothing half done, nothing lost. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { killRounds } from "./crash.ts";

describe("kill -9 fifty times while something goes into the bin and comes back", () => {
  for (const version of [15, 18] as const)
    test(`PostgreSQL ${version}`, async () => {
      const tally = await killRounds(version, 50);
      console.log(`PostgreSQL ${version}: ${JSON.stringify(tally)}`);
      assert.ok(tally.undone > 0 && tally.done > 0 && tally.stillResting > 0 && tally.back > 0, "kills came before and after each");
    });
});
