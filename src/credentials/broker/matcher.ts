/**
 * Finds any of many byte strings in one pass: every spelling of every secret at once, skipping where none can stand (Wu and Manber, 1994,
 * with blocks of three bytes). It knows nothing of what they spell, and looks at nothing twice where nothing is found.
 */

/** Texts shorter than this stand in too much by chance, and are not looked for. */
export const lookedForBytesMin = 6;

const BLOCK = 3;
const SLOTS = 1 << 15;
/** Longer windows skip no further: what is looked for is rarely longer by much. */
const WINDOW_MAX = 64;

export class ByteMatcher {
  readonly #patterns: readonly Buffer[];
  /** Every pattern's first bytes, as many as the shortest has. */
  readonly #window: number;
  /** By the last block of a window: how far on the next one begins that could be a pattern's. */
  readonly #skip: Uint8Array;
  readonly #ending = new Map<number, Buffer[]>();
  readonly #beginning = new Map<number, Buffer[]>();
  readonly #longest: number;

  /** Those that are too short are left out. */
  constructor(patterns: readonly Buffer[]) {
    this.#patterns = patterns.filter(({ length }) => length >= lookedForBytesMin);
    const lengths = this.#patterns.map(({ length }) => length);
    this.#window = Math.min(WINDOW_MAX, ...lengths);
    this.#longest = Math.max(0, ...lengths);
    this.#skip = new Uint8Array(SLOTS).fill(this.#window - BLOCK + 1);
    for (const pattern of this.#patterns) this.#index(pattern);
  }

  get empty(): boolean {
    return this.#patterns.length === 0;
  }

  holds(bytes: Buffer): boolean {
    return this.#search(bytes, undefined);
  }

  /** Every place at which one stands, those that overlap too. */
  each(bytes: Buffer, found: (at: number, length: number) => void): void {
    this.#search(bytes, found);
  }

  /** How many of the last bytes could go on to be one of them. */
  unfinished(bytes: Buffer): number {
    const size = bytes.length;
    for (let at = Math.max(0, size - this.#longest + 1); at < size; at++) {
      const candidates = this.#beginning.get(bytes[at] ?? 0);
      if (candidates === undefined) continue;
      for (const pattern of candidates)
        if (pattern.length > size - at && bytes.compare(pattern, 0, size - at, at, size) === 0) return size - at;
    }
    return 0;
  }

  #index(pattern: Buffer): void {
    const window = this.#window;
    for (let end = BLOCK - 1; end < window; end++) {
      const slot = slotOf(pattern, end);
      const distance = window - 1 - end;
      if (distance < (this.#skip[slot] ?? 0)) this.#skip[slot] = distance;
    }
    push(this.#ending, slotOf(pattern, window - 1), pattern);
    push(this.#beginning, pattern[0] ?? 0, pattern);
  }

  #search(bytes: Buffer, found: ((at: number, length: number) => void) | undefined): boolean {
    if (this.#patterns.length === 0) return false;
    const window = this.#window;
    let seen = false;
    for (let end = window - 1; end < bytes.length; ) {
      const slot = slotOf(bytes, end);
      const skip = this.#skip[slot] ?? 0;
      if (skip > 0) {
        end += skip;
        continue;
      }
      const at = end - window + 1;
      for (const pattern of this.#ending.get(slot) ?? []) {
        if (!standsAt(bytes, at, pattern)) continue;
        if (found === undefined) return true;
        found(at, pattern.length);
        seen = true;
      }
      end += 1;
    }
    return seen;
  }
}

/** Three bytes, the last at `end`, as a number below {@link SLOTS}: others may have the same. */
function slotOf(bytes: Buffer, end: number): number {
  return (((bytes[end - 2] ?? 0) << 10) ^ ((bytes[end - 1] ?? 0) << 5) ^ (bytes[end] ?? 0)) & (SLOTS - 1);
}

function standsAt(bytes: Buffer, at: number, pattern: Buffer): boolean {
  if (at + pattern.length > bytes.length) return false;
  for (let i = 0; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
  return true;
}

function push(map: Map<number, Buffer[]>, key: number, pattern: Buffer): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [pattern]);
  else known.push(pattern);
}
