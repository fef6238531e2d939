/**
 * Two sides of a WebSocket joined: frames are read on each, messages go their course, and what came in is written anew to the other side.
 * It judges nothing. Each side is read no faster than the other takes it; a close goes through, and neither side outlives the other.
 */
import type { Socket } from "node:net";
import { assertNever } from "../../../base/assert.ts";
import type { Clock } from "../../../base/clock.ts";
import { limits } from "../../../base/limits.ts";
import type { Redaction } from "../options.ts";
import { RedactionAcross } from "./across.ts";
import type { Course, Ends, Message, RelayEnd } from "./course.ts";
import { type FrameEvent, FrameReader } from "./frame-reader.ts";
import { opcodes } from "./frames.ts";
import { Outlet } from "./outlet.ts";

export interface RelayParts {
  readonly client: Socket;
  readonly server: Socket;
  readonly course: Course;
  /** Four bytes of chance. */
  readonly mask: () => Uint8Array;
  /** Of a server's message; `undefined` where nothing was put in. */
  readonly redaction: () => Redaction | undefined;
  /** What a server may send in all. */
  readonly bytesMax: number;
  /** Absent: it may last. */
  readonly msMax: number | undefined;
  /** Why the session may not go on, in a clause. */
  readonly barred: () => Promise<string | undefined>;
  /** Whether a frame of the client that is no message may not go on. */
  readonly refused: (payload: Buffer) => boolean;
  readonly clock: Pick<Clock, "monotonic">;
}

export interface Relayed {
  /** Of messages, from the server. */
  readonly bytes: number;
  readonly end: RelayEnd;
}

/** Resolves when both sides are closed. Never rejects. */
export async function relay(parts: RelayParts): Promise<Relayed> {
  const joined = new Joined(parts);
  return joined.run();
}

/** Up to here a message of the server is put together, so that a short one stays one frame. */
const GATHERED_BYTES_MAX = 64 * 1024;

/** A suspension ends what is open within this. */
const BARRED_AGAIN_MS = 1_000;

class Joined implements Ends {
  readonly client: Outlet;
  readonly server: Outlet;
  readonly #parts: RelayParts;
  readonly #gather = gathering();
  readonly #gatherOfServer = gathering();
  #bytes = 0;
  #end: RelayEnd | undefined;
  #timer: NodeJS.Timeout | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #across = new RedactionAcross();
  /** Something was put in before this message came. */
  #looking = false;
  #pieces: Buffer[] = [];
  #held = 0;
  #begun = false;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.client = new Outlet(parts.client);
    this.server = new Outlet(parts.server, parts.mask);
  }

  async run(): Promise<Relayed> {
    const { client, server, course, msMax } = this.#parts;
    const over = msMax === undefined ? undefined : setTimeout(() => this.stop(1008, "it took longer than permitted"), msMax);
    const idle = (): void => this.stop(1001, "nothing moved for too long");
    for (const socket of [client, server]) {
      socket.setTimeout(limits.webSocketIdleMsMax, idle);
      socket.on("error", () => socket.destroy());
    }
    const down = this.#read(server, "server", (event) => this.#fromServer(event)).then((said) => {
      if (!said) this.#gone("lost", 1011, "the provider has gone");
    });
    const up = this.#read(client, "client", (event) => this.#fromClient(event)).then((said) => {
      if (!said) this.#gone("closed", 1001, "");
    });
    await Promise.all([down, up]);
    clearTimeout(over);
    await Promise.all([finished(client), finished(server)]);
    clearTimeout(this.#timer);
    const end = this.#end ?? { kind: "lost" };
    await course.ended(end);
    return { bytes: this.#bytes, end };
  }

  stop(code: number, because: string): void {
    this.#end ??= { kind: "stopped", because };
    this.client.close(code, because);
    this.server.close(1001, "");
    this.#ending();
  }

  /** A side went without saying so. */
  #gone(kind: "lost" | "closed", code: number, because: string): void {
    this.#end ??= { kind };
    this.client.close(code, because);
    this.server.close(code, "");
    this.#ending();
  }

  /** Whoever does not say good-bye in time is not waited for. */
  #ending(): void {
    const { client, server } = this.#parts;
    this.#timer ??= setTimeout(() => {
      client.destroy();
      server.destroy();
    }, limits.webSocketCloseMsMax);
    if (this.client.closed) client.end();
    if (this.server.closed) server.end();
  }

  /** `true` when the side said a close, or what ends it. */
  async #read(socket: Socket, from: "client" | "server", act: (event: FrameEvent) => Promise<boolean>): Promise<boolean> {
    const { course } = this.#parts;
    const ofServer = course.fromServer === undefined ? Number.MAX_SAFE_INTEGER : limits.webSocketAnswerBytesMax;
    const reader = new FrameReader({ from, messageBytesMax: from === "client" ? limits.webSocketMessageBytesMax : ofServer });
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        for (const event of reader.push(chunk as Buffer)) {
          if (!(await act(event))) continue;
          // What still comes is not looked at, but its end is.
          socket.resume();
          return true;
        }
      }
    } catch {
      // It was destroyed, by its other end or by us.
    }
    return false;
  }

  async #fromClient(event: FrameEvent): Promise<boolean> {
    if (event.kind === "data") {
      const message = this.#gather(event);
      if (message === undefined || this.server.closed) return false;
      const because = await this.#barred();
      if (because !== undefined) this.stop(1008, because);
      else await this.#parts.course.fromClient(message, this);
      return false;
    }
    const said = event.kind === "close" ? Buffer.from(event.reason) : event.kind === "broken" ? Buffer.alloc(0) : event.payload;
    if (this.#parts.refused(said)) {
      this.stop(1008, "it carries a credential that Holdfast did not give out");
      return true;
    }
    return this.#control(event, this.client, this.server);
  }

  async #barred(): Promise<string | undefined> {
    const now = this.#parts.clock.monotonic();
    if (now - this.#askedAt < BARRED_AGAIN_MS) return undefined;
    this.#askedAt = now;
    return this.#parts.barred();
  }

  async #fromServer(event: FrameEvent): Promise<boolean> {
    if (event.kind !== "data") return this.#control(event, this.server, this.client);
    this.#bytes += event.bytes.length;
    if (this.#bytes > this.#parts.bytesMax) this.stop(1008, `more than the ${this.#parts.bytesMax} bytes that are permitted came back`);
    else if (this.#parts.course.fromServer === undefined) await this.#piece(event);
    else {
      const message = this.#gatherOfServer(event);
      if (message !== undefined) await this.#parts.course.fromServer(message, this);
    }
    return false;
  }

  /** On to the client: a short message in one frame, a long one as it comes. */
  async #piece({ text, bytes, first, end }: Extract<FrameEvent, { kind: "data" }>): Promise<void> {
    if (first) {
      const made = this.#parts.redaction;
      const one = made();
      this.#looking = one !== undefined;
      if (one !== undefined) this.#across.begin(text ? undefined : bytes[0], () => made() ?? one);
      this.#begun = false;
    }
    this.#pieces.push(this.#looking ? this.#across.step(bytes, first) : bytes);
    if (end && this.#looking) this.#pieces.push(this.#across.end());
    this.#held += bytes.length;
    if (!end && this.#held < GATHERED_BYTES_MAX) return;
    const payload = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#held = 0;
    await this.client.send(this.#begun ? opcodes.continuation : text ? opcodes.text : opcodes.binary, payload, end);
    this.#begun = true;
  }

  async #control(event: Exclude<FrameEvent, { kind: "data" }>, from: Outlet, to: Outlet): Promise<boolean> {
    switch (event.kind) {
      case "ping":
      case "pong":
        await to.send(opcodes[event.kind], to === this.client ? this.#masked(event.payload) : event.payload);
        return false;
      case "close":
        this.#end ??= { kind: "closed" };
        to.close(event.code, to === this.client ? this.#masked(Buffer.from(event.reason)).toString("utf8") : event.reason);
        this.#ending();
        return true;
      case "broken":
        this.#end ??= { kind: "stopped", because: event.because };
        from.close(event.code, event.because);
        to.close(1001, "");
        this.#ending();
        return true;
      default:
        return assertNever(event, "frame");
    }
  }

  #masked(bytes: Buffer): Buffer {
    const redaction = this.#parts.redaction();
    return redaction === undefined ? bytes : Buffer.concat([redaction.step(bytes), redaction.end()]);
  }
}

/** When all is written, or never will be. */
function finished(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.destroySoon();
  });
}

/** Pieces in, a whole message out; its length is bounded by whoever reads the frames. */
function gathering(): (event: Extract<FrameEvent, { kind: "data" }>) => Message | undefined {
  let pieces: Buffer[] = [];
  return ({ text, bytes, end }) => {
    pieces.push(bytes);
    if (!end) return undefined;
    const whole = pieces.length === 1 ? bytes : Buffer.concat(pieces);
    pieces = [];
    return { text, bytes: whole };
  };
}
