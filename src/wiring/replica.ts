/**
 * A target's read replica joined: its address in the terms of the adapter, and the watch over it.
 * It chooses nothing; the session's route does.
 */
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import { type ReplicaWatch, watchReplica } from "../adapters/postgres/replica-watch.ts";
import type { Clock } from "../base/clock.ts";
import type { TargetConfig, UpstreamConfig } from "../config/config.ts";
import type { ReplicaStatus } from "../control/contract.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";
import { upstreamOptions } from "./upstream-options.ts";

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
  const replica = await upstreamOptions(named, place, environment);
  if (replica.role !== upstream.role)
    throw new WiringError(
      `${place}: its role is \`${replica.role}\`, and the upstream's is \`${upstream.role}\`: log in at both with the same one`,
    );
  return { ...replica, password: () => replica.password() ?? upstream.password() };
}
