// Runs a script of this folder (`node scripts/run.js test --fast`) with a Node that can: the one npm put into node_modules
// where the machine's own is too old to run TypeScript. Plain JavaScript on purpose; it does nothing else.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, ...rest] = process.argv.slice(2);
const [major, minor] = process.versions.node.split(".").map(Number);
const runsTypeScript = major > 22 || (major === 22 && minor >= 18);
const own = join(home, "node_modules", "node", "bin", "node");

if (!runsTypeScript && !existsSync(own)) {
  process.stderr.write(`this needs Node 22.18 or newer, and this is Node ${process.versions.node}. npm brings one, unless its install script was
held back: run \`npm rebuild node\` (npm 11.19: \`npm install --allow-scripts=node\`), or install a newer Node from https://nodejs.org\n`);
  process.exit(1);
}
const node = existsSync(own) ? own : process.execPath;
const file = name.endsWith(".ts") ? join(home, name) : join(home, "scripts", `${name}.ts`);
const run = spawnSync(node, [file, ...rest], { stdio: "inherit", cwd: home });
process.exit(run.status ?? 1);
