/**
 * pgBackRest beside us: its configuration written, its backups started and listed. What it keeps is its own format, and WAL goes its own
 * way, by the server's `archive_command`. It runs on the server's machine, as an account that may read the data directory.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { loginVariables, ProgramFailed, runProgram, type ServerLogin } from "./programs.ts";
import type { BackupProvider, ProvidedBackup } from "./provided.ts";

export interface PgbackrestParts {
  readonly stanza: string;
  /** Our repository's folder; pgBackRest's own lies under it. */
  readonly repository: string;
  /** This gateway's own folder for the target: the configuration lies there. */
  readonly place: string;
  readonly path: string;
  readonly login: () => ServerLogin;
  readonly server: () => Promise<{ readonly dataDirectory: string | undefined; readonly socketDirectory: string | undefined }>;
  /** The cipher's passphrase: pgBackRest reads it from its configuration, which is for its account alone. */
  readonly passphrase: string | undefined;
  readonly keepFull: number;
}

export interface Pgbackrest extends BackupProvider {
  /** Absolute: what the server's `archive_command` names. */
  readonly configuration: string;
}

export function pgbackrest(parts: PgbackrestParts): Pgbackrest {
  const configuration = join(parts.place, "pgbackrest.conf");
  const run = async (words: readonly string[], signal: AbortSignal): Promise<string> => {
    await configure(parts, configuration);
    const { variables, release } = await loginVariables(parts.login(), parts.place);
    try {
      const { PGPASSFILE = "" } = variables;
      const args = [`--config=${configuration}`, `--stanza=${parts.stanza}`, ...words];
      const running = runProgram({ name: "pgbackrest", path: "pgbackrest" }, args, { variables: { PGPASSFILE }, path: parts.path, signal });
      // It says what is wrong on its output.
      const said = await text(running.output);
      await running.ended.catch((error: unknown) => Promise.reject(explained(error, said)));
      return said;
    } finally {
      await release();
    }
  };
  return {
    configuration,
    list: async (signal) => parseInfo(await run(["--output=json", "info"], signal)),
    make: async (signal) => {
      await run(["stanza-create"], signal);
      await run(["--type=full", "backup"], signal);
    },
  };
}

async function configure({ stanza, repository, place, login, server, passphrase, keepFull }: PgbackrestParts, file: string): Promise<void> {
  const { dataDirectory, socketDirectory } = await server();
  if (dataDirectory === undefined)
    throw new ProgramFailed("pgbackrest needs the data directory, which the login may not know: GRANT pg_read_all_settings to it");
  const home = join(repository, "pgbackrest");
  const [lock, log, spool] = [join(place, "lock"), join(place, "log"), join(place, "spool")];
  for (const folder of [home, lock, log, spool]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const { role, port, database, host } = login();
  const cipher = passphrase === undefined ? [] : ["repo1-cipher-type=aes-256-cbc", `repo1-cipher-pass=${singleLine(passphrase)}`];
  const socket = host.startsWith("/") ? host : socketDirectory;
  const lines = [
    "[global]",
    `repo1-path=${home}`,
    `repo1-retention-full=${keepFull}`,
    ...cipher,
    `lock-path=${lock}`,
    `log-path=${log}`,
    `spool-path=${spool}`,
    "log-level-file=off",
    "log-level-console=error",
    "start-fast=y",
    `[${stanza}]`,
    `pg1-path=${dataDirectory}`,
    `pg1-port=${port}`,
    `pg1-user=${role}`,
    `pg1-database=${database}`,
    ...(socket === undefined ? [] : [`pg1-socket-path=${socket}`]),
  ];
  await writeFile(`${file}.new`, `${lines.join("\n")}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function singleLine(passphrase: string): string {
  if (/[\r\n]/.test(passphrase)) throw new ProgramFailed("the passphrase has several lines, which pgbackrest's configuration cannot hold");
  return passphrase;
}

function explained(error: unknown, said: string): unknown {
  const [line] = said.split("\n").filter((each) => /ERROR/.test(each));
  if (!(error instanceof ProgramFailed) || line === undefined) return error;
  return new ProgramFailed(`${error.message}: ${line.replace(/^.*ERROR: /, "").slice(0, 300)}`);
}

interface Info {
  readonly backup?: readonly {
    readonly label: string;
    readonly error?: boolean;
    readonly lsn?: { readonly start?: string; readonly stop?: string };
    readonly timestamp: { readonly start: number; readonly stop: number };
    readonly info: { readonly repository?: { readonly size?: number; readonly delta?: number }; readonly size?: number };
  }[];
}

/** As `info --output=json` has it, oldest first. One with an error in it is none. */
function parseInfo(json: string): readonly ProvidedBackup[] {
  const stanzas = JSON.parse(json) as readonly Info[];
  return stanzas
    .flatMap(({ backup = [] }) => backup)
    .filter(({ error }) => error !== true)
    .map(({ label, lsn, timestamp, info }) => ({
      label,
      startedAtMs: timestamp.start * 1_000,
      endedAtMs: timestamp.stop * 1_000,
      bytes: info.repository?.size ?? info.size ?? 0,
      ...(lsn?.start === undefined || lsn.stop === undefined ? {} : { from: lsn.start, to: lsn.stop }),
    }))
    .reverse();
}
