/**
 * A gateway's targets on the wire: each opened from its configuration, served, tried at its start, and closed.
 * It decides nothing, and opens nothing that several targets share.
 */
import { Ticker } from "../adapters/postgres/enforce-time.ts";
import type { TakeSession } from "../adapters/postgres/handover.ts";
import { type Listener, listen } from "../adapters/postgres/listener.ts";
import type { TargetOptions, UpstreamOptions } from "../adapters/postgres/options.ts";
import { relay } from "../adapters/postgres/relay.ts";
import { ContextPool } from "../adapters/postgres/session/context.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { CatalogueSource } from "../catalogue/source.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { LeaseEvent } from "../credentials/leases.ts";
import type { OpenGuard } from "../pipeline/open-guard.ts";
import { groupNames } from "../provision/names.ts";
import type { BinDoors } from "./bin-doors.ts";
import type { Catalogues } from "./catalogues.ts";
import type { LiveExplainer } from "./live-explainer.ts";
import type { Planning } from "./planning.ts";
import { policyLoaded } from "./policy-loaded.ts";
import { Replicas } from "./replica.ts";
import type { RunControl } from "./run-control.ts";
import { examineFixedRole, openSessionRoles, type SessionRoles } from "./session-roles.ts";
import { startupTest, testLogin } from "./startup-test.ts";
import { accountsOf, type EnvironmentVariables, targetOptions } from "./target-options.ts";
import type { Vault } from "./vault.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface ServedTargetsParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly guard: OpenGuard;
  readonly catalogues: Catalogues;
  readonly log: WatchedLog;
  readonly bins: BinDoors;
  readonly runs: RunControl;
  readonly planning: Planning;
  readonly explainer: LiveExplainer;
  /** Told of each database that is served, with what says what names mean in it. */
  readonly catalogued: (target: string, served: { readonly database: string; readonly catalogue: CatalogueSource }) => void;
  readonly vault: Vault | undefined;
  /** Names this gateway to servers. */
  readonly instance: string;
}

/** No connection ever comes here. */
const nowhere: Listener = {
  address: { host: "127.0.0.1", port: 0 },
  connections: 0,
  session: () => undefined,
  sessionsOf: () => [],
  stop: () => Promise.resolve(),
};

export class ServedTargets {
  readonly #parts: ServedTargetsParts;
  readonly #ticker: Ticker;
  readonly #sessionRoles: SessionRoles[] = [];
  readonly replicas: Replicas;
  readonly listeners = new Map<string, Listener>();
  /** `host:port` of each target's real server. */
  readonly upstreams = new Map<string, string>();

  constructor(parts: ServedTargetsParts) {
    this.#parts = parts;
    this.#ticker = new Ticker(parts.clock.monotonic);
    this.replicas = new Replicas(parts);
  }

  /** Rejects with `WiringError`, and with the start-up test's error for an enforcing target that passes a write it must refuse. */
  async serve(target: TargetConfig): Promise<void> {
    if (target.apiOnly === true) return this.#withoutDatabase(target);
    const { config, guard, catalogues, log, bins, environment, random, clock, planning, explainer, catalogued, runs } = this.#parts;
    const observing = target.policy.mode === "observe";
    const login = testLogin(random);
    const wired = await targetOptions(config, target, { environment, random, extra: observing ? [] : [login.account] });
    const accounts = new Map(wired.accounts);
    const { database, ...rest } = wired;
    // Read while everything else opens, so that the first client does not wait for it.
    const source = catalogues.of(target.name, rest.upstream, database);
    explainer.serve(target.name, { database, role: rest.upstream.role, catalogueVersion: () => source.version });
    catalogued(target.name, { database, catalogue: source });
    const sessionRoles = await this.#openSessionRoles(target, rest.upstream, database);
    const contexts = sessionRoles?.contexts ?? new ContextPool();
    if (!observing) await bins.look(target, database);
    const second = await this.replicas.open(target, rest.upstream, database);
    const watch = second === undefined ? {} : { replica: second.watch };
    // Who answers is registered in the vault.
    const held = this.#parts.vault === undefined ? {} : planning.held(target.name);
    const onSession: TakeSession = (handover) => {
      const catalogue = catalogues.of(target.name, rest.upstream, handover.target.database);
      const bin = bins.port(target, handover.target.database);
      return relay({ guard, clock, catalogue, contexts, ticker: this.#ticker, bin, ...watch, ...held }, handover);
    };
    const lease = sessionRoles === undefined ? {} : { lease: sessionRoles.lease };
    const replica = second === undefined ? {} : { replica: second.replica };
    const barred: TargetOptions["barred"] = (account) => runs.barred(target.name, account);
    const listener = await listen({ target: { ...rest, accounts, barred, ...lease, ...replica }, guard, clock, random, onSession });
    const certificates = rest.clientTlsRequired && rest.clientTls !== undefined ? { certificates: rest.clientTls.cert } : {};
    runs.serve({ target, database, accounts, roles: sessionRoles, listener, ...certificates });
    this.listeners.set(target.name, listener);
    this.upstreams.set(target.name, `${rest.upstream.host}:${rest.upstream.port}`);
    const { name, environment: stage } = target;
    const { role } = rest.upstream;
    const agentRole = sessionRoles === undefined ? role : groupNames(name).reader;
    planning.serve({ target: { name, environment: stage, database }, role, agentRole, catalogue: source });
    log.log.append(policyLoaded(target.name, target.policy));
    if (observing) return;
    await startupTest({ target: rest, database, address: listener.address, login, random });
    accounts.delete(login.account.name);
  }

  /** Sessions of it are those of the proxy for HTTP APIs: there is nothing to listen on, and no server to try. */
  #withoutDatabase(target: TargetConfig): void {
    const { config, environment, random, runs, log } = this.#parts;
    const accounts = new Map(accountsOf(config, target, { environment, random }).map((each) => [each.name, each]));
    runs.serve({ target, database: "", accounts, roles: undefined, listener: nowhere });
    log.log.append(policyLoaded(target.name, target.policy));
  }

  /** Nothing is listened on before the server's own side stands. */
  async #openSessionRoles(target: TargetConfig, upstream: UpstreamOptions, database: string): Promise<SessionRoles | undefined> {
    const { config, log, instance, environment, random, clock, warn } = this.#parts;
    if (target.roles?.mode === "fixed") await examineFixedRole(target, database, environment);
    if (target.roles?.mode !== "ephemeral") return undefined;
    const record = (event: LeaseEvent) => {
      // A log that is broken refuses every act by itself; a role that ends must end all the same.
      if (log.writable) log.log.append({ ...event, target: target.name });
    };
    const rights = (principal: string) => this.#parts.runs.rights(target.name, principal);
    const parts = { environment, random, clock, warn, instance, record, rights };
    const opened = await openSessionRoles(config, target, upstream, database, parts);
    this.#sessionRoles.push(opened);
    return opened;
  }

  /** Accepts nobody any more; what runs ends within the configured time. */
  async stop(): Promise<void> {
    await Promise.all([...this.listeners.values()].map((listener) => listener.stop()));
  }

  /** After the runs are over, whose roles these are. */
  async close(): Promise<void> {
    await Promise.all(this.#sessionRoles.map((roles) => roles.close()));
    await this.replicas.close();
  }
}
