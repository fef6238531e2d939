/**
 * Frames of the login phase, out of chunks: small, whole, and bounded before anything is kept.
 * It does not scan the traffic after the login; `frames.ts` does, without copying.
 */

/** A start-up packet has no type. `type` is the byte of a typed frame. */
export interface LoginFrame {
  readonly type: number;
  readonly body: Buffer;
}

/** The peer claims a length that no frame of this phase has. */
export class LyingLength extends Error {
  override readonly name = "LyingLength";
}

const NOTHING = Buffer.alloc(0);

export class LoginFrames {
  #held: Buffer = NOTHING;

  push(chunk: Uint8Array): void {
    this.#held = this.#held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([this.#held, chunk]);
  }

  /** Bytes that are here and not consumed. */
  get waiting(): number {
    return this.#held.length;
  }

  /** The first byte that waits, for telling TLS from a packet. */
  get firstByte(): number | undefined {
    return this.#held[0];
  }

  /** The next packet without a type, `undefined` while it is not whole. `type` of the result is 0. */
  untyped(bytesMax: number): LoginFrame | undefined {
    return this.#take(0, bytesMax);
  }

  /** The next typed frame, `undefined` while it is not whole. `bytesMax` bounds what its length field may claim. */
  typed(bytesMax: number): LoginFrame | undefined {
    return this.#take(1, bytesMax);
  }

  /** All that was not consumed, as a copy of its own size: a view would keep the chunk it came in alive, or a slab of Node's pool. */
  rest(): Buffer {
    const rest = this.#held.length === 0 ? NOTHING : Buffer.alloc(this.#held.length);
    this.#held.copy(rest);
    this.#held = NOTHING;
    return rest;
  }

  #take(header: 0 | 1, bytesMax: number): LoginFrame | undefined {
    if (this.#held.length < header + 4) return undefined;
    const length = this.#held.readInt32BE(header);
    // The length counts itself and not the type.
    if (length < 4 || length > bytesMax) throw new LyingLength(`a frame claims ${length} bytes`);
    const end = header + length;
    if (this.#held.length < end) return undefined;
    const frame = { type: header === 1 ? (this.#held[0] ?? 0) : 0, body: this.#held.subarray(header + 4, end) };
    this.#held = this.#held.subarray(end);
    return frame;
  }
}
