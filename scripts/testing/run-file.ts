/**
 * Runs one test file in a process of its own and says how its tests ended.
 * It believes neither the file's own output nor its exit code alone: a file without tests, one that dies and one that hangs have failed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestLine } from "./reporter.ts";

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly string[];
  readonly seconds: number;
  /** The end of what the file wrote to its standard output and error. */
  readonly output: string;
}

const reporter = fileURLToPath(new URL("./reporter.ts", import.meta.url));
const outputBytesMax = 8_000;

/** Resolves when the process is gone. `minutesMax` is the time after which the whole process group is killed. */
export async function runTestFile(root: string, file: string, minutesMax: number): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-run-"));
  const lines = join(folder, "lines");
  const began = performance.now();
  const { ended, output } = await run(
    root,
    [`--test-reporter=${reporter}`, `--test-reporter-destination=${lines}`, join(root, file)],
    minutesMax,
  );
  const tests = readLines(lines);
  rmSync(folder, { recursive: true, force: true });
  const failures = tests.filter((test) => test.outcome === "failed").map((test) => `${test.name}\n${test.error}`);
  for (const test of tests) if (test.outcome === "skipped") failures.push(`${test.name}\nskipped: here a test runs or is removed`);
  if (tests.length === 0) failures.push(`no test was seen (${ended})`);
  else if (ended !== "exit 0" && failures.length === 0) failures.push(`its tests passed, but the process ended with ${ended}`);
  else if (!/^exit [01]$/.test(ended)) failures.push(`the process ended with ${ended}`);
  const passed = tests.filter((test) => test.outcome === "passed").length;
  return { file, passed, failures, seconds: (performance.now() - began) / 1000, output };
}

function run(root: string, args: readonly string[], minutesMax: number): Promise<{ ended: string; output: string }> {
  return new Promise((resolve) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env; // set when we are ourselves run by a test
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let output = "";
    let late = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-outputBytesMax);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => {
      late = `: killed after ${minutesMax} minutes (does something keep its event loop alive?)`;
      process.kill(-(child.pid as number), "SIGKILL");
    }, minutesMax * 60_000);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      // What the file left running may hold the pipes open for ever; its own last words have had time to arrive.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ ended: `${signal ? `signal ${signal}` : `exit ${code}`}${late}`, output });
      }, 20);
    });
  });
}

function readLines(path: string): TestLine[] {
  try {
    const text = readFileSync(path, "utf8");
    // A killed process may leave half a line.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as TestLine);
  } catch {
    return [];
  }
}
