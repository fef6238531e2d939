/**
 * Unpacks a physical backup into a scratch folder, tablespaces too, so that nothing of it points at the original's folders any more.
 * It changes no byte of what is in it but the map of tablespaces, and what would make the server a standby.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../base/message-of.ts";
import { RestoreFailed } from "./restore-failed.ts";
import type { ScratchFolder } from "./scratch-folder.ts";
import type { OnProgress, SourceFile } from "./source.ts";

/** Rejects with {@link RestoreFailed} that names the file. */
export async function unpack(files: readonly SourceFile[], folder: ScratchFolder, onProgress: OnProgress): Promise<void> {
  const of = files.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
  let bytes = 0;
  const count = (more: number) => {
    bytes += more;
    onProgress({ step: "files", bytes, of });
  };
  for (const file of files) {
    const into = await placeOf(file, folder);
    if (into === undefined) continue;
    try {
      await untar(await file.open(), into, folder, count);
    } catch (error) {
      throw new RestoreFailed("files", `${named(file)} cannot be unpacked: ${messageOf(error)}`, error);
    }
  }
  await demandBase(folder);
  await moveTablespaces(folder);
  for (const each of ["standby.signal", "recovery.signal", "postmaster.pid", "postmaster.opts"])
    await rm(join(folder.data, each), { force: true });
}

function named({ what, of }: SourceFile): string {
  return of === undefined ? `the ${what} archive` : `the archive of ${what} \`${of}\``;
}

async function placeOf({ what, of }: SourceFile, folder: ScratchFolder): Promise<string | undefined> {
  if (what === "base") return folder.data;
  if (what !== "tablespace" || of === undefined || !/^\d+$/.test(of)) return undefined;
  const path = join(folder.tablespaces, of);
  await mkdir(path, { mode: 0o700 });
  await folder.own(path);
  return path;
}

/** tar of the system, as the server's account: nothing in it can lead to where that account may not write. */
async function untar(from: Readable, into: string, { account }: ScratchFolder, count: (bytes: number) => void): Promise<void> {
  const tar = spawn("tar", ["-x", "-f", "-", "-C", into, "--no-same-owner"], {
    ...account,
    stdio: ["pipe", "ignore", "pipe"],
    env: { PATH: "/usr/bin:/bin:/usr/local/bin", LC_ALL: "C" },
  });
  let said = "";
  tar.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < 2_000) said += text;
  });
  const exit = once(tar, "close") as Promise<[number | null]>;
  exit.catch(() => undefined);
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count(chunk.length);
      done(null, chunk);
    },
  });
  const fed = await pipeline(from, counter, tar.stdin).then(
    () => undefined,
    (error: unknown) => error,
  );
  const [code] = await exit;
  const brokenPipe = (fed as NodeJS.ErrnoException | undefined)?.code === "EPIPE";
  // What the reader says comes first: tar only notices that there is no more.
  if (fed !== undefined && !brokenPipe) throw fed;
  if (code !== 0) throw new Error(`tar: ${said.split("\n")[0]?.replace(/^tar: /, "") ?? `exit code ${code}`}`);
}

async function demandBase({ data }: ScratchFolder): Promise<void> {
  for (const each of ["PG_VERSION", "global/pg_control"])
    if ((await lstat(join(data, each)).catch(() => undefined)) === undefined)
      throw new RestoreFailed("files", `the backup is not whole: it has no \`${each}\``);
  if ((await lstat(join(data, "backup_label")).catch(() => undefined)) === undefined)
    throw new RestoreFailed("files", "the backup has no `backup_label`: a server would start from it as if nothing were missing");
}

/** A link that still led to the original's tablespace would have the scratch server write there. */
async function moveTablespaces({ data, tablespaces, own }: ScratchFolder): Promise<void> {
  const map = join(data, "tablespace_map");
  const text = await readFile(map, "utf8").catch(() => undefined);
  if (text !== undefined) {
    const lines = text.split("\n").filter((line) => line !== "");
    const moved = lines.map((line) => /^(\d+) /.exec(line)?.[1]).map((oid) => `${oid} ${join(tablespaces, String(oid))}`);
    await writeFile(map, `${moved.join("\n")}\n`, { mode: 0o600 });
    await own(map);
  }
  const links = join(data, "pg_tblspc");
  for (const name of await readdir(links).catch(() => [])) {
    const link = join(links, name);
    const leads = await readlink(link).catch(() => undefined);
    const there = join(tablespaces, name);
    if (leads === undefined || leads === there) continue;
    await unlink(link);
    await symlink(there, link);
  }
}
