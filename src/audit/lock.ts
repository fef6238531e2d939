/**
 * One writer a log: a lock file naming the process that holds it, by id and start time.
 * A lock whose process is gone (kill -9) is taken over. It does not guard against processes on other machines.
 */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const lockFile = "lock";

/** Resolves to the release. Rejects when another living process holds the lock. */
export async function lockDirectory(directory: string, unique: string, what = "audit log"): Promise<() => Promise<void>> {
  const path = join(directory, lockFile);
  const own = join(directory, `${lockFile}.${process.pid}.${unique}`);
  const text = `${process.pid} ${startOf(process.pid) ?? "-"} ${unique}\n`;
  await writeFile(own, text, { mode: 0o600, flag: "wx" });
  try {
    for (let attempt = 0; ; attempt += 1) {
      // A hard link is made whole or not at all, and only where there is no lock yet.
      const taken = await link(own, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      );
      if (taken) break;
      const holder = await readFile(path, "utf8").catch(() => "");
      if (attempt >= 5 || alive(holder)) {
        throw new Error(`${what} \`${directory}\` is in use by process ${holder.split(" ")[0] || "unknown"}: stop it first`);
      }
      // Moved aside before it is removed: of two processes that find the same stale lock, only one moves it.
      const aside = `${own}.stale`;
      await rename(path, aside).catch(() => {});
      const moved = await readFile(aside, "utf8").catch(() => "");
      if (moved !== "" && moved !== holder && alive(moved)) await link(aside, path).catch(() => {});
      await rm(aside, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
  return async () => {
    if ((await readFile(path, "utf8").catch(() => "")) === text) await rm(path, { force: true });
  };
}

function alive(holder: string): boolean {
  const [pidText, start] = holder.trim().split(" ");
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = startOf(pid);
  return now === null || start === "-" || now === start;
}

/** Start time in clock ticks since boot, from `/proc`; `null` where there is none. The name in field 2 may hold spaces. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
