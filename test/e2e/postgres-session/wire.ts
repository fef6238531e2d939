/**
 * Speaks raw messages to a server and shows its answers as text, one word a message: `T D C:SELECT_1 Z:I`, `E:42501`.
 * It holds no assertion.
 */
import pg from "pg";
import type { Socket } from "node:net";
import { clientMessage, words } from "../../playbooks/wire-messages.ts";

export class Wire {
  readonly #socket: Socket;
  readonly #client: pg.Client;
  #rest: Buffer = Buffer.alloc(0);
  #said: string[] = [];
  #wake: () => void = () => {};
  #ended = false;

  private constructor(client: pg.Client, notices: boolean) {
    this.#client = client;
    this.#socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", (chunk: Buffer) => {
      const { said, rest } = words(Buffer.concat([this.#rest, chunk]));
      this.#rest = rest;
      this.#said.push(...said.filter((one) => one !== "S" && (notices || one !== "N")));
      this.#wake();
    });
    this.#socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Logs in with node-postgres and takes its socket. */
  static async connect(url: string, { notices = false } = {}): Promise<Wire> {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    await client.connect();
    return new Wire(client, notices);
  }

  /** Sends the messages as one write. */
  send(...lines: string[]): void {
    this.#socket.write(Buffer.concat(lines.map(clientMessage)));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** What came up to and with the word that begins so, as one line. */
  async until(prefix: string, times = 1): Promise<string> {
    for (;;) {
      let seen = 0;
      const at = this.#said.findIndex((one) => one.startsWith(prefix) && ++seen === times);
      if (at >= 0) return this.#said.splice(0, at + 1).join(" ");
      if (this.#ended) return `${this.#said.splice(0).join(" ")} (closed)`.trim();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What is there after the server had time to say more. */
  get pending(): string {
    return this.#said.join(" ");
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Writes `piece` as long as the other side takes it, for so many milliseconds. Returns the bytes that were taken. */
  async flood(piece: Buffer, forMs: number): Promise<number> {
    const start = this.#socket.bytesWritten - this.#socket.writableLength;
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      if (this.#socket.writableLength < 1024 * 1024) this.#socket.write(piece);
      else await new Promise((resolve) => setTimeout(resolve, 1));
      if (Math.random() < 0.02) await new Promise((resolve) => setImmediate(resolve));
    }
    return this.#socket.bytesWritten - this.#socket.writableLength - start;
  }

  close(): void {
    this.#socket.destroy();
    this.#client.end().catch(() => undefined);
  }
}
