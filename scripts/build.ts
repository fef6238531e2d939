/**
 * Makes `dist` from `src`: JavaScript for the published package, and the data files beside it. Run by npm as `prepare`.
 * It does not check types (`npm run typecheck` and `npm test` do): a build must be quick and must not depend on the checker.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesUnder, home } from "./files.ts";

const consoleBytesMax = 40_000;

const compiler = join(home, "node_modules", "tsc7", "bin", "tsc");
const dist = join(home, "dist");

if (existsSync(compiler)) await build();
else console.log("build: the compiler is not installed (npm without development dependencies), so `dist` stays as it is");

async function build(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  execFileSync(process.execPath, [compiler, "-p", join(home, "tsconfig.build.json")], { stdio: "inherit" });
  for (const file of filesUnder("src")) {
    if (file.endsWith(".ts")) continue;
    const copy = join(dist, file.slice("src/".length));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(home, file), copy);
  }
  for (const file of filesUnder("dist")) if (file.endsWith(".js")) pointUrlsAtJavaScript(join(home, file));
  // Only here, for its bundler is a development dependency as the compiler is.
  const { buildConsole } = await import("./build-console.ts");
  const { gzipBytes } = await buildConsole(join(dist, "console"));
  console.log(`build: ${filesUnder("dist").length} files in dist; the console is ${(gzipBytes / 1000).toFixed(1)} kB gzipped`);
  if (gzipBytes > consoleBytesMax) throw new Error(`the console has ${gzipBytes} bytes gzipped; at most ${consoleBytesMax}`);
}

/** The compiler rewrites imports but not `new URL("./worker.ts", import.meta.url)`, which is how a worker names its file. */
function pointUrlsAtJavaScript(file: string): void {
  const text = readFileSync(file, "utf8");
  const rewritten = text.replaceAll(/new URL\((["'`])(\.\.?\/[^"'`]+)\.ts\1, import\.meta\.url\)/g, "new URL($1$2.js$1, import.meta.url)");
  if (rewritten !== text) writeFileSync(file, rewritten);
}
