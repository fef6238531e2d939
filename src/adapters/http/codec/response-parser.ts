/**
 * Answers of HTTP/1.1 out of bytes, wherever they are cut: head, body, trailers, and what comes before a final answer.
 * It is strict: what two readers could read differently is broken, and it repairs nothing. It owns no socket and keeps no body.
 */
import { limits } from "../../../base/limits.ts";

/** Told in this order; `rawHeaders` are names in lower case and values, by turns. */
export interface ResponseEvents {
  /** 1xx, but for 101. */
  informed(status: number, rawHeaders: readonly string[]): void;
  head(status: number, rawHeaders: readonly string[]): void;
  data(chunk: Buffer): void;
  /** `reusable`: the connection may carry another request. */
  end(rawTrailers: readonly string[], reusable: boolean): void;
  /** 101: what follows is another protocol. `rest` is what came of it already. */
  upgraded(rawHeaders: readonly string[], rest: Buffer): void;
}

export class AnswerBroken extends Error {
  override readonly name = "AnswerBroken";
}

type State = "idle" | "head" | "length" | "until-close" | "size" | "chunk" | "chunk-end" | "trailers" | "upgraded";

/** A chunk's size with its extensions. */
const SIZE_LINE_MAX = 4_096;
/** A provider that only ever says that it is at it. */
const INFORMED_MAX = 100;
const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");
const NOTHING = Buffer.alloc(0);

export class ResponseParser {
  readonly #events: ResponseEvents;
  #state: State = "idle";
  #kept: Buffer = NOTHING;
  /** Bytes that are still to come of a body of known length, or of a chunk. */
  #left = 0;
  #informed = 0;
  #persistent = false;
  #bodiless = false;
  #lastText = "";
  #last: Head | undefined;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** A request has gone out: one final answer is due. */
  begin(method: string): void {
    this.#state = "head";
    this.#bodiless = method === "HEAD";
    this.#informed = 0;
  }

  /** Whether an answer is due or under way. */
  get busy(): boolean {
    return this.#state !== "idle";
  }

  /** Throws {@link AnswerBroken}. */
  push(chunk: Buffer): void {
    let bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#kept = NOTHING;
    while (bytes.length > 0) {
      const rest = this.#step(bytes);
      if (rest === undefined) {
        this.#kept = bytes;
        return;
      }
      bytes = rest;
    }
  }

  /** The other side has said all that it will. Throws {@link AnswerBroken} where that is too little. */
  close(): void {
    if (this.#state === "until-close") this.#over([], false);
    else if (this.#state !== "idle") throw new AnswerBroken("the connection was closed before the answer was whole");
  }

  /** What is left of the bytes; `undefined` where more is needed. */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case "head":
        return this.#head(bytes);
      case "length":
      case "chunk":
        return this.#counted(bytes);
      case "until-close":
        this.#events.data(bytes);
        return NOTHING;
      case "size":
        return this.#size(bytes);
      case "chunk-end":
        if (bytes.length < 2) return undefined;
        if (bytes[0] !== 13 || bytes[1] !== 10) throw new AnswerBroken("a chunk is longer than it says");
        this.#state = "size";
        return bytes.subarray(2);
      case "trailers":
        return this.#trailers(bytes);
      default:
        throw new AnswerBroken("bytes came that belong to no answer");
    }
  }

  #head(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 ? bytes.length > limits.httpHeadBytesMax : end > limits.httpHeadBytesMax) throw new AnswerBroken("its head is too long");
    if (end < 0) return undefined;
    const text = bytes.toString("latin1", 0, end);
    // A provider's answers of one second have the same head, again and again.
    const head = text === this.#lastText && this.#last !== undefined ? this.#last : readHead(text);
    this.#lastText = text;
    this.#last = head;
    const rest = bytes.subarray(end + 4);
    if (head.status === 101) {
      this.#state = "upgraded";
      this.#events.upgraded(head.rawHeaders, rest);
      return NOTHING;
    }
    if (head.status < 200) {
      if (++this.#informed > INFORMED_MAX) throw new AnswerBroken("it announces an answer too often");
      this.#events.informed(head.status, head.rawHeaders);
      return rest;
    }
    this.#persistent = head.persistent;
    this.#framed(head);
    this.#events.head(head.status, head.rawHeaders);
    if (this.#state === "length" && this.#left === 0) this.#over([], this.#persistent);
    return rest;
  }

  #framed({ status, framing }: Head): void {
    if (this.#bodiless || status === 204 || status === 304) {
      this.#left = 0;
      this.#state = "length";
    } else if (framing === "chunked") this.#state = "size";
    else if (framing === "until-close") this.#state = "until-close";
    else {
      this.#left = framing;
      this.#state = "length";
    }
  }

  #counted(bytes: Buffer): Buffer {
    const taken = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    const rest = bytes.subarray(taken.length);
    this.#left -= taken.length;
    const whole = this.#left === 0;
    if (whole && this.#state === "chunk") this.#state = "chunk-end";
    this.#events.data(taken);
    if (whole && this.#state === "length") this.#over([], this.#persistent);
    return rest;
  }

  #size(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(LINE_END);
    if (end < 0 ? bytes.length > SIZE_LINE_MAX : end > SIZE_LINE_MAX) throw new AnswerBroken("the size of a chunk is too long");
    if (end < 0) return undefined;
    const digits = /^([0-9a-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(bytes.toString("latin1", 0, end))?.[1];
    if (digits === undefined) throw new AnswerBroken("the size of a chunk is no number");
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? "trailers" : "chunk";
    return bytes.subarray(end + 2);
  }

  #trailers(bytes: Buffer): Buffer | undefined {
    if (bytes[0] === 13 && bytes[1] === 10) {
      this.#over([], this.#persistent);
      return bytes.subarray(2);
    }
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 ? bytes.length > limits.httpHeadBytesMax : end > limits.httpHeadBytesMax)
      throw new AnswerBroken("its trailers are too long");
    if (end < 0) return undefined;
    const trailers: string[] = [];
    for (const line of bytes.toString("latin1", 0, end).split("\r\n")) trailers.push(...readField(line));
    this.#over(trailers, this.#persistent);
    return bytes.subarray(end + 4);
  }

  #over(trailers: readonly string[], reusable: boolean): void {
    this.#state = "idle";
    this.#events.end(trailers, reusable);
  }
}

interface Head {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly framing: number | "chunked" | "until-close";
  readonly persistent: boolean;
}

function readHead(text: string): Head {
  const lines = text.split("\r\n");
  const [, minor, digits] = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(lines[0] ?? "") ?? [];
  if (digits === undefined) throw new AnswerBroken("it does not begin as an answer does");
  if (lines.length > 2 * limits.httpHeadersMax) throw new AnswerBroken("it has too many headers");
  const rawHeaders: string[] = [];
  let length: string | undefined;
  let encoding: string | undefined;
  let connection = "";
  for (let at = 1; at < lines.length; at++) {
    const [name, value] = readField(lines[at] as string);
    rawHeaders.push(name, value);
    if (name === "content-length") {
      if (length !== undefined) throw new AnswerBroken("it says its length twice");
      length = value;
    } else if (name === "transfer-encoding") {
      if (encoding !== undefined) throw new AnswerBroken("it says its encoding twice");
      encoding = value.toLowerCase();
    } else if (name === "connection") connection += `,${value.toLowerCase()}`;
  }
  if (encoding !== undefined && (length !== undefined || minor === "0")) throw new AnswerBroken("it says its length in two ways");
  if (encoding !== undefined && encoding !== "chunked") throw new AnswerBroken("its encoding is not plain `chunked`");
  if (length !== undefined && !/^[0-9]{1,15}$/.test(length)) throw new AnswerBroken("its length is no number");
  return {
    status: Number(digits),
    rawHeaders,
    framing: encoding === undefined ? (length === undefined ? "until-close" : Number(length)) : "chunked",
    persistent: minor === "1" && !/(^|,)\s*close\s*(,|$)/.test(connection),
  };
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const ODD = /[^\t\x20-\x7e\x80-\xff]/;

/** A line that begins with a space, which older readers took for more of the one before, has no name. */
function readField(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (!TOKEN.test(name)) throw new AnswerBroken("one of its headers has no name");
  const value = line.slice(colon + 1);
  if (ODD.test(value)) throw new AnswerBroken("one of its headers holds control characters");
  return [name.toLowerCase(), value.replace(/^[\t ]+|[\t ]+$/g, "")];
}
