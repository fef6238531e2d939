/**
 * Bubblewrap: whether it is there and what it may do on this machine, and its words for a sandbox that is described here.
 * It starts no sandbox, and decides nothing about what belongs in one.
 */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** What the kernel is asked to keep apart. Without `files` there is no sandbox at all. */
export type Part = "files" | "network" | "processes" | "system calls";

// Capabilities go even where the namespace would bound them: they would take a mask off again.
const partOptions: Readonly<Record<Part, readonly string[]>> = {
  files: ["--unshare-user-try", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--cap-drop", "ALL"],
  network: ["--unshare-net"],
  processes: ["--unshare-pid"],
  "system calls": [],
};

/** A new /proc shows the new process namespace; the old one would show the old. */
const procOf = (parts: ReadonlySet<Part>): readonly string[] => (parts.has("processes") ? ["--proc", "/proc"] : []);

/** What a sandbox shows. Paths are absolute and without links. */
export interface View {
  /** Empty folders of its own, that are gone with it. */
  readonly fresh: readonly string[];
  /** Shown in a fresh folder as they are outside, to be read. */
  readonly shown: readonly string[];
  readonly writable: readonly string[];
  /** Inside a writable folder: to be read only. */
  readonly readOnly: readonly string[];
  /** Folders inside a writable one that must not be renamed, with what is protected in them. */
  readonly pinned: readonly string[];
  /** Files that another file stands in for. */
  readonly replaced: readonly { readonly path: string; readonly by: string }[];
  /** Folders that are empty inside, and stay so. */
  readonly emptied: readonly string[];
  /** A folder of outside under another path, to be read and connected to. */
  readonly mounted: readonly { readonly path: string; readonly from: string }[];
  readonly workingDirectory: string;
}

/** Later words win over earlier ones where they speak of the same place, so the order is: everything, writable, what is kept back. */
export function bubblewrapWords(view: View, parts: ReadonlySet<Part>): readonly string[] {
  const each = (paths: readonly string[], words: (path: string) => readonly string[]) => paths.flatMap(words);
  return [
    ...[...parts].flatMap((part) => partOptions[part]),
    ...["--ro-bind", "/", "/", "--dev", "/dev"],
    ...procOf(parts),
    ...each(view.fresh, (path) => ["--tmpfs", path]),
    ...each(view.shown, (path) => ["--ro-bind-try", path, path]),
    ...each(view.writable, (path) => ["--bind", path, path]),
    ...each(view.pinned, (path) => ["--bind", path, path]),
    ...each(view.readOnly, (path) => ["--ro-bind", path, path]),
    ...view.mounted.flatMap(({ path, from }) => ["--ro-bind", from, path]),
    ...view.replaced.flatMap(({ path, by }) => ["--ro-bind", by, path]),
    ...each(view.emptied, (path) => ["--tmpfs", path, "--remount-ro", path]),
    ...["--chdir", view.workingDirectory],
  ];
}

export interface Probe {
  readonly program: string;
  readonly parts: ReadonlySet<Part>;
  /** What this machine does not allow, with what bubblewrap said. */
  readonly missing: readonly { readonly part: Part; readonly why: string }[];
}

/** `undefined` where bubblewrap is not installed. `filter`: whether the machine's system calls are known. */
export async function probeBubblewrap(path: string, filter: boolean): Promise<Probe | undefined> {
  const program = findProgram("bwrap", path);
  if (program === undefined) return undefined;
  const calls: readonly Part[] = filter ? ["system calls"] : [];
  const unknownCalls = filter ? [] : [{ part: "system calls" as const, why: `the system calls of ${process.arch} are not known here` }];
  const all = new Set<Part>(["files", "network", "processes"]);
  if ((await tried(program, all)) === undefined) return { program, parts: new Set([...all, ...calls]), missing: unknownCalls };
  const base = await tried(program, new Set(["files"]));
  if (base !== undefined) return { program, parts: new Set(), missing: [...all].map((part) => ({ part, why: base })) };
  const parts = new Set<Part>(["files", ...calls]);
  const missing: { part: Part; why: string }[] = [...unknownCalls];
  for (const part of ["network", "processes"] as const) {
    const why = await tried(program, new Set<Part>(["files", part]));
    if (why === undefined) parts.add(part);
    else missing.push({ part, why });
  }
  return { program, parts, missing };
}

const probeMsMax = 10_000;

/** What went wrong, or `undefined`. */
function tried(program: string, parts: ReadonlySet<Part>): Promise<string | undefined> {
  const words = [...[...parts].flatMap((part) => partOptions[part]), "--ro-bind", "/", "/", "--dev", "/dev", ...procOf(parts)];
  return new Promise((resolve) => {
    execFile(program, [...words, "--", "/bin/sh", "-c", ":"], { timeout: probeMsMax }, (error, _out, err) => {
      const said = err
        .trim()
        .split("\n")
        .at(-1)
        ?.replace(/^bwrap: /, "");
      resolve(error === null ? undefined : said === undefined || said === "" ? error.message : said);
    });
  });
}

/** The first program of that name on a PATH. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
