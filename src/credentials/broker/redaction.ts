/**
 * Takes secrets out of what streams by, in every spelling, wherever chunks are cut. What is taken out is replaced by as many bytes, so that
 * lengths that were announced stay true.
 * It keeps back only what could be the beginning of a secret: an event stream is not delayed by it.
 */
import { spellingsOf } from "./spellings.ts";

const MASK = 0x2a;

export class SecretRedaction {
  readonly #spellings: readonly Buffer[];
  /** What is kept back, as it came and as it will go out: a secret that is seen may be the beginning of a longer one. */
  #raw: Buffer = Buffer.alloc(0);
  #out: Buffer = Buffer.alloc(0);

  /** `spell`: of one who remembers them. */
  constructor(secrets: readonly string[], spell: (secret: string) => readonly Buffer[] = spellingsOf) {
    this.#spellings = secrets.flatMap((secret) => spell(secret)).toSorted((one, other) => other.length - one.length);
  }

  header(value: string): string {
    const bytes = Buffer.from(value, "latin1");
    const out = Buffer.from(bytes);
    this.#mask(bytes, out);
    return out.toString("latin1");
  }

  step(chunk: Buffer): Buffer {
    const raw = Buffer.concat([this.#raw, chunk]);
    const out = Buffer.concat([this.#out, chunk]);
    this.#mask(raw, out);
    const end = raw.length - this.#beginning(raw);
    this.#raw = raw.subarray(end);
    this.#out = out.subarray(end);
    return out.subarray(0, end);
  }

  end(): Buffer {
    const rest = this.#out;
    this.#raw = Buffer.alloc(0);
    this.#out = Buffer.alloc(0);
    return rest;
  }

  #mask(raw: Buffer, out: Buffer): void {
    for (const spelling of this.#spellings)
      for (let at = raw.indexOf(spelling); at >= 0; at = raw.indexOf(spelling, at + 1)) out.fill(MASK, at, at + spelling.length);
  }

  /** How many of the last bytes could go on to be a secret. */
  #beginning(bytes: Buffer): number {
    let most = 0;
    for (const spelling of this.#spellings) {
      const longest = Math.min(spelling.length - 1, bytes.length);
      for (let size = longest; size > most; size--) {
        if (bytes[bytes.length - size] !== spelling[0]) continue;
        if (bytes.compare(spelling, 0, size, bytes.length - size) === 0) {
          most = size;
          break;
        }
      }
    }
    return most;
  }
}
