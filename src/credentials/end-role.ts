/**
 * Ends a session role at the server: its logins, its connections, what it holds, itself; and sweeps those that nobody ended.
 * It keeps no list; roles carry their marks.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { ident } from "../provision/sql.ts";
import type { Admin } from "./admin-connection.ts";
import {
  connectionsSql,
  dropRoleSql,
  grantsSql,
  leasedRolesSql,
  lockRoleSql,
  preparedSql,
  readMark,
  rollbackPreparedSql,
  terminateSql,
} from "./lease-sql.ts";

/** A terminated connection is gone within this, or the server is in trouble; the next sweep tries again. */
const TERMINATED_MS_MAX = 5_000;

/** Rejects when any of it could not be done; what was done stays, and calling it again goes on from there. */
export async function endRole({ client, version, superuser }: Admin, role: string, clock: Clock): Promise<void> {
  try {
    await client.query(lockRoleSql(role, version, superuser));
    await endConnections({ client }, role, clock);
    const { rows: prepared } = await client.query(preparedSql(role));
    for (const { gid } of prepared as readonly { gid: string }[]) for (const sql of rollbackPreparedSql(role, gid)) await client.query(sql);
    const { rows: grants } = await client.query(grantsSql(role));
    const revokes = (grants as readonly { relation: string; owner: string; has: boolean }[]).map(({ relation, owner, has }) => {
      const revoke = `REVOKE ALL ON ${relation} FROM ${ident(role)}`;
      return has ? revoke : `SET LOCAL ROLE ${ident(owner)}; ${revoke}; RESET ROLE`;
    });
    await client.query(dropRoleSql(role, revokes));
  } catch (error) {
    // Somebody else, another gateway's sweep for one, was quicker.
    if ((error as { code?: string }).code === "42704") return void (await client.query("ROLLBACK"));
    throw error;
  }
}

async function endConnections({ client }: Pick<Admin, "client">, role: string, clock: Clock): Promise<void> {
  const until = clock.monotonic() + TERMINATED_MS_MAX;
  for (;;) {
    const { rows } = await client.query(connectionsSql(role));
    const left = (rows[0] as { left: number }).left;
    if (left === 0) return;
    if (clock.monotonic() > until) throw new Error(`${left} connections are still open`);
    await client.query(terminateSql(role));
    await delay(20);
  }
}

export interface Sweep {
  readonly target: string;
  readonly instance: string;
  /** Whether this process holds the role in a lease that runs. */
  readonly mine: (role: string) => boolean;
  readonly warn: (message: string) => void;
  readonly clock: Clock;
}

/**
 * Ends the target's roles that are over: those of this gateway's earlier life, and anybody's after their expiry by the server's clock.
 * Returns how many went; one that cannot be ended is told and does not keep the others.
 */
export async function sweepRoles(admin: Admin, { target, instance, mine, warn, clock }: Sweep): Promise<number> {
  const { rows } = await admin.client.query(leasedRolesSql);
  const serverNow = clock.now() + admin.aheadMs;
  let ended = 0;
  for (const { role, comment } of rows as readonly { role: string; comment: string }[]) {
    const mark = readMark(comment);
    if (mark === undefined || mark.target !== target || mine(role)) continue;
    if (mark.instance !== instance && mark.expires > serverNow) continue;
    try {
      await endRole(admin, role, clock);
      ended += 1;
    } catch (error) {
      await admin.client.query("ROLLBACK; RESET ROLE");
      warn(`session role \`${role}\` is over and could not be removed: ${error instanceof Error ? error.message : "no reason given"}`);
    }
  }
  return ended;
}
