/**
 * DROP DATABASE for the wire: `binDatabase(target, environment, act)` does it by Holdfast's own connection and gives what the client is to
 * be told: `kept` is answered with the tag `DROP DATABASE`, `skipped` with that and the notice, `refused` with the error.
 * It judges nothing and records nothing: the caller has the intent durable before (nothing rolls this back), and the outcome after.
 * That the client is in no transaction is the caller's to see as well: the server wants that of the statement.
 */
import type { Client } from "pg";
import type { TargetConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { type DatabaseAnswer, type DatabaseLook, type DropDatabase, keepDatabase, lookAtDatabase } from "../recovery/bin/database.ts";
import { recoveryClient } from "./recovery-client.ts";
import type { EnvironmentVariables } from "./target-options.ts";

export type DatabaseAct = Omit<DropDatabase, "ownLogins" | "target">;

export async function binDatabase(target: TargetConfig, environment: EnvironmentVariables, act: DatabaseAct): Promise<DatabaseAnswer> {
  return besideDatabase(target, environment, act.name, async (client) => {
    const upstream = resolveUpstreamAddress(target.upstream, environment);
    const own = "message" in upstream ? [] : [upstream.upstream.role];
    const { rows } = await client.query("SELECT session_user AS login");
    return keepDatabase(client, { ...act, target: target.name, ownLogins: [...own, (rows[0] as { login: string }).login] });
  });
}

/** What {@link binDatabase} would answer, as things are. */
export async function lookAtDropped(
  target: TargetConfig,
  environment: EnvironmentVariables,
  act: Omit<DatabaseAct, "entry">,
): Promise<DatabaseLook> {
  return besideDatabase(target, environment, act.name, (client) => lookAtDatabase(client, { ...act, target: target.name }));
}

/**
 * Runs `work` on a connection to a database other than `name`: `postgres`, or `template1` where that is the one, which nobody can copy
 * meanwhile. `null`: any will do.
 */
export async function besideDatabase<T>(
  target: TargetConfig,
  environment: EnvironmentVariables,
  name: string | null,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { client } = await recoveryClient(target, environment, { database: name === "postgres" ? "template1" : "postgres" });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
