/**
 * Takes secrets out of what streams by, in every spelling, wherever chunks are cut. What is taken out is replaced by as many bytes, so that
 * lengths that were announced stay true.
 * It keeps back only what could be the beginning of a secret: an event stream is not delayed by it. What holds none goes on uncopied.
 */
import type { ByteMatcher } from "./matcher.ts";

const MASK = 0x2a;
const NOTHING = Buffer.alloc(0);

export class SecretRedaction {
  readonly #matcher: ByteMatcher;
  /** What is kept back, as it came and as it will go out: a secret that is seen may be the beginning of a longer one. */
  #raw: Buffer = NOTHING;
  #out: Buffer = NOTHING;

  /** `matcher`: of all spellings of what must not go on. */
  constructor(matcher: ByteMatcher) {
    this.#matcher = matcher;
  }

  header(value: string): string {
    const bytes = Buffer.from(value, "latin1");
    const masked = this.#masked(bytes, bytes);
    return masked === bytes ? value : masked.toString("latin1");
  }

  step(chunk: Buffer): Buffer {
    const fresh = this.#raw.length === 0;
    const raw = fresh ? chunk : Buffer.concat([this.#raw, chunk]);
    const out = this.#masked(raw, fresh ? raw : Buffer.concat([this.#out, chunk]));
    const kept = this.#matcher.unfinished(raw);
    if (kept === 0) {
      this.#raw = NOTHING;
      this.#out = NOTHING;
      return out;
    }
    const end = raw.length - kept;
    // The chunk may be its owner's again: what stays is a copy.
    this.#raw = Buffer.from(raw.subarray(end));
    this.#out = out === raw ? this.#raw : Buffer.from(out.subarray(end));
    return out.subarray(0, end);
  }

  end(): Buffer {
    const rest = this.#out;
    this.#raw = NOTHING;
    this.#out = NOTHING;
    return rest;
  }

  /** `out` itself where nothing is found; otherwise a buffer of its own. */
  #masked(raw: Buffer, out: Buffer): Buffer {
    let masked = out;
    this.#matcher.each(raw, (at, length) => {
      if (masked === out) masked = Buffer.from(out);
      masked.fill(MASK, at, at + length);
    });
    return masked;
  }
}
