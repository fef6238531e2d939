/**
 * Registers a person in the open vault: a name, a public key made from the passphrase, and what the person may decide about.
 * It asks nobody for a passphrase, and keeps none.
 */
import { randomText, systemRandom } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import { derivePersonKey, newKeyParameters, publicKeyText } from "../control/person-key.ts";
import type { Environment } from "../model/principal.ts";
import type { Vault, VaultContent } from "../wiring/vault.ts";

export interface NewPerson {
  readonly name: string;
  readonly approves: readonly Environment[];
  /** Wiped here. */
  readonly passphrase: Uint8Array;
}

/** Rejects when vault and log do not fit each other: then nobody is registered. */
export async function registerPerson(vault: Vault, config: Config, { name, approves, passphrase }: NewPerson): Promise<void> {
  const key = newKeyParameters(systemRandom);
  const publicKey = publicKeyText(await derivePersonKey(passphrase, key));
  passphrase.fill(0);
  await putPerson(vault, config, name, { approves, key, publicKey, createdAtMs: Date.now() });
}

/** With a key that is known already: the same person at another gateway. Rejects as {@link registerPerson} does. */
export async function putPerson(vault: Vault, config: Config, name: string, person: VaultContent["persons"][string]): Promise<void> {
  const { acceptedConfig, changeVault } = await import("../wiring/vault.ts");
  const change = (content: VaultContent): VaultContent => ({
    ...content,
    persons: { ...content.persons, [name]: person },
    // From now on a configuration that nobody accepted is not loaded: the first is the one of this moment.
    ...(content.configDigest === null ? acceptedConfig(config, config.source?.digest ?? null) : {}),
  });
  await changeVault(vault, config, change, `registered the person ${name} for ${person.approves.join(", ")}`);
}

/** 25 characters of 5 bits: beyond guessing even for one who has a signature to try against. */
export function drawnPassphrase(): string {
  return [0, 0, 0, 0, 0].map(() => randomText(5, systemRandom)).join("-");
}
