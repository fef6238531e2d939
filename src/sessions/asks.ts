/**
 * What agents ask persons for: kept, shown, answered by a grant or dropped with the run. Asking opens nothing.
 * It does not notify anybody.
 */
import { messageOf } from "../base/message-of.ts";
import { newAskId } from "../base/ids.ts";
import type { Ask, GrantOperation } from "../model/grant.ts";
import type { Run } from "../model/run.ts";
import type { SessionPorts } from "./ports.ts";

export interface NewAsk {
  readonly run: Run;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  readonly purpose: string;
}

/** Open asks of one run: more are noise, and nobody answers noise. */
const OPEN_MAX = 20;
const PAST_MAX = 200;

type Ports = Pick<SessionPorts, "clock" | "random" | "store" | "record" | "warn">;

export class Asks {
  readonly #ports: Ports;
  #asks: readonly Ask[] = [];

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** What a former process left open is dropped: its runs are over. */
  async adopt(): Promise<void> {
    const { store } = this.#ports;
    for (const ask of await store.asks()) {
      const kept: Ask = ask.state === "open" ? { ...ask, state: "dropped" } : ask;
      if (kept !== ask) await store.putAsk(kept);
      this.#asks = [...this.#asks, kept].slice(-PAST_MAX);
    }
  }

  /** What is over, of every gateway on the store. */
  async remember(): Promise<void> {
    this.#asks = (await this.#ports.store.asks()).filter(({ state }) => state !== "open").slice(-PAST_MAX);
  }

  /** What another gateway, or a former incarnation of this one, left open. */
  async dropLeft(ids: readonly string[]): Promise<void> {
    const { store } = this.#ports;
    const left = ids.length === 0 ? [] : (await store.asks()).filter(({ id, state }) => ids.includes(id) && state === "open");
    for (const ask of left) await store.putAsk({ ...ask, state: "dropped" });
  }

  /** `undefined` when the run has too many open already. Rejects when it cannot be kept. */
  async ask({ run, tables, operations, purpose }: NewAsk): Promise<Ask | undefined> {
    const { random, clock, store, record } = this.#ports;
    if (this.#asks.filter((each) => each.run === run.id && each.state === "open").length >= OPEN_MAX) return undefined;
    const { principal, target } = run;
    const id = newAskId(random);
    const ask: Ask = { id, run: run.id, principal, target, tables, operations, purpose, askedAtMs: clock.now(), state: "open" };
    record({ kind: "grant_asked", ask: id, run: run.id, principal, target, relations: tables, operations, purpose });
    this.#asks = [...this.#asks, ask].slice(-PAST_MAX);
    await store.putAsk(ask);
    return ask;
  }

  get(id: string): Ask | undefined {
    return this.#asks.find((ask) => ask.id === id);
  }

  list(): readonly Ask[] {
    return this.#asks;
  }

  granted(ask: Ask, grant: NonNullable<Ask["grant"]>): void {
    this.#put({ ...ask, state: "granted", grant });
  }

  /** With their run. */
  drop(run: Run): void {
    for (const ask of this.#asks) if (ask.run === run.id && ask.state === "open") this.#put({ ...ask, state: "dropped" });
  }

  #put(changed: Ask): void {
    this.#asks = this.#asks.map((ask) => (ask.id === changed.id ? changed : ask));
    this.#ports.store.putAsk(changed).catch((error: unknown) => this.#ports.warn(messageOf(error)));
  }
}
