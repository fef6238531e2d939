/**
 * A bound on guessing passphrases through the console: so many tries of a name, then one a minute; so many derivations at a time.
 * It knows no passphrase and no person: names that nobody has cost what others cost. A right passphrase costs nothing, typed however often.
 */
import { createHmac } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes } from "../../base/ids.ts";
import { ControlRefusal } from "../parts.ts";

/** Tries of one name at once, and the time after which one comes back: at most 68 in the first hour and 60 in each one after it. */
const triesMax = 8;
const tryEveryMs = 60_000;
/** A derivation takes 128 MiB and 0.3 s of a core: whoever tries many names must not take the gateway's memory. */
const atOnceMax = 2;
const waitingMax = 6;
const namesMax = 1_000;
/** Names before the login share so many buckets, which is the bound on all of them together: 128 tries, then 16 a minute. */
const strangersBuckets = 16;

interface Bucket {
  tries: number;
  atMs: number;
}

export class Guesses {
  readonly #clock: Clock;
  /** Nobody outside can tell which names share a bucket. */
  readonly #secret: Uint8Array;
  readonly #buckets = new Map<string, Bucket>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#secret = random(32);
  }

  /** The bucket of a name that somebody gives who is not logged in. */
  ofStranger(name: string): string {
    const [first = 0] = createHmac("sha256", this.#secret).update(name).digest();
    return `in ${first % strangersBuckets}`;
  }

  /**
   * Runs one try from the bucket `name` and says what came of it; `null` from it means that the guess was wrong. Rejects with
   * {@link ControlRefusal} `too_many` without having run it. The try is taken before it runs: many at the same moment are as many.
   */
  async attempt<T>(name: string, attempt: () => Promise<T | null>): Promise<T | null> {
    const bucket = this.#bucket(name);
    if (bucket.tries < 1 || this.#waiting.length >= waitingMax)
      throw new ControlRefusal("too_many", "too many attempts with a passphrase", "wait a minute");
    bucket.tries -= 1;
    await this.#turn();
    try {
      const found = await attempt();
      if (found !== null) bucket.tries = Math.min(triesMax, bucket.tries + 1);
      return found;
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= atOnceMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  #bucket(name: string): Bucket {
    const now = this.#clock.now();
    const known = this.#buckets.get(name) ?? { tries: triesMax, atMs: now };
    const back = Math.floor((now - known.atMs) / tryEveryMs);
    if (back > 0) {
      known.tries = Math.min(triesMax, known.tries + back);
      known.atMs += back * tryEveryMs;
    }
    // Moved to the end: what is forgotten beyond the bound is what was tried longest ago.
    this.#buckets.delete(name);
    this.#buckets.set(name, known);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > namesMax && oldest !== undefined) this.#buckets.delete(oldest);
    return known;
  }
}
