/**
 * A data directory fresh from initdb, made once per version and copied for each server.
 * It does not start anything.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverAccount } from "./account.ts";
import type { ServerBinaries } from "./binaries.ts";
import { cacheDirectory } from "./places.ts";

const flags = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username=postgres", "--no-sync", "--no-instructions"];
/** Part of the cache key: raise it when the flags above change. */
const recipe = 1;

export interface Template {
  /** The data directory to copy. */
  readonly data: string;
  /** The superuser's password, random per template. */
  readonly password: string;
}

/** The template for these binaries; made by initdb (1 to 4 s) when it is not there yet. */
export function templateFor(binaries: ServerBinaries): Template {
  const home = join(cacheDirectory("templates"), `${binaries.packageVersion}-${recipe}`);
  if (!existsSync(join(home, "password"))) makeTemplate(binaries, home);
  return { data: join(home, "data"), password: readFileSync(join(home, "password"), "utf8") };
}

function makeTemplate(binaries: ServerBinaries, home: string): void {
  const draft = `${home}.${process.pid}`;
  const account = serverAccount();
  const password = randomBytes(18).toString("base64url");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(join(draft, "data"), { recursive: true });
  writeFileSync(join(draft, "password"), password, { mode: 0o600 });
  if (account) for (const path of [draft, join(draft, "data"), join(draft, "password")]) chownSync(path, account.uid, account.gid);
  chmodSync(draft, 0o700);
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  try {
    execFileSync(binaries.initdb, [...flags, `--pwfile=${join(draft, "password")}`, `--pgdata=${join(draft, "data")}`], {
      ...account,
      env,
      cwd: draft,
      stdio: "pipe",
    });
    renameSync(draft, home);
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(join(home, "password"))) return; // another process finished first
    throw new Error(`initdb failed for PostgreSQL ${binaries.packageVersion}: ${(cause as { stderr?: Buffer }).stderr ?? cause}`, {
      cause,
    });
  }
}
