/**
 * This gateway among those on one store: its signs of life, and whose death it has to clear up.
 * What a dead one left is closed by whoever is handed in; here it is only seen to that it is done, and done again until it is.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { type RandomBytes, randomText } from "../base/ids.ts";
import type { GatewaySeen, SharedStore } from "../store/shared-port.ts";

export interface MembershipOptions {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** A gateway silent for so long counts as dead. */
  readonly silentMsMax: number;
  /** Closes what the dead one left. */
  readonly died: (gateway: GatewaySeen) => Promise<void>;
  /** Others took this gateway for dead, and closed what it had: nothing of it may go on. */
  readonly takenForDead: () => Promise<void>;
  readonly warn: (message: string) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  #incarnation: string;
  #timer: NodeJS.Timeout | undefined;
  /** When the last sign of life that arrived was sent. */
  #signAt: number;
  #beating = false;
  #clearing: Promise<void> | undefined;
  #gateways: readonly GatewaySeen[] = [];
  #end: () => void = () => {};
  #failed = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#incarnation = randomText(12, options.random);
    this.#signAt = options.clock.monotonic();
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** Those on the store, as of the last sign of life. */
  get gateways(): readonly GatewaySeen[] {
    return this.#gateways;
  }

  /** The last sign of life did not arrive. */
  get unanswered(): boolean {
    return this.#failed;
  }

  /** For so long nothing was heard of the store that others may soon take this gateway for dead. */
  get unsure(): boolean {
    const { clock, silentMsMax } = this.#options;
    return clock.monotonic() - this.#signAt > silentMsMax * 0.6;
  }

  /** Rejects when the store cannot be reached. */
  async start(): Promise<void> {
    const { store, clock, silentMsMax } = this.#options;
    const at = clock.monotonic();
    await store.enlist(this.#incarnation);
    this.#signAt = at;
    this.#gateways = await store.gateways();
    this.#end = store.onOthers((what) => {
      if (what === "gateways") void this.#look();
    });
    this.#timer = setInterval(() => void this.#beat(), Math.max(200, Math.floor(silentMsMax / 6))).unref();
  }

  /** Nothing of it is open any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#end();
    await this.#clearing;
    await this.#options.store.leave().catch(() => undefined);
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    const { store, clock, takenForDead, silentMsMax, random } = this.#options;
    try {
      const at = clock.monotonic();
      if (!(await store.beat())) {
        await takenForDead();
        this.#incarnation = randomText(12, random);
        await store.enlist(this.#incarnation);
      }
      this.#signAt = at;
      this.#failed = false;
      const dead = await store.takeOver(silentMsMax);
      if (dead.length > 0 && this.#clearing === undefined) this.#clearing = this.#clear(dead);
      this.#gateways = await store.gateways();
    } catch (error) {
      if (!this.#failed) this.#options.warn(`no sign of life reaches the control store: ${messageOf(error)}`);
      this.#failed = true;
    } finally {
      this.#beating = false;
    }
  }

  /** What fails here is taken over again with the next sign of life. */
  async #clear(dead: readonly GatewaySeen[]): Promise<void> {
    const { died, store, warn } = this.#options;
    try {
      for (const gateway of dead) {
        await died(gateway);
        await store.closed(gateway);
      }
    } catch (error) {
      warn(`what a dead gateway left open is not closed yet: ${messageOf(error)}`);
    } finally {
      this.#clearing = undefined;
    }
  }

  async #look(): Promise<void> {
    this.#gateways = await this.#options.store.gateways().catch(() => this.#gateways);
  }
}
