/**
 * Backups as files, for commands that work with the gateway down: a target's repository opened, one sealed file opened with nothing but its
 * folder, a WAL file for `restore_command`. It reads and never writes to a repository.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../base/message-of.ts";
import { systemRandom } from "../base/ids.ts";
import { passphraseBytes } from "../base/passphrase-key.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import { readSecret, type SecretPlaces } from "../config/read-secret.ts";
import type { Backup } from "../model/recovery.ts";
import { placeProblem } from "../recovery/backup/place.ts";
import { openRepository, type Repository, RepositoryProblem, type StoredBackup } from "../recovery/backup/repository.ts";
import { unsealing } from "../recovery/backup/seal.ts";
import { type BackupCheck, verifyBackup } from "../recovery/backup/verify.ts";
import type { ProgramPlaces } from "../recovery/backup/programs.ts";
import { serverPrograms } from "../recovery/restore/server-programs.ts";
import { programPlaces } from "./backup-place.ts";

export type { BackupCheck, Repository, StoredBackup };
export { RepositoryProblem, verifyBackup };

export interface TargetRepository {
  readonly target: string;
  readonly repository: Repository;
}

/**
 * The repositories of the targets that have one, or of the one named. `places` absent: without their keys, which is enough to list. Rejects
 * with {@link RepositoryProblem}.
 */
export async function openRepositories(
  config: Config,
  named: string | undefined,
  places?: SecretPlaces,
): Promise<readonly TargetRepository[]> {
  const opened: TargetRepository[] = [];
  for (const { name, backup } of config.targets) {
    if ((named !== undefined && named !== name) || backup?.repository === undefined || backup.method === "pgbackrest") continue;
    const key = backup.key === undefined || places === undefined ? undefined : readSecret(backup.key, places);
    if (key?.ok === false) throw new RepositoryProblem(`the key of the backups of \`${name}\` cannot be had: ${key.message}`);
    const passphrase = key === undefined ? {} : { passphrase: passphraseBytes(key.value) };
    opened.push({ target: name, repository: await openRepository({ folder: backup.repository, random: systemRandom, ...passphrase }) });
  }
  return opened;
}

/**
 * Without its key: how many backups there are, when the newest began, why the folder is no place for them, and why this machine could not
 * restore the newest. Rejects as opening does.
 */
export async function lookAtRepository({ name, backup }: Pick<TargetConfig, "name" | "backup">) {
  const folder = backup?.repository ?? "";
  const problem = await placeProblem(folder, process.getuid?.() ?? null);
  const { backups } = await (await openRepository({ folder, random: systemRandom })).list(name);
  const newest = backups[0]?.manifest.backup;
  const lacking = newest === undefined ? undefined : await lackingFor(newest, programPlaces(backup, process.env));
  return { problem, lacking, newestAtMs: newest?.startedAtMs, count: backups.length };
}

/** A scratch server is of the same major version; a dump also needs what reads it. */
async function lackingFor({ serverVersion, method }: Backup, places: ProgramPlaces): Promise<string | undefined> {
  try {
    const programs = await serverPrograms(Math.floor(serverVersion / 10_000), places);
    for (const name of method === "dump" ? ["initdb", "pg_restore"] : []) programs.demand(name);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The passphrase in a file as a person keeps it; one line end is not part of it. */
export async function openByKeyFile(folder: string, keyFile: string | undefined): Promise<Repository> {
  const passphrase = keyFile === undefined ? {} : { passphrase: passphraseBytes((await readFile(keyFile, "utf8")).replace(/\r?\n$/, "")) };
  return openRepository({ folder, random: systemRandom, ...passphrase });
}

/** Opens one sealed file of a repository, found by going up from the file. What comes out is there whole or not at all. */
export async function decryptFile(file: string, keyFile: string, out: string): Promise<void> {
  const repository = await openByKeyFile(await repositoryAbove(resolve(file)), keyFile);
  if (repository.key === undefined) throw new RepositoryProblem("the repository is not sealed: its files are read as they are");
  await whole(out, (draft) =>
    pipeline(
      createReadStream(file),
      unsealing({ key: repository.key ?? new Uint8Array(), label: basename(file) }),
      createWriteStream(draft, { mode: 0o600, flags: "wx" }),
    ),
  );
}

/** `false` where the archive has no such file: what `restore_command` has to tell the server. */
export async function fetchWal(
  folder: string,
  target: string,
  name: string,
  destination: string,
  keyFile: string | undefined,
): Promise<boolean> {
  return (await openByKeyFile(folder, keyFile)).wal(target).fetch(name, destination);
}

async function whole(out: string, write: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${out}.draft`;
  await rm(draft, { force: true });
  try {
    await write(draft);
    await rename(draft, out);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function repositoryAbove(file: string): Promise<string> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const found = await stat(join(folder, "repository.json")).catch(() => undefined);
    if (found !== undefined) return folder;
    if (folder === dirname(folder))
      throw new RepositoryProblem(`no \`repository.json\` lies above \`${file}\`: it says how the key is made`);
  }
}
