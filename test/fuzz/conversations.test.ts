/** Each fuzz target with a real server, with few inputs: `FUZZ_SEED` and `FUZZ_RUNS` (a factor) make another or a longer run. */
import { test } from "node:test";
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
const factor = Number(process.env.FUZZ_RUNS ?? 1);

for (const target of targets.filter(({ server }) => server === true)) {
  test(`${target.name}, seed ${seed}: ${target.holds}`, { timeout: 600_000 }, () => runTarget(target, seed, target.runs * factor));
}
