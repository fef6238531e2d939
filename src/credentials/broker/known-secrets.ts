/**
 * Every secret that must not pass, in every spelling, as one thing to look with: made anew only when the secrets are others.
 * It fetches none: who knows them says what they are now.
 */
import { ByteMatcher } from "./matcher.ts";
import { spellingsOf } from "./spellings.ts";

/** Values that are looked for in what goes out; a shorter one would be found in everything. */
const LOOKED_FOR_MIN = 8;
const MATCHERS_MAX = 64;

export class KnownSecrets {
  readonly #now: () => readonly string[];
  #known: readonly string[] = [];
  #matcher = new ByteMatcher([]);
  /** By the secrets that an answer must not hold. */
  readonly #matchers = new Map<string, ByteMatcher>();

  /** `now`: the same array for as long as nothing changed, or one that says the same. */
  constructor(now: () => readonly string[]) {
    this.#now = now;
  }

  /** Whether the bytes hold any of them, however it is spelled. */
  standIn(bytes: Buffer): boolean {
    const known = this.#now();
    if (known !== this.#known) {
      if (!same(known, this.#known)) this.#matcher = matcherOf(known.filter(({ length }) => length >= LOOKED_FOR_MIN));
      this.#known = known;
    }
    return this.#matcher.holds(bytes);
  }

  /** For these alone: what a request brought in must not come back, however short it is. */
  matcherOf(secrets: readonly string[]): ByteMatcher {
    const key = secrets.join("\0");
    const known = this.#matchers.get(key);
    if (known !== undefined) return known;
    const made = matcherOf(secrets);
    if (this.#matchers.size >= MATCHERS_MAX) this.#matchers.clear();
    this.#matchers.set(key, made);
    return made;
  }
}

function matcherOf(secrets: readonly string[]): ByteMatcher {
  return new ByteMatcher(secrets.flatMap((secret) => spellingsOf(secret)));
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((secret, at) => secret === other[at]);
}
