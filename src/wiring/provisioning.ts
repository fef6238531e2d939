/**
 * Provisioning joined: a target of the configuration as a request, and the plan shown or applied over an administrator's connection.
 * It asks nobody whether it may.
 */
import { messageOf } from "../base/message-of.ts";
import type { Config, SecretReference, TargetConfig, UpstreamConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { applyPlan, type Direction, planDigest, showPlan } from "../provision/apply.ts";
import type { Plan } from "../provision/draft.ts";
import type { ProvisionRequest } from "../provision/request.ts";
import type { KeepRequest } from "../provision/undo-journal-triggers.ts";
import { binStatements, binVersion } from "../recovery/bin/install.ts";
import { adminAddress } from "./admin-client.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

export interface ProvisioningOptions {
  readonly target: string;
  /** Where the administrator's URL is. */
  readonly admin: SecretReference;
  /** `null`: the operator says that there is none. */
  readonly migrationRole: string | null;
  readonly direction: Direction;
  readonly environment: EnvironmentVariables;
}

export interface Provisioning {
  readonly plan: Plan;
  readonly admin: string;
  readonly database: string;
  readonly place: string;
  /** Runs exactly what `plan` shows, or nothing. Rejects with `ProvisionError`. */
  apply(): Promise<void>;
  close(): Promise<void>;
}

/** Connects and plans; changes nothing. Rejects with {@link WiringError}. */
export async function openProvisioning(config: Config, options: ProvisioningOptions): Promise<Provisioning> {
  const { environment, direction } = options;
  const target = config.targets.find(({ name }) => name === options.target);
  if (target === undefined)
    throw new WiringError(
      `no target is named \`${options.target}\`: there is ${config.targets.map(({ name }) => `\`${name}\``).join(", ")}`,
    );
  const place = `target \`${target.name}\``;
  const upstream = address(target.upstream, environment, place);
  const database = upstream.database ?? upstream.role;
  // What stands in the upstream's address but not in the URL (an authority, TLS) holds for the administrator too.
  const { ca, serverName, md5Allowed, cleartextAllowed } = target.upstream;
  const trust = { ...(ca === undefined ? {} : { ca }), ...(serverName === undefined ? {} : { serverName }), md5Allowed, cleartextAllowed };
  const admin = adminAddress({ url: options.admin, ...trust }, database, environment, "the administrator's login");
  if (admin.role === options.migrationRole)
    throw new WiringError(
      `\`${admin.role}\` is the login of the migration runner: provision as another one, so that the two are never shared`,
    );
  const request = requestOf(target, options.migrationRole, upstream.role, environment);
  const client = await admin.connect().catch((error: unknown) => {
    throw new WiringError(`the administrator's login at ${admin.host}:${admin.port} cannot be used: ${messageOf(error)}`);
  });
  try {
    const plan = await showPlan(client, request, direction);
    const apply = async () => void (await applyPlan(client, request, direction, planDigest(plan)));
    return { plan, admin: admin.role, database, place: `${admin.host}:${admin.port}`, apply, close: () => client.end() };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** What provisioning is asked for, by the configuration. Throws {@link WiringError}. */
export function requestOf(
  target: TargetConfig,
  migrationRole: string | null,
  upstream: string,
  environment: EnvironmentVariables,
): ProvisionRequest {
  const { roles } = target;
  const broker = roles?.admin === undefined ? null : address(roles.admin, environment, `target \`${target.name}\`, \`roles.admin\``).role;
  return {
    target: target.name,
    migrationRole,
    brokerRole: broker,
    sharedRoles: [upstream],
    schemas: roles?.schemas ?? null,
    hide: roles?.hide ?? [],
    writers: roles?.writers ?? [],
    rows: roles?.rows ?? [],
    functions: roles?.functions ?? [],
    keep: roles?.keep ?? null,
    ...(target.bin.enabled ? { bin: { statements: binStatements, version: binVersion } } : {}),
    ...(target.undo.enabled ? { undo: keepRequest(target, upstream, environment) } : {}),
    public: roles?.public ?? { temporary: "revoke", connect: "keep" },
  };
}

/** Whose changes are kept: session roles' always, and logins that sessions or approved plans share. */
export function keepRequest(target: TargetConfig, upstream: string, environment: EnvironmentVariables): KeepRequest {
  const { roles, executor, undo } = target;
  const place = `target \`${target.name}\`, \`executor\``;
  const logins = [
    ...(roles?.mode === "ephemeral" ? [] : [upstream]),
    ...(executor === undefined ? [] : [address(executor, environment, place).role]),
  ];
  return { logins, exclude: undo.exclude };
}

function address(upstream: UpstreamConfig, environment: EnvironmentVariables, place: string) {
  const resolved = resolveUpstreamAddress(upstream, environment);
  if ("message" in resolved) throw new WiringError(`${place}: ${resolved.message}`);
  return resolved.upstream;
}
