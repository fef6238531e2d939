/**
 * What a running gateway tells about itself, put together from its parts.
 * It asks no server and reads no file.
 */
import type { Listener } from "../adapters/postgres/listener.ts";
import type { Config } from "../config/config.ts";
import type { GatewayStatus, TargetStatus } from "../control/contract.ts";
import type { OpenGuard } from "../pipeline/open-guard.ts";
import type { GuardedState } from "./guarded-state.ts";
import type { Replicas } from "./replica.ts";
import type { RunControl } from "./run-control.ts";
import { version } from "./version.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface StatusParts {
  readonly config: Config;
  readonly startedAtMs: number;
  readonly guard: OpenGuard;
  readonly log: WatchedLog;
  readonly runs: RunControl;
  readonly guarded: GuardedState;
  readonly replicas: Replicas;
  readonly listeners: ReadonlyMap<string, Listener>;
  /** `host:port` of each target's real server. */
  readonly upstreams: ReadonlyMap<string, string>;
  /** What is alarming about backups and drills. */
  readonly alarms: NonNullable<GatewayStatus["alarms"]>;
  readonly found: NonNullable<GatewayStatus["foundCredentials"]>;
  /** The console's origin, where one is served. */
  readonly console: string | undefined;
}

export function gatewayStatus(parts: StatusParts): GatewayStatus {
  const { config, guard, log, runs, guarded } = parts;
  return {
    version: version(),
    processId: process.pid,
    startedAtMs: parts.startedAtMs,
    targets: config.targets.map((target) => targetStatus(target, parts)),
    sessions: sessions(guard),
    runs: runs.views().filter(({ state }) => state !== "ended"),
    breakGlass: runs.runs.breakGlass.list().filter(({ state }) => state !== "closed"),
    store: runs.storeStatus(),
    audit: { directory: config.auditDirectory, size: log.log.size, writable: log.writable },
    ...guarded.status(),
    ...(parts.alarms.length === 0 ? {} : { alarms: parts.alarms }),
    ...(parts.found.length === 0 ? {} : { foundCredentials: parts.found }),
    ...(parts.console === undefined ? {} : { console: { url: parts.console } }),
    counters: { ...guard.counters },
  };
}

function targetStatus(target: Config["targets"][number], { listeners, upstreams, replicas }: StatusParts): TargetStatus {
  const at = listeners.get(target.name)?.address ?? target.listen;
  const { name, digest, mode } = target.policy;
  const replica = replicas.status(target.name);
  return {
    name: target.name,
    environment: target.environment,
    listen: target.apiOnly === true ? "" : `${at.host}:${at.port}`,
    upstream: upstreams.get(target.name) ?? "",
    policy: { name, digest, mode },
    ...(replica === undefined ? {} : { replica }),
  };
}

function sessions(guard: OpenGuard): GatewayStatus["sessions"] {
  return [...guard.sessions.values()].map(({ session, target, serverProcess }) => ({
    id: session.id,
    principal: session.principal.name,
    kind: session.principal.kind,
    target: target.name,
    database: target.database,
    client: session.client,
    peer: session.peer,
    openedAtMs: session.openedAtMs,
    ...(serverProcess === undefined ? {} : { serverProcess }),
  }));
}
