/**
 * One target or user of the file with its defaults filled in, paths absolute and policy compiled.
 * It does not report problems: the file was examined before.
 */
import { resolve } from "node:path";
import { Defect } from "../base/assert.ts";
import type { Policy } from "../policy/policy.ts";
import { isLoopback, parseListen, upstreamFromUrl } from "./address.ts";
import { type BackupConfig, resolveBackup } from "./backup-schema.ts";
import { resolveBudget } from "./budget.ts";
import { compilePolicy, type PolicyDocument } from "./compile-policy.ts";
import type { LoginReference, SecretReference, StoreConfig, TargetConfig, UpstreamConfig, UserConfig } from "./config.ts";
import type { ConfigEntry, TargetEntry, UpstreamEntry, UserEntry } from "./config-schema.ts";
import { defaultPreset } from "./presets.ts";
import { parseDuration } from "./quantities.ts";
import { resolvePlan } from "./resolve-plan.ts";
import { resolveRoles } from "./resolve-roles.ts";
import { resolveBin } from "./bin-schema.ts";
import { resolveUndo } from "./undo-schema.ts";
import { resolveStore } from "./store-schema.ts";

const LAG_MAX_DEFAULT = "5s";

type Documents = ReadonlyMap<string, PolicyDocument>;

/** Of a target without a database: never listened on. */
const NOWHERE = "127.0.0.1:0";

export function resolveTarget(name: string, entry: TargetEntry, documents: Documents, directory: string): TargetConfig {
  const apiOnly = entry.listen === undefined && entry.upstream === undefined;
  const listen = parseListen(entry.listen ?? NOWHERE);
  if (listen === undefined) throw new Defect("invariant broken: the address to listen on was examined");
  const environment = entry.environment ?? "production";
  const policyName = entry.policy ?? defaultPreset[environment];
  const { tls } = entry;
  return {
    name,
    environment,
    ...(apiOnly ? { apiOnly } : {}),
    listen,
    upstream: resolveUpstream(entry.upstream ?? {}, directory),
    ...(entry.replica === undefined ? {} : { replica: resolveReplica(entry.replica, directory) }),
    ...(tls === undefined ? {} : { clientTls: { cert: resolve(directory, tls.cert), key: resolve(directory, tls.key) } }),
    clientTlsRequired: tls?.required ?? (tls !== undefined && !isLoopback(listen.host)),
    policyName,
    policy: policyAt(policyName, entry, documents),
    replication: entry.replication ?? false,
    ...(entry.budget === undefined ? {} : { budget: resolveBudget(entry.budget) }),
    ...(entry.roles === undefined ? {} : { roles: resolveRoles(entry.roles, (address) => resolveUpstream(address, directory)) }),
    ...(entry.executor === undefined ? {} : { executor: resolveUpstream(entry.executor, directory) }),
    plan: resolvePlan(entry, (address) => resolveUpstream(address, directory)),
    undo: resolveUndo(apiOnly ? { enabled: false } : entry.undo),
    bin: resolveBin(apiOnly ? { enabled: false } : entry.bin),
    ...(entry.backup === undefined ? {} : { backup: resolveBackupEntry(entry.backup, entry, directory) }),
  };
}

/** A login that names no server is one at the upstream's. */
function resolveBackupEntry(backup: NonNullable<TargetEntry["backup"]>, { upstream }: TargetEntry, directory: string): BackupConfig {
  const { login, key } = backup;
  const elsewhere = login?.url !== undefined || login?.host !== undefined;
  const address = elsewhere ? login : { ...upstream, ...login };
  const reference = key === undefined ? undefined : secretReference(key, directory);
  return resolveBackup(backup, { directory, key: reference, login: resolveUpstream(address as UpstreamEntry, directory) });
}

export function resolveStoreEntry(entry: NonNullable<ConfigEntry["store"]>, directory: string): StoreConfig {
  return resolveStore(entry, () => resolveUpstream(entry as UpstreamEntry, directory));
}

export function resolveUser(
  name: string,
  entry: UserEntry,
  targets: Readonly<Record<string, TargetEntry>>,
  documents: Documents,
  directory: string,
): UserConfig {
  const { policy, password } = entry;
  const own = (target: string): [string, Policy][] => {
    const at = targets[target];
    return policy === undefined || at === undefined ? [] : [[target, policyAt(policy, at, documents)]];
  };
  return {
    name,
    kind: entry.kind,
    login: loginReference(password, directory),
    targets: entry.targets,
    databases: entry.databases ?? null,
    connectionsMax: entry.connections ?? 20,
    policies: policy === undefined ? null : new Map(entry.targets.flatMap(own)),
    ...(entry.writer === undefined ? {} : { writer: entry.writer }),
  };
}

function policyAt(name: string, target: TargetEntry, documents: Documents): Policy {
  const document = documents.get(name);
  if (document === undefined) throw new Defect(`invariant broken: policy ${name} was looked up before`);
  return compilePolicy(document, {
    environment: target.environment ?? "production",
    ...(target.limits === undefined ? {} : { overrides: target.limits }),
  });
}

/** A URL in the text gives its parts; a URL in a secret stays a reference. Fields beside it are the last word. */
function resolveUpstream(entry: UpstreamEntry, directory: string): UpstreamConfig {
  const written = typeof entry.url === "string" ? upstreamFromUrl(entry.url) : undefined;
  const url = typeof entry.url === "object" ? secretReference(entry.url, directory) : undefined;
  const fields = {
    url,
    host: entry.host ?? written?.host,
    port: entry.port ?? written?.port ?? (url === undefined ? 5432 : undefined),
    database: entry.database ?? written?.database,
    role: entry.role ?? written?.role,
    password: entry.password === undefined ? undefined : secretReference(entry.password, directory),
    tls: entry.tls ?? written?.tls ?? (url === undefined ? defaultTls(entry.host ?? written?.host) : undefined),
    ca: entry.ca === undefined ? undefined : resolve(directory, entry.ca),
    serverName: entry.server_name,
    md5Allowed: entry.md5_allowed ?? false,
    cleartextAllowed: entry.cleartext_allowed ?? false,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as UpstreamConfig;
}

function resolveReplica(entry: NonNullable<TargetEntry["replica"]>, directory: string): NonNullable<TargetConfig["replica"]> {
  const { lag_max: lag = LAG_MAX_DEFAULT, ...address } = entry;
  return { upstream: resolveUpstream(address, directory), lagMsMax: parseDuration(lag) ?? 0 };
}

/** TLS with everything verified, unless the server is on this machine. A secret URL is asked for its host when it is read. */
export function defaultTls(host: string | undefined): "disable" | "verify-full" {
  return host !== undefined && isLoopback(host) ? "disable" : "verify-full";
}

type SecretEntry = { readonly [kind in SecretReference["kind"]]?: string | undefined };

/** A file's path becomes absolute. */
export function secretReference(entry: SecretEntry, directory: string): SecretReference {
  if (entry.vault !== undefined) return { kind: "vault", name: entry.vault };
  if (entry.env !== undefined) return { kind: "env", name: entry.env };
  if (entry.file !== undefined) return { kind: "file", path: resolve(directory, entry.file) };
  throw new Defect("invariant broken: a secret names an entry of the vault, an environment variable or a file");
}

function loginReference(entry: UserEntry["password"], directory: string): LoginReference {
  return entry.verifier === undefined ? secretReference(entry, directory) : { kind: "verifier", text: entry.verifier };
}
