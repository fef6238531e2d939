/**
 * The exit code of an action that ends orderly but not with `done`.
 * It does not end the process.
 */
import { type ExitCode, exitCodes } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

const set = new WeakMap<Terminal, ExitCode>();

export function setExit(terminal: Terminal, code: ExitCode): void {
  set.set(terminal, code);
}

/** `done` unless an action said otherwise. */
export function exitOf(terminal: Terminal): ExitCode {
  return set.get(terminal) ?? exitCodes.done;
}
