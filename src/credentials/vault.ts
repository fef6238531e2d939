/**
 * An open vault: its file read and replaced as a whole, under a lock, never back to an older version.
 * It asks nobody for a passphrase and logs nothing; secrets stay in this process's memory while it is open.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type LogFiles, directoryFiles } from "../audit/files.ts";
import { lockDirectory } from "../audit/lock.ts";
import type { Clock } from "../base/clock.ts";
import { type RandomBytes, randomText } from "../base/ids.ts";
import type { KeyCost } from "../base/passphrase-key.ts";
import { type VaultContent, contentBytes, contentOf, withChange } from "./vault-content.ts";
import {
  type VaultKey,
  VaultUnreadable,
  newVaultKey,
  sealVault,
  unsealVault,
  vaultBytesMax,
  vaultHeader,
  vaultKeyOf,
} from "./vault-seal.ts";

export const vaultFile = "vault.sealed";

export interface VaultParts {
  readonly directory: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Stands in for the real files, in tests. */
  readonly files?: LogFiles;
}

export interface Vault {
  readonly path: string;
  readonly generation: number;
  readonly content: VaultContent;
  /** `undefined` when there is none of the name. */
  secret(name: string): string | undefined;
  /**
   * Changes the newest version and makes it durable. `what` is told in the log: names, never values; `null` where nobody needs to know.
   * Rejects, and changes nothing, when the file cannot be read or written or is not a later version of this vault.
   */
  update(change: (content: VaultContent) => VaultContent, what: string | null): Promise<void>;
  /** Takes over what others wrote. Returns whether it was anything. Rejects with {@link VaultUnreadable}: what was open stays as it was. */
  refresh(): Promise<boolean>;
  /** Seals everything anew: the former passphrase opens no later version. */
  changePassphrase(passphrase: Uint8Array, cost?: KeyCost): Promise<void>;
  /** Goes on counting from a later number: for a person who has accepted an older version. */
  skipTo(generation: number): Promise<void>;
  /** Wipes the key. Secrets that were handed out as text stay in memory until the process ends. */
  close(): void;
}

/** An empty file counts: somebody emptied it, and that is not the same as none. */
export function vaultExists(directory: string): boolean {
  return existsSync(join(directory, vaultFile));
}

/** Rejects when there is a vault already. `content` is its first version. */
export async function createVault(
  parts: VaultParts & { readonly cost?: KeyCost },
  passphrase: Uint8Array,
  content: VaultContent,
): Promise<Vault> {
  const { random, clock, cost } = parts;
  const files = parts.files ?? (await directoryFiles(parts.directory));
  const key = await newVaultKey(passphrase, random, cost);
  return locked(parts, async () => {
    if ((await files.read(vaultFile)) !== null) throw new Error(`there is a vault already in \`${parts.directory}\``);
    const first = withChange(content, 1, clock.now(), "made");
    await write(files, first, 1, key, random);
    return new OpenVault(parts, files, key, first, 1);
  });
}

/** Rejects with {@link VaultUnreadable} for a wrong passphrase, a damaged file, or none. The passphrase is the caller's to wipe. */
export async function openVault(parts: VaultParts, passphrase: Uint8Array): Promise<Vault> {
  const files = parts.files ?? (await directoryFiles(parts.directory));
  const bytes = await bytesOf(files, parts.directory);
  const header = vaultHeader(bytes);
  const key = await vaultKeyOf(passphrase, header);
  return new OpenVault(parts, files, key, opened(bytes, key), header.generation);
}

class OpenVault implements Vault {
  readonly #parts: VaultParts;
  readonly #files: LogFiles;
  #key: VaultKey;
  #content: VaultContent;
  #generation: number;

  constructor(parts: VaultParts, files: LogFiles, key: VaultKey, content: VaultContent, generation: number) {
    this.#parts = parts;
    this.#files = files;
    this.#key = key;
    this.#content = content;
    this.#generation = generation;
  }

  get path(): string {
    return join(this.#parts.directory, vaultFile);
  }

  get generation(): number {
    return this.#generation;
  }

  get content(): VaultContent {
    return this.#content;
  }

  secret(name: string): string | undefined {
    return Object.hasOwn(this.#content.secrets, name) ? this.#content.secrets[name]?.value : undefined;
  }

  update(change: (content: VaultContent) => VaultContent, what: string | null): Promise<void> {
    return locked(this.#parts, async () => {
      await this.refresh();
      await this.#write(change(this.#content), what, this.#key);
    });
  }

  changePassphrase(passphrase: Uint8Array, cost?: KeyCost): Promise<void> {
    return locked(this.#parts, async () => {
      await this.refresh();
      const key = await newVaultKey(passphrase, this.#parts.random, cost);
      await this.#write(this.#content, "passphrase changed", key);
      this.#key.key.fill(0);
      this.#key = key;
    });
  }

  skipTo(generation: number): Promise<void> {
    return locked(this.#parts, async () => {
      await this.refresh();
      if (generation > this.#generation) this.#generation = generation;
      await this.#write(this.#content, "an older version was accepted", this.#key);
    });
  }

  async refresh(): Promise<boolean> {
    const bytes = await bytesOf(this.#files, this.#parts.directory);
    const content = opened(bytes, this.#key);
    const { generation } = vaultHeader(bytes);
    if (generation < this.#generation)
      throw new VaultUnreadable(
        `the vault's file is version ${generation}, and version ${this.#generation} was there: an older one was put back`,
      );
    if (generation === this.#generation) {
      if (JSON.stringify(content) !== JSON.stringify(this.#content))
        throw new VaultUnreadable(`there are two versions ${generation} of the vault: an older one was put back and changed`);
      return false;
    }
    this.#content = content;
    this.#generation = generation;
    return true;
  }

  close(): void {
    this.#key.key.fill(0);
  }

  async #write(next: VaultContent, what: string | null, key: VaultKey): Promise<void> {
    const generation = this.#generation + 1;
    const content = what === null ? next : withChange(next, generation, this.#parts.clock.now(), what);
    await write(this.#files, content, generation, key, this.#parts.random);
    this.#content = content;
    this.#generation = generation;
  }
}

/** Whole or not at all, and durable when it resolves: a temporary file, synced, renamed over, and the folder synced. */
async function write(files: LogFiles, content: VaultContent, generation: number, key: VaultKey, random: RandomBytes): Promise<void> {
  const plain = contentBytes(content);
  try {
    const bytes = sealVault(plain, generation, key, random);
    if (bytes.length > vaultBytesMax) throw new Error(`the vault would be larger than ${vaultBytesMax} bytes: remove what is not used`);
    await files.replace(vaultFile, bytes);
  } finally {
    plain.fill(0);
  }
}

async function bytesOf(files: LogFiles, directory: string): Promise<Buffer> {
  const place = `\`${join(directory, vaultFile)}\``;
  if ((await files.size(vaultFile)) > vaultBytesMax) throw new VaultUnreadable(`${place} is too large to be a vault`);
  const bytes = await files.read(vaultFile);
  if (bytes === null) throw new VaultUnreadable(`there is no vault: ${place} is not there`);
  return bytes;
}

function opened(bytes: Buffer, key: VaultKey): VaultContent {
  const plain = unsealVault(bytes, key);
  try {
    return contentOf(plain);
  } finally {
    plain.fill(0);
  }
}

const lockWaitsMax = 100;
const lockWaitMs = 100;

/** Writers take turns; one that died is passed over. Rejects when the other does not end. */
async function locked<T>({ directory, random }: VaultParts, act: () => Promise<T>): Promise<T> {
  for (let waits = 0; ; waits += 1) {
    const release = await lockDirectory(directory, randomText(12, random), "vault").catch((error: unknown) => {
      if (waits >= lockWaitsMax || !(error instanceof Error) || !error.message.includes("is in use by")) throw error;
      return null;
    });
    if (release === null) await new Promise((resolve) => setTimeout(resolve, lockWaitMs));
    else
      try {
        return await act();
      } finally {
        await release();
      }
  }
}
