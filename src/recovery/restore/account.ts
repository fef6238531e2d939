/**
 * The account that a scratch server runs under: our own, or, where we are root, the one that PostgreSQL has on this machine, because its
 * server refuses to run as root. It makes no account.
 */
import { readFileSync } from "node:fs";
import { RestoreFailed } from "./restore-failed.ts";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** `undefined` where we are not root: then everything belongs to ourselves anyway. */
export function serverAccount(ownUid: number | undefined, name = "postgres", passwd = "/etc/passwd"): Account | undefined {
  if (ownUid !== 0) return undefined;
  const line = readFileSync(passwd, "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined || Number(uid) === 0)
    throw new RestoreFailed(
      "programs",
      `a PostgreSQL server does not run as root, and this machine has no account \`${name}\`: install a server's package, or run this as an ordinary account`,
    );
  return { uid: Number(uid), gid: Number(gid) };
}
