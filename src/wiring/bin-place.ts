/**
 * One database's bin, opened for as long as something is done with it; and the databases that rest beside it at the same server.
 * It records nothing.
 */
import type { Client } from "pg";
import type { TargetConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { ident } from "../provision/sql.ts";
import { recoveryClient } from "./recovery-client.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

/** Others hold what would come back, or go: then nothing is done. */
const LOCK_WAIT = "10s";

/** The database that the target's own connections are for. */
export function binDatabaseOf(target: TargetConfig, environment: EnvironmentVariables): string {
  const resolved = resolveUpstreamAddress(target.upstream, environment);
  if ("message" in resolved) throw new WiringError(`target \`${target.name}\`: ${resolved.message}`);
  return resolved.upstream.database ?? resolved.upstream.role;
}

/** `use` gets a connection as the bin's owner; `undefined` where the database has no bin, or is not there. */
export async function atBin<T>(
  target: TargetConfig,
  environment: EnvironmentVariables,
  use: (client: Client) => Promise<T>,
  database: string = binDatabaseOf(target, environment),
): Promise<T | undefined> {
  const { client, actAs } = await recoveryClient(target, environment, { database }).catch((error: unknown) => {
    // A database that rests itself has no bin.
    if ((error as { code?: string }).code === "3D000") return { client: undefined, actAs: undefined };
    throw error;
  });
  if (client === undefined) return undefined;
  try {
    if (actAs !== undefined) await client.query(`SET ROLE ${ident(actAs)}`);
    await client.query(`SET lock_timeout = '${LOCK_WAIT}'`);
    const { rows } = await client.query<{ there: boolean }>(
      "SELECT pg_catalog.to_regprocedure('holdfast_bin.carry_out(text)') IS NOT NULL AS there",
    );
    return rows[0]?.there === true ? await use(client) : undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** All of `work`, or nothing. */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Who changes entries of this database has the turn until the transaction ends: gateways and persons would wait for each other's rows. */
export async function takeTurn(client: Client): Promise<void> {
  await client.query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('holdfast bin'))");
}

/** The same without waiting: false when another has it. */
export async function turnIsFree(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>(
    "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('holdfast bin')) AS mine",
  );
  return rows[0]?.mine === true;
}
