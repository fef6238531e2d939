/**
 * Who keeps a target's backups where Holdfast does not, joined with the configuration: a provider that is asked, or pgBackRest.
 * It asks nobody by itself.
 */
import { join } from "node:path";
import type { BackupConfig } from "../config/backup-schema.ts";
import { readSecret } from "../config/read-secret.ts";
import { pgbackrest } from "../recovery/backup/pgbackrest.ts";
import { ProgramFailed } from "../recovery/backup/programs.ts";
import { type BackupProvider, commandProvider, queryProvider } from "../recovery/backup/provided.ts";
import { backupAddress, backupLogin } from "./backup-login.ts";
import { ProvidedBackups, type ProvidedBackupsParts } from "./provided-backups.ts";
import type { EnvironmentVariables } from "./target-options.ts";

interface ProviderParts {
  readonly environment: EnvironmentVariables;
  readonly programs: { readonly path: string };
  readonly place: string;
}

export function externalProvider(target: string, backup: BackupConfig, { environment, programs }: ProviderParts): BackupProvider {
  const { external } = backup;
  if (external !== undefined && "command" in external) return commandProvider(external.command, programs.path);
  return queryProvider(external?.query ?? "", () => backupAddress(target, backup, environment).connect());
}

type Shared = Omit<ProvidedBackupsParts, "target" | "method" | "backup" | "provider" | "advice">;

export function pgbackrestBackups(
  target: string,
  backup: BackupConfig & { readonly repository: string },
  parts: ProviderParts & Shared,
): ProvidedBackups {
  const { environment, programs, place } = parts;
  const key = backup.key === undefined ? undefined : readSecret(backup.key, environment);
  const provider = pgbackrest({
    stanza: target,
    repository: join(backup.repository, target),
    place,
    path: programs.path,
    login: () => {
      // Plain where a cipher is wanted would be worse than none.
      if (key?.ok === false) throw new ProgramFailed(`the key of its backups cannot be had: ${key.message}`);
      return backupLogin(target, backup, environment);
    },
    server: async () => {
      const client = await backupAddress(target, backup, environment).connect();
      try {
        const { rows } = await client.query<{ name: string; setting: string }>(
          "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('data_directory', 'unix_socket_directories')",
        );
        const of = (name: string) => rows.find((row) => row.name === name)?.setting;
        return { dataDirectory: of("data_directory"), socketDirectory: of("unix_socket_directories")?.split(",")[0]?.trim() };
      } finally {
        await client.end();
      }
    },
    passphrase: key?.ok === true ? key.value : undefined,
    keepFull: backup.keep.full,
  });
  const archive = `archive_command = 'pgbackrest --config=${provider.configuration} --stanza=${target} archive-push %p'`;
  return new ProvidedBackups({
    ...parts,
    target,
    method: "pgbackrest",
    backup,
    provider,
    advice: [`the server needs archive_mode = on and ${archive}`],
  });
}
