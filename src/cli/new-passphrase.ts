/**
 * The passphrase of a vault that is about to be made: given where a key is given, else typed twice.
 * It makes no vault.
 */
import { passphraseProblem } from "../base/passphrase-key.ts";
import { failed } from "./errors.ts";
import { canType, typedTwice } from "./passphrase.ts";
import type { Terminal } from "./terminal.ts";
import { keyIsGiven, vaultPassphrase, type VaultKeyOptions } from "./unseal.ts";

/** For the caller to wipe. Rejects one that is too easy to guess. */
export async function newPassphrase(options: VaultKeyOptions, terminal: Terminal): Promise<Buffer> {
  if (!keyIsGiven(options, terminal) && canType(terminal)) return typedTwice("for the vault", terminal);
  const given = await vaultPassphrase(options, terminal);
  const problem = passphraseProblem(given);
  if (problem !== null) throw failed(problem);
  return given;
}
