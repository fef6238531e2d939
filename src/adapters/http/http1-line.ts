/**
 * One connection of HTTP/1.1 to a provider: a request goes out, its answer comes back, and then the next.
 * It dials nothing and chooses nothing; before its peer's certificate is known to hold it writes nothing.
 */
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { limits } from "../../base/limits.ts";
import type { Place } from "./codec/authority.ts";
import { ResponseParser, type ResponseEvents } from "./codec/response-parser.ts";
import { keptMsOf, lastChunk, type RequestTrailers } from "./codec/request-head.ts";
import { type AnswerSink, failureText, type Outgoing, type SentRequest, UpstreamFailed } from "./upstream-port.ts";

export interface KeptLines {
  /** It is free for another request. */
  keep(line: Http1Line): void;
  gone(line: Http1Line): void;
}

export interface LineParts {
  readonly key: string;
  readonly place: Place;
  readonly socket: Socket;
  /** After it the peer is who it should be. */
  readonly ready: "connect" | "secureConnect";
  readonly kept: KeptLines;
}

/** Head and body go out together up to this many bytes. */
const TOGETHER_MAX = 16 * 1024;

export class Http1Line implements ResponseEvents {
  readonly key: string;
  readonly #parts: LineParts;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser(this);
  #sink: AnswerSink | undefined;
  #out: Writable | undefined;
  /** Which request it is: the first, the second. */
  #turn = 0;
  /** What waits for the connection. */
  #waiting: (() => void) | undefined;
  #ready = false;
  /** Bytes of this request may have arrived. */
  #reached = false;
  #sentWhole = false;
  #keptMs = 0;
  #upgrade = false;
  #cause: NodeJS.ErrnoException | undefined;

  constructor(parts: LineParts) {
    this.key = parts.key;
    this.#parts = parts;
    const socket = parts.socket;
    this.#socket = socket;
    socket.setTimeout(limits.httpHeadMsMax, () => this.#fail(new Error("it did not answer in time")));
    socket.once(parts.ready, () => {
      this.#ready = true;
      socket.setTimeout(limits.httpAnswerMsMax);
      this.#waiting?.();
      this.#waiting = undefined;
    });
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => {
      this.#cause = error;
    });
    // A side that has said all may not be written to any more: no provider speaks so.
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#closed());
  }

  /** Neither side has ended it, as far as is known. */
  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && !this.#socket.readableEnded;
  }

  /** `head` is the request's, in Latin-1. */
  start({ body, method, upgrade, trailers }: Outgoing, head: string, sink: AnswerSink): SentRequest {
    const turn = ++this.#turn;
    this.#sink = sink;
    this.#sentWhole = false;
    this.#reached = false;
    this.#upgrade = upgrade !== undefined;
    this.#parser.begin(method);
    const out = Buffer.isBuffer(body) ? undefined : this.#writer(body.bytes, turn, trailers);
    this.#out = out;
    if (this.#ready) this.#socket.setTimeout(limits.httpAnswerMsMax);
    this.#whenReady(() => {
      this.#reached = true;
      if (!Buffer.isBuffer(body)) return void this.#socket.write(head, "latin1");
      this.#sentWhole = true;
      if (body.length === 0) this.#socket.write(head, "latin1");
      else if (body.length <= TOGETHER_MAX) this.#socket.write(Buffer.concat([Buffer.from(head, "latin1"), body]));
      else {
        this.#socket.cork();
        this.#socket.write(head, "latin1");
        this.#socket.write(body);
        this.#socket.uncork();
      }
    });
    // Whoever holds on to this for too long does nothing to the request of another.
    return {
      out,
      pause: () => {
        if (this.#turn === turn && this.#sink !== undefined) this.#socket.pause();
      },
      resume: () => {
        if (this.#turn === turn) this.#socket.resume();
      },
      abort: (because) => {
        if (this.#turn === turn && this.#sink !== undefined) this.#fail(new Error(because));
      },
    };
  }

  discard(): void {
    this.#socket.destroy();
  }

  informed(status: number, rawHeaders: readonly string[]): void {
    // That it may go on was said by us already.
    if (status !== 100) this.#sink?.informed(status, rawHeaders);
  }

  head(status: number, rawHeaders: readonly string[]): void {
    this.#keptMs = keptMsOf(rawHeaders);
    this.#sink?.head(status, rawHeaders);
  }

  data(chunk: Buffer): void {
    if (this.#sink?.data(chunk) === false) this.#socket.pause();
  }

  end(rawTrailers: readonly string[], reusable: boolean): void {
    const sink = this.#sink;
    this.#sink = undefined;
    const free = reusable && this.#sentWhole && this.#keptMs > 0 && !this.#socket.destroyed;
    if (free) {
      this.#socket.resume();
      this.#socket.setTimeout(this.#keptMs);
      this.#parts.kept.keep(this);
    }
    sink?.end(rawTrailers);
    if (!free) this.#socket.destroy();
  }

  upgraded(rawHeaders: readonly string[], rest: Buffer): void {
    const sink = this.#sink;
    if (!this.#upgrade || sink === undefined) return this.#fail(new Error("it wants to change the protocol, which was not asked for"));
    this.#sink = undefined;
    const socket = this.#socket;
    for (const event of ["data", "end", "error", "close", "timeout"]) socket.removeAllListeners(event);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#parts.kept.gone(this));
    socket.setTimeout(0);
    sink.upgraded(rawHeaders, socket, rest);
  }

  #whenReady(act: () => void): void {
    if (this.#ready) act();
    else {
      const before = this.#waiting;
      this.#waiting = () => {
        before?.();
        act();
      };
    }
  }

  /** Where a body is written as it comes: of so many bytes, or in chunks. */
  #writer(bytes: number | null, turn: number, trailers: RequestTrailers | undefined): Writable {
    let left = bytes ?? 0;
    const socket = this.#socket;
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        left -= chunk.length;
        if (bytes !== null && left < 0) return done(new Error("the body is longer than it said"));
        this.#whenReady(() => {
          if (socket.destroyed) return done(new Error("the provider has gone"));
          if (bytes !== null) return void socket.write(chunk, done);
          socket.cork();
          socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
          socket.write(chunk);
          socket.write("\r\n", "latin1", done);
          socket.uncork();
        });
      },
      final: (done) => {
        if (bytes !== null && left !== 0) return done(new Error("the body is shorter than it said"));
        let last: string;
        try {
          const pairs = trailers?.last() ?? [];
          if (bytes !== null && pairs.length > 0) return done(new Error("trailers came after a body whose length was said"));
          last = lastChunk(pairs);
        } catch (error) {
          return done(error as Error);
        }
        this.#sentWhole = true;
        if (bytes === null) this.#whenReady(() => socket.write(last, "latin1"));
        done();
      },
      destroy: (error, done) => {
        // A body that ends early must not look like a whole one.
        if (this.#turn === turn && !this.#sentWhole && this.#sink !== undefined) this.#fail(error ?? new Error("the request was given up"));
        done(null);
      },
    });
  }

  #read(chunk: Buffer): void {
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #ended(): void {
    try {
      this.#parser.close();
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#socket.destroy();
  }

  #closed(): void {
    this.#parts.kept.gone(this);
    if (this.#sink !== undefined) this.#fail(this.#cause ?? new Error("it closed the connection without an answer"));
  }

  #fail(error: NodeJS.ErrnoException): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#socket.destroy();
    sink?.failed(new UpstreamFailed(failureText(this.#parts.place.host, error), this.#reached));
    this.#out?.destroy();
  }
}
