/**
 * Reads a body of `content-encoding: aws-chunked`: sizes, data, signatures and trailers, however the bytes are cut.
 * It verifies no signature. What is no such body, or goes on after its end, is a {@link BodyRefused}.
 */

/** Why a body is not sent, in a clause. */
export class BodyRefused extends Error {
  override readonly name = "BodyRefused";
}

export interface FrameSink {
  /** A chunk begins; `size` as it was written. The last one has `bytes` 0. */
  chunk(bytes: number, size: string, signature: string | undefined): void;
  data(bytes: Buffer): void;
  /** All of the chunk's data came. */
  chunkEnd(): void;
  trailer(line: string): void;
  end(): void;
}

export interface FrameForm {
  /** Each chunk has a signature. */
  readonly signed: boolean;
  /** Trailers follow the last chunk. */
  readonly trailers: boolean;
}

const LINE_BYTES_MAX = 4_096;
const TRAILERS_MAX = 20;
type State = "size" | "data" | "after_data" | "trailers" | "last_line" | "ended";

export class ChunkFrames {
  readonly #form: FrameForm;
  readonly #sink: FrameSink;
  #state: State = "size";
  #line = "";
  #left = 0;
  #trailers = 0;

  constructor(form: FrameForm, sink: FrameSink) {
    this.#form = form;
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "data") at = this.#data(bytes, at);
      else if (this.#state === "ended") throw new BodyRefused("its chunks go on after the last one");
      else at = this.#lineFrom(bytes, at);
    }
  }

  /** To be called when no more comes. */
  end(): void {
    if (this.#state !== "ended") throw new BodyRefused("its chunks end before the last one");
  }

  #data(bytes: Buffer, at: number): number {
    const piece = bytes.subarray(at, at + this.#left);
    this.#left -= piece.length;
    this.#sink.data(piece);
    if (this.#left === 0) this.#state = "after_data";
    return at + piece.length;
  }

  #lineFrom(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(0x0a, at);
    const until = found < 0 ? bytes.length : found + 1;
    this.#line += bytes.toString("latin1", at, until);
    if (this.#line.length > LINE_BYTES_MAX) throw new BodyRefused("a line between its chunks is too long");
    if (found < 0) return until;
    if (!this.#line.endsWith("\r\n")) throw new BodyRefused("a line between its chunks does not end as it must");
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#take(line);
    return until;
  }

  #take(line: string): void {
    if (this.#state === "size") return this.#size(line);
    if (this.#state === "after_data") {
      if (line !== "") throw new BodyRefused("a chunk of it is longer than it says");
      this.#sink.chunkEnd();
      this.#state = "size";
      return;
    }
    if (line === "") return this.#ended();
    if (this.#state === "last_line" || ++this.#trailers > TRAILERS_MAX) throw new BodyRefused("its chunks go on after the last one");
    if (!/^[a-z0-9-]{1,64}:[\x20-\x7e]*$/i.test(line)) throw new BodyRefused("a trailer of its chunks is none");
    this.#sink.trailer(line);
  }

  #size(line: string): void {
    const { signed, trailers } = this.#form;
    const [, size, signature] = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line) ?? [];
    if (size === undefined || (signature !== undefined) !== signed) throw new BodyRefused("it is not cut into chunks as its head says");
    const bytes = Number.parseInt(size, 16);
    this.#sink.chunk(bytes, size, signature);
    this.#left = bytes;
    this.#state = bytes > 0 ? "data" : trailers ? "trailers" : "last_line";
    if (bytes === 0) this.#sink.chunkEnd();
  }

  #ended(): void {
    this.#state = "ended";
    this.#sink.end();
  }
}
