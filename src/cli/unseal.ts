/**
 * Where the vault's passphrase comes from, for every command that opens it: a file descriptor, a file of another account, a credential
 * of the service, or a person at the terminal. It never takes one from arguments or environment variables.
 */
import { readFile, stat } from "node:fs/promises";
import { url as inspectorUrl } from "node:inspector";
import { join } from "node:path";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { passphraseBytes } from "../base/passphrase-key.ts";
import { type SecretPlaces, vaultPlace } from "../config/read-secret.ts";
import type { Vault } from "../wiring/vault.ts";
import { causeText, failed } from "./errors.ts";
import { canType, fromDescriptor, typed, withoutLineEnd } from "./passphrase.ts";
import { visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

export interface VaultKeyOptions {
  readonly vaultKeyFd?: string;
  readonly vaultKeyFile?: string;
}

/** The credential's name: `LoadCredential=holdfast-vault:...` of the service manager. */
const credentialName = "holdfast-vault";

export function vaultKeyOptions(command: Command): Command {
  return command
    .option("--vault-key-fd <n>", "read the vault's passphrase from this file descriptor")
    .option("--vault-key-file <file>", "read it from a file that another account owns");
}

/** The open vault, or `undefined` when the installation has none. Rejects with what to do when it cannot be opened. */
export async function unsealed(config: Config, options: VaultKeyOptions, terminal: Terminal): Promise<Vault | undefined> {
  const { openSealedVault, sealedVaultExists } = await import("../wiring/vault.ts");
  if (!sealedVaultExists(config)) return undefined;
  const passphrase = await vaultPassphrase(options, terminal);
  try {
    return await openSealedVault(config, passphrase);
  } catch (error) {
    throw failed(`the vault is not opened: ${causeText(error)}`);
  } finally {
    passphrase.fill(0);
  }
}

/** As {@link unsealed}, for commands that are about the vault itself. */
export async function demandVault(config: Config, options: VaultKeyOptions, terminal: Terminal): Promise<Vault> {
  const vault = await unsealed(config, options, terminal);
  if (vault === undefined) throw failed("there is no vault yet", "make one: holdfast vault init");
  return vault;
}

/** Where the configuration's references lead: the process's variables, and the vault when one is open. */
export function secretPlaces(terminal: Terminal, vault: Vault | undefined): SecretPlaces {
  return { ...terminal.env, [vaultPlace]: vault };
}

/** Whether a passphrase can be had without asking anybody. */
export function keyIsGiven(options: VaultKeyOptions, terminal: Terminal): boolean {
  return options.vaultKeyFd !== undefined || options.vaultKeyFile !== undefined || terminal.env["CREDENTIALS_DIRECTORY"] !== undefined;
}

/** For the caller to wipe. */
export async function vaultPassphrase(options: VaultKeyOptions, terminal: Terminal): Promise<Buffer> {
  refuseDebugger();
  const given = await givenPassphrase(options, terminal);
  if (given !== undefined) return given;
  if (canType(terminal)) return typed("The vault's passphrase: ", terminal);
  throw failed(
    "the vault is sealed, and nobody can be asked for its passphrase: the input is no terminal",
    "give --vault-key-fd 3 3< FILE, --vault-key-file FILE, or the service credential `holdfast-vault`, see docs/vault.md",
  );
}

async function givenPassphrase(options: VaultKeyOptions, terminal: Terminal): Promise<Buffer | undefined> {
  if (options.vaultKeyFd !== undefined) return asTyped(fromDescriptor(options.vaultKeyFd, "--vault-key-fd"));
  if (options.vaultKeyFile !== undefined) return asTyped(await fromFile(options.vaultKeyFile, true));
  const credentials = terminal.env["CREDENTIALS_DIRECTORY"];
  return credentials === undefined ? undefined : asTyped(await fromFile(join(credentials, credentialName), false));
}

/** The same bytes wherever they came from, so that one passphrase opens the vault by hand and by the service manager. */
function asTyped(bytes: Buffer): Buffer {
  const text = bytes.toString("utf8");
  bytes.fill(0);
  return passphraseBytes(text);
}

/** A file of one's own account is as open to an agent of that account as to us: what it holds would seal nothing. */
async function fromFile(path: string, foreign: boolean): Promise<Buffer> {
  try {
    const { mode, uid, size } = await stat(path);
    if ((mode & 0o007) !== 0) throw failed(`\`${visible(path)}\` is open to everybody on this machine`, `chmod o-rwx ${visible(path)}`);
    const own = process.getuid?.();
    if (foreign && own !== 0 && uid === own)
      throw failed(
        `\`${visible(path)}\` belongs to this account: an agent that runs under it could read it too`,
        "let another account own it and lend it by its group, or give a file descriptor",
      );
    if (size > 16 * 1024) throw failed(`\`${visible(path)}\` is too large to be a passphrase`);
    return withoutLineEnd(await readFile(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw typeof code === "string" ? failed(`\`${visible(path)}\` cannot be read: ${code}`) : error;
  }
}

/** Whoever holds the debugger reads all memory. Signals do not open it in this program; a flag of the runtime's does. */
function refuseDebugger(): void {
  if (inspectorUrl() !== undefined)
    throw failed("a debugger is open on this process: the vault is not opened", "start it without --inspect, also in NODE_OPTIONS");
}
