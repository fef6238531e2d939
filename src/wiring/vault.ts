/**
 * The vault joined with the configuration and the log: made, opened, changed, and each change told in the log.
 * It asks nobody for a passphrase, and prints nothing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keyToSeal, removePlainKey, sealedSigner } from "../audit/keys.ts";
import type { CheckpointSigner } from "../audit/note.ts";
import { openAuditLog } from "../audit/open.ts";
import { signedSize } from "../audit/signed-size.ts";
import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import { stateDirectory } from "../control/state-directory.ts";
import type { RegisteredPerson } from "../control/authority.ts";
import { type VaultContent, keysOf, secretKinds, secretNameProblem } from "../credentials/vault-content.ts";
import { type Vault, createVault, openVault, vaultExists } from "../credentials/vault.ts";
import { demandNewestVault, demandWholeLog, logOrigin, newestKnown } from "./vault-and-log.ts";

export type { Vault, VaultContent };
export { demandNewestVault, demandWholeLog };
export { keyPairOf, keyPairText } from "../credentials/sigv4/key-pair.ts";
export { secretKinds, secretNameProblem };

export function vaultDirectory(config: Pick<Config, "state" | "vaultDirectory">): string {
  return config.vaultDirectory ?? join(config.state, "vault");
}

export function sealedVaultExists(config: Pick<Config, "state" | "vaultDirectory">): boolean {
  return vaultExists(vaultDirectory(config));
}

function partsOf(config: Config) {
  return { directory: vaultDirectory(config), clock: systemClock, random: systemRandom };
}

/** Rejects with `VaultUnreadable`. The passphrase is the caller's to wipe. */
export function openSealedVault(config: Config, passphrase: Uint8Array): Promise<Vault> {
  return openVault(partsOf(config), passphrase);
}

/** Makes the vault and moves the log's signing key into it, so that no plain key is left. Rejects when there is a vault. */
export async function makeVault(config: Config, passphrase: Uint8Array): Promise<Vault> {
  const { keys } = stateDirectory(config.state);
  const auditKey = await keyToSeal(keys);
  const content = { secrets: {}, persons: {}, auditKey, logSize: 0, configDigest: null, changes: [] };
  const vault = await createVault(partsOf(config), passphrase, content);
  // From here on the key is durable in the vault: the plain file may go.
  const signer = await signerOfVault(vault, config);
  await removePlainKey(keys);
  await tellOfVault(vault, config, signer, "the vault was made");
  return vault;
}

/** The log's own signer. Throws when another key's public half lies in the state folder. */
export function signerOfVault(vault: Vault, config: Config): Promise<CheckpointSigner> {
  return sealedSigner(vault.content.auditKey, stateDirectory(config.state).keys, "holdfast");
}

/**
 * Changes the vault, and tells the log, so that an older version put back is noticed. A running gateway holds the log: it sees the change
 * by itself and tells it. `what` names things and holds no value. Rejects when vault and log do not fit each other: a change would hide it.
 */
export function changeVault(vault: Vault, config: Config, change: (content: VaultContent) => VaultContent, what: string): Promise<void> {
  return told(vault, config, what, () => vault.update(change, what));
}

/** As {@link changeVault} for the passphrase. */
export function changeVaultPassphrase(vault: Vault, config: Config, passphrase: Uint8Array): Promise<void> {
  return told(vault, config, "passphrase changed", () => vault.changePassphrase(passphrase));
}

/**
 * Takes the log's present length, and a configuration by its digest, for what they should be. Nothing is held against what was remembered:
 * this is what a person does who has looked at a difference.
 */
export async function acceptState(
  vault: Vault,
  config: Config,
  digest: string | null,
): Promise<{ readonly before: string | null; readonly after: string | null }> {
  const signer = await signerOfVault(vault, config);
  const before = vault.content.configDigest;
  const logSize = await signedSize(config.auditDirectory, logOrigin, signer);
  const what = `accepted ${digest === null ? "any configuration" : `the configuration ${digest.slice(0, 12)}`} and ${logSize} signed records`;
  await passNewest(vault, config);
  await vault.update(({ configText: _, ...content }) => ({ ...content, ...acceptedConfig(config, digest), logSize }), what);
  await tellOfVault(vault, config, signer, what);
  return { before, after: digest };
}

/** The part of a content that says which configuration was accepted. `null`: any is. The text is the file's, read once more. */
export function acceptedConfig(config: Config, digest: string | null): Pick<VaultContent, "configDigest" | "configText"> {
  const { source } = config;
  if (digest === null || source === undefined) return { configDigest: digest };
  const text = readFileSync(source.path, "utf8");
  return text.length > configTextMax ? { configDigest: digest } : { configDigest: digest, configText: text };
}

const configTextMax = 256 * 1024;

/** Makes the vault's number larger than any that the log knows, so that the accepted one is not taken for an older one. */
async function passNewest(vault: Vault, config: Config): Promise<void> {
  const newest = await newestKnown(config.auditDirectory, 0);
  if (newest > vault.generation) await vault.skipTo(newest);
}

async function told(vault: Vault, config: Config, because: string, act: () => Promise<void>): Promise<void> {
  const signer = await signerOfVault(vault, config);
  const directory = config.auditDirectory;
  await demandWholeLog(directory, vault.content.logSize, signer);
  await demandNewestVault(directory, vault);
  await act();
  await tellOfVault(vault, config, signer, because);
}

/** Does nothing while another process writes the log. */
async function tellOfVault(vault: Vault, config: Config, signer: CheckpointSigner, because: string): Promise<void> {
  const directory = config.auditDirectory;
  const options = { directory, origin: logOrigin, clock: systemClock, random: systemRandom, signer, hashing: "here" as const };
  const opened = await openAuditLog(options).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes("is in use by process")) return null;
    throw error;
  });
  if (opened === null) return;
  const { log } = opened;
  try {
    const { generation, content } = vault;
    log.append({ kind: "vault_changed", generation, ...keysOf(content), because });
    await log.seal();
  } finally {
    await log.close();
  }
}

/** In the terms of the control side. */
export function registeredPersons(vault: Vault): readonly RegisteredPerson[] {
  return Object.entries(vault.content.persons).map(([name, { approves, key, publicKey, passkeys = [] }]) => ({
    name,
    approves,
    key,
    publicKey,
    passkeys,
  }));
}
