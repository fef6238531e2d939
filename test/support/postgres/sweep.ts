/**
 * Clears test servers away, whatever ends the test process: a watcher outlives it, and each run sweeps what earlier ones left.
 * It touches only processes whose command line names a folder of ours.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./places.ts";

let swept = false;

/** A new folder for one server, marked with its owner's process id. The first call of a process sweeps the folders of dead owners. */
export function newServerFolder(name: string): string {
  const servers = cacheDirectory("servers");
  if (!swept) for (const left of readdirSync(servers)) sweepIfDead(join(servers, left));
  swept = true;
  const folder = join(servers, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "owner"), JSON.stringify({ pid: process.pid, born: bornOf(process.pid) }));
  return folder;
}

function sweepIfDead(folder: string): void {
  let owner: { pid: number; born: string };
  try {
    owner = JSON.parse(readFileSync(join(folder, "owner"), "utf8")) as typeof owner;
  } catch {
    return; // just being made, or just being removed
  }
  if (isRunning(owner.pid) && bornOf(owner.pid) === owner.born) return;
  removeServer(folder);
}

/** Ends the folder's server at once, if it runs, and removes the folder. */
export function removeServer(folder: string): void {
  const pid = postmasterOf(folder);
  if (pid !== undefined) {
    signal(pid, "SIGQUIT");
    for (let waited = 0; isRunning(pid) && waited < 5_000; waited += 10) sleep(10);
    if (isRunning(pid)) signal(pid, "SIGKILL");
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** The process id of the folder's running postmaster, or undefined. */
export function postmasterOf(folder: string): number | undefined {
  const file = join(folder, "data", "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
  return Number.isInteger(pid) && pid > 1 && isRunning(pid) && commandOf(pid).includes(folder) ? pid : undefined;
}

/**
 * Starts a process that waits for our end (its standard input closes, however we die) and then clears the folder away.
 * Plain sh, because it must not depend on the Node that was killed.
 */
export function watchFolder(folder: string): void {
  const script = `
    cat >/dev/null
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
    command=$(tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || ps -o args= -p "$pid")
    if [ -n "$pid" ] && case $command in *"$1"*) true ;; *) false ;; esac; then kill -QUIT "$pid"; sleep 1; kill -KILL "$pid" 2>/dev/null; fi
    rm -rf -- "$1"`;
  const watcher = spawn("sh", ["-c", script, "holdfast-test-watcher", folder], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}

function commandOf(pid: number): string {
  try {
    return existsSync("/proc/self")
      ? readFileSync(`/proc/${pid}/cmdline`, "utf8")
      : execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
}

/** When the process began, in whatever unit the system tells it: only equality means anything (process ids are used again). */
function bornOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** Whether the process lives; one that has ended but was not waited for yet (no init in a container) counts as gone. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // A killed child that nobody has waited for yet still answers signal 0.
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone already
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
