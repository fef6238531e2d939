/**
 * The upstream's options in the terms of the `pg` client, for the connections that Holdfast itself opens.
 * It does not open one.
 */
import type { ClientConfig } from "pg";
import type { UpstreamOptions } from "./options.ts";

/** The password is fetched for this one connection. TLS is as strict as for sessions. */
export function catalogueConnection(upstream: UpstreamOptions, database: string): ClientConfig {
  const password = upstream.password();
  return {
    host: upstream.host,
    port: upstream.port,
    user: upstream.role,
    database,
    ...(password === undefined ? {} : { password }),
    ssl: tlsOf(upstream),
  };
}

function tlsOf(upstream: UpstreamOptions): NonNullable<ClientConfig["ssl"]> {
  if (upstream.tls === "disable") return false;
  const verified = upstream.tls === "verify-full";
  return {
    rejectUnauthorized: verified,
    ...(upstream.tlsCa === undefined ? {} : { ca: upstream.tlsCa }),
    servername: upstream.tlsServerName ?? upstream.host,
  };
}
