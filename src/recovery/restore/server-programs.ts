/**
 * A server's own programs of one major version: a server opens only the files of its own, so nothing near is taken.
 * It installs nothing.
 */
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../base/message-of.ts";
import { findProgram, type ProgramPlaces } from "../backup/programs.ts";
import { RestoreFailed } from "./restore-failed.ts";

export interface ServerPrograms {
  readonly major: number;
  /** Of the server itself, as `15.18`. */
  readonly version: string;
  readonly folder: string;
  /** The path of one of them. Throws {@link RestoreFailed} where this installation does not have it. */
  demand(name: string): string;
  /** `undefined` where this installation does not have it. */
  find(name: string): string | undefined;
}

/** Rejects with {@link RestoreFailed} that says what to install. */
export async function serverPrograms(major: number, places: ProgramPlaces): Promise<ServerPrograms> {
  const { path, version } = await findProgram("postgres", major, places).catch((error: unknown) =>
    Promise.reject(new RestoreFailed("programs", `the server of PostgreSQL ${major} is not installed here: ${messageOf(error)}`, error)),
  );
  const folder = dirname(path);
  const find = (name: string) => [join(folder, name)].find(isProgram);
  const demand = (name: string) => {
    const found = find(name);
    if (found === undefined)
      throw new RestoreFailed("programs", `\`${name}\` is missing in \`${folder}\`: install all of PostgreSQL ${major}'s server package`);
    return found;
  };
  return { major, version, folder, find, demand };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
