/**
 * Programs of a process that was killed: each is noted while it runs, and ended before the next of its kind is started.
 * It ends only a process whose command line is that program's; what has another one is not ours.
 */
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

export async function noteProcess(folder: string, program: string, processId: number | undefined): Promise<void> {
  if (processId !== undefined) await writeFile(noteOf(folder, program), `${processId}\n`, { mode: 0o600 });
}

/** Resolves when it is gone, or was not there. Rejects when it does not go. */
export async function endOrphan(folder: string, program: string): Promise<void> {
  const noted = Number(await readFile(noteOf(folder, program), "utf8").catch(() => ""));
  if (!Number.isSafeInteger(noted) || noted <= 1) return;
  for (const [name, patienceMs] of [
    ["SIGTERM", 5_000],
    ["SIGKILL", 2_000],
  ] as const) {
    for (let waitedMs = 0; await isProgram(noted, program); waitedMs += 50) {
      if (waitedMs === 0) process.kill(noted, name);
      if (waitedMs > patienceMs) break;
      await delay(50);
    }
  }
  if (await isProgram(noted, program)) throw new Error(`\`${program}\`, process ${noted} of a gateway before this one, does not end`);
  await rm(noteOf(folder, program), { force: true });
}

/** A process that ended and was not waited for has no command line any more. */
async function isProgram(processId: number, program: string): Promise<boolean> {
  if (process.platform === "linux") return (await readFile(`/proc/${processId}/cmdline`, "utf8").catch(() => "")).includes(program);
  const asked = promisify(execFile)("ps", ["-o", "args=", "-p", String(processId)], { env: { LC_ALL: "C" } });
  return asked.then(
    ({ stdout }) => stdout.includes(program),
    () => false,
  );
}

function noteOf(folder: string, program: string): string {
  return join(folder, `${program}.pid`);
}
