#!/usr/bin/env node
/**
 * The program's first lines: closes the debugger's door, refuses a Node.js that is too old, runs the command line, ends with its exit code.
 * It does not know any command.
 */
// Node.js opens a debugger for everybody on this machine at this signal, unless somebody listens: whoever has one reads all memory.
process.on("SIGUSR1", () => {});
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(`error: holdfast needs Node.js 22.13 or newer, and this is ${process.versions.node}\n`);
  process.stderr.write("  install a newer one, or call it as `npx -p node@24 -p holdfast holdfast ...`\n");
  process.exit(1);
}

const [{ openTerminal }, { run }, { version }] = await Promise.all([
  import("./terminal.ts"),
  import("./program.ts"),
  import("../wiring/version.ts"),
]);
// What a command waits for (a worker that ends, say) need not keep the process alive by itself: this does, until the command is done.
const awake = setInterval(() => {}, 0x7fff_ffff);
const code = await run(process.argv.slice(2), openTerminal(process), version());
// Everything written so far reaches its reader before the process ends; what still runs (a worker, a socket) does not keep it.
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
clearInterval(awake);
await settle();
process.exit(code);

/**
 * Node.js 24 may wait for ever at its end for a thread of V8's that compiles and waits for a collection, which nobody runs any more
 * (nodejs/node#54918): with one just done, there is room for what it still compiles.
 */
async function settle(): Promise<void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import("node:v8"), import("node:vm")]);
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
