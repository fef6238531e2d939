/**
 * The operating system account that servers run under: PostgreSQL refuses to run as root.
 * It does nothing for an ordinary account, which runs servers as itself.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

let known: Account | undefined;

/** The account to start servers with when we are root (`postgres`, made when missing); undefined when we are not. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  known ??= findAccount() ?? makeAccount();
  return known;
}

function findAccount(): Account | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

function makeAccount(): Account {
  try {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"], {
      stdio: "pipe",
    });
  } catch (cause) {
    // Two test processes may both have found the account missing; the slower one finds it now.
    const other = findAccount();
    if (other) return other;
    throw new Error("PostgreSQL does not run as root and no account `postgres` could be made: run the tests as an ordinary account", {
      cause,
    });
  }
  const made = findAccount();
  if (!made) throw new Error("account `postgres` was made but is not in /etc/passwd: run the tests as an ordinary account");
  return made;
}
