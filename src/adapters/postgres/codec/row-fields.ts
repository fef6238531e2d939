/**
 * Whether the fields of a DataRow fill its frame exactly: a client that trusts a field's length must not be led beyond the frame.
 * It keeps no value, and does not compare with the columns that were announced.
 */
import type { FrameScanner } from "./scanner.ts";

const HEADER = 5;

/** Frames that stand whole and one behind the other from `from` to `to`. */
export function rowsFit(buffer: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const end = at + 1 + int32(buffer, at + 1);
    if (!bodyFits(buffer, at + HEADER, end)) return false;
    at = end;
  }
  return true;
}

function bodyFits(buffer: Buffer, from: number, end: number): boolean {
  let at = from + 2;
  for (let left = ((buffer[from] as number) << 8) | (buffer[from + 1] as number); left > 0; left--) {
    if (at + 4 > end) return false;
    const length = int32(buffer, at);
    if (length < -1) return false;
    at += length === -1 ? 4 : 4 + length;
    if (at > end) return false;
  }
  return at === end;
}

function int32(buffer: Buffer, at: number): number {
  return (
    ((buffer[at] as number) << 24) | ((buffer[at + 1] as number) << 16) | ((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number)
  );
}

/** One row after the other, each in as many pieces as it arrives in. */
export class RowFields {
  /** Body bytes of the row that have not been seen. */
  #left = 0;
  #counted = false;
  #fields = 0;
  /** Bytes of the current field that are not looked at. */
  #skip = 0;
  /** Bytes of the current number that have not been seen, and those that have. */
  #need = 0;
  #number = 0;

  /** Takes what the scanner shows of a DataRow; `first` with its header. False: the row lies, and the stream with it. */
  fit({ buffer, from, to, size }: FrameScanner, first: boolean): boolean {
    if (first && to - from === size) return bodyFits(buffer, from + HEADER, to);
    if (first) {
      this.#left = size - HEADER;
      this.#counted = false;
      this.#fields = 0;
      this.#skip = 0;
      this.#need = 2;
      this.#number = 0;
    }
    return this.#piece(buffer, first ? Math.min(from + HEADER, to) : from, to);
  }

  #piece(buffer: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, to - at);
        this.#skip -= skipped;
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      if (this.#need === 0) {
        if (this.#fields === 0) return false;
        this.#need = 4;
        this.#number = 0;
      }
      this.#number = (this.#number << 8) | (buffer[at] as number);
      this.#need -= 1;
      this.#left -= 1;
      at += 1;
      if (this.#need === 0 && !this.#counts()) return false;
    }
    return this.#left > 0 || (this.#counted && this.#fields === 0 && this.#skip === 0 && this.#need === 0);
  }

  /** A number is complete: how many fields there are, or how long the next one is. */
  #counts(): boolean {
    if (!this.#counted) {
      this.#counted = true;
      this.#fields = this.#number;
      return true;
    }
    this.#fields -= 1;
    if (this.#number < -1 || this.#number > this.#left) return false;
    this.#skip = Math.max(this.#number, 0);
    return true;
  }
}
