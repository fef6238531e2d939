/**
 * Chunks whose memory is wanted back, with a few bytes free before each: what is left of the chunk before can be put there, so that a frame
 * that begins in one and ends in the next costs no copy of either.
 * It owns no memory: who reads into it lends it, and who has written the last part of it gives it back.
 */

/** The very objects, so that a part of one is never taken for it, and the bytes before each that are free. */
const lent = new WeakMap<Buffer, number>();

/** `room` bytes right before the chunk belong to nobody. */
export function lend(chunk: Buffer, room: number): void {
  lent.set(chunk, room);
}

export function isLent(chunk: Buffer): boolean {
  return lent.has(chunk);
}

/** True once for a chunk that is lent, and no more from then on. */
export function isReturned(chunk: Buffer): boolean {
  return lent.delete(chunk);
}

/** `rest` and the chunk behind it as one, lent in the chunk's place. Undefined where there is no room for it. */
export function putBefore(chunk: Buffer, rest: Buffer): Buffer | undefined {
  const room = lent.get(chunk);
  if (room === undefined || room < rest.length) return undefined;
  lent.delete(chunk);
  const joined = Buffer.from(chunk.buffer, chunk.byteOffset - rest.length, rest.length + chunk.length);
  joined.set(rest);
  lent.set(joined, room - rest.length);
  return joined;
}

/** Nobody has any other part of the chunk than this one: it is lent in the chunk's place. */
export function isAllThatIsLeft(part: Buffer, chunk: Buffer): void {
  if (lent.delete(chunk)) lent.set(part, 0);
}
