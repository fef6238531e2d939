/**
 * The writing half of one side of a WebSocket: frames in whole, one after another, and a close that is said once.
 * It reads nothing. Whoever sends waits until the other side takes it, so that nothing piles up here.
 */
import type { Duplex } from "node:stream";
import { closePayload, frameBytes, opcodes } from "./frames.ts";

export class Outlet {
  readonly #socket: Duplex;
  readonly #mask: (() => Uint8Array) | undefined;
  /** A close was said: nothing may follow it. */
  #closed = false;

  /** `mask` makes four bytes anew for each frame: towards a server, as a client's frames have it. */
  constructor(socket: Duplex, mask?: () => Uint8Array) {
    this.#socket = socket;
    this.#mask = mask;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when more may be sent, or never can. Never rejects. */
  send(opcode: number, payload: Uint8Array, end = true): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return this.#write(frameBytes(opcode, payload, { end, ...this.#masked() }));
  }

  text(text: string): Promise<void> {
    return this.send(opcodes.text, Buffer.from(text, "utf8"));
  }

  /** The first one counts. */
  close(code: number | undefined, reason = ""): void {
    if (this.#closed) return;
    void this.#write(frameBytes(opcodes.close, closePayload(code, reason), this.#masked()));
    this.#closed = true;
  }

  #masked(): { readonly mask?: Uint8Array } {
    return this.#mask === undefined ? {} : { mask: this.#mask() };
  }

  #write(bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    if (!socket.writable || socket.destroyed || socket.write(bytes)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off("drain", done);
        socket.off("close", done);
        resolve();
      };
      socket.on("drain", done);
      socket.on("close", done);
    });
  }
}
