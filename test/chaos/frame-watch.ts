/**
 * Watches what a client receives, frame by frame: every type must be one a server may send, every length one it may have.
 * It does not read fields, and a frame that the connection's end cuts off is no fault.
 */
const types = new Set("RSKZTDCEN123AGHWcdIVnstv");

export class FrameWatch {
  /** What was wrong first. */
  fault: string | undefined;
  readonly #frameBytesMax: number;
  #rest = 0;
  #head: Buffer = Buffer.alloc(0);

  /** No server of a test sends longer frames; where the server itself lies, a claim up to the protocol's own bound is passed on. */
  constructor(frameBytesMax = 64 * 1024 * 1024) {
    this.#frameBytesMax = frameBytesMax;
  }

  feed(chunk: Buffer): void {
    let at = 0;
    while (this.fault === undefined && at < chunk.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
        continue;
      }
      const wanted = 5 - this.#head.length;
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + wanted)]);
      at += wanted;
      if (this.#head.length < 5) return;
      const type = String.fromCharCode(this.#head[0] ?? 0);
      const length = this.#head.readInt32BE(1);
      if (!types.has(type) || length < 4 || length > this.#frameBytesMax) this.fault = `type ${JSON.stringify(type)}, length ${length}`;
      this.#rest = length - 4;
      this.#head = Buffer.alloc(0);
    }
  }
}
