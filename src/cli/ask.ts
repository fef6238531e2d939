/**
 * Asks a person at a terminal for a line.
 * It never asks where there is no terminal: nobody would answer, or a program would.
 */
import { createInterface } from "node:readline/promises";
import type { Terminal } from "./terminal.ts";

/** Whether somebody can be asked: both ends are a terminal. */
export function canAsk(terminal: Terminal): boolean {
  return terminal.interactive && terminal.input.isTTY === true;
}

/** The answer without the blanks around it; empty when the input ended. */
export async function ask(question: string, terminal: Terminal): Promise<string> {
  const reader = createInterface({ input: terminal.input, output: process.stdout });
  const ended = new Promise<string>((resolve) => reader.once("close", () => resolve("")));
  try {
    return (await Promise.race([reader.question(question), ended])).trim();
  } finally {
    reader.close();
  }
}
