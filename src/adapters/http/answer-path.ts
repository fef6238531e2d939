/**
 * A provider's answer on its way back to the client: made readable where it must be looked at, looked at, counted, and cut off where it
 * is longer than permitted. What came is passed on at once; what was put in is taken out.
 * It records nothing and sends nothing upstream.
 */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { answerFields, trailerFields } from "./codec/headers.ts";
import type { Redaction } from "./options.ts";
import { Decoder } from "./decoder.ts";
import { byMessage, isGrpc } from "./grpc.ts";
import type { RowCounter } from "./row-counter.ts";
import { type ClientResponse, inform, writeHead } from "./answers.ts";
import { type AnswerSink, type SentRequest, UpstreamFailed } from "./upstream-port.ts";

export interface AnswerPathParts {
  readonly response: ClientResponse;
  readonly redaction: Redaction | undefined;
  /** A provider's cookie is a credential, and the client would bring it back as one that it found. */
  readonly cookies: boolean;
  readonly bytesMax: number;
  /** Absent: they are not counted. */
  readonly rows: RowCounter | undefined;
  /** What the provider does is seen to its end, also where nobody waits for it any more. */
  readonly toItsEnd: boolean;
  /** Told once: the provider's status when its answer is through, or why it is not. */
  readonly over: (result: { readonly status: number } | UpstreamFailed) => void;
}

/** So small an answer goes out in one piece with its head. */
const TOGETHER_MAX = 16 * 1024;

export class AnswerPath implements AnswerSink {
  readonly #parts: AnswerPathParts;
  #redaction: Redaction | undefined;
  #sent: SentRequest | undefined;
  #decoder: Decoder | undefined;
  #status = 0;
  /** The first bytes, kept until this turn is over: with an end that came with them they go out in one piece. */
  #first: Buffer | undefined;
  #flushed = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  /** As the provider sent it, decoded. */
  bytes = 0;

  constructor(parts: AnswerPathParts) {
    this.#parts = parts;
    this.#redaction = parts.redaction;
  }

  /** Whom to ask for more, and to tell that it is given up. */
  of(sent: SentRequest): void {
    this.#sent = sent;
    if (this.#over) sent.abort("it is over");
  }

  /** Given up after so long. */
  within(ms: number): void {
    if (!this.#over) this.#timer = setTimeout(() => this.#fail("it took longer than permitted"), ms);
  }

  /** The client has gone. */
  left(): void {
    if (this.#over || this.#parts.toItsEnd) return void this.#sent?.resume();
    this.#fail("the client has gone");
  }

  informed(status: number, rawHeaders: readonly string[]): void {
    const { response, redaction } = this.#parts;
    if (this.#status !== 0 || response.destroyed || response.headersSent) return;
    inform(response, status, answerFields(rawHeaders, { cookies: false, redaction }).fields);
  }

  head(status: number, rawHeaders: readonly string[]): void {
    const { response, redaction, cookies } = this.#parts;
    this.#status = status;
    const { fields, encoding } = answerFields(rawHeaders, { cookies, redaction });
    if (encoding !== undefined && !this.#decode(encoding)) return;
    if (redaction !== undefined && isGrpc(fields[fields.indexOf("content-type") + 1])) this.#redaction = byMessage(redaction);
    if (response.destroyed) return;
    writeHead(response, status, fields);
    process.nextTick(() => this.#flush());
  }

  data(chunk: Buffer): boolean {
    return this.#decoder === undefined ? this.#pass(chunk) : this.#decoder.write(chunk);
  }

  end(rawTrailers: readonly string[]): void {
    if (this.#decoder === undefined) return this.#ended(rawTrailers);
    this.#decoder.end(() => this.#ended(rawTrailers));
  }

  upgraded(_: readonly string[], socket: Duplex): void {
    socket.destroy();
    this.failed(new UpstreamFailed("the provider changed the protocol, which is not passed on", true));
  }

  failed(error: UpstreamFailed): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#decoder?.destroy();
    if (this.#parts.response.headersSent) this.#parts.response.destroy();
    this.#parts.over(error);
  }

  #fail(because: string): void {
    this.failed(new UpstreamFailed(because, true));
    this.#sent?.abort(because);
  }

  #decode(encoding: string): boolean {
    const decoder = Decoder.of(encoding, {
      data: (chunk) => this.#pass(chunk),
      more: () => this.#sent?.resume(),
      failed: (error) => this.#fail(`its answer cannot be decompressed: ${error.message}`),
    });
    this.#decoder = decoder;
    if (decoder === undefined) this.#fail("its answer is compressed in a way that is not looked into");
    return decoder !== undefined;
  }

  /** `false` where the client takes no more at the moment. */
  #pass(chunk: Buffer): boolean {
    if (this.#over) return true;
    const { response, bytesMax, rows } = this.#parts;
    this.bytes += chunk.length;
    // What a provider answers with an error holds no rows.
    const over = this.#status < 400 ? rows?.step(chunk) : undefined;
    if (over !== undefined) {
      this.#fail(over);
      return false;
    }
    if (this.bytes > bytesMax) {
      this.#fail(`its answer is longer than the ${bytesMax} bytes that are permitted`);
      return false;
    }
    const out = this.#redaction?.step(chunk) ?? chunk;
    if (out.length === 0 || response.destroyed) return true;
    if (!this.#flushed && this.#first === undefined) {
      this.#first = out;
      return true;
    }
    this.#flush();
    return this.#write(out);
  }

  /** What came of this turn goes out, a head alone too. */
  #flush(): void {
    if (this.#flushed || this.#over) return;
    this.#flushed = true;
    const first = this.#first;
    this.#first = undefined;
    if (first === undefined) (this.#parts.response as ServerResponse).flushHeaders();
    else if (!this.#write(first)) this.#sent?.pause();
  }

  #write(chunk: Buffer): boolean {
    const response = this.#parts.response as ServerResponse;
    if (response.write(chunk)) return true;
    response.once("drain", () => {
      this.#decoder?.resume();
      this.#sent?.resume();
    });
    return false;
  }

  #ended(rawTrailers: readonly string[]): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const { redaction, over } = this.#parts;
    const response = this.#parts.response as ServerResponse;
    const rest = this.#redaction?.end();
    if (!response.destroyed) {
      if (rawTrailers.length > 0) response.addTrailers(trailerFields(rawTrailers, redaction) as never);
      const whole = joined(this.#first, rest);
      this.#first = undefined;
      if (whole === undefined) response.end();
      // As text it goes out in one piece with its head.
      else if (whole.length <= TOGETHER_MAX) response.end(whole.toString("latin1"), "latin1");
      else response.end(whole);
    }
    over({ status: this.#status });
  }
}

function joined(first: Buffer | undefined, rest: Buffer | undefined): Buffer | undefined {
  if (rest === undefined || rest.length === 0) return first;
  return first === undefined ? rest : Buffer.concat([first, rest]);
}
