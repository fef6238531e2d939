/**
 * The login that backs a target up, from the configuration: for PostgreSQL's own programs, and for our own connection.
 * It keeps no password: each is read when it is needed.
 */
import type { BackupConfig } from "../config/backup-schema.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import type { ServerLogin } from "../recovery/backup/programs.ts";
import { type AdminAddress, adminAddress } from "./admin-client.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

/** Throws {@link WiringError} where the address cannot be had. */
export function backupLogin(target: string, { login }: BackupConfig, environment: EnvironmentVariables): ServerLogin {
  const resolved = resolveUpstreamAddress(login, environment);
  if ("message" in resolved) throw new WiringError(`target \`${target}\`: \`backup.login\`: ${resolved.message}`);
  const { host, port, role, database = role, password, tls } = resolved.upstream;
  const { ca, serverName, md5Allowed } = login;
  return {
    host,
    port,
    role,
    database,
    password: password(),
    tls,
    md5Allowed,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** As the same role. Its queries are bounded in time. */
export function backupAddress(target: string, { login }: BackupConfig, environment: EnvironmentVariables): AdminAddress {
  return adminAddress(login, undefined, environment, `target \`${target}\`: \`backup.login\``);
}
