/**
 * A request's body as it is judged: text where it is UTF-8 and whole, without its compression, and otherwise why it is not looked into.
 * It reads nothing out of it, and what is sent stays as it came.
 */
import { uncompressed } from "../../base/content-coding.ts";
import { limits } from "../../base/limits.ts";
import { type HttpRequest, NOT_TEXT } from "../../model/http-request.ts";
import { holdsCompressed, isGrpc } from "./grpc.ts";
import type { ReadBody } from "./request-body.ts";

/** Bodies that have a form of their own: operations, or names, are read out of their bytes. */
const readByBytes = /^application\/(x-git-receive-pack-request|grpc\b.*)$/i;

const OPEN = "its messages are not all there when it is judged";

type Judged = Pick<HttpRequest, "body" | "opaque" | "bytes" | "uncompressed">;

/** `headers` in lower case. */
export function judgedBody({ first, whole }: Pick<ReadBody, "first" | "whole">, headers: ReadonlyMap<string, string>): Judged {
  const type = (headers.get("content-type") ?? "").trim();
  const grpc = isGrpc(type);
  if (!whole)
    return { body: "", opaque: grpc ? OPEN : `its body is longer than ${limits.httpBodyBytesMax} bytes`, ...bytesOf(first, type) };
  if (grpc && holdsCompressed(first)) return { body: "", opaque: "its messages are compressed" };
  const inner = first.length === 0 ? undefined : uncompressed(first, headers.get("content-encoding"), limits.httpBodyBytesMax);
  if (inner === undefined) return textOf(first, type);
  if ("problem" in inner) return { body: "", opaque: `its body is compressed, and ${inner.problem}`, ...bytesOf(first, type) };
  if (saysSomethingAsIs(first, type)) return { body: "", opaque: "its body is compressed, and could be read as it is, too" };
  return { ...textOf(inner.bytes, type), uncompressed: true };
}

function textOf(bytes: Buffer, type: string): Judged {
  const own = bytesOf(bytes, type);
  const text = utf8Of(bytes);
  return text === undefined ? { body: bytes.toString("base64"), opaque: NOT_TEXT, ...own } : { body: text, ...own };
}

function bytesOf(bytes: Buffer, type: string): Pick<HttpRequest, "bytes"> {
  return readByBytes.test(type) ? { bytes: bytes.toString("base64") } : {};
}

function utf8Of(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A key of a form that no chance puts among compressed bytes, as in `&Action=`. */
const READABLE_KEY = /(?:^|[&;])[\w.%+[\]-]{5,}=/;

/**
 * Compressed bytes can be made so that they are text, or hold a form's parameters: a server that passes over the coding would act on
 * those.
 */
function saysSomethingAsIs(bytes: Buffer, type: string): boolean {
  if (utf8Of(bytes) !== undefined) return true;
  const form = type === "" || /x-www-form-urlencoded/i.test(type);
  return form && READABLE_KEY.test(bytes.toString("latin1"));
}
