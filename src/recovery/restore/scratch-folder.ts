/**
 * The private folder of one scratch server: made for one account, guarded by a process that outlives us, swept after a machine's crash.
 * It starts no server.
 */
import { figure } from "../../base/counted.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, chown, lstat, mkdir, readFile, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverAccount, type Account } from "./account.ts";
import { RestoreFailed } from "./restore-failed.ts";

export interface ScratchFolder {
  readonly path: string;
  readonly data: string;
  readonly tablespaces: string;
  readonly socket: string;
  readonly account: Account | undefined;
  /** A folder or file of ours is the server's from now on. */
  own(path: string): Promise<void>;
  /** The server's process: it is stopped with the folder, also when we are killed. */
  serverIs(pid: number): void;
  /** Nobody stops or removes it any more: it is somebody's own from now on. */
  handOver(): Promise<void>;
  /** Without effect the second time. The server must have ended. */
  remove(): Promise<void>;
}

const ownerFile = "owner";

/**
 * Waits at the end of a pipe that only we hold: when it closes, however we ended, the server is stopped and the folder removed.
 * $1 is the folder. It ends by itself within seconds of us.
 */
const guard = `trap '' INT HUP TERM
server=
while read -r word value; do
  case "$word" in
    server) server=$value ;;
    keep) exit 0 ;;
  esac
done
[ -n "$server" ] || server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$server" ]; then
  kill -QUIT "$server" 2>/dev/null
  tries=0
  while kill -0 "$server" 2>/dev/null && [ "$tries" -lt 100 ]; do tries=$((tries+1)); sleep 0.1; done
  kill -KILL "$server" 2>/dev/null
fi
rm -rf "$1"
`;

/** `root` is where scratch folders lie, `name` the new one's. Rejects with {@link RestoreFailed} where there is no room. */
export async function makeScratchFolder(root: string, name: string, bytesNeeded: number): Promise<ScratchFolder> {
  const account = serverAccount(process.getuid?.());
  await makeRoot(root);
  await demandRoom(root, bytesNeeded);
  const path = join(root, name);
  await mkdir(path, { mode: 0o700 });
  await writeFile(join(path, ownerFile), `${process.pid} ${startOf(process.pid) ?? "-"}\n`, { mode: 0o600 });
  const watcher = await watch(path);
  const own = async (each: string) => {
    if (account !== undefined) await chown(each, account.uid, account.gid);
  };
  const folder = { path, data: join(path, "data"), tablespaces: join(path, "tablespaces"), socket: join(path, "socket") };
  for (const each of [folder.data, folder.tablespaces, folder.socket]) {
    await mkdir(each, { mode: 0o700 });
    await own(each);
  }
  await own(path);
  let left = false;
  return {
    ...folder,
    account,
    own,
    serverIs: (pid) => void watcher.stdin?.write(`server ${pid}\n`),
    handOver: async () => {
      if (left) return;
      left = true;
      await rm(join(path, ownerFile), { force: true });
      watcher.stdin?.end("keep\n");
      await ended(watcher);
    },
    remove: async () => {
      if (left) return;
      left = true;
      await rm(path, { recursive: true, force: true });
      watcher.stdin?.end();
      await ended(watcher);
    },
  };
}

/** What a crash of the machine or of its guard left behind is stopped and removed. Returns what was. */
export async function sweepScratchFolders(root: string): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    const owner = await readFile(join(path, ownerFile), "utf8").catch(() => "");
    // Without an owner it was handed over, or is none of ours.
    if (owner === "" || lives(owner)) continue;
    const server = Number((await readFile(join(path, "data", "postmaster.pid"), "utf8").catch(() => "")).split("\n")[0]);
    if (Number.isSafeInteger(server) && server > 1 && runsIn(server, path)) await stopProcess(server);
    await rm(path, { recursive: true, force: true });
    swept.push(name);
  }
  return swept;
}

async function makeRoot(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  const found = await lstat(root);
  // The place may lie in a folder that everybody shares: what another account put there is not ours to use.
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid()))
    throw new RestoreFailed("room", `\`${root}\` belongs to somebody else: remove it, or choose another folder`);
  await chmod(root, 0o711);
}

async function demandRoom(root: string, bytesNeeded: number): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const free = Number(bavail) * Number(bsize);
  if (free < bytesNeeded)
    throw new RestoreFailed(
      "room",
      `\`${root}\` has room for ${mebibytes(free)} and ${mebibytes(bytesNeeded)} are needed: free some, or choose another folder`,
    );
}

function mebibytes(bytes: number): string {
  return `${figure(Math.ceil(bytes / 1024 ** 2))} MiB`;
}

async function watch(path: string): Promise<ChildProcess> {
  const watcher = spawn("/bin/sh", ["-c", guard, "holdfast-scratch", path], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  await once(watcher, "spawn");
  // What it is told when it has gone already is of no use to anybody.
  watcher.stdin?.on("error", () => undefined);
  watcher.unref();
  (watcher.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return watcher;
}

async function ended(watcher: ChildProcess): Promise<void> {
  if (watcher.exitCode === null && watcher.signalCode === null) await once(watcher, "exit");
}

/** The process's start in clock ticks since boot, which tells it from a later one with its number. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function lives(owner: string): boolean {
  const [pid = "", start = "-"] = owner.trim().split(" ");
  if (!/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return start === "-" || startOf(Number(pid)) === start;
}

/** A number in a file may be another program's by now. */
function runsIn(pid: number, path: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(path);
  } catch {
    return false;
  }
}

async function stopProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGQUIT");
    for (let tries = 0; tries < 100; tries += 1) {
      process.kill(pid, 0);
      await delay(100);
    }
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone.
  }
}
