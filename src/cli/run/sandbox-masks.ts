/**
 * Finds what a sandbox must not show: files that `scan` knows to hold a secret, folders where programs keep logins, sockets that
 * lead to programs outside. It changes nothing; what stands in for a file is written into the folder it is given.
 */
import { lstat, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { masked } from "../../scan/masked.ts";
import { homePlaces } from "../../scan/paths.ts";
import { type Walked, walk, walkPlaces } from "../../scan/walk.ts";

export interface Masks {
  readonly replaced: readonly { readonly path: string; readonly by: string }[];
  readonly emptied: readonly string[];
  /** For people: what was masked because of a secret in it, in the order it was found. */
  readonly told: readonly string[];
  /** Files of the project that nobody could look into, and that stay as they are. */
  readonly unread: number;
}

export interface MaskRequest {
  readonly project: string;
  readonly home: string | undefined;
  /** Files, and folders with all that is in them, that the program sees as they are. Absolute. */
  readonly keep: readonly string[];
  /** What a PostgreSQL URL in a masked file becomes. */
  readonly url: string;
  /** Holdfast's own folders, which are emptied anyway. */
  readonly own: readonly string[];
  /** An existing folder for what stands in for files. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Whole, because what programs write there later is as secret; browsers keep the logins of a person. */
const loginFolders: readonly string[] = [
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".config/gcloud",
  ".kube",
  ".docker",
  ".config/gh",
  ".config/glab-cli",
  ".config/hub",
  ".password-store",
  ".local/share/keyrings",
  ".mozilla",
  ".config/google-chrome",
  ".config/chromium",
  ".config/BraveSoftware",
  ".config/systemd",
];

/** What agents need to reach their own models, as their variables are let through, too. */
const agentsOwn = /^\.(?:claude|codex|gemini|cursor)(?:\.json$|\/)/;

export async function findMasks(request: MaskRequest): Promise<Masks> {
  const { home, signal } = request;
  const own = await present(request.own);
  const emptied = home === undefined ? [] : await present(loginFolders.map((folder) => join(home, folder)));
  const replaced = new Map<string, string>();
  const told: string[] = [];
  let unread = 0;
  const mask = async (root: string, shown: string, walked: AsyncGenerator<Walked>): Promise<void> => {
    for await (const one of walked) {
      if (one.kind === "unread") {
        if (root === request.project) unread++;
        continue;
      }
      const { secrets, text } = masked(one.file, request.url);
      if (secrets === 0) continue;
      // A link leads to its file: that one is masked, under every name that leads there.
      const path = await realpath(join(root, one.file.path));
      if (replaced.has(path) || isUnder(path, [...emptied, ...own, ...request.keep])) continue;
      const by = join(request.folder, `mask-${replaced.size}`);
      await writeFile(by, text, { mode: 0o400 });
      replaced.set(path, by);
      told.push(`${shown}${one.file.path}`);
    }
  };
  await mask(request.project, "", walk(request.project, { signal }));
  const places = homePlaces.filter((place) => !agentsOwn.test(place));
  if (home !== undefined && home !== request.project) await mask(home, "~/", walkPlaces(home, places, { signal }));
  return {
    replaced: [...replaced].map(([path, by]) => ({ path, by })),
    emptied: [...own, ...emptied.filter((path) => !request.keep.includes(path))],
    told,
    unread,
  };
}

/**
 * Sockets in the file system that are listened on now, by the kernel's own list. One of them may lead to a program that does what the
 * sandbox must not: a container engine, a session bus, the database itself. What comes later is hidden only in fresh folders.
 */
export async function listeningSockets(): Promise<readonly string[]> {
  const table = await readFile("/proc/net/unix", "utf8").catch(() => "");
  const paths = new Set<string>();
  for (const line of table.split("\n").slice(1)) {
    const [, path] = /^(?:\S+\s+){7}(\/.*)$/.exec(line) ?? [];
    const real = path === undefined ? undefined : await realpath(path).catch(() => undefined);
    if (real !== undefined && (await stat(real).catch(() => undefined))?.isSocket() === true) paths.add(real);
  }
  return [...paths];
}

/** Those that are folders, without links on the way. */
export async function present(folders: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined && (await lstat(real)).isDirectory()) found.push(real);
  }
  return found;
}

export function isUnder(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`));
}
