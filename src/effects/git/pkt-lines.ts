/**
 * Git's pkt-lines: four hexadecimal digits of length, then that many bytes less the four. Reads up to a flush and no further.
 * It does not know what the lines mean.
 */

/** One line has at most this many bytes, its length included. */
const LINE_BYTES_MAX = 65_520;
/** Lines read before a flush: pushes of more refs are not looked into. */
const LINES_MAX = 10_000;

/** The lines up to a flush, and where what follows it begins; `undefined` where there is no such list. */
export function linesToFlush(bytes: Buffer, from = 0): { readonly lines: readonly Buffer[]; readonly end: number } | undefined {
  const lines: Buffer[] = [];
  for (let at = from; lines.length <= LINES_MAX; ) {
    const digits = bytes.toString("latin1", at, at + 4);
    if (!/^[0-9a-f]{4}$/i.test(digits)) return undefined;
    const length = Number.parseInt(digits, 16);
    if (length === 0) return { lines, end: at + 4 };
    if (length <= 4 || length > LINE_BYTES_MAX || at + length > bytes.length) return undefined;
    lines.push(bytes.subarray(at + 4, at + length));
    at += length;
  }
  return undefined;
}
