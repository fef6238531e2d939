/**
 * RFC 9162 Merkle tree hashing over an append-only list, kept as the compact range of its perfect subtrees.
 * It does not store leaves and does not make proofs; whoever needs those reads the records.
 */
import { hash } from "node:crypto";

/** Bytes of one hash (SHA-256). */
export const hashBytes = 32;

/** A digest as text, a character a byte: as bytes it would come with memory of its own, which the collector frees at twice its cost. */
type Digest = string;

const digestOf = (bytes: Uint8Array): Digest => hash("sha256", bytes, "binary");
const bytesOf = (digest: Digest): Buffer => Buffer.from(digest, "latin1");

let frame = Buffer.alloc(4096);
const pair = Buffer.from([1, ...new Uint8Array(hashBytes * 2)]);

function leafDigest(data: Uint8Array): Digest {
  const length = data.length + 1;
  if (length > frame.length) frame = Buffer.alloc(length * 2);
  frame.set(data, 1); // In front of it stays 0.
  return digestOf(frame.subarray(0, length));
}

function nodeDigest(left: Digest, right: Digest): Digest {
  pair.write(left, 1, "latin1");
  pair.write(right, 1 + hashBytes, "latin1");
  return digestOf(pair);
}

/** `SHA-256(0x00 || data)`. */
export function leafHash(data: Uint8Array): Buffer {
  return bytesOf(leafDigest(data));
}

/** `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return bytesOf(nodeDigest(left.toString("latin1"), right.toString("latin1")));
}

export interface CompactRange {
  readonly size: number;
  /** Roots of the perfect subtrees, largest first: one for each set bit of `size`. */
  readonly hashes: readonly Buffer[];
  /** Adds one leaf, given its data. */
  add(data: Uint8Array): void;
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
  const stack = hashes.map((h) => h.toString("latin1"));
  let count = size;
  const push = (leaf: Digest): void => {
    let node = leaf;
    // Division and not shifts: sizes may pass 2^31.
    for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeDigest(stack.pop() as Digest, node);
    stack.push(node);
    count += 1;
  };
  return {
    get size() {
      return count;
    },
    get hashes() {
      return stack.map(bytesOf);
    },
    add: (data) => push(leafDigest(data)),
    append: (leaf) => push(leaf.toString("latin1")),
    root() {
      if (stack.length === 0) return bytesOf(digestOf(Buffer.alloc(0)));
      return bytesOf(stack.reduceRight((right, left) => nodeDigest(left, right)));
    },
  };
}

function bits(size: number): number {
  let set = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) set += rest % 2;
  return set;
}
