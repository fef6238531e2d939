/**
 * The repository: a folder of backups and WAL that lies where no agent reaches, laid out so that a person without Holdfast finds
 * everything by its name. It lists, reads, adds and removes; what is in a backup is the methods' business, WAL is `wal-archive.ts`.
 *
 *   REPOSITORY/README.txt, repository.json
 *   REPOSITORY/TARGET/backups/20261122T133000Z-k_.../manifest.json and the files it names
 *   REPOSITORY/TARGET/wal/00000001/0000000100000000000000A3.gz
 */
import { timingSafeEqual } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Transform } from "node:stream";
import { messageOf } from "../../base/message-of.ts";
import { sha256Hex } from "../../base/canonical.ts";
import type { BackupId, RandomBytes } from "../../base/ids.ts";
import { keyFromPassphrase, type KeyCost, usualKeyCost } from "../../base/passphrase-key.ts";
import { type BackupManifest, manifestName, manifestText, parseManifest, type StoredFile } from "./manifest.ts";
import { repositoryReadme } from "./repository-readme.ts";
import { readStored } from "./store-file.ts";
import { openWalArchive, type WalArchive } from "./wal-archive.ts";

/** The repository cannot be used as it is. The message says what to do. */
export class RepositoryProblem extends Error {
  override readonly name = "RepositoryProblem";
}

export interface RepositoryOptions {
  readonly folder: string;
  /** What the repository's key is made of; the caller's to wipe. Without it a sealed repository can be listed and not read. */
  readonly passphrase?: Uint8Array;
  readonly random: RandomBytes;
}

/** A backup that is there. */
export interface StoredBackup {
  /** Absolute. */
  readonly folder: string;
  readonly manifest: BackupManifest;
  /** SHA-256 of the manifest's text: the audit log's `backup_done` has the same. */
  readonly digest: string;
}

/** A folder that has a backup's name and no manifest that can be used. */
export interface BrokenBackup {
  readonly folder: string;
  readonly because: string;
}

export interface Listed {
  /** Newest first. */
  readonly backups: readonly StoredBackup[];
  readonly broken: readonly BrokenBackup[];
}

/** A backup in the making: it is none until it is finished. */
export interface Draft {
  readonly folder: string;
  /** Writes the manifest and puts the backup in its place, at once and durably. */
  finish(manifest: BackupManifest): Promise<StoredBackup>;
  abandon(): Promise<void>;
}

export interface Repository {
  readonly folder: string;
  readonly sealed: boolean;
  /** Of a sealed repository, where its passphrase was given. */
  readonly key: Uint8Array | undefined;
  targets(): Promise<readonly string[]>;
  list(target: string): Promise<Listed>;
  /** A file's plain bytes. The stream fails where they are not those that were stored. `watching` gets them as they lie there. */
  read(backup: StoredBackup, file: StoredFile, watching?: readonly Transform[]): Readable;
  draft(target: string, id: BackupId, atMs: number): Promise<Draft>;
  remove(backup: StoredBackup): Promise<void>;
  /** Removes what a killed process left half done. Only for who knows that nobody else is at work. Returns the names. */
  sweep(target: string): Promise<readonly string[]>;
  wal(target: string): WalArchive;
}

interface Description {
  readonly format: 1;
  readonly seal: null | ({ readonly salt: string; readonly check: string } & KeyCost);
}

const describing = "repository.json";

/** Makes the folder and says what it is. Rejects with {@link RepositoryProblem} when there is something else in it. */
export async function createRepository({ folder, passphrase, random }: RepositoryOptions): Promise<Repository> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = await readdir(folder);
  if (entries.includes(describing)) return openRepository({ folder, random, ...(passphrase === undefined ? {} : { passphrase }) });
  const foreign = entries.filter((name) => name !== "lost+found" && name !== "README.txt");
  if (foreign.length > 0)
    throw new RepositoryProblem(`\`${folder}\` holds other things, \`${foreign[0]}\` first: give the backups an empty folder`);
  await chmod(folder, 0o700);
  const description: Description = { format: 1, seal: passphrase === undefined ? null : await newSeal(passphrase, random) };
  await writeFile(join(folder, "README.txt"), repositoryReadme(description.seal !== null), { mode: 0o600 });
  await replace(folder, describing, `${JSON.stringify(description, null, 2)}\n`);
  return openRepository({ folder, random, ...(passphrase === undefined ? {} : { passphrase }) });
}

/** Rejects with {@link RepositoryProblem}: it is not there, or the key is another one. */
export async function openRepository({ folder, passphrase }: RepositoryOptions): Promise<Repository> {
  const text = await readFile(join(folder, describing), "utf8").catch((error: NodeJS.ErrnoException) => {
    const none = error.code === "ENOENT" ? "there is no repository" : (error.code ?? error.message);
    throw new RepositoryProblem(`\`${folder}\` cannot be read: ${none}`);
  });
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) throw new RepositoryProblem(`\`${folder}\` is open to other accounts: chmod 700 ${folder}`);
  const { seal } = described(text, folder);
  if (seal === null && passphrase !== undefined)
    throw new RepositoryProblem(`\`${folder}\` was made without a key: remove \`backup.key\`, or give the backups an empty folder`);
  const key =
    seal === null || passphrase === undefined ? undefined : await keyFromPassphrase(passphrase, Buffer.from(seal.salt, "base64"), seal);
  if (key !== undefined && seal !== null && !fits(key, seal.check))
    throw new RepositoryProblem(`the key does not open \`${folder}\`: it is sealed with another one`);
  return new FolderRepository(folder, seal !== null, key);
}

class FolderRepository implements Repository {
  readonly folder: string;
  readonly sealed: boolean;
  readonly key: Uint8Array | undefined;

  constructor(folder: string, sealed: boolean, key: Uint8Array | undefined) {
    this.folder = folder;
    this.sealed = sealed;
    this.key = key;
  }

  async targets(): Promise<readonly string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && isTargetName(entry.name)).map(({ name }) => name);
  }

  async list(target: string): Promise<Listed> {
    const home = this.#backups(target);
    const names = (await readdir(home).catch(absentIsEmpty))
      .filter((name) => /^\d{8}T\d{6}Z-k_/.test(name))
      .sort()
      .reverse();
    const backups: StoredBackup[] = [];
    const broken: BrokenBackup[] = [];
    for (const name of names) {
      const folder = join(home, name);
      try {
        const text = await readFile(join(folder, manifestName), "utf8");
        const manifest = parseManifest(text, this.key);
        if (!name.endsWith(`-${manifest.backup.id}`)) throw new Error("it is another backup's manifest");
        backups.push({ folder, manifest, digest: sha256Hex(text) });
      } catch (error) {
        broken.push({ folder, because: `its \`${manifestName}\` cannot be used: ${messageOf(error)}` });
      }
    }
    return { backups, broken };
  }

  read(backup: StoredBackup, { name }: StoredFile, watching: readonly Transform[] = []): Readable {
    return readStored(join(backup.folder, name), name, this.key, watching);
  }

  async draft(target: string, id: BackupId, atMs: number): Promise<Draft> {
    const home = this.#backups(target);
    await mkdir(home, { recursive: true, mode: 0o700 });
    const folder = join(home, `${draftMark}${id}`);
    await mkdir(folder, { mode: 0o700 });
    return {
      folder,
      finish: async (manifest) => {
        const text = manifestText(manifest, this.key);
        await replace(folder, manifestName, text);
        // Everything in the folder is durable; with this it is a backup.
        const final = join(home, `${new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, "")}-${id}`);
        await rename(folder, final);
        await syncFolder(home);
        return { folder: final, manifest, digest: sha256Hex(text) };
      },
      abandon: () => rm(folder, { recursive: true, force: true }),
    };
  }

  async remove({ folder, manifest }: StoredBackup): Promise<void> {
    const aside = join(folder, "..", `${removedMark}${manifest.backup.id}`);
    // From here on it is no backup any more, however far the removal comes.
    await rename(folder, aside);
    await syncFolder(join(folder, ".."));
    await rm(aside, { recursive: true, force: true });
  }

  async sweep(target: string): Promise<readonly string[]> {
    const home = this.#backups(target);
    const left = (await readdir(home).catch(absentIsEmpty)).filter((name) => name.startsWith(draftMark) || name.startsWith(removedMark));
    for (const name of left) await rm(join(home, name), { recursive: true, force: true });
    return left;
  }

  wal(target: string): WalArchive {
    return openWalArchive(join(this.folder, demandTargetName(target), "wal"), this.key, this.sealed);
  }

  #backups(target: string): string {
    return join(this.folder, demandTargetName(target), "backups");
  }
}

const draftMark = ".draft-";
const removedMark = ".removed-";

function isTargetName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name);
}

function demandTargetName(name: string): string {
  if (!isTargetName(name)) throw new RepositoryProblem(`\`${name}\` is no name of a target`);
  return name;
}

async function newSeal(passphrase: Uint8Array, random: RandomBytes): Promise<NonNullable<Description["seal"]>> {
  const salt = Buffer.from(random(32));
  const key = await keyFromPassphrase(passphrase, salt, usualKeyCost);
  return { ...usualKeyCost, salt: salt.toString("base64"), check: checkOf(key) };
}

function checkOf(key: Uint8Array): string {
  return sha256Hex(Buffer.concat([Buffer.from("holdfast repository key 1\n"), key]));
}

function fits(key: Uint8Array, check: string): boolean {
  const [due, given] = [Buffer.from(checkOf(key)), Buffer.from(check)];
  return due.length === given.length && timingSafeEqual(due, given);
}

function described(text: string, folder: string): Description {
  try {
    const { format, seal } = JSON.parse(text) as Description;
    if (format === 1 && (seal === null || typeof seal.salt === "string")) return { format, seal };
  } catch {
    // As any other text that says nothing.
  }
  throw new RepositoryProblem(
    `\`${join(folder, describing)}\` does not say what a repository of Holdfast says: it was changed or is newer`,
  );
}

async function replace(folder: string, name: string, text: string): Promise<void> {
  const draft = join(folder, `.draft-${name}`);
  const handle = await open(draft, "w", 0o600);
  await handle
    .writeFile(text)
    .then(() => handle.sync())
    .finally(() => handle.close());
  await rename(draft, join(folder, name));
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // Windows cannot sync a folder.
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

function absentIsEmpty(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
