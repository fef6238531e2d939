/**
 * Memory that is read into: one buffer for all sockets on which little comes, and a few that go round while results are long, so that a
 * long result does not fill the collector's hands.
 * Who takes a socket's chunks gets them at once, past the stream's own queue: a chunk passes through it for a microsecond and leaves
 * nothing there.
 * It does not know whether bytes are still wanted: who takes a lent chunk says when it is done with, or keeps it and says nothing.
 */
import type { OnReadOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { isReturned, lend } from "./codec/lent.ts";

const READ_BYTES = 64 * 1024;
/** Free before each lent chunk: more than what is left of a frame whose length is not there yet. */
const ROOM_BYTES = 16;
/** Reads below this are copied: that costs less than a buffer of their own. */
const LONG_BYTES_MIN = 4 * 1024;
/** Sockets that may have a buffer of their own at once; each keeps it until its next short read. */
const OWNERS_MAX = 64;
const SPARES_MAX = 64;

const shared = Buffer.allocUnsafeSlow(READ_BYTES);
const spares: Buffer[] = [];
const readings = new WeakMap<Duplex, Reading>();
let owners = 0;

class Reading {
  #socket: Socket | undefined = undefined;
  #own: Buffer | undefined = undefined;
  /** What of it is read into. */
  #room: Buffer | undefined = undefined;
  /** Who has the chunks; the stream's listeners where nobody asked for them. */
  #take: ((chunk: Buffer) => void) | undefined = undefined;

  readonly options: OnReadOpts = {
    buffer: () => this.#room ?? shared,
    callback: (bytes) => this.#read(bytes),
  };

  attach(socket: Socket): void {
    this.#socket = socket;
    readings.set(socket, this);
  }

  /** The stream has nothing that would come before the next chunk. */
  lend(socket: Socket, take: (chunk: Buffer) => void): void {
    this.#take = take;
    socket.once("close", () => {
      this.#take = undefined;
      this.#disown();
    });
  }

  /** False: the stream is full, and is not read until it is resumed. */
  #read(bytes: number): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    const chunk = this.#chunk(bytes);
    if (this.#take === undefined) return socket.push(chunk);
    this.#take(chunk);
    // A stream may begin to read again by itself while it is paused; nothing would hold it back here.
    return !socket.isPaused();
  }

  #chunk(bytes: number): Buffer {
    const own = this.#own;
    if (own !== undefined && bytes >= LONG_BYTES_MIN) {
      const chunk = own.subarray(ROOM_BYTES, ROOM_BYTES + bytes);
      lend(chunk, ROOM_BYTES);
      this.#possess();
      return chunk;
    }
    const copy = Buffer.allocUnsafe(bytes);
    (this.#room ?? shared).copy(copy, 0, 0, bytes);
    if (own !== undefined) this.#disown();
    else if (this.#take !== undefined && bytes >= LONG_BYTES_MIN && owners < OWNERS_MAX) {
      owners += 1;
      this.#possess();
    }
    return copy;
  }

  #possess(): void {
    this.#own = spares.pop() ?? Buffer.allocUnsafeSlow(ROOM_BYTES + READ_BYTES);
    this.#room = this.#own.subarray(ROOM_BYTES);
  }

  #disown(): void {
    const own = this.#own;
    if (own === undefined) return;
    this.#own = undefined;
    this.#room = undefined;
    owners -= 1;
    if (spares.length < SPARES_MAX) spares.push(own);
  }
}

/**
 * How a socket is opened so that it reads into this memory; `attach` is called with the socket at once. It emits `data` as others do, until
 * somebody takes its reads.
 */
export function readInto(): { readonly onread: OnReadOpts; readonly attach: (socket: Socket) => void } {
  const reading = new Reading();
  return { onread: reading.options, attach: (socket) => reading.attach(socket) };
}

/**
 * From now on `take` gets what this socket reads, and no `data` is emitted; long chunks may be lent. `pause` and `resume` are the socket's
 * own.
 * False for a socket that was opened otherwise, or that still holds bytes: it goes on as it is.
 */
export function takeReads(socket: Duplex, take: (chunk: Buffer) => void): boolean {
  const reading = readings.get(socket);
  if (reading === undefined || socket.readableLength > 0) return false;
  reading.lend(socket as Socket, take);
  return true;
}

/**
 * For a chunk as it was read, of which nobody has a part any more but the write it is given to: what that write calls at its end, so that
 * the memory is read into again. Undefined where the memory was not lent, or is only a part of the chunk.
 */
export function givesBack(chunk: Buffer): ((error?: Error | null) => void) | undefined {
  if (!isReturned(chunk)) return undefined;
  return (error) => {
    // After a failed write nobody says when the kernel is done: the collector has it.
    if ((error === undefined || error === null) && spares.length < SPARES_MAX) spares.push(Buffer.from(chunk.buffer));
  };
}
