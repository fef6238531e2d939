/**
 * A request's body: its first bytes are read for the judgement, within a bound; what is longer is streamed on after it.
 * It reads nothing out of them.
 */
import type { Readable } from "node:stream";
import { limits } from "../../base/limits.ts";

export interface ReadBody {
  readonly first: Buffer;
  /** All of it is in `first`. */
  readonly whole: boolean;
}

export class BodyAborted extends Error {
  override readonly name = "BodyAborted";
}

/** Rejects with {@link BodyAborted} when the client goes, or sends nothing for too long. */
export function readBody(body: Readable, bytesMax: number = limits.httpBodyBytesMax): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let timer = setTimeout(silent, limits.httpIdleMsMax);
    function silent(): void {
      done(() => reject(new BodyAborted("the client sent nothing for too long")));
    }
    function done(act: () => void): void {
      clearTimeout(timer);
      body.off("data", onData);
      body.off("end", onEnd);
      body.off("close", onClose);
      body.off("error", onClose);
      act();
    }
    function onData(chunk: Buffer): void {
      chunks.push(chunk);
      length += chunk.length;
      clearTimeout(timer);
      timer = setTimeout(silent, limits.httpIdleMsMax);
      if (length <= bytesMax) return;
      body.pause();
      done(() => resolve({ first: Buffer.concat(chunks), whole: false }));
    }
    function onEnd(): void {
      done(() => resolve({ first: Buffer.concat(chunks), whole: true }));
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

/** As it is judged: text where it is UTF-8 and whole, and otherwise why it is not looked into. */
export function judgedBody({ first, whole }: ReadBody): { readonly body: string; readonly opaque?: string } {
  if (!whole) return { body: "", opaque: `its body is longer than ${limits.httpBodyBytesMax} bytes` };
  try {
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(first) };
  } catch {
    return { body: first.toString("base64"), opaque: "its body is no text" };
  }
}
