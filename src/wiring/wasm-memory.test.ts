import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

/** Optimised, the grammar alone takes some 500 MiB while it is compiled; as it is it takes less than 60. */
const KIB_MAX = 300 * 1024;

const script = (first: string): string => `${first}
const { loadModule, parseSync } = await import("libpg-query");
await loadModule();
for (let i = 0; i < 6000; i++) parseSync("select a, sum(b) from t join u using (id) where x between 1 and " + i + " group by a order by 2");
await new Promise((resolve) => setTimeout(resolve, 1500));
process.stdout.write(String(process.resourceUsage().maxRSS));`;

async function peakKiB(first: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script(first)], {
    cwd: import.meta.dirname,
  });
  return Number(stdout);
}

test("thousands of parses take no more memory than the first ones", { timeout: 120_000 }, async () => {
  const bounded = `(await import(${JSON.stringify(new URL("./wasm-memory.ts", import.meta.url).href)})).boundWasmMemory();`;
  const peak = await peakKiB(bounded);
  assert.ok(peak > 0 && peak < KIB_MAX, `${peak} KiB`);
});
