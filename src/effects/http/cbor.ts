/**
 * CBOR as smithy's RPC sends it, as a tree. Bounded in depth and in items, and strict: a key that stands twice, a key that is no text,
 * a number that says its length wrongly and anything after the end are refused. It writes none.
 */
import { limits } from "../../base/limits.ts";
import type { Tree } from "./tree.ts";

type Problem = { readonly problem: string };

class Unreadable extends Error {}

/** The value, or why it is none. Never throws. Bytes become text in base64, tags are left off. */
export function parseCbor(bytes: Uint8Array): { readonly tree: Tree } | Problem {
  const reader = new Reader(bytes);
  try {
    const tree = reader.value(0);
    return reader.ended ? { tree } : { problem: "something follows its end" };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

const BREAK = 0xff;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): Tree {
    if (depth > limits.httpBodyDepthMax) throw new Unreadable(`it is nested deeper than ${limits.httpBodyDepthMax}`);
    if (++this.#items > ITEMS_MAX) throw new Unreadable("it holds too many values");
    const first = this.#byte();
    const [major, info] = [first >> 5, first & 0x1f];
    switch (major) {
      case 0:
        return numberOf(this.#argument(info));
      case 1:
        return numberOf(-1n - this.#argument(info));
      case 2:
        return Buffer.from(this.#string(2, info)).toString("base64");
      case 3:
        return textOf(this.#string(3, info));
      case 4:
        return this.#list(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        this.#argument(info);
        return this.value(depth + 1);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Unreadable("it ends early");
    return byte;
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (size === undefined) throw new Unreadable("it holds a length that is none");
    let value = 0n;
    for (let index = 0; index < size; index++) value = (value << 8n) | BigInt(this.#byte());
    return value;
  }

  /** Bytes of one string, whole or in pieces. */
  #string(major: number, info: number): Uint8Array {
    if (info !== 31) return this.#take(this.#argument(info));
    const pieces: Uint8Array[] = [];
    for (let next = this.#byte(); next !== BREAK; next = this.#byte()) {
      if (next >> 5 !== major || (next & 0x1f) === 31) throw new Unreadable("a piece of a string is none");
      if (++this.#items > ITEMS_MAX) throw new Unreadable("it holds too many values");
      pieces.push(this.#take(this.#argument(next & 0x1f)));
    }
    return Buffer.concat(pieces);
  }

  #take(length: bigint): Uint8Array {
    if (length > BigInt(this.#bytes.length - this.#at)) throw new Unreadable("it ends early");
    const from = this.#at;
    this.#at += Number(length);
    return this.#bytes.subarray(from, this.#at);
  }

  /** Whether another item follows, of a length that is known or of one that ends with a break. */
  #more(count: bigint | undefined, seen: number): boolean {
    if (count !== undefined) return BigInt(seen) < count;
    if (this.#bytes[this.#at] !== BREAK) return true;
    this.#at++;
    return false;
  }

  #list(info: number, depth: number): Tree {
    const count = info === 31 ? undefined : this.#argument(info);
    const items: Tree[] = [];
    while (this.#more(count, items.length)) items.push(this.value(depth + 1));
    return items;
  }

  #map(info: number, depth: number): Tree {
    const count = info === 31 ? undefined : this.#argument(info);
    const entries = new Map<string, Tree>();
    while (this.#more(count, entries.size)) {
      const head = this.#byte();
      if (head >> 5 !== 3) throw new Unreadable("a key in it is no text");
      const key = textOf(this.#string(3, head & 0x1f));
      if (entries.has(key)) throw new Unreadable("a key stands in it twice");
      entries.set(key, this.value(depth + 1));
    }
    return entries;
  }

  #simple(info: number): Tree {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return this.#half();
      case 26:
        this.#at += 4;
        return this.#float(() => this.#view.getFloat32(this.#at - 4));
      case 27:
        this.#at += 8;
        return this.#float(() => this.#view.getFloat64(this.#at - 8));
      default:
        throw new Unreadable("it holds a value that has no meaning");
    }
  }

  #float(read: () => number): number {
    if (this.#at > this.#bytes.length) throw new Unreadable("it ends early");
    return read();
  }

  #half(): number {
    const bits = (this.#byte() << 8) | this.#byte();
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
}

const ITEMS_MAX = 200_000;

/** A number beyond what is exact is its digits as text. */
function numberOf(value: bigint): Tree {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Unreadable("a text in it is not UTF-8");
  }
}
