/**
 * Secrets that a person types, unseen, or that come over a file descriptor: never from arguments or environment variables, which every
 * program of the account can read. It keeps nothing and judges nothing.
 */
import { closeSync, readSync } from "node:fs";
import { passphraseBytes, passphraseProblem } from "../base/passphrase-key.ts";
import { causeText, failed, wrongUse } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** Longer ones are something else that was typed or piped in. */
const secretBytesMax = 16 * 1024;

/** Whether a person can type something unseen: the input is a terminal. */
export function canType(terminal: Terminal): boolean {
  return terminal.input.isTTY === true;
}

/** One line, not shown. Rejects when the person ends it with Ctrl-C or Ctrl-D, and where no terminal is. */
export function typed(question: string, terminal: Terminal): Promise<Buffer> {
  const { input } = terminal;
  if (!canType(terminal)) return Promise.reject(failed("nobody can be asked: the input is no terminal"));
  return new Promise((resolve, reject) => {
    let text = "";
    // A character's bytes may come in two pieces.
    const decoder = new TextDecoder();
    // First of all: what is typed or pasted as soon as the question is there must not be shown either.
    input.setRawMode(true);
    terminal.err(question);
    const done = (act: () => void): void => {
      input.off("data", onData).off("end", onEnd);
      input.setRawMode(false);
      input.pause();
      terminal.err("\n");
      act();
    };
    const onEnd = (): void => done(() => reject(failed("nothing was typed")));
    const onData = (chunk: Buffer): void => {
      for (const character of decoder.decode(chunk, { stream: true })) {
        if (character === "\r" || character === "\n") return done(() => resolve(passphraseBytes(text)));
        if (character === "\u0003" || character === "\u0004") return onEnd();
        if (character === "\u007f" || character === "\b") text = [...text].slice(0, -1).join("");
        else if (character >= " ") text += character;
        if (text.length > secretBytesMax) return done(() => reject(failed("that is too long to be typed")));
      }
    };
    input.resume();
    input.on("data", onData).once("end", onEnd);
  });
}

/** Asked twice, and refused when it is too easy to guess. */
export async function typedTwice(what: string, terminal: Terminal): Promise<Buffer> {
  const first = await typed(`New passphrase ${what}: `, terminal);
  const problem = passphraseProblem(first);
  if (problem !== null) throw failed(problem, "several words that nobody would put together do well");
  const second = await typed("The same again: ", terminal);
  if (!first.equals(second)) throw failed("the two are not the same");
  second.fill(0);
  return first;
}

/** All that comes until the end, without one line end behind it. The descriptor is closed, so that no program started later inherits it. */
export function fromDescriptor(text: string, option: string): Buffer {
  if (!/^\d{1,4}$/.test(text)) throw wrongUse(`\`${option}\` takes the number of a file descriptor`, `for example ${option} 3 3< FILE`);
  const descriptor = Number(text);
  const room = Buffer.alloc(secretBytesMax + 1);
  let length = 0;
  try {
    for (let waits = 0; ; ) {
      const more = readNow(descriptor, room, length);
      if (more === "nothing yet" && (waits += 1) < 1_000) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      else if (more === "nothing yet") throw new Error("nothing came for ten seconds");
      else if (more === 0 || (length += more) === room.length) break;
    }
    closeSync(descriptor);
  } catch (error) {
    throw failed(
      `file descriptor ${descriptor} cannot be read: ${causeText(error)}`,
      `open it for this program: ${option} ${descriptor} ${descriptor}< FILE`,
    );
  }
  if (length > secretBytesMax) throw failed(`file descriptor ${descriptor} gives more than ${secretBytesMax} bytes`);
  return withoutLineEnd(room, length);
}

/** A pipe of a program that does not block has nothing until its other end writes. */
function readNow(descriptor: number, room: Buffer, at: number): number | "nothing yet" {
  try {
    return readSync(descriptor, room, at, room.length - at, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "nothing yet";
    throw error;
  }
}

/** A copy without one line end at its end; `room` is wiped. */
export function withoutLineEnd(room: Buffer, length = room.length): Buffer {
  let end = length;
  if (end > 0 && room[end - 1] === 0x0a) end -= 1;
  if (end > 0 && room[end - 1] === 0x0d) end -= 1;
  const secret = Buffer.from(room.subarray(0, end));
  room.fill(0);
  if (end === 0) throw failed("nothing was given where a secret was expected");
  return secret;
}
