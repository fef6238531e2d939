/**
 * Holds the style's numbers and words as a test: prints each finding and exits 1 when there is one.
 * It changes nothing. Sizes that stand for now are in tidy/ratchets.json.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "./files.ts";
import { checks } from "./tidy/checks.ts";
import { type Ratchets, readSources } from "./tidy/source.ts";

const ratchets = JSON.parse(readFileSync(join(home, "scripts", "tidy", "ratchets.json"), "utf8")) as Ratchets;
const sources = readSources(home);
let count = 0;
for (const [name, check] of Object.entries(checks)) {
  for (const { path, line, message } of check(sources, ratchets)) {
    console.log(`${path}${line === undefined ? "" : `:${line}`}: ${message} (${name})`);
    count++;
  }
}
console.log(`tidy: ${sources.length} files, ${count} findings`);
process.exitCode = count === 0 ? 0 : 1;
