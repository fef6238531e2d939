/**
 * What `holdfast run --sandbox` asks of the sandbox, from its options and the configuration, and what it tells the person.
 * It confines nothing itself.
 */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { wrongUse } from "../errors.ts";
import { paragraph, visible } from "../output.ts";
import { ownFolders, secretFiles } from "../secret-files.ts";
import type { Terminal } from "../terminal.ts";
import type { ChildEnvironment } from "./child-environment.ts";
import { missingText, openSandbox, type Sandbox } from "./sandbox.ts";
import { type SessionAddress, sessionUrl } from "./session-values.ts";

export interface RunSandboxParts {
  readonly options: { readonly sandbox?: boolean | string; readonly keep?: readonly string[]; readonly writable?: readonly string[] };
  readonly config: Config;
  readonly configFile: string;
  readonly program: readonly string[];
  readonly child: ChildEnvironment;
  readonly session: SessionAddress;
  /** Where the session is reached from outside: `session` may call it by another name. */
  readonly gate: { readonly host: string; readonly port: number };
  /** The same of what else the session has. */
  readonly also: readonly { readonly host: string; readonly port: number }[];
  /** Folders of the session's own that its variables lead to. */
  readonly shown: readonly string[];
}

const masksShown = 12;

/** `undefined` where none was asked for. Rejects with a CliError. */
export async function openRunSandbox(parts: RunSandboxParts, terminal: Terminal): Promise<Sandbox | undefined> {
  const { options, config, configFile, program, child, session, gate, also, shown } = parts;
  if (options.sandbox === undefined || options.sandbox === false) {
    if (options.writable !== undefined) throw wrongUse("--writable says what a sandbox lets through, and there is none", "add --sandbox");
    return undefined;
  }
  if (typeof options.sandbox === "string" && options.sandbox !== "best-effort")
    throw wrongUse(
      `\`${visible(options.sandbox)}\` is no kind of sandbox`,
      "--sandbox, or --sandbox=best-effort; the program comes after --",
    );
  const absolute = (path: string) => (isAbsolute(path) ? path : join(terminal.workingDirectory, path));
  return openSandbox({
    program,
    environment: child.variables,
    bestEffort: options.sandbox === "best-effort",
    workingDirectory: terminal.workingDirectory,
    home: terminal.env["HOME"] ?? homedir(),
    gate,
    also,
    url: sessionUrl({ ...session, host: session.host === "localhost" ? session.host : "127.0.0.1" }),
    keep: [...(options.keep ?? []).filter((name) => name.includes("/")).map(absolute), ...shown],
    writable: (options.writable ?? []).map(absolute),
    own: { folders: ownFolders(config), files: [configFile, ...secretFiles(config)] },
    signal: new AbortController().signal,
  });
}

/** For standard error. What is missing is said even where little is to be said. */
export function sandboxText(sandbox: Sandbox | undefined, quiet: boolean, terminal: Terminal): string {
  if (sandbox === undefined) return "";
  const lines: string[] = [];
  if (sandbox.missing.length > 0)
    lines.push(`${terminal.styleErr(["bold", "red"], "THE SANDBOX HAS HOLES")}\n${missingText(sandbox.missing)}\n`);
  if (!quiet) {
    const { masked } = sandbox;
    const more = masked.length > masksShown ? ` and ${masked.length - masksShown} more` : "";
    const files =
      masked.length === 0 ? "no file with a secret was found" : `masked: ${masked.slice(0, masksShown).map(visible).join(", ")}${more}`;
    const unread = sandbox.unread === 0 ? "" : `; ${sandbox.unread} could not be looked into`;
    lines.push(
      paragraph(
        `sandbox: no network but Holdfast; writes to ${sandbox.writable.map(visible).join(", ")} and /tmp; ${files}${unread}`,
        100,
        2,
      ),
    );
  }
  return lines.join("");
}
