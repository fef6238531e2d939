/**
 * One target's session roles: who gets which group's rights, and how the login at the server is lent to the listener.
 * It makes no role itself; `credentials/` does.
 */
import { messageOf } from "../base/message-of.ts";
import { ContextPool } from "../adapters/postgres/session/context.ts";
import { LoginRefused } from "../adapters/postgres/login/upstream-failure.ts";
import type { TargetOptions, UpstreamOptions } from "../adapters/postgres/options.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import { type LeaseEvent, type Leases, openLeases } from "../credentials/leases.ts";
import { type RoleRights, resolveTables } from "../credentials/role-rights.ts";
import { groupNames } from "../provision/names.ts";
import { readReach } from "../provision/reach.ts";
import { adminAddress } from "./admin-client.ts";
import { newLogin } from "./new-login.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

export interface SessionRolesParts {
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** The same for this gateway over its restarts, and no other's. */
  readonly instance: string;
  readonly warn: (message: string) => void;
  readonly record: (event: LeaseEvent) => void;
  /** Rights that a principal's role has beside its group's now. */
  readonly rights: (principal: string) => readonly RoleRights[];
}

export interface SessionRoles {
  readonly lease: NonNullable<TargetOptions["lease"]>;
  /** Where the target's contexts are shared. */
  readonly contexts: ContextPool;
  /** Gives the principal's roles just the rights that they should have beside their group's; see `Leases.adjust`. */
  adjust(principal: string): Promise<boolean | undefined>;
  /** The named tables as the server has them, as far as the owner executor may act for their owners. */
  resolveTables(names: readonly string[]): ReturnType<typeof resolveTables>;
  /** Ends the principal's roles with their connections. */
  end(principal: string, because: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Sweeps what a former life left behind, and is then ready to lend. Rejects with {@link WiringError} when roles cannot be made.
 * `database` is the one that was provisioned.
 */
export async function openSessionRoles(
  config: Config,
  target: TargetConfig,
  upstream: UpstreamOptions,
  database: string,
  parts: SessionRolesParts,
): Promise<SessionRoles> {
  const place = `target \`${target.name}\``;
  const { roles } = target;
  if (roles?.admin === undefined) throw new WiringError(`${place}: \`roles.admin\` is missing`);
  const address = adminAddress(roles.admin, database, parts.environment, place);
  for (const login of [address.role, upstream.role])
    if (login === roles.migrationRole)
      throw new WiringError(`${place}: \`${login}\` is the login of the migration runner: Holdfast needs one of its own`);
  const groups = groupNames(target.name);
  const byRole = new Map<string, string>();
  const { clock, random, instance, warn } = parts;
  const leases: Leases = await openLeases({
    target: target.name,
    instance,
    connect: () => address.connect(),
    clock,
    random,
    newLogin,
    limits: target.policy.sessionLimits,
    ...roles.lease,
    warn: (message) => warn(`${place}: ${message}`),
    extra: { of: parts.rights, executor: groups.ownerExecutor },
    record: (event) => {
      if (event.kind === "lease_started") byRole.set(event.role, event.group);
      else byRole.delete(event.role);
      parts.record(event);
    },
  }).catch((error: unknown) => {
    throw new WiringError(`${place}: session roles cannot be made as \`${address.role}\`: ${messageOf(error)}`);
  });
  const users = new Map(config.users.map((user) => [user.name, user]));
  return {
    contexts: new GroupedContexts((role) => byRole.get(role) ?? role),
    lease: async (account, asked) => {
      if (asked !== database)
        throw new LoginRefused(
          "3D000",
          `sessions of this target are for database "${database}" alone, and "${asked}" was asked for: connect to "${database}"`,
        );
      const writer = users.get(account.name)?.writer;
      const writes = writer !== undefined && roles.writers.some(({ name }) => name === writer);
      const group = writes ? groups.writer(writer) : groups.reader;
      return leases.lease({ principal: account.name, connectionsMax: account.connectionsMax, group, readOnly: !writes });
    },
    adjust: (principal) => leases.adjust(principal),
    resolveTables: (names) => leases.ask(({ client }) => resolveTables(client, groups.ownerExecutor, names)),
    end: (principal, because) => leases.end(principal, because),
    close: () => leases.close(),
  };
}

/**
 * Roles of one group have the same rights, so what was judged for one holds for all: contexts carry the group's name in their place.
 * Neither has a schema of its name, which is all that an analysis would read from it.
 */
class GroupedContexts extends ContextPool {
  readonly #groupOf: (role: string) => string;

  constructor(groupOf: (role: string) => string) {
    super();
    this.#groupOf = groupOf;
  }

  override intern(...[parts, version]: Parameters<ContextPool["intern"]>): ReturnType<ContextPool["intern"]> {
    const { role, sessionRole } = parts;
    return super.intern({ ...parts, role: this.#groupOf(role), sessionRole: this.#groupOf(sessionRole) }, version);
  }
}

/**
 * The weaker mode: all sessions share a role that the operator made. Rejects with {@link WiringError} unless the server says that it
 * can change nothing.
 */
export async function examineFixedRole(target: TargetConfig, database: string, environment: EnvironmentVariables): Promise<void> {
  const place = `target \`${target.name}\``;
  const address = adminAddress(target.upstream, database, environment, place);
  if (address.role === target.roles?.migrationRole)
    throw new WiringError(`${place}: \`${address.role}\` is the login of the migration runner: sessions need one of their own`);
  const client = await address.connect().catch((error: unknown) => {
    throw new WiringError(`${place}: the fixed role cannot be examined: ${messageOf(error)}`);
  });
  try {
    const [first, ...more] = (await readReach(client, address.role)).changes;
    if (first === undefined) return;
    const others = more.length === 0 ? "" : `, and ${more.length} more`;
    throw new WiringError(`${place}: \`roles.mode\` is fixed, and \`${address.role}\` is not read-only: it ${first}${others}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
