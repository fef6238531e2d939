/**
 * The broker in terms of configuration and vault: which secret goes to which hosts, and where each is fetched from.
 * A host that the vault does not name for a secret never gets it, whatever the configuration says.
 */
import type { RandomBytes } from "../base/ids.ts";
import type { HttpConfig, HttpCredential } from "../config/config.ts";
import { readSecret, type SecretPlaces, vaultPlace } from "../config/read-secret.ts";
import { type BoundSecret, CredentialBroker } from "../credentials/broker/broker.ts";
import { detect } from "../scan/detect.ts";
import type { Vault } from "./vault.ts";
import { WiringError } from "./target-options.ts";

export interface HttpBrokerParts {
  readonly environment: SecretPlaces;
  readonly vault: Vault | undefined;
  readonly random: RandomBytes;
}

/** Throws {@link WiringError} for a credential that is bound to no host. */
export function openBroker({ credentials }: HttpConfig, { environment, vault, random }: HttpBrokerParts): CredentialBroker {
  const places: SecretPlaces = vault === undefined ? environment : { ...environment, [vaultPlace]: vault };
  const bound = credentials.map((credential): BoundSecret => {
    const { name, secret, header, form, mode, prefix } = credential;
    const read = () => readSecret(secret, places);
    return {
      name,
      header,
      form,
      mode,
      prefix,
      hosts: hostsOf(credential, vault),
      value: () => {
        const found = read();
        return found.ok ? { value: found.value } : { problem: found.message };
      },
    };
  });
  const known = (): readonly string[] => [
    ...Object.values(vault?.content.secrets ?? {}).map(({ value }) => value),
    ...bound.flatMap(({ value }) => {
      const found = value();
      return "value" in found ? [found.value] : [];
    }),
  ];
  return new CredentialBroker({ secrets: bound, key: random(32), known, shaped });
}

function hostsOf({ name, secret, hosts }: HttpCredential, vault: Vault | undefined): readonly string[] {
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
