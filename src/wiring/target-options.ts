/**
 * One configured target, with its users, in the terms of the PostgreSQL adapter: files read, secrets behind functions.
 * It does not connect to anything.
 */
import { readFile } from "node:fs/promises";
import type { RandomBytes } from "../base/ids.ts";
import type { Account, TargetOptions, ScramVerifier, UpstreamOptions } from "../adapters/postgres/options.ts";
import { makeVerifier } from "../adapters/postgres/scram.ts";
import { parseVerifier } from "../adapters/postgres/scram-text.ts";
import type { Config, LoginReference, TargetConfig, UserConfig } from "../config/config.ts";
import { readSecret, resolveUpstreamAddress, type SecretPlaces } from "../config/read-secret.ts";

/** Handed on whole: an open vault stands beside the variables. */
export type EnvironmentVariables = SecretPlaces;

/** What `holdfast up` prints and exits on: a configuration that cannot be carried out. The message names the place and never the bytes. */
export class WiringError extends Error {
  override readonly name = "WiringError";
}

export interface OptionsParts {
  readonly environment: EnvironmentVariables;
  readonly random: RandomBytes;
  /** Accounts beside the configured ones, for the start-up test. */
  readonly extra?: readonly Account[];
}

/** Rejects with {@link WiringError}. `database` is the one Holdfast itself uses where no client has named another. */
export async function targetOptions(
  config: Config,
  target: TargetConfig,
  parts: OptionsParts,
): Promise<TargetOptions & { readonly database: string }> {
  const place = `target \`${target.name}\``;
  const resolved = resolveUpstreamAddress(target.upstream, parts.environment);
  if ("message" in resolved) throw new WiringError(`${place}: ${resolved.message}`);
  const { upstream } = resolved;
  const { md5Allowed, cleartextAllowed, ca, serverName } = target.upstream;
  const wired: UpstreamOptions = {
    host: upstream.host,
    port: upstream.port,
    role: upstream.role,
    password: upstream.password,
    tls: upstream.tls,
    ...(ca === undefined ? {} : { tlsCa: await pem(ca, place) }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    md5Allowed,
    cleartextAllowed,
  };
  const accounts = accountsOf(config, target, parts);
  const { clientTls } = target;
  return {
    name: target.name,
    environment: target.environment,
    listen: target.listen,
    upstream: wired,
    ...(clientTls === undefined ? {} : { clientTls: { cert: await pem(clientTls.cert, place), key: await pem(clientTls.key, place) } }),
    clientTlsRequired: target.clientTlsRequired,
    accounts: new Map([...accounts, ...(parts.extra ?? [])].map((each) => [each.name, each])),
    replication: target.replication,
    limits: target.policy.sessionLimits,
    shutdownMs: config.shutdownMs,
    database: upstream.database ?? upstream.role,
  };
}

/** Who may log in there, by the configuration. Throws {@link WiringError} for a password that cannot be had. */
export function accountsOf(config: Config, target: TargetConfig, parts: OptionsParts): readonly Account[] {
  return config.users.filter((user) => user.targets.includes(target.name)).map((user) => account(user, parts));
}

async function pem(path: string, place: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new WiringError(`${place}: \`${path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown cause"}`);
  }
}

function account(user: UserConfig, parts: OptionsParts): Account {
  const { name, kind, databases, connectionsMax } = user;
  return { name, kind, databases, connectionsMax, verifier: verifierOf(name, user.login, parts) };
}

function verifierOf(name: string, login: LoginReference, { environment, random }: OptionsParts): ScramVerifier {
  const secret = login.kind === "verifier" ? { ok: true as const, value: login.text } : readSecret(login, environment);
  if (!secret.ok) throw new WiringError(`user \`${name}\`: ${secret.message}`);
  const verifier = parseVerifier(secret.value);
  if (verifier !== undefined) return verifier;
  if (login.kind === "verifier")
    throw new WiringError(`user \`${name}\`: the verifier is not of the form SCRAM-SHA-256$...: make one with \`holdfast init\``);
  return makeVerifier(secret.value, { iterations: 4096, salt: random(16) });
}
