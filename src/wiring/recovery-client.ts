/**
 * Holdfast's own login at a target for what recovery does there: the journal of row images, the bin, restore points.
 * It takes no role: `actAs` says which one the taker may take by SET ROLE, for as long as it needs it.
 */
import type { Client } from "pg";
import type { TargetConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { groupNames } from "../provision/names.ts";
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
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return {
    client,
    actAs: executor === undefined && admin !== undefined ? groupNames(target.name).ownerExecutor : undefined,
    said: executor === undefined && admin === undefined ? [SHARED] : [],
  };
}
