/**
 * A request's body: its first bytes are read for the judgement, within a bound; what is longer is streamed on after it.
 * It reads nothing out of them.
 */
import type { Readable, Transform, Writable } from "node:stream";
import { limits } from "../../base/limits.ts";

export interface ReadBody {
  readonly first: Buffer;
  /** All of it is in `first`. */
  readonly whole: boolean;
  /** Of all of it; `null` where that is not known before its end. */
  readonly bytes: number | null;
}

export const NO_BODY: ReadBody = { first: Buffer.alloc(0), whole: true, bytes: 0 };
/** What it says is not waited for. */
export const UNREAD: ReadBody = { first: Buffer.alloc(0), whole: false, bytes: null };

/** Found in what is streamed on, when its beginning has gone out. */
export class SecretInBody extends Error {
  override readonly name = "SecretInBody";
}

export class BodyAborted extends Error {
  override readonly name = "BodyAborted";
}

export interface Reading {
  readonly bytesMax?: number;
  /** No end is waited for behind it, where the client says nothing more for a moment. */
  readonly enough?: (first: Buffer) => boolean;
}

/** `bytes` is what its head says. Rejects with {@link BodyAborted} when the client goes, or sends nothing for too long. */
export function readBody(
  body: Readable,
  bytes: number | null,
  { bytesMax = limits.httpBodyBytesMax, enough }: Reading = {},
): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(silent, limits.httpIdleMsMax);
    const moment = enough === undefined ? undefined : setInterval(() => enough(Buffer.concat(chunks)) && partly(), limits.httpOpenMsMax);
    function silent(): void {
      done(() => reject(new BodyAborted("the client sent nothing for too long")));
    }
    function partly(): void {
      body.pause();
      done(() => resolve({ first: Buffer.concat(chunks), whole: false, bytes }));
    }
    function done(act: () => void): void {
      clearTimeout(timer);
      clearInterval(moment);
      body.off("data", onData);
      body.off("end", onEnd);
      body.off("close", onClose);
      body.off("error", onClose);
      act();
    }
    function onData(chunk: Buffer): void {
      chunks.push(chunk);
      length += chunk.length;
      timer.refresh();
      moment?.refresh();
      if (length > bytesMax) partly();
    }
    function onEnd(): void {
      done(() => resolve({ first: Buffer.concat(chunks), whole: true, bytes: length }));
    }
    function onClose(): void {
      done(() => reject(new BodyAborted("the client went before its request was whole")));
    }
    body.on("data", onData);
    body.on("end", onEnd);
    body.on("close", onClose);
    body.on("error", onClose);
    body.resume();
  });
}

/**
 * What was read and the rest of it, to where it is written: it ends there when it ends here. Where it is answered early the rest is read
 * and dropped, so that the client sees the answer; where the client goes, or is silent for too long, the writing side is given up.
 */
export function sendBody(body: ReadBody, rest: Readable, { out, through, secret }: Sending): void {
  const { first, whole } = body;
  // A stream of messages may rest for as long as an answer may take to begin.
  const silentMsMax = body === UNREAD ? limits.httpAnswerMsMax : limits.httpIdleMsMax;
  const looked = whole ? undefined : { rest, barred: watching(first, secret), silentMsMax };
  if (through === undefined) return pump(first, looked, out);
  pump(first, looked, through);
  pump(Buffer.alloc(0), { rest: through, barred: () => false, silentMsMax: limits.httpIdleMsMax }, out);
}

export interface Sending {
  readonly out: Writable;
  readonly through: Transform | undefined;
  /** Whether a secret stands in the bytes; asked of what was not read before the judgement. */
  readonly secret: (bytes: Buffer) => boolean;
}

/** As much of what went before is looked at again, for a secret may be cut. */
const OVERLAP_BYTES = 8 * 1024;

function watching(first: Buffer, secret: Sending["secret"]): (chunk: Buffer) => boolean {
  let before = first.subarray(-OVERLAP_BYTES);
  return (chunk) => {
    const both = Buffer.concat([before, chunk]);
    before = both.subarray(-OVERLAP_BYTES);
    return secret(both);
  };
}

interface Looked {
  readonly rest: Readable;
  /** It holds what may not go out. */
  readonly barred: (chunk: Buffer) => boolean;
  readonly silentMsMax: number;
}

function pump(first: Buffer, looked: Looked | undefined, out: Writable): void {
  const rest = looked?.rest;
  // Whoever owns it tells why it failed.
  out.on("error", () => undefined);
  if (first.length > 0) out.write(first);
  if (rest === undefined) return void out.end();
  const timer = setTimeout(() => stop(new BodyAborted("the client sent nothing for too long")), looked?.silentMsMax);
  const flow = (): void => void rest.resume();
  const onData = (chunk: Buffer): void => {
    timer.refresh();
    if (looked?.barred(chunk) === true) return stop(new SecretInBody("its body holds a secret, and was cut off before the end of it"));
    if (!out.write(chunk)) rest.pause();
  };
  const onEnd = (): void => {
    stop();
    out.end();
  };
  const onClose = (): void => stop(new BodyAborted("the client went before its request was whole"));
  const onError = (error: Error): void => stop(error);
  function stop(error?: Error): void {
    clearTimeout(timer);
    rest?.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onError);
    out.off("drain", flow).off("close", dropped);
    if (error === undefined) return;
    out.destroy(error);
    // What else comes is dropped, so that the client sees the answer.
    rest?.resume();
  }
  function dropped(): void {
    stop();
    rest?.resume();
  }
  rest.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onError);
  rest.on("error", () => undefined);
  out.on("drain", flow).on("close", dropped);
  rest.resume();
}
