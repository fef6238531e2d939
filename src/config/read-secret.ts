/**
 * Reads what a secret reference points at, at the moment it is needed.
 * It does not keep it, and its errors name the place and never the bytes.
 */
import { readFileSync, statSync } from "node:fs";
import { upstreamFromUrl } from "./address.ts";
import type { SecretReference, UpstreamConfig } from "./config.ts";
import { defaultTls } from "./resolve-entries.ts";

/** Where an open vault stands among the places that secrets are read from: no variable can have this name. */
export const vaultPlace: unique symbol = Symbol("vault");

/** The process's environment variables by their name, and the vault when one is open. */
export interface SecretPlaces {
  readonly [variable: string]: string | undefined;
  readonly [vaultPlace]?: { secret(name: string): string | undefined } | undefined;
}

export type SecretResult = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

/** One line end at the end of a file is not part of the secret. `environment` is the process's own, handed in. */
export function readSecret(reference: SecretReference, environment: SecretPlaces): SecretResult {
  if (reference.kind === "vault") return sealedSecret(reference.name, environment[vaultPlace]);
  if (reference.kind === "env") {
    const value = environment[reference.name];
    return value === undefined || value === ""
      ? { ok: false, message: `environment variable \`${reference.name}\` is not set` }
      : { ok: true, value };
  }
  try {
    const mode = statSync(reference.path).mode;
    if ((mode & 0o007) !== 0)
      return { ok: false, message: `\`${reference.path}\` is readable by everybody on this machine: set its mode to 0600` };
    const value = readFileSync(reference.path, "utf8").replace(/\r?\n$/, "");
    return value === "" ? { ok: false, message: `\`${reference.path}\` is empty` } : { ok: true, value };
  } catch (error) {
    return { ok: false, message: `\`${reference.path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown cause"}` };
  }
}

function sealedSecret(name: string, vault: SecretPlaces[typeof vaultPlace]): SecretResult {
  if (vault === undefined)
    return {
      ok: false,
      message: `\`${name}\` stands in the vault, which is not open: make one with \`holdfast vault init\`, or let it be opened`,
    };
  const value = vault.secret(name);
  if (value === undefined)
    return { ok: false, message: `the vault holds no secret \`${name}\`: put it in with \`holdfast vault add ${name}\`` };
  return { ok: true, value };
}

/** An upstream with its address known. The password is fetched at each login and not kept. */
export interface ResolvedUpstream {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
  readonly role: string;
  readonly password: () => string | undefined;
  readonly tls: "disable" | "require" | "verify-full";
}

/** Joins the fields of the file with those of a URL that stands in a secret; the file's own are the last word. */
export function resolveUpstreamAddress(
  upstream: UpstreamConfig,
  environment: SecretPlaces,
): { readonly upstream: ResolvedUpstream } | { readonly message: string } {
  const { url } = upstream;
  const secret = url === undefined ? undefined : readSecret(url, environment);
  if (secret?.ok === false) return { message: secret.message };
  const written = secret === undefined ? undefined : upstreamFromUrl(secret.value);
  if (secret !== undefined && written === undefined)
    return { message: `the upstream's \`url\` does not hold a PostgreSQL URL with a host and a role: ${placeOf(url)}` };
  const host = upstream.host ?? written?.host;
  const role = upstream.role ?? written?.role;
  if (host === undefined || role === undefined) return { message: "the upstream names no host or no role" };
  const database = upstream.database ?? written?.database;
  return {
    upstream: {
      host,
      port: upstream.port ?? written?.port ?? 5432,
      role,
      tls: upstream.tls ?? written?.tls ?? defaultTls(host),
      ...(database === undefined ? {} : { database }),
      password: () => passwordNow(upstream, environment),
    },
  };
}

function passwordNow(upstream: UpstreamConfig, environment: SecretPlaces): string | undefined {
  const reference = upstream.password ?? upstream.url;
  if (reference === undefined) return undefined;
  const secret = readSecret(reference, environment);
  if (!secret.ok) return undefined;
  return upstream.password === undefined ? upstreamFromUrl(secret.value)?.password : secret.value;
}

function placeOf(reference: SecretReference | undefined): string {
  if (reference?.kind === "file") return `\`${reference.path}\``;
  return `${reference?.kind === "vault" ? "the vault's" : "environment variable"} \`${reference?.name ?? ""}\``;
}
