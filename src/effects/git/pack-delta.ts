/**
 * An object of a git pack that is written as a difference to another: lengths, then pieces that are copied or new.
 * Whatever does not come out at the length that it names is nothing.
 */

/** The object, or `undefined` where the difference does not fit its base. `bytesMax` bounds it. */
export function applied(base: Buffer, delta: Buffer, bytesMax: number): Buffer | undefined {
  const from = lengthAt(delta, 0);
  const to = lengthAt(delta, from.end);
  if (from.length !== base.length || to.length > bytesMax) return undefined;
  const out = Buffer.alloc(to.length);
  let written = 0;
  for (let at = to.end; at < delta.length; ) {
    const piece = pieceAt(delta, at, base);
    if (piece === undefined || written + piece.bytes.length > out.length) return undefined;
    piece.bytes.copy(out, written);
    written += piece.bytes.length;
    at = piece.end;
  }
  return written === out.length ? out : undefined;
}

function lengthAt(delta: Buffer, from: number): { readonly length: number; readonly end: number } {
  let length = 0;
  let at = from;
  for (let scale = 1; at < delta.length && scale < 2 ** 42; scale *= 128) {
    const byte = delta[at++] ?? 0;
    length += (byte & 0x7f) * scale;
    if ((byte & 0x80) === 0) break;
  }
  return { length, end: at };
}

/** A copy names offset and length by those of its seven bytes that are there. */
function pieceAt(delta: Buffer, from: number, base: Buffer): { readonly bytes: Buffer; readonly end: number } | undefined {
  const first = delta[from] ?? 0;
  let at = from + 1;
  if ((first & 0x80) === 0) return first === 0 ? undefined : { bytes: delta.subarray(at, at + first), end: at + first };
  const number = (bits: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) if ((bits & (1 << index)) !== 0) value += (delta[at++] ?? 0) * 256 ** index;
    return value;
  };
  const offset = number(first & 0x0f, 4);
  const length = number((first >> 4) & 7, 3) || 0x10000;
  return offset + length > base.length ? undefined : { bytes: base.subarray(offset, offset + length), end: at };
}
