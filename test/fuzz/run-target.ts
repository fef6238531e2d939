/**
 * Runs one target over a range of seeds and says how it went; a canary that does not fail has failed.
 */
import type { Target } from "./targets.ts";
import { seeded } from "./wire.ts";

/** Rejects with the seed of the input that failed. */
export async function runTarget(target: Target, seed: number, runs: number): Promise<void> {
  const failure = await firstFailure(target, seed, runs);
  if (target.mustFail === undefined) {
    if (failure !== undefined) throw failure;
  } else if (failure === undefined) {
    throw new Error(`the canary \`${target.name}\` lives: ${runs} inputs from seed ${seed} did not find its planted bug`);
  } else if (!target.mustFail.test(failure.message)) {
    throw new Error(`the canary \`${target.name}\` died of something else: ${failure.message}`, { cause: failure });
  }
}

async function firstFailure(target: Target, seed: number, runs: number): Promise<Error | undefined> {
  const open = await target.open();
  try {
    for (let i = 0; i < runs; i++) {
      try {
        await open.run(seeded(seed + i));
      } catch (error) {
        const { message } = error as Error;
        return new Error(`${target.name}, seed ${seed + i}: ${message}`, { cause: error });
      }
    }
    return undefined;
  } finally {
    await open.close?.();
  }
}
