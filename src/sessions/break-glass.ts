/**
 * The break-glasses of this process: wanted by a person, agreed to by another where that is configured, used by acts, and over at their
 * time, with their run, by a person's word, or with the process. None is kept: a start never finds one open.
 */
import { type ActionId, type BreakGlassId, newBreakGlassId, type SessionId } from "../base/ids.ts";
import type { BreakGlass, BreakGlassFact } from "../model/break-glass.ts";
import type { Run } from "../model/run.ts";
import type { SessionPorts } from "./ports.ts";

export interface WantedBreakGlass {
  readonly run: Run;
  readonly untilMs: number;
  readonly reason: string;
  readonly by: SignedBy;
  readonly personsNeeded: number;
}

/** Of the request that the person signed. */
export interface SignedBy {
  readonly person: string;
  readonly nonce: string;
}

/** It cannot be opened so; the message says why. */
export class BreakGlassRefused extends Error {
  override readonly name = "BreakGlassRefused";
}

type Ports = Pick<SessionPorts, "clock" | "random" | "record" | "seal" | "grantsChanged" | "endConnection">;

interface Live {
  glass: BreakGlass;
  nonces: readonly string[];
  timer: NodeJS.Timeout | undefined;
  /** Connections whose open transaction has an act that passed because of it. */
  readonly users: Set<SessionId>;
}

const PAST_MAX = 50;

export class BreakGlasses {
  readonly #ports: Ports;
  /** Told of each change. */
  readonly #changed: (glass: BreakGlass) => void;
  readonly #live = new Map<BreakGlassId, Live>();
  #past: readonly BreakGlass[] = [];

  constructor(ports: Ports, changed: (glass: BreakGlass) => void) {
    this.#ports = ports;
    this.#changed = changed;
  }

  /** Opens it, or keeps it until enough persons agree. Rejects with {@link BreakGlassRefused}. */
  async want({ run, untilMs, reason, by, personsNeeded }: WantedBreakGlass): Promise<BreakGlass> {
    const { clock, random } = this.#ports;
    for (const { glass } of this.#live.values())
      if (glass.run === run.id) throw new BreakGlassRefused(`break-glass \`${glass.id}\` of this session is ${glass.state} already`);
    const glass: BreakGlass = {
      id: newBreakGlassId(random),
      revision: 0,
      state: "wanted",
      run: run.id,
      principal: run.principal,
      target: run.target,
      environment: run.environment,
      persons: [by.person],
      personsNeeded,
      reason,
      wantedAtMs: clock.now(),
      untilMs,
      uses: 0,
    };
    const live: Live = { glass, nonces: [by.nonce], timer: undefined, users: new Set() };
    this.#live.set(glass.id, live);
    live.timer = setTimeout(() => this.#timeIsOver(live), Math.max(0, untilMs - clock.now())).unref();
    if (personsNeeded > 1) this.#changed(glass);
    else await this.#open(live);
    return live.glass;
  }

  /** Another person agrees. Rejects with {@link BreakGlassRefused}. */
  async agree(id: string, by: SignedBy): Promise<BreakGlass> {
    const live = this.#live.get(id as BreakGlassId);
    if (live?.glass.state !== "wanted") throw new BreakGlassRefused(`no break-glass \`${id}\` waits for a person`);
    if (live.glass.persons.includes(by.person)) throw new BreakGlassRefused("another person has to agree");
    live.glass = { ...live.glass, persons: [...live.glass.persons, by.person] };
    live.nonces = [...live.nonces, by.nonce];
    if (live.glass.persons.length < live.glass.personsNeeded) this.#change(live, {});
    else await this.#open(live);
    return live.glass;
  }

  /** For the facts of a decision. */
  factOf(target: string, principal: string): BreakGlassFact | undefined {
    for (const { glass } of this.#live.values())
      if (glass.state === "open" && glass.target === target && glass.principal === principal) return { id: glass.id };
    return undefined;
  }

  /**
   * An act passes because of it: counts and records that, with its transaction where that is apart. What it returns is false once it is
   * over; `undefined` where it is already.
   */
  use(id: string, action: ActionId, session: SessionId, transaction?: string | null): (() => boolean) | undefined {
    const live = this.#live.get(id as BreakGlassId);
    if (live?.glass.state !== "open" || this.#ports.clock.now() >= live.glass.untilMs) return undefined;
    live.glass = { ...live.glass, uses: live.glass.uses + 1 };
    live.users.add(session);
    const by = transaction === undefined ? {} : { transaction };
    this.#ports.record({ kind: "break_glass_used", breakGlass: live.glass.id, action, uses: live.glass.uses, ...by });
    return () => live.glass.state === "open";
  }

  /** The connection has nothing open. */
  idle(session: SessionId): void {
    for (const { users } of this.#live.values()) users.delete(session);
  }

  /** Nothing passes because of it any more, and what did and is not committed is rolled back. Whether there was one. */
  close(id: string, because: string, person?: string): boolean {
    const live = this.#live.get(id as BreakGlassId);
    if (live === undefined) return false;
    const { record, grantsChanged, endConnection } = this.#ports;
    const { state, run, uses } = live.glass;
    this.#live.delete(live.glass.id);
    clearTimeout(live.timer);
    this.#change(live, { state: "closed", because });
    this.#past = [...this.#past, live.glass].slice(-PAST_MAX);
    grantsChanged();
    if (state === "open")
      record({ kind: "break_glass_closed", breakGlass: live.glass.id, run, because, uses, ...(person === undefined ? {} : { person }) });
    for (const session of live.users) endConnection(session, "grant_lapsed", `what this transaction rests on is over: ${because}`);
    return true;
  }

  closeOfRun(run: Run, because: string): void {
    for (const { glass } of [...this.#live.values()]) if (glass.run === run.id) this.close(glass.id, because);
  }

  closeAll(because: string): void {
    for (const id of [...this.#live.keys()]) this.close(id, because);
  }

  get(id: string): BreakGlass | undefined {
    return this.#live.get(id as BreakGlassId)?.glass;
  }

  /** Those that are over too, oldest first. */
  list(): readonly BreakGlass[] {
    return [...this.#past, ...[...this.#live.values()].map(({ glass }) => glass)];
  }

  /** On record, and durably so, before a decision can see it. */
  async #open(live: Live): Promise<void> {
    const { record, seal, grantsChanged } = this.#ports;
    const { id, run, principal, target, environment, untilMs, persons, reason } = live.glass;
    const who = { run, principal, target, environment };
    try {
      record({ kind: "break_glass_opened", breakGlass: id, ...who, untilMs, persons, nonces: live.nonces, purpose: reason });
      await seal();
    } catch (error) {
      this.close(id, "the record could not be written");
      throw error;
    }
    // Its run may have ended meanwhile, and it with it.
    if (!this.#live.has(id)) throw new BreakGlassRefused("the session ended before it was open");
    this.#change(live, { state: "open" });
    grantsChanged();
  }

  #timeIsOver(live: Live): void {
    this.close(live.glass.id, live.glass.state === "open" ? "its time is over" : "nobody else agreed to it in time");
  }

  #change(live: Live, change: Partial<BreakGlass>): void {
    live.glass = { ...live.glass, ...change, revision: live.glass.revision + 1 };
    this.#changed(live.glass);
  }
}
