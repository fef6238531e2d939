/**
 * A client of WebSockets through the proxy in a few lines: the handshake as a test gives it, frames as it wants them, messages as they
 * come. It repairs nothing.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { type FrameEvent, FrameReader } from "../../src/adapters/http/websocket/frame-reader.ts";
import { closePayload, frameBytes, opcodes } from "../../src/adapters/http/websocket/frames.ts";
import { type ProxyLogin, tunnelTo } from "./proxy-client.ts";

export interface Handshake {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** In place of the usual ones. */
  readonly key?: string;
  readonly upgrade?: string;
  readonly method?: string;
}

export interface ClientSocket {
  /** The status line and headers of the answer. */
  readonly head: string;
  readonly status: number;
  readonly socket: Socket;
  say(text: string): void;
  tell(message: object): void;
  frame(opcode: number, payload: Buffer, end?: boolean): void;
  /** The next message; rejects when the connection ends first. */
  next(): Promise<string>;
  json(): Promise<{ readonly type: string; readonly id?: string; readonly payload?: unknown }>;
  close(code?: number): void;
  /** `code reason` of the close that came; empty when the connection just ended. */
  readonly ended: Promise<string>;
  readonly events: readonly FrameEvent[];
}

export async function openSocket(proxy: ProxyLogin, host: string, handshake: Handshake): Promise<ClientSocket> {
  return speak(await tunnelTo(proxy, host), host, handshake);
}

/** On a connection that is there already. */
export async function speak(
  socket: Socket,
  host: string,
  { path, headers = {}, protocols = [], key = randomBytes(16).toString("base64"), upgrade = "websocket", method = "GET" }: Handshake,
): Promise<ClientSocket> {
  const all = {
    Host: host,
    Connection: "Upgrade",
    Upgrade: upgrade,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": key,
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    ...(protocols.length === 0 ? {} : { "Sec-WebSocket-Protocol": protocols.join(", ") }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  let bytes: Buffer = Buffer.alloc(0);
  while (!bytes.includes("\r\n\r\n")) {
    const [chunk] = (await Promise.race([once(socket, "data"), once(socket, "close").then(() => [undefined])])) as [Buffer | undefined];
    if (chunk === undefined) break;
    bytes = Buffer.concat([bytes, chunk]);
  }
  const end = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, end).toString("latin1");
  return new Speaker(socket, head, bytes.subarray(end + 4));
}

class Speaker implements ClientSocket {
  readonly head: string;
  readonly status: number;
  readonly socket: Socket;
  readonly ended: Promise<string>;
  readonly events: FrameEvent[] = [];
  readonly #messages: string[] = [];
  readonly #waiting: ((text: string | undefined) => void)[] = [];
  #over = false;

  constructor(socket: Socket, head: string, first: Buffer) {
    this.socket = socket;
    this.head = head;
    this.status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    const reader = new FrameReader({ from: "server", messageBytesMax: 256 * 1024 * 1024 });
    let pieces: Buffer[] = [];
    let said = "";
    const read = (chunk: Buffer): void => {
      if (this.status !== 101) return;
      for (const event of reader.push(chunk)) {
        this.events.push(event);
        if (event.kind === "broken") socket.destroy(new Error(event.because));
        if (event.kind === "close") {
          said = `${event.code ?? ""} ${event.reason}`.trim();
          this.frame(opcodes.close, closePayload(event.code, ""));
        }
        if (event.kind !== "data") continue;
        pieces.push(event.bytes);
        if (!event.end) continue;
        this.#came(Buffer.concat(pieces).toString("utf8"));
        pieces = [];
      }
    };
    this.ended = new Promise((resolve) => {
      socket.once("close", () => {
        this.#over = true;
        for (const waiting of this.#waiting.splice(0)) waiting(undefined);
        resolve(said);
      });
    });
    read(first);
    socket.on("data", read);
    socket.on("end", () => socket.end());
  }

  say(text: string): void {
    this.frame(opcodes.text, Buffer.from(text));
  }

  tell(message: object): void {
    this.say(JSON.stringify(message));
  }

  frame(opcode: number, payload: Buffer, end = true): void {
    if (this.socket.writable) this.socket.write(frameBytes(opcode, payload, { end, mask: randomBytes(4) }));
  }

  close(code = 1000): void {
    this.frame(opcodes.close, closePayload(code, ""));
  }

  async next(): Promise<string> {
    const known = this.#messages.shift();
    if (known !== undefined) return known;
    const text = this.#over ? undefined : await new Promise<string | undefined>((resolve) => this.#waiting.push(resolve));
    assert(text !== undefined, `the connection ended before another message came: ${this.head}`);
    return text;
  }

  async json(): Promise<{ type: string; id?: string; payload?: unknown }> {
    return JSON.parse(await this.next()) as { type: string };
  }

  #came(text: string): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(text);
    else waiting(text);
  }
}
