/**
 * Which program a run is for, and which version, found out without running it: `--version` of a script could be the script itself.
 * What it finds is told in the record; nothing rests on it.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";

export interface ProgramIdentity {
  readonly program: string;
  /** `name 1.2.3` of the package that it belongs to, else the first digits of its SHA-256; empty when it is not found. */
  readonly version: string;
}

/** Larger files are named by their size: hashing one would keep the run waiting. */
const HASHED_BYTES_MAX = 512 * 1024 * 1024;
const FOLDERS_UP_MAX = 6;
const DIGITS = 16;

export async function identifyProgram(word: string, path: string | undefined, workingDirectory: string): Promise<ProgramIdentity> {
  const program = basename(word);
  const file = found(word, path ?? "", workingDirectory);
  if (file === undefined) return { program, version: "" };
  const real = realpathSync(file);
  return { program, version: packageOf(real) ?? (await digestOf(real)) };
}

function found(word: string, path: string, workingDirectory: string): string | undefined {
  const places = word.includes("/")
    ? [isAbsolute(word) ? word : join(workingDirectory, word)]
    : path.split(delimiter).flatMap((folder) => (folder === "" ? [] : [join(folder, word)]));
  return places.find((place) => existsSync(place) && statSync(place).isFile());
}

/** Command line tools from npm say who they are in the package.json above them. */
function packageOf(file: string): string | undefined {
  let folder = dirname(file);
  if (!file.includes("node_modules")) return undefined;
  for (let up = 0; up < FOLDERS_UP_MAX && basename(folder) !== "node_modules"; up++) {
    const about = join(folder, "package.json");
    if (existsSync(about)) {
      try {
        const { name, version } = JSON.parse(readFileSync(about, "utf8")) as { name?: unknown; version?: unknown };
        if (typeof name === "string" && typeof version === "string") return `${name} ${version}`.slice(0, 120);
      } catch {
        return undefined;
      }
    }
    folder = dirname(folder);
  }
  return undefined;
}

async function digestOf(file: string): Promise<string> {
  const { size } = statSync(file);
  if (size > HASHED_BYTES_MAX) return `${size} bytes`;
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch {
    return "";
  }
  return `sha256 ${hash.digest("hex").slice(0, DIGITS)}`;
}
