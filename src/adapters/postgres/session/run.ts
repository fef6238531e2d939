/**
 * Neighbouring bytes that go the same way, kept as one slice: a chunk of many frames leaves as one piece, uncopied.
 * It does not know frames.
 */

import { isAllThatIsLeft } from "../codec/lent.ts";

const NOTHING = Buffer.alloc(0);

export class Run {
  #buffer: Buffer = NOTHING;
  #from = 0;
  #to = 0;

  /** Adds a piece. What does not continue the last piece pushes that out first. */
  add(buffer: Buffer, from: number, to: number, out: Buffer[]): void {
    if (buffer === this.#buffer && from === this.#to) {
      this.#to = to;
      return;
    }
    this.flush(out);
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
  }

  /** Pushes out what it has. Of the chunk `left` nobody needs anything from `leftAt` on. */
  flush(out: Buffer[], left: Buffer = NOTHING, leftAt = 0): void {
    if (this.#to > this.#from) {
      const whole = this.#from === 0 && this.#to === this.#buffer.length;
      const piece = whole ? this.#buffer : this.#buffer.subarray(this.#from, this.#to);
      if (this.#from === 0 && this.#buffer === left && this.#to === leftAt) isAllThatIsLeft(piece, left);
      out.push(piece);
    }
    this.#buffer = NOTHING;
    this.#from = this.#to = 0;
  }
}
