/**
 * Bytes of one side of a WebSocket in, pieces of messages and control frames out (RFC 6455, no extension). A pure state machine.
 * It holds one head and one control frame at most: a message goes on piece by piece, as it comes. Two readers could read nothing of it
 * differently: what the RFC forbids is broken, by name, and nothing is read after it.
 */
import { messageOf } from "../../../base/message-of.ts";
import { isCloseCode, opcodes } from "./frames.ts";

export type FrameEvent =
  /** `bytes` may be empty, of a frame that is; `first` and `end` are those of the message. */
  | { readonly kind: "data"; readonly text: boolean; readonly bytes: Buffer; readonly first: boolean; readonly end: boolean }
  | { readonly kind: "ping" | "pong"; readonly payload: Buffer }
  | { readonly kind: "close"; readonly code: number | undefined; readonly reason: string }
  /** `code` is what the connection is closed with. */
  | { readonly kind: "broken"; readonly code: 1002 | 1007 | 1009; readonly because: string };

export interface FrameReaderOptions {
  /** A client masks each frame, and a server none. */
  readonly from: "client" | "server";
  /** Of one message, its fragments together. */
  readonly messageBytesMax: number;
}

interface Frame {
  readonly opcode: number;
  readonly end: boolean;
  readonly length: number;
  readonly mask: Buffer | undefined;
  read: number;
}

const HEAD_BYTES_MAX = 14;
const CONTROL_BYTES_MAX = 125;

class Broken extends Error {
  override readonly name = "Broken";
  readonly code: 1002 | 1007 | 1009;

  constructor(code: 1002 | 1007 | 1009, because: string) {
    super(because);
    this.code = code;
  }
}

export class FrameReader {
  readonly #options: FrameReaderOptions;
  /** What came of a head, or of a control frame's payload. */
  #kept: Buffer = Buffer.alloc(0);
  #frame: Frame | undefined;
  /** The message that is under way. */
  #message:
    | { readonly text: boolean; readonly utf8: InstanceType<typeof TextDecoder> | undefined; bytes: number; told: boolean }
    | undefined;
  #over = false;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** Never throws. After `close` and `broken` it gives nothing more. */
  push(chunk: Buffer): readonly FrameEvent[] {
    const events: FrameEvent[] = [];
    let rest = chunk;
    try {
      while (!this.#over) {
        const frame = this.#frame;
        const left: Buffer | undefined = frame === undefined ? this.#head(rest) : this.#payload(frame, rest, events);
        if (left === undefined) break;
        rest = left;
      }
    } catch (error) {
      this.#over = true;
      events.push({ kind: "broken", code: error instanceof Broken ? error.code : 1002, because: messageOf(error) });
    }
    return events;
  }

  /** What is left after a whole head; `undefined` when it is not there yet. */
  #head(chunk: Buffer): Buffer | undefined {
    if (chunk.length === 0) return undefined;
    const before = this.#kept.length;
    const bytes = before === 0 ? chunk : Buffer.concat([this.#kept, chunk.subarray(0, HEAD_BYTES_MAX - before)]);
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return this.#keep(bytes);
    const short = second & 0x7f;
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    const masked = (second & 0x80) !== 0;
    // Refused before the rest of the head is waited for.
    this.#demand(first, short, masked);
    const size = 2 + wide + (masked ? 4 : 0);
    if (bytes.length < size) return this.#keep(bytes);
    const length = wide === 0 ? short : lengthOf(bytes, wide);
    const opcode = first & 0x0f;
    if (opcode < opcodes.close) this.#begin(opcode, length);
    const mask = masked ? Buffer.from(bytes.subarray(size - 4, size)) : undefined;
    this.#frame = { opcode, end: (first & 0x80) !== 0, length, mask, read: 0 };
    this.#kept = Buffer.alloc(0);
    return chunk.subarray(size - before);
  }

  #keep(bytes: Buffer): undefined {
    this.#kept = Buffer.from(bytes);
    return undefined;
  }

  #demand(first: number, short: number, masked: boolean): void {
    const opcode = first & 0x0f;
    const { from } = this.#options;
    if ((first & 0x70) !== 0) throw new Broken(1002, "a reserved bit is set, and no extension was agreed on");
    if (masked !== (from === "client"))
      throw new Broken(1002, from === "client" ? "a client's frame is not masked" : "a server's frame is masked");
    if (opcode >= opcodes.close) {
      if (opcode > opcodes.pong) throw new Broken(1002, "an opcode that is reserved");
      if ((first & 0x80) === 0) throw new Broken(1002, "a control frame in fragments");
      if (short > CONTROL_BYTES_MAX) throw new Broken(1002, "a control frame that is too long");
      return;
    }
    if (opcode > opcodes.binary) throw new Broken(1002, "an opcode that is reserved");
    if (opcode === opcodes.continuation && this.#message === undefined) throw new Broken(1002, "a continuation of nothing");
    if (opcode !== opcodes.continuation && this.#message !== undefined) throw new Broken(1002, "a message inside another");
  }

  #begin(opcode: number, length: number): void {
    if (opcode !== opcodes.continuation) {
      const text = opcode === opcodes.text;
      const utf8 = text ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }) : undefined;
      this.#message = { text, utf8, bytes: 0, told: false };
    }
    const message = this.#message;
    if (message === undefined) return;
    message.bytes += length;
    if (message.bytes > this.#options.messageBytesMax)
      throw new Broken(1009, `a message of more than ${this.#options.messageBytesMax} bytes`);
  }

  /** What is left after as much of the frame's payload as came; `undefined` when more has to come. */
  #payload(frame: Frame, chunk: Buffer, events: FrameEvent[]): Buffer | undefined {
    if (chunk.length === 0 && frame.length > frame.read) return undefined;
    const taken = Math.min(frame.length - frame.read, chunk.length);
    const bytes = unmasked(chunk.subarray(0, taken), frame);
    frame.read += taken;
    const whole = frame.read === frame.length;
    if (whole) this.#frame = undefined;
    if (frame.opcode >= opcodes.close) this.#control(frame, bytes, whole, events);
    else this.#data(bytes, whole && frame.end, events);
    return chunk.subarray(taken);
  }

  #data(bytes: Buffer, end: boolean, events: FrameEvent[]): void {
    const message = this.#message;
    if (message === undefined) return;
    try {
      message.utf8?.decode(bytes, { stream: !end });
    } catch {
      throw new Broken(1007, "a text that is not UTF-8");
    }
    events.push({ kind: "data", text: message.text, bytes, first: !message.told, end });
    message.told = true;
    if (end) this.#message = undefined;
  }

  #control({ opcode }: Frame, bytes: Buffer, whole: boolean, events: FrameEvent[]): void {
    const payload = Buffer.concat([this.#kept, bytes]);
    this.#kept = whole ? Buffer.alloc(0) : payload;
    if (!whole) return;
    if (opcode === opcodes.close) {
      this.#over = true;
      events.push(closing(payload));
    } else events.push({ kind: opcode === opcodes.ping ? "ping" : "pong", payload });
  }
}

function lengthOf(bytes: Buffer, wide: 2 | 8): number {
  if (wide === 2) {
    const length = bytes.readUInt16BE(2);
    if (length < 126) throw new Broken(1002, "a length that is not in its shortest form");
    return length;
  }
  const length = bytes.readBigUInt64BE(2);
  if (length < 0x1_0000n) throw new Broken(1002, "a length that is not in its shortest form");
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new Broken(1009, "a length that nothing could have");
  return Number(length);
}

/** A copy: what came may be looked at by another. */
function unmasked(bytes: Buffer, { mask, read }: Frame): Buffer {
  if (mask === undefined) return bytes;
  const plain = Buffer.from(bytes);
  for (let at = 0; at < plain.length; at++) plain[at] = (plain[at] ?? 0) ^ (mask[(read + at) & 3] ?? 0);
  return plain;
}

function closing(payload: Buffer): FrameEvent {
  if (payload.length === 0) return { kind: "close", code: undefined, reason: "" };
  if (payload.length === 1) throw new Broken(1002, "a close of one byte");
  const code = payload.readUInt16BE(0);
  if (!isCloseCode(code)) throw new Broken(1002, "a close code that nobody may send");
  try {
    return { kind: "close", code, reason: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload.subarray(2)) };
  } catch {
    throw new Broken(1007, "the reason of a close is not UTF-8");
  }
}
