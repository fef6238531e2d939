/**
 * A target's read replica joined: its address in the terms of the adapter, and the watch over it.
 * It chooses nothing; the session's route does.
 */
import { readFile } from "node:fs/promises";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import { type ReplicaWatch, watchReplica } from "../adapters/postgres/replica-watch.ts";
import type { Clock } from "../base/clock.ts";
import type { TargetConfig, UpstreamConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import type { ReplicaStatus } from "../control/contract.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

/** The replicas of a gateway's targets. */
export class Replicas {
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  readonly #environment: EnvironmentVariables;
  readonly #open = new Map<string, { readonly watch: ReplicaWatch; readonly status: () => ReplicaStatus }>();

  constructor(parts: { readonly clock: Clock; readonly warn: (message: string) => void; readonly environment: EnvironmentVariables }) {
    this.#clock = parts.clock;
    this.#warn = parts.warn;
    this.#environment = parts.environment;
  }

  /**
   * Begins to watch the target's replica with connections of its own to `database`; `undefined` where it has none. Rejects with
   * {@link WiringError} when its address cannot be had.
   */
  async open(target: TargetConfig, upstream: UpstreamOptions, database: string): Promise<Opened | undefined> {
    if (target.replica === undefined) return undefined;
    const { lagMsMax } = target.replica;
    const replica = await replicaOptions(target.replica.upstream, `target \`${target.name}\`: \`replica\``, upstream, this.#environment);
    const watch = watchReplica({
      primary: () => catalogueConnection(upstream, database),
      replica: () => catalogueConnection(replica, database),
      clock: this.#clock,
      lagMsMax,
      changed: (message) => this.#warn(`target \`${target.name}\`: ${message}`),
    });
    const address = `${replica.host}:${replica.port}`;
    this.#open.set(target.name, { watch, status: () => ({ address, lagMsMax, ...watch.status() }) });
    return { replica, watch };
  }

  status(target: string): ReplicaStatus | undefined {
    return this.#open.get(target)?.status();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ watch }) => watch.close()));
  }
}

export interface Opened {
  readonly replica: UpstreamOptions;
  readonly watch: ReplicaWatch;
}

/** A replica has the primary's roles, and what was judged for one role must not run as another: so the login is the upstream's. */
async function replicaOptions(
  config: UpstreamConfig,
  place: string,
  upstream: UpstreamOptions,
  environment: EnvironmentVariables,
): Promise<UpstreamOptions> {
  const named = config.url === undefined && config.role === undefined ? { ...config, role: upstream.role } : config;
  const resolved = resolveUpstreamAddress(named, environment);
  if ("message" in resolved) throw new WiringError(`${place}: ${resolved.message}`);
  const { host, port, role, tls, password } = resolved.upstream;
  if (role !== upstream.role)
    throw new WiringError(
      `${place}: its role is \`${role}\`, and the upstream's is \`${upstream.role}\`: log in at both with the same one`,
    );
  const { md5Allowed, cleartextAllowed, ca, serverName } = config;
  return {
    host,
    port,
    role,
    tls,
    password: () => password() ?? upstream.password(),
    ...(ca === undefined ? {} : { tlsCa: await pem(ca, place) }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    md5Allowed,
    cleartextAllowed,
  };
}

async function pem(path: string, place: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new WiringError(`${place}: \`${path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown cause"}`);
  }
}
