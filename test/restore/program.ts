/** `holdfast` as a process of its own, with the passphrases that it is lent on descriptors 3 (the vault's) and 4 (the person's). */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { personPassphrase, vaultPassphrase } from "../grants/scene.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly said: () => string;
  readonly over: Promise<Ran>;
}

export function start(
  words: readonly string[],
  { folder, env }: { readonly folder: string; readonly env: Record<string, string> },
): Running {
  const all = [main, ...words, "--vault-key-fd", "3", "--as", "ada", "--passphrase-fd", "4"];
  const child = spawn(process.execPath, all, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  for (const [at, text] of [
    [3, vaultPassphrase()],
    [4, personPassphrase()],
  ] as const) {
    const pipe = child.stdio[at] as NodeJS.WritableStream;
    // One that fails early reads neither.
    pipe.on("error", () => undefined);
    pipe.end(text);
  }
  let [out, err] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const over = new Promise<Ran>((resolve) => child.once("close", (code) => resolve({ code, out, err })));
  return { child, said: () => `${out}${err}`, over };
}
