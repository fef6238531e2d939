/**
 * Makes guessing passwords slow: each wrong one of a name is answered later than the last, and only so many wait at a time.
 * It lets a right password through at once, unless so many wrong ones of its name wait that an answer would say which was right.
 */
import type { Clock } from "../../../base/clock.ts";
import { limits } from "../../../base/limits.ts";

interface Guesses {
  count: number;
  lastMs: number;
  /** Answers that are being held back. */
  waiting: number;
}

const FIRST_DELAY_MS = 100;

export class LoginThrottle {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #names = new Map<string, Guesses>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** So many wrong passwords of this name wait for their answer that no more are looked at. */
  crowded(name: string): boolean {
    return (this.#names.get(this.#key(name))?.waiting ?? 0) >= limits.loginAnswersHeldMax;
  }

  /** A wrong password. Returns how long its answer waits, in milliseconds; call `answered` when it went out. */
  failed(name: string): number {
    const now = this.#clock.monotonic();
    const key = this.#key(name);
    const known = this.#names.get(key);
    const guesses = known ?? { count: 0, lastMs: now, waiting: 0 };
    if (now - guesses.lastMs > limits.loginFailuresRememberedMs) guesses.count = 0;
    guesses.count += 1;
    guesses.lastMs = now;
    guesses.waiting += 1;
    this.#names.set(key, guesses);
    const more = guesses.count - limits.loginFailuresFree;
    return more <= 0 ? 0 : Math.min(limits.loginDelayMsMax, FIRST_DELAY_MS * 2 ** Math.min(more - 1, 16));
  }

  answered(name: string): void {
    const guesses = this.#names.get(this.#key(name));
    if (guesses !== undefined && guesses.waiting > 0) guesses.waiting -= 1;
  }

  /** Names beyond those that are kept share one entry. */
  #key(name: string): string {
    return this.#names.has(name) || this.#names.size < limits.loginNamesMax ? name : "";
  }
}
