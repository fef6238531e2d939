/**
 * The exit code of an action that ends orderly but not with `done`.
 * It does not end the process.
 */
import { exitCodes } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

const set = new WeakMap<Terminal, number>();

/** One of {@link exitCodes}, or the code of a program that was run for somebody. */
export function setExit(terminal: Terminal, code: number): void {
  set.set(terminal, code);
}

/** `done` unless an action said otherwise. */
export function exitOf(terminal: Terminal): number {
  return set.get(terminal) ?? exitCodes.done;
}
