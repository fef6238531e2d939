/**
 * The steps that an answer's body goes through on its way back: made readable where it must be looked at, looked at, and counted.
 * It streams: no step waits for an end that may never come.
 */
import { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Redaction } from "./options.ts";

export interface AnswerCount {
  bytes: number;
}

export class AnswerTooLong extends Error {
  override readonly name = "AnswerTooLong";
}

/** `undefined` for an encoding that cannot be undone here. */
export function decoded(encoding: string | undefined): Transform[] | undefined {
  switch ((encoding ?? "identity").trim().toLowerCase()) {
    case "":
    case "identity":
      return [];
    case "gzip":
    case "x-gzip":
      return [createGunzip()];
    case "deflate":
      return [createInflate()];
    case "br":
      return [createBrotliDecompress()];
    default:
      return undefined;
  }
}

/** Cuts an answer off that is longer than permitted. */
export function redacting(redaction: Redaction | undefined, { bytesMax, count }: { bytesMax: number; count: AnswerCount }): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count.bytes += chunk.length;
      if (count.bytes > bytesMax) return done(new AnswerTooLong(`its answer is longer than the ${bytesMax} bytes that are permitted`));
      done(null, redaction === undefined ? chunk : redaction.step(chunk));
    },
    flush(done) {
      done(null, redaction?.end());
    },
  });
}
