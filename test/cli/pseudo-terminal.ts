/**
 * Runs the real program on a real terminal: `script` of util-linux makes one, and a conversation types into it.
 * It sees what a person would see, echo included.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { How } from "./holdfast.ts";

const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/**
 * When the screen shows `await` (after what earlier lines waited for), `type` is typed. `\r` is the return key, `\x03` Ctrl-C. A function
 * is called in its place: the person does something elsewhere.
 */
export interface Line {
  readonly await: RegExp;
  readonly type: string | ((found: RegExpExecArray) => Promise<void>);
}

export interface Screen {
  readonly code: number;
  /** All that the terminal showed, without colours and carriage returns. */
  readonly text: string;
}

const screenMsMax = 180_000;

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Rejects when a line's prompt never comes: then with the screen so far. */
export function onTerminal(words: readonly string[], lines: readonly Line[], how: How = {}): Promise<Screen> {
  const command = `stty cols 100; exec ${[process.execPath, program, ...words].map(quoted).join(" ")}`;
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TERM: "xterm", ...how.env };
  const child = spawn("script", ["-q", "-e", "-c", command, "/dev/null"], { cwd: how.cwd, env });
  let text = "";
  let seen = 0;
  const waiting = [...lines];
  const look = (): void => {
    const [next] = waiting;
    const match = next?.await.exec(text.slice(seen));
    if (next === undefined || match === null || match === undefined) return;
    seen += match.index + match[0].length;
    waiting.shift();
    if (typeof next.type === "string") child.stdin.write(next.type);
    else
      next.type(match).catch((error: unknown) => {
        text += `elsewhere: ${String(error)}\n`;
        child.kill("SIGKILL");
      });
  };
  child.stdout.on("data", (chunk: Buffer) => {
    text += stripVTControlCharacters(chunk.toString("utf8")).replaceAll("\r", "");
    look();
  });
  child.stdin.on("error", () => undefined);
  // A program that waits for ever fails its test with the screen as it was, not the whole file.
  const end = setTimeout(() => child.kill("SIGKILL"), screenMsMax);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(end);
      if (signal === "SIGKILL") return reject(new Error(`the program did not end:\n${text}`));
      if (waiting.length > 0) reject(new Error(`the terminal never showed ${String(waiting[0]?.await)}:\n${text}`));
      else resolve({ code: code ?? (signal === null ? -1 : 128), text });
    });
  });
}
