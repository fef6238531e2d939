/**
 * `holdfast scan`: finds the credentials that an agent would find in a folder, and says what it could destroy with them.
 * It changes nothing, and neither prints nor keeps a secret.
 */
import { figure } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { systemClock } from "../../base/clock.ts";
import { systemRandom } from "../../base/ids.ts";
import type { Credential, PostgresLogin } from "../../scan/credential.ts";
import { detect } from "../../scan/detect.ts";
import { openFingerprint } from "../../scan/fingerprint.ts";
import { homePlaces } from "../../scan/paths.ts";
import { type LoginAnswer, loginKey, reportOf, safeName } from "../../scan/report.ts";
import { type Unread, walk, walkPlaces, type Walked } from "../../scan/walk.ts";
import type { Define } from "../define.ts";
import { exitCodes, wrongUse } from "../errors.ts";
import { visible } from "../output.ts";
import { setExit } from "../exit.ts";
import { renderPage } from "../scan/page.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly home?: boolean | string;
  readonly try?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  command
    .argument("[directory]", "where an agent would be started", ".")
    .option("--home [directory]", "look into the places of a home directory where programs keep their logins, too")
    .option("--try", "ask the PostgreSQL servers what the logins found could do there: read-only, and only after a question")
    .option("-y, --yes", "try without the question")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast scan\n  holdfast scan ~/shop --home --try\n" +
        "  holdfast scan --json | jq '.findings[] | select(.power != \"cannot\")'\n\n" +
        "The exit code is 1 when something was found that can destroy, or whose kind can and nobody tried it.\n",
    )
    .action((directory: string, options: Options) => scan(directory, options, terminal));
};

async function scan(directory: string, options: Options, terminal: Terminal): Promise<void> {
  if (options.try === true && options.yes !== true && terminal.input.isTTY !== true)
    throw wrongUse("--try asks before it connects, and there is no terminal to ask on", "give --yes if these servers may be asked");
  const root = isAbsolute(directory) ? directory : join(terminal.workingDirectory, directory);
  if ((await stat(root).catch(() => undefined)) === undefined)
    throw wrongUse(`\`${visible(directory)}\` is not there, or may not be looked at`, "name the folder an agent would be started in");
  const signal = terminal.untilEnded();
  const found = await collect(sources(root, options, terminal, signal), terminal);
  const answers =
    options.try === true && !signal.aborted ? await trials(found.credentials, options, terminal, signal) : new Map<string, LoginAnswer>();
  const unread = signal.aborted ? [...found.unread, { path: ".", why: "the scan was ended before it was done" }] : found.unread;
  const report = reportOf({ ...found, unread, answers });
  if (report.destroys || signal.aborted) setExit(terminal, exitCodes.failed);
  if (options.json === true) return terminal.out(`${JSON.stringify({ directory, ...report })}\n`);
  await terminal.out(renderPage(report, directory, terminal));
}

interface Source {
  /** Stands before the paths that are shown. */
  readonly prefix: string;
  readonly walked: AsyncGenerator<Walked>;
}

function sources(root: string, options: Options, terminal: Terminal, signal: AbortSignal): readonly Source[] {
  const folder: Source = { prefix: "", walked: walk(root, { signal }) };
  if (options.home === undefined || options.home === false) return [folder];
  const home = typeof options.home === "string" ? options.home : terminal.env["HOME"];
  if (home === undefined || home === "") throw wrongUse("no home directory is known: `HOME` is not set", "name it: --home /path");
  const at = isAbsolute(home) ? home : join(terminal.workingDirectory, home);
  return [folder, { prefix: "~/", walked: walkPlaces(at, homePlaces, { signal }) }];
}

interface Collected {
  readonly credentials: readonly Credential[];
  readonly unread: readonly Unread[];
  readonly files: number;
}

const progressEveryMs = 3_000;

async function collect(all: readonly Source[], terminal: Terminal): Promise<Collected> {
  const fingerprint = openFingerprint(systemRandom);
  const credentials: Credential[] = [];
  const unread: Unread[] = [];
  let files = 0;
  let told = systemClock.monotonic();
  for (const { prefix, walked } of all)
    for await (const one of walked) {
      if (one.kind === "unread") unread.push({ ...one.unread, path: prefix + one.unread.path });
      else {
        files++;
        for (const credential of detect(one.file, fingerprint)) credentials.push({ ...credential, path: prefix + credential.path });
      }
      if (systemClock.monotonic() - told > progressEveryMs) {
        told = systemClock.monotonic();
        terminal.err(`${figure(files)} files looked at, ${figure(credentials.length)} credentials found so far\n`);
      }
    }
  return { credentials, unread, files };
}

async function trials(
  credentials: readonly Credential[],
  options: Options,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LoginAnswer>> {
  const logins = new Map<string, PostgresLogin>();
  for (const { login, fingerprint } of credentials) if (login !== undefined) logins.set(loginKey(login, fingerprint), login);
  const answers = new Map<string, LoginAnswer>();
  if (logins.size === 0) return answers;
  if (options.yes !== true && !(await agreed([...logins.values()], terminal, signal))) return answers;
  const { tryLogin } = await import("../scan/trial.ts");
  let count = 0;
  for (const [key, login] of logins) {
    if (signal.aborted) break;
    terminal.err(`asking ${++count} of ${logins.size}: ${addressOf(login)}\n`);
    answers.set(key, await tryLogin(login));
  }
  return answers;
}

async function agreed(logins: readonly PostgresLogin[], terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  terminal.err("These servers would be connected to, and asked what the login may do there (read-only, nothing is changed):\n");
  for (const login of logins) terminal.err(`  ${addressOf(login)}\n`);
  terminal.err("Connect to them? [y/N] ");
  const lines = createInterface({ input: terminal.input, terminal: false });
  try {
    const answer = await lines.question("", { signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch {
    terminal.err("\n");
    return false;
  } finally {
    lines.close();
  }
}

function addressOf({ role, host, port, database }: PostgresLogin): string {
  return visible(`${safeName(role)}@${host}:${port}/${safeName(database)}`);
}
