/**
 * The process's streams, environment and signals as one value that commands are given.
 * It does not decide what is said; `output.ts` lays text out.
 */
import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export interface Terminal {
  /** Writes to standard output. Resolves when the reader can take more; writing after the reader has gone does nothing. */
  out(text: string): Promise<void>;
  err(text: string): void;
  /** Styled for standard output, plain where that shows no colours. */
  style(styles: Style | readonly Style[], text: string): string;
  /** The same for standard error. */
  styleErr(styles: Style | readonly Style[], text: string): string;
  readonly input: NodeJS.ReadStream;
  /** Standard output is a terminal. */
  readonly interactive: boolean;
  /** Columns to lay text out in: the terminal's own, or 100 where there is none. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /**
   * Aborts when nobody reads standard output any more, and at SIGINT and SIGTERM, which from the first call on no longer end the
   * process by themselves: whoever calls it promises to stop. The second signal of a kind ends the process the hard way.
   */
  untilEnded(): AbortSignal;
  /** Calls `act` at each SIGHUP, which then no longer ends the process. */
  onHangUp(act: () => Promise<void>): void;
}

const columnsWithoutTerminal = 100;

/** Takes over the process's streams: call once. */
export function openTerminal(process: NodeJS.Process): Terminal {
  const { stdout, stderr, env } = process;
  const ending = new AbortController();
  let listening = false;
  let readerGone = false;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    readerGone = true;
    ending.abort("EPIPE");
  });
  stderr.on("error", () => {});
  const styler = (stream: NodeJS.WriteStream) => (styles: Style | readonly Style[], text: string) =>
    showsColour(stream, env) ? styleText(styles as Style[], text, { validateStream: false }) : text;
  return {
    out: (text) => {
      if (readerGone || stdout.destroyed || stdout.write(text)) return Promise.resolve();
      return new Promise((resolve) => {
        const events = ["drain", "error", "close"] as const;
        const done = () => {
          for (const event of events) stdout.off(event, done);
          resolve();
        };
        for (const event of events) stdout.once(event, done);
      });
    },
    err: (text) => void stderr.write(text),
    style: styler(stdout),
    styleErr: styler(stderr),
    input: process.stdin,
    interactive: stdout.isTTY === true,
    columns: Math.max(40, stdout.isTTY === true ? stdout.columns : columnsWithoutTerminal),
    env,
    workingDirectory: process.cwd(),
    onHangUp: (act) => {
      process.on("SIGHUP", () => void act());
    },
    untilEnded: () => {
      if (!listening) for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort(signal));
      listening = true;
      return ending.signal;
    },
  };
}

/** Colours only on a terminal; NO_COLOR (https://no-color.org) beats FORCE_COLOR. */
function showsColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  if (env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "" && env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
