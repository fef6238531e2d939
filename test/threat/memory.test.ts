import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { closeScenes, Scene, until, type Up } from "./scene.ts";

/** Reads another process's memory as a debugger would. What it prints: the places found, or the system's refusal. */
const readMemory = `
import { openSync, readFileSync, readSync } from "node:fs";
const [pid, secret] = process.argv.slice(1);
try {
  const memory = openSync("/proc/" + pid + "/mem", "r");
  let found = 0;
  for (const line of readFileSync("/proc/" + pid + "/maps", "utf8").split("\\n")) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (from === undefined) continue;
    const size = Math.min(parseInt(to, 16) - parseInt(from, 16), 64 * 1024 * 1024);
    const bytes = Buffer.alloc(size);
    try { if (readSync(memory, bytes, 0, size, parseInt(from, 16)) > 0 && bytes.includes(secret)) found += 1; } catch {}
  }
  console.log("read " + (found > 0));
} catch (error) { console.log(error.code); }
`;

/** Whether anybody answers on the port that Node.js opens its debugger on. */
const debuggerAnswers = `
import { connect } from "node:net";
const socket = connect(9229, "127.0.0.1");
socket.on("connect", () => { console.log("open"); process.exit(); }).on("error", () => console.log("closed"));
`;

describe("an agent of the gateway's account that wants the gateway's memory", () => {
  let scene: Scene;
  let up: Up;
  before(async () => {
    scene = await Scene.open();
    // As a shell of a developer's machine that keeps core dumps.
    up = await scene.up("ulimit -c unlimited 2>/dev/null || true");
    await up.connect();
  });
  after(closeScenes);

  test("gets no debugger by a signal", async () => {
    const before = await scene.agent(debuggerAnswers);
    await scene.agent(`process.kill(${up.pid}, "SIGUSR1")`);
    // It has heard the signal once it answers afterwards.
    for (let i = 0; i < 5; i += 1) await up.now();
    assert.equal(before, "closed", "something else of this machine listens on the debugger's port");
    assert.equal(await scene.agent(debuggerAnswers), "closed");
    assert.ok(!/Debugger listening/.test(up.err()), up.err());
  });

  test("gets no core dump", () => {
    assert.doesNotThrow(() => execFileSync("prlimit", ["--version"]), "prlimit is missing: install util-linux");
    assert.match(readFileSync(`/proc/${up.pid}/limits`, "utf8"), /^Max core file size\s+0\s+0\s/m);
  });

  test("reads memory just where the kernel lets it, and doctor says which it is", async () => {
    const seen = await scene.agent(readMemory, String(up.pid), scene.secrets.server);
    const { findings } = JSON.parse((await scene.run(["doctor", "--json"])).out) as { findings: { topic: string; state: string }[] };
    const said = findings.find(({ topic }) => topic === "memory");
    const [scope = "0"] = (() => {
      try {
        return [readFileSync("/proc/sys/kernel/yama/ptrace_scope", "utf8").trim()];
      } catch {
        return [];
      }
    })();
    if (scope === "0") assert.deepEqual([seen, said?.state], ["read true", "weak"]);
    else assert.deepEqual([seen.startsWith("read true"), said?.state], [false, "good"]);
  });

  test("kills it: nothing passes any more, and nobody without the passphrase starts it again", async () => {
    const client = await up.connect();
    await up.stop("SIGKILL");
    await assert.rejects(client.query("DELETE FROM orders"));
    await assert.rejects(up.connect(), /ECONNREFUSED/);
    assert.match((await scene.run(["up", "--json"])).err, /nobody can be asked/);
    assert.equal(await scene.rows(), 20);
    up = await scene.up();
    const told = await scene.run(["audit", "verify", "--json"]);
    assert.equal(told.code, 0, told.out);
    await until("it serves again", async () => (await up.connect()) !== undefined || undefined);
  });
});
