/**
 * Calls of gRPC: which operations of the pack a method is, by the path alone, and which thing its first message names.
 * It knows no provider's messages: of a field it reads the text and not what it means.
 */
import type { HttpRequest } from "../../model/http-request.ts";
import type { Pack, PackOperation } from "../../packs/pack.ts";
import { type CanonicalRequest, canonicalRequest } from "./canonical-request.ts";
import { doorsOf } from "./doors.ts";
import { packOf } from "./pack-of.ts";

/** gRPC over HTTP2, "Path": a service in its package, and a method. */
const CALL = /^\/((?:\w+\.)+\w+)\/(\w+)$/;

export function rpcOperations(pack: Pack, path: string): readonly PackOperation[] {
  const [, service, method] = CALL.exec(path) ?? [];
  return service === undefined || method === undefined ? [] : doorsOf(pack).methods(service, method);
}

/**
 * Whether no message of it matters to its judgement, for it only reads: then it may go on while its client says nothing more, as streams
 * do. Of any other the messages are shown to whoever is asked. Never throws.
 */
export function readsByPath(request: Omit<HttpRequest, "body">): boolean {
  const canonical = canonicalRequest({ ...request, body: "" });
  if ("refused" in canonical || canonical.ambiguous !== undefined) return false;
  const { methods, host, path, provider } = canonical;
  const pack = packOf(host, provider);
  if (pack === undefined || methods.some((method) => method !== "POST")) return false;
  const called = rpcOperations(pack, path);
  return called.length > 0 && called.every((each) => each.class === "read" && each.look === undefined);
}

/** The first text of the first message that is a path of names: `projects/p/instances/i`. */
export function rpcNameIn({ bytes, body }: CanonicalRequest): string | undefined {
  if (bytes === undefined || body.kind === "none" || bytes.length < 5 || bytes[0] !== 0) return undefined;
  const message = bytes.subarray(5, 5 + bytes.readUInt32BE(1));
  for (const text of textsOf(message)) if (/^\/{0,2}[\w.@:~()-]+(\/[\w.@:~()*-]+)+$/.test(text)) return text;
  return undefined;
}

/** Protocol Buffers, "Encoding": the fields of bytes on the message's first level, for as long as they can be read. */
function* textsOf(message: Buffer): Iterable<string> {
  const reader = { at: 0 };
  while (reader.at < message.length) {
    const tag = varint(message, reader);
    const length = tag === undefined ? undefined : lengthOf(tag & 7, message, reader);
    if (tag === undefined || length === undefined || reader.at + length > message.length) return;
    if ((tag & 7) === 2) yield message.toString("latin1", reader.at, reader.at + Math.min(length, 1_024));
    reader.at += length;
  }
}

/** `undefined` for a kind of field that nobody sends any more. */
function lengthOf(kind: number, message: Buffer, reader: { at: number }): number | undefined {
  switch (kind) {
    case 0:
      return varint(message, reader) === undefined ? undefined : 0;
    case 1:
      return 8;
    case 2:
      return varint(message, reader);
    case 5:
      return 4;
    default:
      return undefined;
  }
}

function varint(message: Buffer, reader: { at: number }): number | undefined {
  let value = 0;
  for (let place = 1; place < 2 ** 64; place *= 128) {
    const byte = message[reader.at++];
    if (byte === undefined) return undefined;
    value += (byte & 127) * place;
    if (byte < 128) return value;
  }
  return undefined;
}
