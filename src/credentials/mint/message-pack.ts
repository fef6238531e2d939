/**
 * As much of MessagePack as macaroons need: where a value ends, lists taken apart, and numbers, bytes, lists and maps of numbers written in
 * their shortest form. It makes no objects of what it reads: bytes that are passed on stay the bytes that were signed.
 */

export class MessagePackError extends Error {
  override readonly name = "MessagePackError";
}

const DEPTH_MAX = 16;

/** The raw bytes of each element of the list that `bytes` is, with nothing behind it. Throws {@link MessagePackError}. */
export function listOf(bytes: Buffer): readonly Buffer[] {
  const { head, count } = listHead(bytes);
  const elements: Buffer[] = [];
  let at = head;
  for (let i = 0; i < count; i++) {
    const end = endOf(bytes, at, 0);
    elements.push(bytes.subarray(at, end));
    at = end;
  }
  if (at !== bytes.length) throw new MessagePackError("bytes are left over");
  return elements;
}

/** What a value of bytes or text holds. Throws {@link MessagePackError}. */
export function contentOf(value: Buffer): Buffer {
  const type = byteAt(value, 0);
  if (type >= 0xa0 && type <= 0xbf) return value.subarray(1);
  if (type === 0xc4 || type === 0xd9) return value.subarray(2);
  if (type === 0xc5 || type === 0xda) return value.subarray(3);
  throw new MessagePackError("it is no text and no bytes");
}

export function packedBytes(bytes: Buffer): Buffer {
  if (bytes.length > 0xff) throw new MessagePackError("more bytes than are written here");
  return Buffer.concat([Buffer.from([0xc4, bytes.length]), bytes]);
}

/** A whole number that is not negative, in as few bytes as hold it. */
export function packedNumber(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new MessagePackError("a number that is not written here");
  if (value < 0x80) return Buffer.from([value]);
  if (value <= 0xff) return Buffer.from([0xcc, value]);
  if (value <= 0xffff) return Buffer.from([0xcd, value >> 8, value & 0xff]);
  const wide = Buffer.alloc(value <= 0xffffffff ? 5 : 9);
  wide[0] = value <= 0xffffffff ? 0xce : 0xcf;
  if (wide.length === 5) wide.writeUInt32BE(value, 1);
  else wide.writeBigUInt64BE(BigInt(value), 1);
  return wide;
}

export function packedList(elements: readonly Buffer[]): Buffer {
  return Buffer.concat([sized(elements.length, 0x90, 0xdc), ...elements]);
}

/** Keys and values by turns, as they are given. */
export function packedMap(pairs: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([sized(pairs.length, 0x80, 0xde), ...pairs.flat()]);
}

function sized(count: number, fix: number, wide: number): Buffer {
  if (count < 16) return Buffer.from([fix | count]);
  if (count > 0xffff) throw new MessagePackError("more elements than are written here");
  return Buffer.from([wide, count >> 8, count & 0xff]);
}

function listHead(bytes: Buffer): { readonly head: number; readonly count: number } {
  const type = byteAt(bytes, 0);
  if (type >= 0x90 && type <= 0x9f) return { head: 1, count: type & 0x0f };
  if (type === 0xdc) return { head: 3, count: number(bytes, 1, 2) };
  throw new MessagePackError("it is no list");
}

/** Bytes of a head's own and of what follows it, by type; lengths and counts are read where the type says so. */
function endOf(bytes: Buffer, at: number, depth: number): number {
  if (depth > DEPTH_MAX) throw new MessagePackError("too deep");
  const type = byteAt(bytes, at);
  if (type < 0x80 || type >= 0xe0 || (type >= 0xc0 && type <= 0xc3)) return at + 1;
  if (type <= 0x8f) return past(bytes, at + 1, 2 * (type & 0x0f), depth);
  if (type <= 0x9f) return past(bytes, at + 1, type & 0x0f, depth);
  if (type <= 0xbf) return within(bytes, at + 1 + (type & 0x1f));
  const fixed = fixedBytes.get(type);
  if (fixed !== undefined) return within(bytes, at + fixed);
  const length = lengthBytes.get(type);
  if (length !== undefined) return within(bytes, at + 1 + length.bytes + length.more + number(bytes, at + 1, length.bytes));
  const count = number(bytes, at + 1, type % 2 === 0 ? 2 : 4);
  if (type === 0xdc || type === 0xdd) return past(bytes, at + (type === 0xdc ? 3 : 5), count, depth);
  return past(bytes, at + (type === 0xde ? 3 : 5), 2 * count, depth);
}

/** Numbers, and extensions of a fixed size: all of it, the type's own byte too. */
const fixedBytes: ReadonlyMap<number, number> = new Map([
  [0xca, 5],
  [0xcb, 9],
  [0xcc, 2],
  [0xcd, 3],
  [0xce, 5],
  [0xcf, 9],
  [0xd0, 2],
  [0xd1, 3],
  [0xd2, 5],
  [0xd3, 9],
  [0xd4, 3],
  [0xd5, 4],
  [0xd6, 6],
  [0xd7, 10],
  [0xd8, 18],
]);

/** Bytes, extensions and texts that say their length; `more` is an extension's own type. */
const lengthBytes: ReadonlyMap<number, { readonly bytes: number; readonly more: number }> = new Map([
  [0xc4, { bytes: 1, more: 0 }],
  [0xc5, { bytes: 2, more: 0 }],
  [0xc6, { bytes: 4, more: 0 }],
  [0xc7, { bytes: 1, more: 1 }],
  [0xc8, { bytes: 2, more: 1 }],
  [0xc9, { bytes: 4, more: 1 }],
  [0xd9, { bytes: 1, more: 0 }],
  [0xda, { bytes: 2, more: 0 }],
  [0xdb, { bytes: 4, more: 0 }],
]);

function past(bytes: Buffer, from: number, count: number, depth: number): number {
  let at = from;
  for (let i = 0; i < count; i++) at = endOf(bytes, at, depth + 1);
  return at;
}

function within(bytes: Buffer, end: number): number {
  if (end > bytes.length) throw new MessagePackError("it ends too early");
  return end;
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new MessagePackError("it ends too early");
  return byte;
}

function number(bytes: Buffer, at: number, size: number): number {
  within(bytes, at + size);
  return bytes.readUIntBE(at, size);
}
