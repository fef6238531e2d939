/**
 * The log's signing key at a start, and the log held against what the vault remembers of it.
 * It opens no log and changes none.
 */
import { loadOrCreateSigner } from "../audit/keys.ts";
import type { AuditLog } from "../audit/log.ts";
import type { CheckpointSigner } from "../audit/note.ts";
import type { Config } from "../config/config.ts";
import { stateDirectory } from "../control/state-directory.ts";
import { WiringError } from "./target-options.ts";
import { sealedVaultExists, signerOfVault, type Vault } from "./vault.ts";
import { demandNewestVault, demandWholeLog, rememberLog } from "./vault-and-log.ts";

/** With a vault the key comes from it alone, and the log is held against what the vault remembers before anything is signed. */
export async function signerFor(config: Config, vault: Vault | undefined): Promise<CheckpointSigner> {
  if (vault === undefined) {
    if (sealedVaultExists(config)) throw new WiringError("the vault is sealed: it holds the log's signing key, and has to be opened first");
    return loadOrCreateSigner(stateDirectory(config.state).keys, "holdfast");
  }
  const signer = await signerOfVault(vault, config);
  await demandWholeLog(config.auditDirectory, vault.content.logSize, signer);
  return signer;
}

/** Closes the log again when it and the vault do not fit. */
export async function fitTogether(config: Config, log: AuditLog, vault: Vault | undefined): Promise<void> {
  if (vault === undefined) return;
  try {
    await demandNewestVault(config.auditDirectory, vault);
    // Opening has signed all of it.
    await rememberLog(vault, log.size);
  } catch (error) {
    await log.close().catch(() => undefined);
    throw error;
  }
}
