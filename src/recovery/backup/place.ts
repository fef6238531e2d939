/**
 * Whether the repository's folder is a place for backups: out of the reach of whoever works beside it, and not lost with the data.
 * It looks at file systems and changes none.
 */
import { lstat, realpath, stat } from "node:fs/promises";
import { dirname, join, parse } from "node:path";

/** Why agents may write there, or `undefined`. `folder` need not be there yet. `uid` is the gateway's account; `null`: there are none. */
export async function placeProblem(folder: string, uid: number | null): Promise<string | undefined> {
  const there = await nearest(folder);
  for (let path = there.path; ; path = dirname(path)) {
    const { mode, uid: owner } = await stat(path);
    const sticky = (mode & 0o1000) !== 0;
    if ((mode & 0o002) !== 0 && !(sticky && path !== folder))
      return `everybody on this machine may write to \`${path}\`: chmod o-w ${path}, or give the backups another folder`;
    if (uid !== null && owner !== uid && owner !== 0)
      return `\`${path}\` belongs to another account (${owner}), which may replace what is in it: give the backups a folder of this account's`;
    const copy = await lstat(join(path, ".git")).catch(() => undefined);
    if (copy !== undefined)
      return `\`${folder}\` lies in a working copy, \`${path}\`, where agents work: give it a folder of its own elsewhere`;
    if (path === parse(path).root) return undefined;
  }
}

/**
 * Why whoever works in one of `workplaces` has the folder before them, or `undefined`. That is alarming and no more: which folders those
 * are is told from the agent's side, and must not end the backups.
 */
export async function workedIn(folder: string, workplaces: readonly string[]): Promise<string | undefined> {
  const { path } = await nearest(folder);
  for (const workplace of workplaces) {
    const real = await realpath(workplace).catch(() => workplace);
    if (within(path, real)) return `\`${folder}\` lies in \`${workplace}\`, where an agent works or has worked: give it another folder`;
  }
  return undefined;
}

/** Why what ends the data ends the backups, too; `undefined` where it does not, or nobody can tell from here. */
export async function sameRadius(folder: string, dataDirectory: string | undefined, onThisMachine: boolean): Promise<string | undefined> {
  if (!onThisMachine || dataDirectory === undefined) return undefined;
  const data = await nearest(dataDirectory);
  // Another machine's path, or a container's.
  if (data.missing > 1) return undefined;
  const own = await nearest(folder);
  if ((await stat(own.path)).dev !== (await stat(data.path)).dev) return undefined;
  return `\`${folder}\` lies on the same machine and file system as the server's data, \`${dataDirectory}\`: one accident takes both`;
}

/** The folder, or the nearest above it that is there and may be looked at, by its real path. */
async function nearest(folder: string): Promise<{ readonly path: string; readonly missing: number }> {
  for (let path = folder, missing = 0; ; path = dirname(path), missing += 1) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined || path === parse(path).root) return { path: real ?? path, missing };
  }
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
