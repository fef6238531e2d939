/**
 * Asks a person at a terminal for a line.
 * It never asks where there is no terminal: nobody would answer, or a program would.
 */
import { createInterface } from "node:readline/promises";
import { failed } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** Whether somebody can be asked: both ends are a terminal. */
export function canAsk(terminal: Terminal): boolean {
  return terminal.interactive && terminal.input.isTTY === true;
}

/** The answer without the blanks around it; empty when the input ended. Rejects when the person interrupts. */
export async function ask(question: string, terminal: Terminal): Promise<string> {
  const reader = createInterface({ input: terminal.input, output: process.stdout });
  const ended = new Promise<string>((resolve) => reader.once("close", () => resolve("")));
  const interrupted = new Promise<never>((_resolve, reject) =>
    reader.once("SIGINT", () => {
      process.stdout.write("\n");
      reject(failed("interrupted: the question was not answered"));
    }),
  );
  try {
    return (await Promise.race([reader.question(question), ended, interrupted])).trim();
  } finally {
    reader.close();
  }
}
