/**
 * The broker in terms of configuration and vault: which secret goes to which hosts, and where each is fetched from.
 * A host that the vault does not name for a secret never gets it, whatever the configuration says.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { HttpConfig, HttpCredential } from "../config/config.ts";
import { readSecret, type SecretPlaces, vaultPlace } from "../config/read-secret.ts";
import { type BoundSecret, fitsHost } from "../credentials/broker/bound-secret.ts";
import { CredentialBroker } from "../credentials/broker/broker.ts";
import { detect } from "../scan/detect.ts";
import type { HttpMints } from "./http-mint.ts";
import { partsOfSecret } from "./secret-parts.ts";
import { tokenEndpointOf } from "./token-endpoints.ts";
import type { Vault } from "./vault.ts";
import { WiringError } from "./target-options.ts";

export interface HttpBrokerParts {
  readonly environment: SecretPlaces;
  readonly vault: Vault | undefined;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly mints: HttpMints;
}

/** Throws {@link WiringError} for a credential that is bound to no host. */
export function openBroker({ credentials }: HttpConfig, { environment, vault, random, clock, mints }: HttpBrokerParts): CredentialBroker {
  const places: SecretPlaces = vault === undefined ? environment : { ...environment, [vaultPlace]: vault };
  const bound = credentials.flatMap((credential): readonly BoundSecret[] => {
    const { name, secret, header, form, mode, prefix, surfaces } = credential;
    if (mode === "sigv4") return [];
    const value = () => {
      const found = readSecret(secret, places);
      return found.ok ? { value: found.value } : { problem: found.message };
    };
    demandTokenHost(credential, vault);
    const atFirst = hostsOf(credential, vault);
    const tokenEndpoint = tokenEndpointOf(credential, atFirst);
    return [
      {
        name,
        header,
        form,
        mode,
        prefix,
        surfaces: new Set(surfaces),
        get hosts() {
          return hostsNow(credential, vault) ?? atFirst;
        },
        ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
        value: mints.valueOf(name) ?? value,
      },
    ];
  });
  const pairs = credentials.filter(({ mode }) => mode === "sigv4");
  const read = (): readonly string[] => [
    ...Object.values(vault?.content.secrets ?? {}).flatMap(({ kind, value }) => partsOfSecret(kind, value)),
    ...pairs.flatMap(({ secret }) => {
      const found = readSecret(secret, places);
      return found.ok ? partsOfSecret("key-pair", found.value) : [];
    }),
    ...credentials.flatMap(({ secret, mint }) => {
      const further = mint?.kind === "oauth" && mint.clientSecret !== undefined ? [mint.clientSecret] : [];
      return [secret, ...further].flatMap((reference) => {
        const found = readSecret(reference, places);
        return found.ok ? [found.value] : [];
      });
    }),
    ...mints.known(),
  ];
  const known = remembered(read, () => [vault?.content, mints.known()], clock);
  return new CredentialBroker({ secrets: bound, key: random(32), known, shaped });
}

/** Beside the vault, whose changes show at once, secrets stand in files and variables: those are read again after this long. */
const READ_AGAIN_MS = 1_000;

/** The same array for as long as it says the same. Of `marks` each is another object when what it stands for changed. */
function remembered(read: () => readonly string[], marks: () => readonly unknown[], clock: Clock): () => readonly string[] {
  let last: { readonly secrets: readonly string[]; readonly marks: readonly unknown[]; readonly atMs: number } | undefined;
  return () => {
    const now = { marks: marks(), atMs: clock.monotonic() };
    const unmarked = last?.marks.every((mark, at) => mark === now.marks[at]) === true;
    if (last !== undefined && unmarked && now.atMs - last.atMs < READ_AGAIN_MS) return last.secrets;
    const secrets = read();
    const same = unmarked && JSON.stringify(last?.secrets) === JSON.stringify(secrets);
    last = { ...now, secrets: same && last !== undefined ? last.secrets : secrets };
    return last.secrets;
  };
}

/**
 * As {@link hostsOf} when the vault has changed since: what it no longer names gets nothing. `undefined` where it names none any more: a
 * secret that is gone is refused by its name, and its placeholder is no stranger's.
 */
function hostsNow({ secret, hosts }: HttpCredential, vault: Vault | undefined): readonly string[] | undefined {
  const sealed = secret.kind === "vault" ? (vault?.content.secrets[secret.name]?.hosts ?? []) : [];
  if (sealed.length === 0) return hosts;
  return hosts?.filter((host) => sealed.includes(host)) ?? sealed;
}

/** Throws {@link WiringError} where there is none, or one that the vault does not name. */
export function hostsOf({ name, secret, hosts }: HttpCredential, vault: Vault | undefined): readonly string[] {
  const sealed = secret.kind === "vault" ? (vault?.content.secrets[secret.name]?.hosts ?? []) : [];
  if (hosts === undefined && sealed.length === 0)
    throw new WiringError(
      `credential \`${name}\` is bound to no host: name them under \`http.credentials.${name}.hosts\`, or in the vault with --host`,
    );
  if (hosts === undefined || sealed.length === 0) return hosts ?? sealed;
  const beyond = hosts.find((host) => !sealed.includes(host));
  if (beyond !== undefined)
    throw new WiringError(`credential \`${name}\`: the vault does not name \`${beyond}\` among the hosts that the secret may go to`);
  return hosts;
}

/** Where a client's own secret, or its refresh token, is sent to have a bearer made of it: the vault must name that host as well. */
function demandTokenHost({ name, secret, mint }: HttpCredential, vault: Vault | undefined): void {
  if (mint?.kind !== "oauth" || secret.kind !== "vault") return;
  const sealed = vault?.content.secrets[secret.name]?.hosts ?? [];
  for (const url of [mint.tokenUrl, ...(mint.revocationUrl === undefined ? [] : [mint.revocationUrl])]) {
    const { host } = new URL(url);
    if (sealed.length === 0 || sealed.some((pattern) => fitsHost(pattern, host))) continue;
    throw new WiringError(`credential \`${name}\`: the vault does not name \`${host}\` among the hosts that the secret may go to`);
  }
}

/** By the shapes of providers' tokens alone: a word that stands beside a secret's name is nothing here. */
function shaped(text: string): boolean {
  if (harmless.has(text)) return false;
  if (detect({ path: "request.txt", text }, () => "").length > 0) return true;
  if (text.length > HARMLESS_CHARACTERS_MAX) return false;
  if (harmless.size >= HARMLESS_MAX) harmless.clear();
  harmless.add(text);
  return false;
}

/** Paths and values of headers come again and again, and a hundred expressions look at each. No text that looks like a secret is kept. */
const harmless = new Set<string>();
const HARMLESS_MAX = 4_096;
const HARMLESS_CHARACTERS_MAX = 256;
