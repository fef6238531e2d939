/**
 * How a table was made, as its scratch server's own pg_dump writes it: for a table that is not there any more.
 * Settings of the session that pg_dump writes around it are left out; rows are not in it.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../base/message-of.ts";
import { RestoreFailed } from "./restore-failed.ts";
import type { Scratch } from "./scratch.ts";
import type { ServerPrograms } from "./server-programs.ts";

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 8 * 1024 ** 2;

export async function tableDefinition(scratch: Scratch, programs: ServerPrograms, database: string, table: string): Promise<string> {
  const { socket, port, role, folder } = scratch;
  const to = ["-h", socket, "-p", String(port), "-U", role, "-d", database, "--no-password"];
  const { stdout } = await run(programs.demand("pg_dump"), [...to, "--schema-only", "--table", table], {
    ...folder.account,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    maxBuffer: OUTPUT_BYTES_MAX,
  }).catch((error: unknown) =>
    Promise.reject(new RestoreFailed("files", `how \`${table}\` was made cannot be read: ${messageOf(error)}`, error)),
  );
  return plainDefinition(stdout);
}

/** pg_dump's text without comments, settings and psql's commands. */
export function plainDefinition(text: string): string {
  const kept = text.split("\n").filter((line) => !/^(--|\\|SET \w+ = |SELECT pg_catalog\.set_config\(|\s*$)/.test(line));
  return `${kept.join("\n")}\n`;
}
