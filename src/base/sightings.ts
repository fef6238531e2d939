/**
 * Whether a text was seen lately: what comes once is not worth keeping, and most of what differs comes once.
 * It keeps no text, forgets as it goes, and may be wrong either way: nothing but the work that it saves may rest on it.
 */
const SLOTS = 4_096;

export class Sightings {
  readonly #slots = new Uint32Array(SLOTS);

  /** True where the same text was asked about before, as far as is remembered. */
  again(text: string): boolean {
    // FNV-1a over UTF-16 units.
    let hash = 0x811c9dc5;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    const slot = (hash >>> 16) & (SLOTS - 1);
    const sign = hash >>> 0 || 1;
    const before = this.#slots[slot] === sign;
    this.#slots[slot] = sign;
    return before;
  }
}
