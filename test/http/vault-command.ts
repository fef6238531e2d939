/**
 * `holdfast vault` beside a running gateway, as an operator runs it: the vault's key and the secret come by descriptors of their own.
 * It tests nothing itself.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { vaultPassphrase } from "../grants/scene.ts";

const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

export interface VaultSaid {
  readonly code: number | null;
  /** Both streams. */
  readonly said: string;
}

export function vaultCommand(folder: string, words: readonly string[], secret?: string): Promise<VaultSaid> {
  const from = secret === undefined ? [] : ["--from-fd", "4"];
  const child = spawn(process.execPath, [program, "vault", ...words, "--vault-key-fd", "3", ...from], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  for (const [at, text] of [
    [3, vaultPassphrase()],
    [4, secret ?? ""],
  ] as const) {
    const stream = child.stdio[at] as Writable;
    // It may end before it has read everything.
    stream.on("error", () => undefined);
    stream.end(text);
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, said: Buffer.concat(chunks).toString("utf8") }));
  });
}
