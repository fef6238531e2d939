/**
 * The one command for fuzzing: `node test/fuzz/main.ts [--target NAME] [--seed N] [--factor N] [--list]`.
 * `--factor` multiplies the inputs of a test run. It exits 1 when a target fails or a canary lives.
 */
import { parseArgs } from "node:util";
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: { target: { type: "string" }, seed: { type: "string" }, factor: { type: "string" }, list: { type: "boolean" } },
});
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const factor = Number(values.factor ?? 10);

if (chosen.length === 0) console.error(`no target is named \`${values.target}\`: see --list`);
for (const target of chosen) {
  if (values.list === true) console.log(`${target.name.padEnd(22)} ${target.holds}`);
  else {
    const runs = target.mustFail === undefined ? Math.ceil(target.runs * factor) : target.runs;
    const outcome = await runTarget(target, seed, runs).then(
      () => "ok  ",
      (error: Error) => {
        process.exitCode = 1;
        return `FAIL ${error.message}\n    `;
      },
    );
    console.log(`${outcome} ${target.name}: ${runs} inputs from seed ${seed}`);
  }
}
if (chosen.length === 0) process.exitCode = 2;
process.exit();
