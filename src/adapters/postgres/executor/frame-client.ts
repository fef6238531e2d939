/**
 * One connection to the server as a caller sees it: frames out, and all of the server's messages up to its ReadyForQuery back.
 * It keeps the messages as the server's own bytes, no more of them than it may, and knows no statement.
 */
import type { Duplex } from "node:stream";
import { errorField, rowValues } from "../codec/read.ts";
import { BAD, BODY, FrameScanner, MORE } from "../codec/scanner.ts";
import { back, wholeServerShapes } from "../codec/shapes.ts";
import { query, TERMINATE } from "../codec/write.ts";
import { closeReason } from "../socket-error.ts";

/** One of the server's messages. */
export interface ServerMessage {
  readonly type: number;
  /** The whole frame. */
  readonly bytes: Buffer;
}

export interface Exchanged {
  /** In order; ReadyForQuery and ParameterStatus are not among them. Empty when there were more bytes than are kept. */
  readonly messages: readonly ServerMessage[];
  /** The status byte of ReadyForQuery: `I`, `T` or `E`. */
  readonly status: number;
  readonly tooLong: boolean;
}

/** The connection is gone, or what it brings cannot be understood. `fatal` is the server's last word, where it said one. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  readonly fatal: Buffer | undefined;

  constructor(because: string, fatal?: Buffer) {
    super(because);
    this.fatal = fatal;
  }
}

/** An ErrorResponse to a query of ours. */
export class ServerRefused extends Error {
  override readonly name = "ServerRefused";
  readonly sqlstate: string;
  readonly frame: Buffer;

  constructor(frame: Buffer) {
    super(field(frame, "M") ?? "no reason given");
    this.frame = frame;
    this.sqlstate = field(frame, "C") ?? "XX000";
  }
}

interface Waiting {
  readonly messages: ServerMessage[];
  readonly resolve: (exchanged: Exchanged) => void;
  readonly reject: (error: ConnectionLost) => void;
  bytes: number;
  tooLong: boolean;
}

export class FrameClient {
  readonly #socket: Duplex;
  readonly #scanner = new FrameScanner(wholeServerShapes);
  readonly #bytesMax: number;
  /** Called once an answer is longer than is kept: there is no use in the rest of it. */
  readonly #tooLong: () => void;
  #waiting: Waiting | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #lost: ConnectionLost | undefined;
  #pieces: Buffer[] = [];

  constructor(socket: Duplex, rest: Buffer, answers: { readonly bytesMax: number; readonly tooLong: () => void }) {
    this.#socket = socket;
    this.#bytesMax = answers.bytesMax;
    this.#tooLong = answers.tooLong;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.once("close", () => this.#lose(new ConnectionLost(closeReason(socket, "the connection to the server was closed"))));
    if (rest.length > 0) this.#receive(rest);
    socket.resume();
  }

  /** Sends `bytes`, which the server answers with one ReadyForQuery, after what was asked before. Rejects with {@link ConnectionLost}. */
  exchange(bytes: Buffer): Promise<Exchanged> {
    const answered = this.#last.then(() => this.#exchange(bytes));
    this.#last = answered.catch(() => undefined);
    return answered;
  }

  #exchange(bytes: Buffer): Promise<Exchanged> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#waiting = { messages: [], resolve, reject, bytes: 0, tooLong: false };
      this.#socket.write(bytes);
    });
  }

  /** The rows of the last statement of `sql` that returned any, as text. Rejects with {@link ServerRefused} too. */
  async rows(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    const { messages, tooLong } = await this.exchange(query(sql));
    const error = messages.find(({ type }) => type === back.error);
    if (error !== undefined) throw new ServerRefused(error.bytes);
    if (tooLong) throw new ConnectionLost("the server answers more than was asked for");
    const last = messages.findLastIndex(({ type }) => type === back.rowDescription);
    return messages
      .slice(last + 1)
      .filter(({ type }) => type === back.dataRow)
      .map(({ bytes }) => {
        const values = rowValues(bytes, 0, bytes.length);
        if (values === undefined) throw new ConnectionLost("the server's row cannot be read");
        return values;
      });
  }

  /** Says goodbye and lets go. */
  close(): void {
    if (this.#lost === undefined) this.#socket.write(TERMINATE);
    this.destroy("it was closed");
  }

  destroy(because: string): void {
    this.#lose(new ConnectionLost(because));
    this.#socket.destroy();
  }

  #lose(lost: ConnectionLost): void {
    if (this.#lost !== undefined) return;
    const fatal = this.#waiting?.messages.findLast(({ type, bytes }) => type === back.error && field(bytes, "V") === "FATAL")?.bytes;
    this.#lost = fatal === undefined ? lost : new ConnectionLost(lost.message, fatal);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#lost);
  }

  #receive(chunk: Buffer): void {
    const scanner = this.#scanner;
    scanner.load(chunk);
    for (let step = scanner.next(); step !== MORE && this.#lost === undefined; step = scanner.next()) {
      if (step === BAD) return this.destroy(`the server's stream cannot be read: ${scanner.problem}`);
      if (step !== BODY) this.#pieces = [];
      this.#keep(scanner.type, scanner.buffer.subarray(scanner.from, scanner.to));
      scanner.take();
      if (scanner.rest === 0) this.#message(scanner.type);
    }
  }

  #keep(type: number, piece: Buffer): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.tooLong) {
      if (type === back.ready) this.#pieces.push(piece);
      return;
    }
    waiting.bytes += piece.length;
    if (waiting.bytes > this.#bytesMax && type !== back.ready) {
      waiting.tooLong = true;
      waiting.messages.length = 0;
      this.#pieces = [];
      this.#tooLong();
      return;
    }
    this.#pieces.push(piece);
  }

  #message(type: number): void {
    const waiting = this.#waiting;
    const bytes = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    // Nobody asked: a notice or parameter between two exchanges, or the server's last word before it closes.
    if (waiting === undefined) return;
    switch (type) {
      case back.ready:
        this.#waiting = undefined;
        return waiting.resolve({ messages: waiting.messages, status: bytes[5] as number, tooLong: waiting.tooLong });
      case back.copyIn:
      case back.copyBoth:
        return this.destroy("the server asks for data, and there are none");
      case back.parameterStatus:
      case back.notification:
        return;
      default:
        if (!waiting.tooLong) waiting.messages.push({ type, bytes });
    }
  }
}

function field(frame: Buffer, letter: string): string | undefined {
  return errorField(frame, 0, frame.length, letter);
}
