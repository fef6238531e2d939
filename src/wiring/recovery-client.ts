/**
 * Holdfast's own login at a target for what recovery does there: the journal of row images, the bin, restore points.
 * It takes no role: `actAs` says which one the taker may take by SET ROLE, for as long as it needs it.
 */
import type { Client } from "pg";
import type { TargetConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { groupNames } from "../provision/names.ts";
import { ident } from "../provision/sql.ts";
import { adminAddress } from "./admin-client.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

export interface RecoveryClient {
  /** Connected; the taker ends it. Names mean the system's alone, and no query is bounded in time but by the server's own settings. */
  readonly client: Client;
  /** The owner executor's group where the login may take it; `undefined` where the login's own rights are all there is. */
  readonly actAs: string | undefined;
  /** What is weaker than it should be, a sentence each, for persons. */
  readonly said: readonly string[];
}

const SHARED =
  "recovery works as the target's own login, which is the sessions' too: give the target an `executor`, or ephemeral `roles` with an `admin`";

/**
 * The target's `executor`, else `roles.admin`, else the upstream's own login. `database` is the upstream's unless given. Rejects with
 * {@link WiringError} where the address cannot be had, and with the driver's error where the server cannot.
 */
export async function recoveryClient(
  target: TargetConfig,
  environment: EnvironmentVariables,
  options: { readonly database?: string } = {},
): Promise<RecoveryClient> {
  const place = `target \`${target.name}\``;
  const upstream = resolveUpstreamAddress(target.upstream, environment);
  if ("message" in upstream) throw new WiringError(`${place}: ${upstream.message}`);
  const database = options.database ?? upstream.upstream.database ?? upstream.upstream.role;
  const { executor, roles } = target;
  const admin = roles?.admin;
  const [login, what] =
    executor !== undefined
      ? [executor, ", `executor`"]
      : admin !== undefined
        ? [admin, ", `roles.admin`"]
        : [target.upstream, ", `upstream`"];
  const client = await adminAddress(login, database, environment, `${place}${what}`, 0).connect();
  try {
    // A role's or a database's own settings must not decide what a name or a literal of ours means.
    await client.query("SET search_path = pg_catalog, pg_temp; SET standard_conforming_strings = on");
    const group = groupNames(target.name).ownerExecutor;
    const takes = executor === undefined && admin !== undefined && (await mayTake(client, group));
    if (takes) return { client, actAs: group, said: [] };
    const notTaken = `recovery at target \`${target.name}\` may not act as \`${group}\`: run \`holdfast provision\``;
    return { client, actAs: undefined, said: executor !== undefined ? [] : [admin === undefined ? SHARED : notTaken] };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** An administrator that made the group is no member of it by that, and makes itself one: without what the group inherits. */
async function mayTake(client: Client, group: string): Promise<boolean> {
  const { rows } = await client.query<{ version: number; superuser: boolean; may: boolean }>(
    `SELECT current_setting('server_version_num')::int AS version, u.rolsuper AS superuser,
       pg_has_role(r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS may
     FROM pg_roles r, pg_roles u WHERE r.rolname = $1 AND u.rolname = current_user`,
    [group],
  );
  const [found] = rows;
  if (found === undefined) return false;
  if (found.superuser || found.may) return true;
  const options = found.version >= 160_000 ? " WITH INHERIT FALSE, SET TRUE" : "";
  return client.query(`GRANT ${ident(group)} TO CURRENT_USER${options}`).then(
    () => true,
    () => false,
  );
}
