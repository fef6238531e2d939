/**
 * Which safeguards were taken away lately, by whom and of what: kept in the store, so that neither a restart nor another gateway forgets
 * it. It decides nothing; what follows from it is the policy's to say.
 */
import type { Clock } from "../base/clock.ts";
import type { ActionId } from "../base/ids.ts";
import type { Disarmed } from "../model/api-thing.ts";
import type { Disarm } from "../model/disarm.ts";
import type { ControlStore } from "../store/port.ts";

export interface DisarmParts {
  readonly clock: Clock;
  readonly store: Pick<ControlStore, "putDisarm" | "disarms">;
  /** How long one counts. */
  readonly windowMs: number;
}

export class Disarms {
  readonly #parts: DisarmParts;
  /** Of this process, until the provider has said what became of it. */
  readonly #own = new Map<ActionId, Disarm>();

  constructor(parts: DisarmParts) {
    this.#parts = parts;
  }

  /** Before it is sent. Rejects where it cannot be kept: then it must not be sent. */
  async note(id: ActionId, principal: string, things: readonly string[]): Promise<void> {
    const { clock, store } = this.#parts;
    const disarm: Disarm = { id, principal, things, atMs: clock.now(), undone: false };
    this.#own.set(id, disarm);
    await store.putDisarm(disarm);
  }

  /** `carriedOut` is false only where it certainly was not. What cannot be taken out of the store goes on counting. */
  async settled(id: ActionId, carriedOut: boolean): Promise<void> {
    const disarm = this.#own.get(id);
    this.#own.delete(id);
    if (disarm === undefined || carriedOut) return;
    await this.#parts.store.putDisarm({ ...disarm, undone: true }).catch(() => undefined);
  }

  /** Of these things by anybody, or of anything by this principal. Where the store cannot be read, it counts as one. */
  async of(principal: string, things: readonly string[]): Promise<Disarmed | undefined> {
    const { clock, store, windowMs } = this.#parts;
    let kept: readonly Disarm[];
    try {
      kept = await store.disarms();
    } catch {
      return "session";
    }
    const sinceMs = clock.now() - windowMs;
    const recent = [...kept, ...this.#own.values()].filter(({ atMs, undone }) => atMs > sinceMs && !undone);
    if (recent.some((each) => each.principal === principal)) return "session";
    return recent.some((each) => each.things.some((thing) => things.includes(thing))) ? "thing" : undefined;
  }
}
