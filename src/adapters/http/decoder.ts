/**
 * A compressed answer made readable as it comes. It waits for no end: what can be read goes on at once.
 * It knows gzip, deflate, Brotli and Zstandard; anything else is not looked into.
 */
import type { Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";

export interface Decoded {
  /** `false`: no more until {@link Decoder.resume}. */
  readonly data: (chunk: Buffer) => boolean;
  /** There is room for more of what is compressed. */
  readonly more: () => void;
  readonly failed: (error: Error) => void;
}

export class Decoder {
  readonly #stream: Transform;
  #ended: (() => void) | undefined;

  /** `undefined` for an encoding that cannot be undone here. */
  static of(encoding: string, to: Decoded): Decoder | undefined {
    const stream = streamOf(encoding);
    return stream === undefined ? undefined : new Decoder(stream, to);
  }

  constructor(stream: Transform, to: Decoded) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      if (!to.data(chunk)) stream.pause();
    });
    stream.on("drain", to.more);
    stream.on("error", to.failed);
    stream.on("end", () => this.#ended?.());
  }

  /** `false` where it takes no more at the moment. */
  write(chunk: Buffer): boolean {
    return this.#stream.write(chunk);
  }

  resume(): void {
    this.#stream.resume();
  }

  end(done: () => void): void {
    this.#ended = done;
    this.#stream.end();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

function streamOf(encoding: string): Transform | undefined {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return createGunzip({ flush: constants.Z_SYNC_FLUSH });
    case "deflate":
      return createInflate({ flush: constants.Z_SYNC_FLUSH });
    case "br":
      return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH });
    case "zstd":
      return createZstdDecompress();
    default:
      return undefined;
  }
}
