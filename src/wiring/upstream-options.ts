/**
 * One configured address in the terms of the PostgreSQL adapter: its certificate read, its password behind a function.
 * It does not connect to it.
 */
import { readFile } from "node:fs/promises";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import type { UpstreamConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

/** Rejects with {@link WiringError}, which names `place`. */
export async function upstreamOptions(config: UpstreamConfig, place: string, environment: EnvironmentVariables): Promise<UpstreamOptions> {
  const resolved = resolveUpstreamAddress(config, environment);
  if ("message" in resolved) throw new WiringError(`${place}: ${resolved.message}`);
  const { host, port, role, tls, password } = resolved.upstream;
  const { md5Allowed, cleartextAllowed, ca, serverName } = config;
  return {
    host,
    port,
    role,
    tls,
    password,
    ...(ca === undefined ? {} : { tlsCa: await authority(ca, place) }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    md5Allowed,
    cleartextAllowed,
  };
}

async function authority(path: string, place: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new WiringError(`${place}: \`${path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown cause"}`);
  }
}
