#!/usr/bin/env node
// The launcher, in JavaScript that old versions of Node can read: it says plainly when Node is too old, and otherwise
// starts the sources (in a clone, so that no stale build runs) or the built program (dist). It decides nothing else.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const oldest = [22, 13];
const [major, minor] = process.versions.node.split(".").map(Number);

const built = join(home, "dist", "cli", "main.js");
const source = join(home, "src", "cli", "main.ts");
// A clone carries its own Node (a development dependency), so that `npm link` works where the machine's Node is old.
const own = join(home, "node_modules", "node", "bin", "node");

if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) {
  const program = [process.features.typescript ? source : built, built].find(existsSync);
  if (program) await import(pathToFileURL(program).href);
  else fail("nothing to run: neither `dist` nor `src` is there. In a clone run `npm ci`; else install the package again.");
} else if (existsSync(own)) {
  const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // What ends the launcher must end the program too. Ctrl-C reaches both by itself; the handler only keeps the launcher waiting.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => (process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1)));
} else {
  fail(
    `holdfast needs Node ${oldest.join(".")} or newer, and this is Node ${process.versions.node}: install a newer one from https://nodejs.org`,
  );
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exitCode = 1;
}
