/**
 * Asks and grants that other gateways on the same store hold, for people to see: read when it is told that they changed.
 * Nothing rests on them: a grant is alive only in the gateway that gave it, and an ask is answered where its run is.
 */
import { messageOf } from "../base/message-of.ts";
import type { Ask, Grant } from "../model/grant.ts";
import type { SharedStore } from "../store/shared-port.ts";

/** Changes that come together are read together. */
const GATHER_MS = 50;

export class Others {
  readonly #store: SharedStore;
  readonly #warn: (message: string) => void;
  readonly #stale = new Set<"asks" | "grants">();
  #asks: readonly Ask[] = [];
  #grants: readonly Grant[] = [];
  #timer: NodeJS.Timeout | undefined;
  #end: () => void = () => {};

  constructor(store: SharedStore, warn: (message: string) => void) {
    this.#store = store;
    this.#warn = warn;
  }

  async start(): Promise<void> {
    this.#end = this.#store.onOthers((what) => {
      if (what === "gateways") return;
      this.#stale.add(what);
      this.#timer ??= setTimeout(() => void this.#read(), GATHER_MS).unref();
    });
    this.#asks = await this.#store.asks();
    this.#grants = await this.#store.grants();
  }

  stop(): void {
    this.#end();
    clearTimeout(this.#timer);
  }

  /** Own ones first as they are now, then those of others. */
  asks(own: readonly Ask[]): readonly Ask[] {
    return merged(own, this.#asks);
  }

  grants(own: readonly Grant[]): readonly Grant[] {
    return merged(own, this.#grants);
  }

  async #read(): Promise<void> {
    this.#timer = undefined;
    const stale = new Set(this.#stale);
    this.#stale.clear();
    try {
      if (stale.has("asks")) this.#asks = await this.#store.asks();
      if (stale.has("grants")) this.#grants = await this.#store.grants();
    } catch (error) {
      // Told again when the store is heard again.
      this.#warn(messageOf(error));
    }
  }
}

function merged<T extends { readonly id: string }>(own: readonly T[], all: readonly T[]): readonly T[] {
  const known = new Set(own.map(({ id }) => id));
  return [...own, ...all.filter(({ id }) => !known.has(id))];
}
