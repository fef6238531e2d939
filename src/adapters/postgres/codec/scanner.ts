/**
 * Cuts a byte stream into frames without copying or decoding: one instance a direction, one pass a chunk.
 * It does not know what a message means and keeps no more than the frame that is not complete enough to be acted on.
 *
 * Use: `load(chunk)`, then `next()` until it says `MORE`; after each `FRAME` or `BODY` call `take()`, or stop and come back later.
 */
import { isLent, putBefore } from "./lent.ts";
import { HELD_WHOLE_MAX, type FrameShapes } from "./shapes.ts";
import { assert } from "../../../base/assert.ts";

/** What `next` found. */
export const MORE = 0;
/** A new frame stands at `from`; its bytes up to `to` are here, and `rest` more will follow as BODY. */
export const FRAME = 1;
/** More of the frame that was shown last stands at `from` to `to`. */
export const BODY = 2;
/** The peer broke the framing; `problem` says how. The stream is lost. */
export const BAD = 3;
export type Step = typeof MORE | typeof FRAME | typeof BODY | typeof BAD;

const EMPTY = Buffer.alloc(0);

export class FrameScanner {
  /** The bytes that `from` and `to` point into. Replaced by `load`, never overwritten: slices of it stay valid. */
  buffer: Buffer = EMPTY;
  type = 0;
  /** Bytes of the whole frame: type byte, length word and body. */
  size = 0;
  from = 0;
  to = 0;
  /** Bytes of the shown frame that have not arrived. */
  rest = 0;
  problem = "";
  readonly #shapes: FrameShapes;
  #at = 0;
  /** Chunks of a frame that is still too short to be shown, not joined until it is long enough: joining each would be quadratic. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #wanted = 0;

  constructor(shapes: FrameShapes) {
    this.#shapes = shapes;
  }

  /** The lent chunk whose end was copied, for its frame goes on in the next one, and where that end began; nothing else is wanted of it. */
  left: Buffer = EMPTY;
  leftAt = 0;

  /** Bytes kept for later. */
  get kept(): number {
    return this.buffer.length - this.#at + this.#partBytes;
  }

  /** True between frames: nothing of the next one has been taken. */
  get atBoundary(): boolean {
    return this.rest === 0;
  }

  load(chunk: Buffer): void {
    if (this.#partBytes === 0 && this.#at === this.buffer.length) {
      this.buffer = chunk;
      this.#at = 0;
      return;
    }
    const joined = this.#partBytes === 0 ? putBefore(chunk, this.buffer.subarray(this.#at)) : undefined;
    if (joined !== undefined) {
      this.buffer = joined;
      this.#at = 0;
      return;
    }
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    // A held scanner is loaded again: the parts wait until `next` asks for more.
    const have = this.buffer.length - this.#at + this.#partBytes;
    if (have >= this.#wanted) this.#join();
  }

  next(): Step {
    let buffer = this.buffer;
    let at = this.#at;
    if (buffer.length - at === 0 && this.#partBytes > 0) {
      this.#join();
      buffer = this.buffer;
      at = this.#at;
    }
    const have = buffer.length - at;
    this.from = at;
    if (this.rest > 0) {
      if (have === 0) return MORE;
      this.to = at + Math.min(have, this.rest);
      return BODY;
    }
    if (have < 5) return this.#more(5, have);
    const type = buffer[at] as number;
    const peek = this.#shapes.peek[type] as number;
    if (peek === 0) return this.#bad(`unknown message type ${type}`);
    const b1 = buffer[at + 1] as number;
    // 2 GiB and more read as negative in the server's signed word: both are out of bounds.
    if (b1 > 0x3f) return this.#bad(`length of message type ${type} is out of bounds`);
    const size = 1 + ((b1 << 24) | ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 8) | (buffer[at + 4] as number));
    if (size < (this.#shapes.min[type] as number)) return this.#bad(`message type ${type} is too short: ${size} bytes`);
    this.type = type;
    this.size = size;
    if (size > (this.#shapes.max[type] as number)) return this.#bad(`message type ${type} is too long: ${size} bytes`);
    const need = size > HELD_WHOLE_MAX && size <= peek ? 5 : size < peek ? size : peek;
    if (have < need) return this.#more(need, have);
    this.to = have < size ? buffer.length : at + size;
    return FRAME;
  }

  /** The shown bytes are consumed; the rest of the frame, if any, will come as BODY. */
  take(): void {
    const taken = this.to - this.from;
    this.rest = this.rest > 0 ? this.rest - taken : this.size - taken;
    assert(this.rest >= 0, "a scanner takes no more than the frame has");
    this.#at = this.to;
    this.#wanted = 0;
  }

  /** Body bytes that `takeAlike` took. */
  alikeBytes = 0;

  /**
   * After a whole frame was taken: takes those of the same type that follow it whole, and shows them all as `from` to `to`.
   * Returns how many: at most `frames`, with at most `bytes` in their bodies. A frame that `next` would not show is left to it.
   */
  takeAlike(frames: number, bytes: number): number {
    const { buffer, type } = this;
    const min = this.#shapes.min[type] as number;
    const max = Math.min(this.#shapes.max[type] as number, buffer.length);
    let at = this.#at;
    let taken = 0;
    let body = 0;
    while (taken < frames && at + 5 <= buffer.length && buffer[at] === type) {
      const size =
        1 +
        (((buffer[at + 1] as number) << 24) |
          ((buffer[at + 2] as number) << 16) |
          ((buffer[at + 3] as number) << 8) |
          (buffer[at + 4] as number));
      if (size < min || size > max || at + size > buffer.length || body + size - 5 > bytes) break;
      taken += 1;
      body += size - 5;
      at += size;
    }
    this.from = this.#at;
    this.to = at;
    this.#at = at;
    this.alikeBytes = body;
    return taken;
  }

  #more(need: number, have: number): Step {
    this.#wanted = need;
    if (this.#partBytes > 0 && have + this.#partBytes >= need) {
      this.#join();
      return this.next();
    }
    // A short remainder of a large chunk would keep the whole chunk in memory.
    if (have === 0) {
      this.buffer = EMPTY;
      this.#at = 0;
    } else if (this.buffer.length > 2 * have) {
      if (isLent(this.buffer)) {
        this.left = this.buffer;
        this.leftAt = this.#at;
      }
      this.buffer = Buffer.from(this.buffer.subarray(this.#at));
      this.#at = 0;
    }
    return MORE;
  }

  /** Whoever has asked for `left` knows enough. */
  letGo(): void {
    this.left = EMPTY;
  }

  #bad(problem: string): Step {
    this.problem = problem;
    return BAD;
  }

  #join(): void {
    this.buffer = Buffer.concat([this.buffer.subarray(this.#at), ...this.#parts]);
    this.#at = 0;
    this.#parts = [];
    this.#partBytes = 0;
  }
}
