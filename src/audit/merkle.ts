/**
 * RFC 9162 Merkle tree hashing over an append-only list, kept as the compact range of its perfect subtrees.
 * It does not store leaves and does not make proofs; whoever needs those reads the records.
 */
import { hash } from "node:crypto";

/** Bytes of one hash (SHA-256). */
export const hashBytes = 32;

/** `SHA-256(0x00 || data)`. */
export function leafHash(data: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(data.length + 1);
  framed[0] = 0;
  framed.set(data, 1);
  return digest(framed);
}

const pair = Buffer.from([1, ...new Uint8Array(hashBytes * 2)]);

/** `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + hashBytes);
  return digest(pair);
}

/** By way of a string: a digest that is asked for as bytes comes with memory of its own, which the collector frees at twice the hash's cost. */
function digest(bytes: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}

export interface CompactRange {
  readonly size: number;
  /** Roots of the perfect subtrees, largest first: one for each set bit of `size`. */
  readonly hashes: readonly Buffer[];
  /** Adds one leaf, given its leaf hash. */
  append(leaf: Buffer): void;
  /** The root over all leaves so far; SHA-256 of nothing for the empty tree. */
  root(): Buffer;
}

/** A range that continues from `size` leaves with the given subtree roots; throws `RangeError` if their number does not fit. */
export function compactRange(size = 0, hashes: readonly Buffer[] = []): CompactRange {
  if (bits(size) !== hashes.length || hashes.some((h) => h.length !== hashBytes)) {
    throw new RangeError(`a tree of ${size} leaves does not have ${hashes.length} subtrees`);
  }
  const stack = [...hashes];
  let count = size;
  return {
    get size() {
      return count;
    },
    get hashes() {
      return stack;
    },
    append(leaf) {
      let node = leaf;
      // Division and not shifts: sizes may pass 2^31.
      for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeHash(stack.pop() as Buffer, node);
      stack.push(node);
      count += 1;
    },
    root() {
      if (stack.length === 0) return digest(Buffer.alloc(0));
      return stack.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), stack[stack.length - 1] as Buffer);
    },
  };
}

function bits(size: number): number {
  let set = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) set += rest % 2;
  return set;
}
