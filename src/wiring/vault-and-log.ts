/**
 * What the vault and the log know of each other: the vault how long the log was, the log which version of the vault was in use.
 * Each alone could be put back to an older state unseen; that both were at once only an outside witness tells.
 */
import { readEvents } from "../audit/events.ts";
import type { CheckpointSigner } from "../audit/note.ts";
import { signedSize } from "../audit/signed-size.ts";
import type { Vault } from "../credentials/vault.ts";
import { WiringError } from "./target-options.ts";

/** The log's own name, first line of each checkpoint. */
export const logOrigin = "holdfast";

const accept = "keep a copy of both folders; a person who has looked at them goes on with `holdfast vault accept`";

/** Before the log is opened, because opening signs what is there. Rejects with {@link WiringError} when signed records are missing. */
export async function demandWholeLog(directory: string, remembered: number, signer: CheckpointSigner): Promise<void> {
  const signed = await signedSize(directory, logOrigin, signer);
  if (signed < remembered)
    throw new WiringError(
      `the audit log in \`${directory}\` was cut or replaced: ${signed} of its records are signed, and the vault remembers ${remembered}: ${accept}`,
    );
}

/** Rejects with {@link WiringError} when the log knows of a later version of the vault. */
export async function demandNewestVault(directory: string, vault: Vault): Promise<void> {
  await vault.refresh();
  // The log of a later version's opening or change lies behind what this version remembers of it.
  const newest = await newestKnown(directory, vault.content.logSize);
  if (newest > vault.generation)
    throw new WiringError(
      `the vault \`${vault.path}\` is version ${vault.generation}, and the audit log knows version ${newest}: an older one was put back: ${accept}`,
    );
}

/** The latest version of the vault that the log tells of from record `from` on; 0 when it tells of none. */
export async function newestKnown(directory: string, from: number): Promise<number> {
  let newest = 0;
  for await (const { event } of readEvents({ directory, from }))
    if (event.kind === "vault_opened" || event.kind === "vault_changed") newest = Math.max(newest, event.generation);
  return newest;
}

/** Notes the log's length in the vault. `what` is null where nobody needs to be told. */
export async function rememberLog(vault: Vault, size: number, what: string | null = null): Promise<void> {
  await vault.update((content) => ({ ...content, logSize: size }), what);
}
