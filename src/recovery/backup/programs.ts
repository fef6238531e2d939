/**
 * PostgreSQL's own programs: found in the version that fits the server, and run with a login that no list of processes shows.
 * It installs nothing; what is missing is an error that says what to install.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";

/** A program is missing, refused the work or failed. The message holds no secret. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
}

export interface ProgramPlaces {
  /** As the variable PATH has it. */
  readonly path: string;
  /** Folders to look in first, with a `%` for the server's major version. */
  readonly first?: readonly string[];
  /** The usual ones, likewise. */
  readonly versioned?: readonly string[];
}

export interface Program {
  readonly name: string;
  readonly path: string;
  /** As it says itself: `15.20`. */
  readonly version: string;
}

/** Debian, Red Hat, macOS by Homebrew on either processor. */
const usualFolders = [
  "/usr/lib/postgresql/%/bin",
  "/usr/pgsql-%/bin",
  "/opt/homebrew/opt/postgresql@%/bin",
  "/usr/local/opt/postgresql@%/bin",
];

/** The program of exactly that major version: another may write what is no backup (GitLab, 2017). Rejects with {@link ProgramFailed}. */
export async function findProgram(
  name: string,
  major: number,
  { path, first = [], versioned = usualFolders }: ProgramPlaces,
): Promise<Program> {
  const folders = [
    ...[...first, ...versioned].map((folder) => folder.replace("%", String(major))),
    ...path.split(delimiter).filter((each) => each !== ""),
  ];
  const others: string[] = [];
  for (const folder of folders) {
    const file = join(folder, name);
    const version = await versionOf(file);
    if (version === undefined) continue;
    if (Number(version.split(".")[0]) === major) return { name, path: file, version };
    others.push(version);
  }
  const found = others.length === 0 ? "none was found" : `only ${[...new Set(others)].join(" and ")} was found, which does not fit`;
  throw new ProgramFailed(
    `${name} of PostgreSQL ${major} is needed, and ${found}: install postgresql-client-${major} (Debian) or postgresql${major} (Red Hat), or name its folder as \`backup.programs\``,
  );
}

async function versionOf(file: string): Promise<string | undefined> {
  try {
    await access(file, constants.X_OK);
    const { stdout } = await promisify(execFile)(file, ["--version"], { timeout: 10_000, env: { LC_ALL: "C" } });
    return /\s(\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** Where and as whom a program logs in at the server. */
export interface ServerLogin {
  readonly host: string;
  readonly port: number;
  readonly role: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly tls: "disable" | "require" | "verify-full";
  /** Absolute path of a PEM file. */
  readonly ca?: string;
  readonly serverName?: string;
  readonly md5Allowed?: boolean;
}

const systemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

/** Variables of libpq, with the password in a file of mode 0600 in a folder of its own under `place`, which goes with `release`. */
export async function loginVariables(
  login: ServerLogin,
  place: string,
): Promise<{ readonly variables: Readonly<Record<string, string>>; readonly release: () => Promise<void> }> {
  const folder = await mkdtemp(join(place, "login-"));
  const file = join(folder, "pgpass");
  const escaped = (login.password ?? "").replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  await writeFile(file, login.password === undefined ? "" : `*:*:*:*:${escaped}\n`, { mode: 0o600, flag: "wx" });
  const authority = login.ca ?? (login.tls === "verify-full" ? systemAuthorities : undefined);
  const variables = {
    PGPASSFILE: file,
    // libpq holds the certificate against PGHOST, and connects to PGHOSTADDR where both are given; an address alone may stand in PGHOST.
    PGHOST: login.serverName ?? login.host,
    ...(login.serverName === undefined ? {} : { PGHOSTADDR: login.host }),
    PGPORT: String(login.port),
    PGUSER: login.role,
    PGDATABASE: login.database,
    PGSSLMODE: login.tls,
    ...(authority === undefined ? {} : { PGSSLROOTCERT: authority }),
    // Known from libpq 16 on; older ones do not look at it.
    ...(login.md5Allowed === true ? {} : { PGREQUIREAUTH: "scram-sha-256,none" }),
    PGAPPNAME: "holdfast backup",
    PGCONNECT_TIMEOUT: "15",
  };
  return { variables, release: () => rm(folder, { recursive: true, force: true }) };
}

export interface Running {
  readonly output: Readable;
  /** Resolves with the lines it said when it ended well. Rejects with {@link ProgramFailed}, also when it was stopped. */
  readonly ended: Promise<readonly string[]>;
  readonly stop: () => void;
}

const linesMax = 60;
const lineCharactersMax = 500;
const patienceMs = 5_000;

export interface RunOptions {
  readonly variables: Readonly<Record<string, string>>;
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Where it runs; `/` otherwise. */
  readonly folder?: string;
}

/** Starts it with nothing of our own environment but PATH: neither secrets nor `PG*` variables that would mean another server. */
export function runProgram(program: Pick<Program, "name" | "path">, args: readonly string[], options: RunOptions): Running {
  const { variables, path, signal, folder = "/" } = options;
  const child = spawn(program.path, [...args], {
    cwd: folder,
    env: { PATH: path, LC_ALL: "C", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const take = (line: string): void => {
    if (line === "") return;
    lines.push(line.slice(0, lineCharactersMax));
    if (lines.length > linesMax) lines.shift();
  };
  let open = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const parts = `${open}${text}`.split(/\r?\n|\r/);
    open = (parts.pop() ?? "").slice(0, lineCharactersMax);
    for (const part of parts) take(part);
  });
  const stop = stopping(child);
  const ended = new Promise<readonly string[]>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(new ProgramFailed(`${program.name} could not be started: ${error.code ?? error.message}`)),
    );
    child.once("close", (code, killed) => {
      take(open);
      if (code === 0) resolve(lines);
      else reject(new ProgramFailed(failure(program.name, code, killed, lines)));
    });
  });
  // Whoever only reads the output hears of the end there.
  ended.catch(() => undefined);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  return { output: child.stdout, ended, stop };
}

/** SIGTERM, and SIGKILL for what does not go. */
function stopping(child: ChildProcess): () => void {
  return () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.once("exit", () => clearTimeout(timer));
  };
}

/** What it said that sounds like the cause, without its own name and time. */
function failure(name: string, code: number | null, killed: NodeJS.Signals | null, lines: readonly string[]): string {
  const telling = lines.filter((line) => /error|fatal|could not|denied|refus/i.test(line));
  const cause = telling.at(-1) ?? lines.at(-1) ?? "";
  const how = killed === null ? `ended with ${code ?? "nothing"}` : `was ended by ${killed}`;
  const told = cause.replace(/^[\w-]+: (?:error: )?/, "").replace(/\.$/, "");
  return `${name} ${how}${told === "" ? "" : `: ${told}`}`;
}
