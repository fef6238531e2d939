/**
 * Runs a client program against one side and returns everything it said.
 * It does not judge it.
 */
import { spawn } from "node:child_process";
import { tool } from "../support/tools.ts";
import type { Side } from "./two-sides.ts";

export interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Buffer;
  readonly cwd?: string;
  /** The program is interrupted (SIGINT) after so long; for programs that go on by themselves. */
  readonly secondsMax?: number;
}

/** Resolves when the program has ended, however it did. The side's port and password are replaced by words in what it said. */
export function run(side: Side, program: string, args: readonly string[], options: RunOptions = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...side.env, ...options.env }, cwd: options.cwd, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined);
    child.once("error", reject);
    const timer = setTimeout(() => child.kill(options.secondsMax === undefined ? "SIGKILL" : "SIGINT"), 1000 * (options.secondsMax ?? 60));
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ out: plain(side, out), err: plain(side, err), code });
    });
    child.stdin.end(options.input ?? "");
  });
}

function plain(side: Side, pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces)
    .toString("utf8")
    .replaceAll(side.password, "PASSWORD")
    .replaceAll(String(side.port), "PORT")
    .replaceAll(/\bPID \d+/g, "PID N")
    .replaceAll(/^\\(un)?restrict \w+$/gm, "\\$1restrict KEY");
}

/** psql reading a script as if typed: its lines are echoed, errors do not stop it. */
export async function psql(side: Side, script: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Said> {
  return run(side, await tool("psql"), ["-X", "-a", ...args], { ...options, input: script });
}
