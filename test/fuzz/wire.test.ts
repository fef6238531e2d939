import assert from "node:assert/strict";
import { test } from "node:test";
import { canary, junkIsSurvived, type Random, repliesNeverShift, scannerFindsEveryFrame, seeded } from "./wire.ts";

/** `FUZZ_SEED` and `FUZZ_RUNS` widen a run; a failure names the seed of its own run. */
const seed = Number(process.env.FUZZ_SEED ?? 20261122);
const factor = Number(process.env.FUZZ_RUNS ?? 1);

async function runs(target: (random: Random) => void | Promise<void>, count: number): Promise<void> {
  for (let i = 0; i < count * factor; i++) {
    try {
      await target(seeded(seed + i));
    } catch (error) {
      throw new Error(`seed ${seed + i}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

test("the scanner finds every frame", () => runs(scannerFindsEveryFrame, 500));
test("junk on either side is survived", () => runs(junkIsSurvived, 200));
test("replies never shift", () => runs(repliesNeverShift, 200));
test("the canary fails", async () => {
  await assert.rejects(runs(canary, 50), /a refused text reached the server/);
});
