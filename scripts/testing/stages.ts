/**
 * What is checked without running a test: types, lint, format, arrows, unused code, tidiness. Each is one command and one result.
 * It fixes nothing; `npm run format` does.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";

export interface Stage {
  readonly name: string;
  /** Arguments to Node: a script and its own arguments. */
  readonly command: readonly string[];
  /** Looks at what a command that exited 0 wrote; returns a complaint, or undefined when it is content. */
  readonly doubt?: (output: string) => string | undefined;
}

export interface StageResult {
  readonly name: string;
  readonly failure: string | undefined;
  readonly seconds: number;
}

const tool = (path: string): string => join("node_modules", path);

/** dependency-cruiser found 0 modules and was content when it met a compiler it cannot use; so the count is a test too. */
export const modulesMin = 100;

export const stages: readonly Stage[] = [
  { name: "types", command: [tool("tsc7/bin/tsc"), "-p", "."] },
  { name: "types of the console", command: [tool("tsc7/bin/tsc"), "-p", "console"] },
  { name: "lint", command: [tool("@biomejs/biome/bin/biome"), "lint", "--error-on-warnings", "--max-diagnostics=50", "."] },
  { name: "format", command: [tool("@biomejs/biome/bin/biome"), "format", "--max-diagnostics=50", "."] },
  {
    name: "arrows",
    command: [
      tool("dependency-cruiser/bin/dependency-cruise.mjs"),
      "src",
      "console",
      "test",
      "scripts",
      "bench",
      "--config",
      ".dependency-cruiser.mjs",
    ],
    doubt: (output) => {
      const modules = Number(/\((\d+) modules/.exec(output)?.[1] ?? 0);
      return modules < modulesMin ? `dependency-cruiser saw ${modules} modules; at least ${modulesMin} must be there` : undefined;
    },
  },
  { name: "unused", command: [tool("knip/bin/knip.js"), "--no-progress"] },
  { name: "tidy", command: ["scripts/tidy.ts"] },
];

/** Runs one stage in `root`. Never rejects: what cannot be started has failed. */
export function runStage(root: string, stage: Stage): Promise<StageResult> {
  const began = performance.now();
  return new Promise((resolve) => {
    execFile(process.execPath, [...stage.command], { cwd: root, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      const failure = error ? output || error.message : stage.doubt?.(output);
      resolve({ name: stage.name, failure, seconds: (performance.now() - began) / 1000 });
    });
  });
}
