/**
 * Chance from a seed, and what it can do to bytes, texts and frames. It knows frames by their length fields only.
 */
import type { Random } from "./wire.ts";

export const below = (random: Random, bound: number): number => Math.floor(random() * bound);
export const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;

export function bytesOf(random: Random, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => below(random, 256)));
}

/** Flips, cuts, doubles, inserts: one to four damages. */
export function damaged(random: Random, bytes: Buffer): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let times = 1 + below(random, 4); times > 0; times--) {
    const at = below(random, result.length + 1);
    const to = Math.min(result.length, at + below(random, 20));
    const [head, middle, tail] = [result.subarray(0, at), result.subarray(at, to), result.subarray(to)];
    const changes = [
      () => Buffer.concat([head, bytesOf(random, middle.length), tail]),
      () => Buffer.concat([head, tail]),
      () => Buffer.concat([head, middle, middle, tail]),
      () => Buffer.concat([head, bytesOf(random, 1 + below(random, 8)), middle, tail]),
      () => Buffer.from(head),
    ];
    result = Buffer.from(pick(random, changes)());
  }
  return result;
}

export function damagedText(random: Random, text: string): string {
  return damaged(random, Buffer.from(text, "latin1")).toString("latin1");
}

export function chopped(random: Random, bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below(random, random() < 0.3 ? 4 : 400);
    out.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return out;
}

/** Typed frames that follow each other; an unfinished one at the end is left out. */
export function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) break;
    frames.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return frames;
}

const LIES = [-1, 0, 3, 4, 5, 6, 100, 70_000, 0x0fff_ffff, 0x3fff_ffff, 0x7fff_ffff];

/** Frames left out, doubled, swapped, damaged inside, given a length that lies, or another's in between. */
export function mutatedFrames(random: Random, frames: readonly Buffer[], others: readonly Buffer[]): Buffer[] {
  const result: Buffer[] = frames.map((frame) => Buffer.from(frame));
  for (let times = 1 + below(random, 4); times > 0 && result.length > 0; times--) {
    const at = below(random, result.length);
    const frame = result[at] as Buffer;
    const changes = [
      () => result.splice(at, 1),
      () => result.splice(at, 0, Buffer.from(frame)),
      () => result.splice(at, 1, ...result.splice(below(random, result.length), 1)),
      () => result.splice(at, 0, Buffer.from(pick(random, others))),
      () => frame.length > 5 && frame.writeUInt8(below(random, 256), 5 + below(random, frame.length - 5)),
      () => frame.writeUInt8(below(random, 256), 0),
      () => frame.writeInt32BE(random() < 0.5 ? pick(random, LIES) : frame.readInt32BE(1) + below(random, 7) - 3, 1),
      () => result.splice(at, 1, withLength(damaged(random, frame))),
    ];
    pick(random, changes)();
  }
  return result;
}

/** Damaged inside, and the length field right again: what reaches the readers of fields. */
function withLength(frame: Buffer): Buffer {
  const whole: Buffer = frame.length < 5 ? Buffer.concat([frame, Buffer.alloc(5 - frame.length)]) : frame;
  whole.writeInt32BE(whole.length - 1, 1);
  return whole;
}
