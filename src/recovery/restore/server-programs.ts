/**
 * Finds a server's own programs of one major version: on the search path, and where Debian's and the project's packages put them.
 * A server opens only the files of its own major version, so nothing near is taken.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { RestoreFailed } from "./restore-failed.ts";

const run = promisify(execFile);

/** Folders of one version each: `%` stands for it. */
const versioned = ["/usr/lib/postgresql/%/bin", "/usr/pgsql-%/bin", "/usr/local/pgsql-%/bin", "/opt/homebrew/opt/postgresql@%/bin"];

export interface ServerPrograms {
  readonly major: number;
  /** Of the server itself, as `15.18`. */
  readonly version: string;
  readonly folder: string;
  /** The path of one of them; `undefined` where this installation does not have it. */
  path(name: string): string | undefined;
}

/** `searchPath` as the shell has it. Rejects with {@link RestoreFailed} that says what to install. */
export async function serverPrograms(major: number, searchPath: string): Promise<ServerPrograms> {
  for (const folder of [...versioned.map((each) => each.replace("%", String(major))), ...searchPath.split(delimiter).filter(Boolean)]) {
    const postgres = join(folder, "postgres");
    if (!isProgram(postgres)) continue;
    const { stdout } = await run(postgres, ["--version"], { timeout: 10_000 }).catch(() => ({ stdout: "" }));
    const [, version, found] = /\(PostgreSQL\) ((\d+)[\d.]*)/.exec(stdout) ?? [];
    if (version !== undefined && Number(found) === major)
      return { major, version, folder, path: (name) => [join(folder, name)].find(isProgram) };
  }
  throw new RestoreFailed(
    "programs",
    `no PostgreSQL ${major} server is installed here${others()}: a backup opens only with its own major version: apt-get install postgresql-${major}, or its like`,
  );
}

function others(): string {
  try {
    const there = readdirSync("/usr/lib/postgresql").filter((name) => isProgram(`/usr/lib/postgresql/${name}/bin/postgres`));
    return there.length === 0 ? "" : ` (${there.join(", ")} is)`;
  } catch {
    return "";
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
