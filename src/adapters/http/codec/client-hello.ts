/**
 * The host that a TLS connection is for, out of its first bytes (RFC 8446, 4.1.2; RFC 6066, 3), for connections that are not opened.
 * It reads that one name; what else a ClientHello holds is skipped by its own lengths, each of which is held against what is there.
 */

export type ReadHello =
  | { readonly kind: "more" }
  /** Not the beginning of TLS. */
  | { readonly kind: "other" }
  | { readonly kind: "hello"; readonly host: string | undefined };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;

/** `bytes` is what came so far. A hello that is spread over several records is read only where the name is in the first. */
export function readClientHello(bytes: Buffer): ReadHello {
  if (bytes.length < 6) return bytes.length > 0 && bytes[0] !== HANDSHAKE ? { kind: "other" } : { kind: "more" };
  if (bytes[0] !== HANDSHAKE || bytes[1] !== 3 || bytes[5] !== CLIENT_HELLO) return { kind: "other" };
  const end = 5 + bytes.readUInt16BE(3);
  if (bytes.length < end) return { kind: "more" };
  return helloIn(bytes.subarray(9, end));
}

/** After the handshake's own head: version, random, then fields with their lengths before them. */
function helloIn(body: Buffer): ReadHello {
  let at = 34;
  const skip = (size: 1 | 2): boolean => {
    if (at + size > body.length) return false;
    at += size + (size === 1 ? body.readUInt8(at) : body.readUInt16BE(at));
    return at <= body.length;
  };
  if (!skip(1) || !skip(2) || !skip(1)) return { kind: "other" };
  if (at === body.length) return { kind: "hello", host: undefined };
  if (at + 2 > body.length) return { kind: "other" };
  const end = at + 2 + body.readUInt16BE(at);
  at += 2;
  if (end > body.length) return { kind: "other" };
  while (at + 4 <= end) {
    const type = body.readUInt16BE(at);
    const size = body.readUInt16BE(at + 2);
    if (at + 4 + size > end) return { kind: "other" };
    if (type === SERVER_NAME) return nameIn(body.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return { kind: "hello", host: undefined };
}

/** A list that may hold one name of each type; there is one type. */
function nameIn(list: Buffer): ReadHello {
  if (list.length < 5 || list.readUInt16BE(0) !== list.length - 2 || list[2] !== 0) return { kind: "other" };
  const size = list.readUInt16BE(3);
  if (size === 0 || 5 + size !== list.length) return { kind: "other" };
  const host = list.subarray(5).toString("latin1").toLowerCase();
  return /^[a-z0-9_.-]+$/.test(host) ? { kind: "hello", host: host.replace(/\.$/, "") } : { kind: "other" };
}
