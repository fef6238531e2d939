/**
 * Opens Holdfast's own connections as an administrator: to make session roles, and to provision.
 * It keeps no secret: the password is read for each connection.
 */
import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { UpstreamConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

const CONNECT_MS_MAX = 10_000;
/** Also how long a login waits for its session role at most. */
const QUERY_MS_MAX = 30_000;

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  readonly role: string;
  readonly database: string;
  /** Resolves connected. The client's later errors are the taker's to hear. */
  connect(): Promise<Client>;
}

/**
 * `database` is where the roles' rights are. `queryMsMax` bounds each query; 0 leaves that to the taker. Throws {@link WiringError}
 * where the address cannot be had.
 */
export function adminAddress(
  admin: UpstreamConfig,
  database: string | undefined,
  environment: EnvironmentVariables,
  place: string,
  queryMsMax: number = QUERY_MS_MAX,
): AdminAddress {
  const resolved = resolveUpstreamAddress(admin, environment);
  if ("message" in resolved) throw new WiringError(`${place}: ${resolved.message}`);
  const { upstream } = resolved;
  const at = database ?? upstream.database ?? upstream.role;
  const connect = async (): Promise<Client> => {
    const tlsCa = admin.ca === undefined ? {} : { tlsCa: await readFile(admin.ca, "utf8") };
    const tlsServerName = admin.serverName === undefined ? {} : { tlsServerName: admin.serverName };
    const { md5Allowed, cleartextAllowed } = admin;
    const client = new Client({
      ...catalogueConnection({ ...upstream, ...tlsCa, ...tlsServerName, md5Allowed, cleartextAllowed }, at),
      application_name: "holdfast",
      connectionTimeoutMillis: CONNECT_MS_MAX,
      query_timeout: queryMsMax,
    });
    // Without a listener a connection that breaks while idle would end the process.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  return { host: upstream.host, port: upstream.port, role: upstream.role, database: at, connect };
}
