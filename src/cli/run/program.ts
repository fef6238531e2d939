/**
 * Runs an agent's program on this terminal: its streams are ours, signals are handed on, its exit code comes back.
 * What confines it is the launch's matter.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import { failed } from "../errors.ts";
import { visible } from "../output.ts";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Bytes that the program finds at descriptors 4, 5 ...; descriptor 3 then carries signals by name, a line each. */
  readonly inputs?: readonly Uint8Array[];
}

/** Resolves with the exit code, 128 and the signal's number where one ended it. Rejects when it cannot be started. */
export function runProgram({ file, args, environment, inputs }: Launch): Promise<number> {
  return new Promise((resolve, reject) => {
    const pipes = inputs === undefined ? [] : ["pipe" as const, ...inputs.map(() => "pipe" as const)];
    let pass: (signal: NodeJS.Signals) => void = () => undefined;
    // Before the program is there to be interrupted: an interrupt from the keyboard reaches it by itself, and must not end us. Nor may any
    // of these afterwards: the session is still to be closed.
    const keep = () => undefined;
    process.on("SIGINT", keep).on("SIGQUIT", keep);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => pass(signal));
    const child = spawn(file, args, { stdio: ["inherit", "inherit", "inherit", ...pipes], env: environment });
    const signals = feed(child, inputs ?? []);
    pass = (signal) => void (inputs === undefined ? child.kill(signal) : signals?.write(`${signal}\n`));
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(failed(`\`${visible(file)}\` cannot be run: ${error.code ?? error.message}`)),
    );
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  });
}

/** The stream for signals. A program that ends before it has read its inputs is no error of ours. */
function feed(child: ChildProcess, inputs: readonly Uint8Array[]): Writable | undefined {
  const streams = child.stdio.slice(3) as Writable[];
  for (const stream of streams) stream.on("error", () => undefined);
  inputs.forEach((bytes, index) => streams[index + 1]?.end(bytes));
  return streams[0];
}
