/**
 * Runs the real program as a user does: a process of its own, with its streams and its exit code.
 * It does not know what any command should say.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** No command that ends by itself takes as long on the busiest machine. */
const HANGING_MS = 240_000;

export interface Ran {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface How {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it and leaves it running; standard input stays open. */
export function start(words: readonly string[], how: How = {}): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"], ...how.env };
  return spawn(process.execPath, [program, ...words], { cwd: how.cwd ?? tmpdir(), env });
}

export function holdfast(words: readonly string[], how: How = {}): Promise<Ran> {
  const child = start(words, how);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  // The program may end before it has read everything.
  child.stdin.on("error", () => undefined);
  child.stdin.end(how.input ?? "");
  // One that hangs is ended with what it has said so far: the test then shows which it was.
  const hanging = setTimeout(() => child.kill("SIGKILL"), HANGING_MS);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => clearTimeout(hanging));
    child.once("close", (code) => resolve({ code, out: Buffer.concat(out).toString("utf8"), err: Buffer.concat(err).toString("utf8") }));
  });
}

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, removed with the process. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  folders.push(folder);
  return folder;
}
