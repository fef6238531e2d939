/**
 * Registrations of passkeys that have begun: one a login, for a few minutes, each opened by the passphrase and used once.
 * It verifies nothing.
 */
import type { Clock } from "../../base/clock.ts";
import type { Ceremony } from "../passkey-registration.ts";
import type { Login } from "./logins.ts";

export interface Begun extends Ceremony {
  /** Of the request that the person signed with the passphrase. */
  readonly nonce: string;
  /** What a passkey that the person has already signs, so that a passphrase alone makes no second one. */
  readonly agree?: string;
}

const lifeMs = 5 * 60_000;

export class Ceremonies {
  readonly #clock: Clock;
  readonly #begun = new Map<string, { readonly ceremony: Begun; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin({ id, over }: Login, ceremony: Begun): void {
    this.#begun.set(id, { ceremony, untilMs: this.#clock.now() + lifeMs });
    over.addEventListener("abort", () => this.#begun.delete(id), { once: true });
  }

  /** Uses it up; `undefined` when there is none, or it is too old. */
  take({ id }: Login): Begun | undefined {
    const found = this.#begun.get(id);
    this.#begun.delete(id);
    return found !== undefined && this.#clock.now() < found.untilMs ? found.ceremony : undefined;
  }
}
