/**
 * What is cut over two messages of one direction is looked for as one text: message after message as they are, and again without the one
 * byte that stands before each where a protocol sends several streams on one connection. It keeps no more than could be a beginning.
 */
import type { Redaction } from "../options.ts";

const NOTHING = Buffer.alloc(0);
/** A cut text shows no more of its beginning than fewer than these: from here on it is taken out before it is known how it goes on. */
const SHOWN_BYTES_MAX = 6;
/** Streams of one connection, by their first byte; a byte that is text is none. */
const MARKS_MAX = 16;
/** As much of what went before is looked at again in what a client sends. */
const OVERLAP_BYTES = 8 * 1024;
const MASK = 0x2a;

/** The messages of one side, in their order, cut or not; lengths stay. One message at a time. */
export class RedactionAcross {
  readonly #plain = new Thread();
  readonly #marked = new Map<number, Thread>();
  #mark: Thread | undefined;
  /** What the threads gave, of which the shorter goes out. */
  #out: Buffer = NOTHING;
  #other: Buffer = NOTHING;

  /** `made`: one for the message, for each way of joining. */
  begin(first: number | undefined, made: () => Redaction): void {
    this.#plain.begin(made());
    this.#out = NOTHING;
    this.#other = NOTHING;
    this.#mark = undefined;
    if (first === undefined || first >= MARKS_MAX) return;
    const thread = this.#marked.get(first) ?? new Thread();
    this.#marked.set(first, thread);
    thread.begin(made());
    this.#mark = thread;
    // The mark itself is of no thread but the plain one's.
    this.#other = Buffer.of(first);
  }

  /** `bytes` of the message; the first of them the mark where there is one. */
  step(bytes: Buffer, first: boolean): Buffer {
    this.#out = joined(this.#out, this.#plain.step(bytes));
    if (this.#mark === undefined) return this.#take(this.#out.length);
    this.#other = joined(this.#other, this.#mark.step(first ? bytes.subarray(1) : bytes));
    return this.#take(Math.min(this.#out.length, this.#other.length));
  }

  end(): Buffer {
    this.#out = joined(this.#out, this.#plain.end());
    if (this.#mark !== undefined) this.#other = joined(this.#other, this.#mark.end());
    return this.#take(this.#out.length);
  }

  /** Taken out by either of them. */
  #take(length: number): Buffer {
    const out = this.#out.subarray(0, length);
    const other = this.#other.subarray(0, length);
    this.#out = this.#out.subarray(length);
    this.#other = this.#other.subarray(length);
    if (this.#mark === undefined || out.equals(other)) return out;
    return Buffer.from(out.map((byte, at) => (byte === MASK ? MASK : (other[at] ?? byte))));
  }
}

/** Messages joined in one way. */
class Thread {
  #redaction: Redaction | undefined;
  /** Of the messages before, as it came: it could be the beginning of what is looked for. */
  #tail: Buffer = NOTHING;
  #dropped = 0;

  begin(redaction: Redaction): void {
    this.#redaction = redaction;
    this.#dropped = this.#tail.length;
    this.#drop(redaction.step(this.#tail));
  }

  step(bytes: Buffer): Buffer {
    this.#tail = joined(this.#tail, bytes).subarray(-OVERLAP_BYTES);
    return this.#drop(this.#redaction?.step(bytes) ?? bytes);
  }

  end(): Buffer {
    const rest = this.#redaction?.end() ?? NOTHING;
    this.#tail = rest.length === 0 ? NOTHING : Buffer.from(this.#tail.subarray(-rest.length));
    const shown = this.#drop(rest);
    return rest.length < SHOWN_BYTES_MAX ? shown : Buffer.alloc(shown.length, MASK);
  }

  /** Without what was of the messages before. */
  #drop(out: Buffer): Buffer {
    const dropped = Math.min(this.#dropped, out.length);
    this.#dropped -= dropped;
    return out.subarray(dropped);
  }
}

/** Whether what a client sends holds a secret together with what it sent before. */
export class SecretsAcross {
  readonly #holds: (bytes: Buffer) => boolean;
  readonly #before = new Map<number | undefined, Buffer>();

  constructor(holds: (bytes: Buffer) => boolean) {
    this.#holds = holds;
  }

  holds(message: Buffer): boolean {
    const [first] = message;
    const marked = first !== undefined && first < MARKS_MAX && this.#joined(first, message.subarray(1));
    return this.#joined(undefined, message) || marked;
  }

  #joined(thread: number | undefined, bytes: Buffer): boolean {
    const both = joined(this.#before.get(thread) ?? NOTHING, bytes);
    this.#before.set(thread, Buffer.from(both.subarray(-OVERLAP_BYTES)));
    return this.#holds(both);
  }
}

function joined(one: Buffer, other: Buffer): Buffer {
  return one.length === 0 ? other : other.length === 0 ? one : Buffer.concat([one, other]);
}
