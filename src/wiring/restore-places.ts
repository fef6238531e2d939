/**
 * Where a target's backups lie and where its scratch servers go: the repository opened with its key, programs found, connections made.
 * It restores nothing by itself.
 */
import { join } from "node:path";
import { Client } from "pg";
import { systemRandom } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import { readSecret, resolveUpstreamAddress } from "../config/read-secret.ts";
import { openRepository, type Repository } from "../recovery/backup/repository.ts";
import type { ConnectScratch, ScratchParts } from "../recovery/restore/scratch.ts";
import { serverPrograms } from "../recovery/restore/server-programs.ts";
import type { OnProgress } from "../recovery/restore/source.ts";
import { programPlaces } from "./backup-place.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

/** Rejects with {@link WiringError} where there is none, and as the repository does where it cannot be read. */
export async function targetRepository(target: TargetConfig, environment: EnvironmentVariables): Promise<Repository> {
  const { name, backup } = target;
  if (backup?.repository === undefined)
    throw new WiringError(
      backup === undefined
        ? `target \`${name}\` has no \`backup\` in the configuration: there is nothing to restore from`
        : `the backups of target \`${name}\` are kept by its provider: restore them there`,
    );
  const { repository: folder, key } = backup;
  if (key === undefined) return openRepository({ folder, random: systemRandom });
  const secret = readSecret(key, environment);
  if (!secret.ok) throw new WiringError(`target \`${name}\`: \`backup.key\`: ${secret.message}`);
  const passphrase = Buffer.from(secret.value);
  try {
    return await openRepository({ folder, random: systemRandom, passphrase });
  } finally {
    passphrase.fill(0);
  }
}

/** A socket's path has 107 bytes at most, and the longest name of ours in it takes 40. */
const ROOT_CHARACTERS_MAX = 65;

/** As root the server's account must be able to get there, which the state folder does not let it. */
export function scratchRoot({ state }: Pick<Config, "state">, { backup }: TargetConfig): string {
  const uid = process.getuid?.();
  const own = backup?.drill.folder ?? join(state, "scratch");
  if (backup?.drill.folder === undefined && (uid === 0 || own.length > ROOT_CHARACTERS_MAX)) return `/var/tmp/holdfast-scratch-${uid ?? 0}`;
  if (own.length > ROOT_CHARACTERS_MAX)
    throw new WiringError(
      `\`${own}\` is too long for a server's socket: choose a \`backup.drill.folder\` of at most ${ROOT_CHARACTERS_MAX} characters`,
    );
  return own;
}

export interface ScratchWanted {
  readonly root: string;
  readonly name: string;
  readonly major: number;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

export async function scratchPartsOf(
  target: TargetConfig,
  environment: EnvironmentVariables,
  wanted: ScratchWanted,
): Promise<ScratchParts> {
  const { root, name, major, onProgress, signal } = wanted;
  return {
    root,
    name,
    programs: await serverPrograms(major, programPlaces(target.backup, environment)),
    connect,
    roles: rolesOf(target, environment),
    onProgress,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Roles that the target's server has, and its copy therefore, too. */
function rolesOf({ upstream, executor, roles, backup }: TargetConfig, environment: EnvironmentVariables): readonly string[] {
  const known = [upstream, executor, roles?.admin, backup?.login].filter((each) => each !== undefined);
  return known.flatMap((each) => {
    const resolved = resolveUpstreamAddress(each, environment);
    return "message" in resolved ? [] : [resolved.upstream.role];
  });
}

/** The database that is looked into where nobody has named one. */
export function databaseOf({ upstream }: TargetConfig, environment: EnvironmentVariables): string {
  const resolved = resolveUpstreamAddress(upstream, environment);
  return "message" in resolved ? "postgres" : (resolved.upstream.database ?? resolved.upstream.role);
}

const connect: ConnectScratch = async ({ socket, port, role, database }) => {
  const client = new Client({ host: socket, port, user: role, database, application_name: "holdfast" });
  // It ends with its server.
  client.on("error", () => undefined);
  await client.connect();
  return client;
};
