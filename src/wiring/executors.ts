/**
 * One executor a target: who it is at the server, from the configuration, or lent for as long as it is needed.
 * It opens nothing before there is an act.
 */
import { createExecutor } from "../adapters/postgres/executor/executor.ts";
import type { ExecutorLogin } from "../adapters/postgres/executor/open-connection.ts";
import type { Executor } from "../adapters/postgres/executor/port.ts";
import type { ExecutorSettings } from "../adapters/postgres/executor/settings.ts";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config, TargetConfig, UpstreamConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { type LeaseEvent, type Leases, openLeases } from "../credentials/leases.ts";
import { groupNames } from "../provision/names.ts";
import { adminAddress } from "./admin-client.ts";
import type { BinDoors } from "./bin-doors.ts";
import { newLogin } from "./new-login.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import { upstreamOptions } from "./upstream-options.ts";

export interface ExecutorsParts {
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** The same for this gateway over its restarts, and no other's. */
  readonly instance: string;
  readonly warn: (message: string) => void;
  /** Absent: what is removed is gone. */
  readonly bins?: Pick<BinDoors, "room" | "port">;
  readonly record: (target: string, event: LeaseEvent) => void;
}

export interface Executors {
  /** `undefined` for a target that is not configured. */
  of(target: string): Executor | undefined;
  /** Who acts at the target on persons' behalf, lent for one connection. `undefined` for a target that is not configured. */
  login(target: string): Promise<ExecutorLogin> | undefined;
  /** Ends the roles that were lent, with what still runs as them. */
  close(): Promise<void>;
}

export function openExecutors(config: Config, parts: ExecutorsParts): Executors {
  const lent: LentExecutor[] = [];
  const executors = new Map<string, Executor>();
  const logins = new Map<string, () => Promise<ExecutorLogin>>();
  for (const target of config.targets.filter(({ apiOnly }) => apiOnly !== true)) {
    const { plan } = target;
    const { clock, random, bins } = parts;
    const clone = plan.clone;
    const login = loginOf(target, parts, lent);
    logins.set(target.name, login);
    executors.set(
      target.name,
      createExecutor({
        login,
        ...(clone === undefined ? {} : { clone: () => fixedLogin(target, clone, "`plan.clone`", parts, []) }),
        limits: { lockMs: plan.lockMs, statementMs: plan.statementMs, runMs: plan.runMs, samples: plan.samples },
        shown: plan.shown,
        ...(target.undo.enabled ? { undoKeepMs: target.undo.keepMs } : {}),
        ...(bins === undefined ? {} : binsOf(bins, target)),
        clock,
        random,
        warn: (message) => parts.warn(`target \`${target.name}\`: ${message}`),
      }),
    );
  }
  return {
    of: (target) => executors.get(target),
    login: (target) => logins.get(target)?.(),
    close: async () => void (await Promise.all(lent.map((each) => each.close()))),
  };
}

function binsOf(bins: Pick<BinDoors, "room" | "port">, target: TargetConfig): Pick<ExecutorSettings, "bin" | "databaseBin"> {
  const { enabled, keepMs } = target.bin;
  return {
    bin: async (database) => {
      const port = await bins.room(target, database);
      return port === undefined ? undefined : { port, keepMs };
    },
    databaseBin: (database) => (enabled ? { port: bins.port(target, database), keepMs } : undefined),
  };
}

const SHARED = "it is measured and carried out as the target's own login: give the target an `executor`, or ephemeral `roles`";

function loginOf(target: TargetConfig, parts: ExecutorsParts, lent: LentExecutor[]): () => Promise<ExecutorLogin> {
  const { executor, roles, upstream } = target;
  if (executor !== undefined) return () => fixedLogin(target, executor, "`executor`", parts, []);
  if (roles?.mode !== "ephemeral" || roles.admin === undefined) return () => fixedLogin(target, upstream, "`upstream`", parts, [SHARED]);
  const lending = new LentExecutor(target, roles.admin, parts);
  lent.push(lending);
  return () => lending.login();
}

async function fixedLogin(
  { name }: TargetConfig,
  address: UpstreamConfig,
  what: string,
  { environment }: ExecutorsParts,
  said: readonly string[],
): Promise<ExecutorLogin> {
  const upstream = await upstreamOptions(address, `target \`${name}\`: ${what}`, environment);
  return { upstream, said, end: () => undefined };
}

/** Where the target's roles have their rights. */
function databaseOf({ upstream }: TargetConfig, environment: EnvironmentVariables): string | undefined {
  const resolved = resolveUpstreamAddress(upstream, environment);
  return "message" in resolved ? undefined : (resolved.upstream.database ?? resolved.upstream.role);
}

/** Beyond the longest act: what is measured, asked of the store and run as one role. */
const LIFETIME_SPARE_MS = 600_000;
/** Acts come in pairs: measured, then run. */
const LINGER_MS = 1_000;
const CONNECTIONS_MAX = 100;

/** A login of its own in the owner executor's group, made for the acts of a moment and dropped after them. */
class LentExecutor {
  readonly #target: TargetConfig;
  readonly #admin: UpstreamConfig;
  readonly #parts: ExecutorsParts;
  #leases: Promise<Leases> | undefined;
  #closed = false;

  constructor(target: TargetConfig, admin: UpstreamConfig, parts: ExecutorsParts) {
    this.#target = target;
    this.#admin = admin;
    this.#parts = parts;
  }

  async login(): Promise<ExecutorLogin> {
    const { name, upstream: address } = this.#target;
    const upstream: UpstreamOptions = await upstreamOptions(address, `target \`${name}\``, this.#parts.environment);
    const group = groupNames(name).ownerExecutor;
    const leases = await this.#opened();
    const lease = await leases.lease({
      principal: "holdfast",
      connectionsMax: CONNECTIONS_MAX,
      group,
      readOnly: false,
      actsAsGroup: true,
    });
    const { role, password, end } = lease;
    return { upstream: { ...upstream, role, password: () => password }, actAs: group, said: [], end };
  }

  /** After a failure the next act tries again. */
  #opened(): Promise<Leases> {
    if (this.#closed) throw new Error("Holdfast is shutting down");
    this.#leases ??= this.#open().catch((error: unknown) => {
      this.#leases = undefined;
      throw error;
    });
    return this.#leases;
  }

  #open(): Promise<Leases> {
    const { name, roles, plan } = this.#target;
    const { environment, clock, random, instance, warn, record } = this.#parts;
    const place = `target \`${name}\``;
    const address = adminAddress(this.#admin, databaseOf(this.#target, environment), environment, place);
    return openLeases({
      target: name,
      // The sessions' roles are swept by their own keeper, and these by theirs.
      instance: `${instance} executor`,
      connect: () => address.connect(),
      clock,
      random,
      newLogin,
      limits: { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null },
      lifetimeMs: plan.statementMs + plan.runMs + LIFETIME_SPARE_MS,
      lingerMs: LINGER_MS,
      sweepEveryMs: roles?.lease.sweepEveryMs ?? LIFETIME_SPARE_MS,
      warn: (message) => warn(`${place}: ${message}`),
      record: (event) => record(name, event),
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#leases?.catch(() => undefined))?.close();
  }
}
