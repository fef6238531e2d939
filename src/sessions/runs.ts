/**
 * The runs of this process: opened for a program or with a login's first connection, suspended, resumed, ended.
 * It does not know how connections or server roles are closed: what is to happen at an end is handed in.
 */
import { messageOf } from "../base/message-of.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import { newRunId, type RunId } from "../base/ids.ts";
import { nothingUsed, type Run } from "../model/run.ts";
import type { GatewaySeen, SharedStore } from "../store/shared-port.ts";
import { BreakGlasses } from "./break-glass.ts";
import { Grants } from "./grants.ts";
import { LiveRun } from "./live-run.ts";
import type { SessionPorts } from "./ports.ts";
import { Portion } from "./portion.ts";
import { SharedRuns } from "./shared-runs.ts";

export type NewRun = Pick<
  Run,
  "kind" | "principal" | "principalKind" | "target" | "environment" | "program" | "programVersion" | "actsFor" | "purpose" | "budget"
>;

export interface RunsOptions extends SessionPorts {
  /** Login, connections and server role of a run go. Called once, when nothing of it is allowed any more. */
  readonly closeRun: (run: Run, because: string) => Promise<void>;
  /** What a configured user's run is, when its first connection comes; `undefined` for one that is no user: it has no run. */
  readonly loginRun: (principal: string, target: string) => Pick<NewRun, "principalKind" | "environment" | "budget"> | undefined;
  /** Told of each change of a break-glass. */
  readonly breakGlassChanged: (glass: BreakGlass) => void;
  /** How long a login's run lasts before its next connection begins another, in milliseconds. */
  readonly loginRunMsMax: number;
  /** Present where other gateways use the same store. */
  readonly shared?: SharedWith;
}

export interface SharedWith {
  readonly store: SharedStore;
  /** Names this gateway, over its restarts. */
  readonly gateway: string;
  readonly silentMsMax: number;
  /** Drops asks that a gateway left open. */
  readonly dropAsks: (ids: readonly string[]) => Promise<void>;
  /** Another gateway is dead, and what it left of runs, grants and asks is closed. */
  readonly died: (gateway: string) => void;
}

const PAST_MAX = 200;
/** What was used is written this often; a crash forgets at most this much of it. */
const KEEP_EVERY_MS = 1_000;

export class Runs {
  readonly #options: RunsOptions;
  readonly grants: Grants;
  readonly breakGlass: BreakGlasses;
  readonly #shared: SharedRuns | undefined;
  readonly #live = new Map<RunId, LiveRun>();
  readonly #timers = new Map<RunId, NodeJS.Timeout>();
  #past: readonly Run[] = [];
  #keeping: NodeJS.Timeout | undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.grants = new Grants(options);
    this.#shared = options.shared === undefined ? undefined : this.#sharing(options, options.shared);
    this.breakGlass = new BreakGlasses(options, options.breakGlassChanged);
  }

  /** Takes up what a former process kept: programs' runs are over, logins' go on with what they have used. */
  async adopt(): Promise<void> {
    const { store, record, clock, loginRunMsMax } = this.#options;
    if (this.#shared !== undefined) {
      this.#past = (await store.runs()).slice(-PAST_MAX);
      await this.#shared.start();
      this.#keeping = setInterval(() => this.#keep(), KEEP_EVERY_MS).unref();
      return this.grants.remember();
    }
    await this.grants.adopt();
    const past: Run[] = [];
    for (const run of await store.runs()) {
      if (run.state === "ended") past.push(run);
      else if (run.kind === "login" && clock.now() - run.startedAtMs < loginRunMsMax) this.#begin(new LiveRun(run));
      else {
        const because = "Holdfast was started anew";
        const over: Run = { ...run, state: "ended", endedAtMs: clock.now(), because };
        record({ kind: "run_ended", run: run.id, principal: run.principal, because, used: run.used });
        await store.putRun(over);
        past.push(over);
      }
    }
    this.#past = past.slice(-PAST_MAX);
    this.#keeping = setInterval(() => this.#keep(), KEEP_EVERY_MS).unref();
  }

  #sharing(options: RunsOptions, { dropAsks, died, ...shared }: SharedWith): SharedRuns {
    const { clock, random, record, warn, loginRunMsMax } = options;
    return new SharedRuns({
      ...{ ...shared, clock, random, record, warn, loginRunMsMax },
      here: {
        live: (id) => this.#live.get(id),
        all: () => [...this.#live.values()],
        begin: (run) => this.#started(run),
        ended: (live, because) => void this.#end(live, because, async () => undefined),
        suspended: (live, because, person) => this.#suspend(live, because, person),
        closeLeft: async (gateway, because) => {
          const { asks, grants } = await shared.store.leftOpen(gateway);
          await this.grants.closeLeft(grants, because);
          await dropAsks(asks);
          if (gateway !== shared.gateway) died(gateway);
        },
        past: (run) => this.#addPast(run),
      },
    });
  }

  /** Resolves when the run is on record and kept: its login may be made. */
  async open(wanted: NewRun): Promise<LiveRun> {
    const live = this.#new(wanted);
    try {
      await this.#options.seal();
      await (this.#shared?.create(live) ?? this.#options.store.putRun(live.snapshot()));
    } catch (error) {
      this.#forget(live);
      throw error;
    }
    return live;
  }

  /**
   * Before a connection comes in, where gateways share a store: why it may not. Resolves when the run of a login is there, with what it may
   * use here. Never rejects.
   */
  async join(principal: string, target: string): Promise<string | undefined> {
    const known = this.#options.loginRun(principal, target);
    if (this.#shared === undefined || known === undefined) return undefined;
    return this.#shared.join({ ...known, principal, target });
  }

  /** Why nothing that changes something may pass now. */
  get unsure(): string | undefined {
    return this.#shared?.unsure;
  }

  /** What is wrong with the store that gateways share, for people. */
  get storeProblem(): string | undefined {
    return this.#shared?.problem;
  }

  /** Those on the same store; none where it is not shared. */
  get gateways(): readonly GatewaySeen[] {
    return this.#shared?.gateways ?? [];
  }

  /** The gateways that have connections of the run; `undefined` where no store is shared. */
  gatewaysOf(id: RunId): readonly string[] | undefined {
    const account = this.#shared?.account(id);
    return account?.shares.filter(({ attached }) => attached).map(({ gateway }) => gateway);
  }

  /** An open run that only other gateways have, by its id or by the name it logs in with. */
  elsewhere(name: string): Run | undefined {
    if (this.named(name) !== undefined) return undefined;
    const found = this.#elsewhere().filter(({ id, principal }) => id === name || principal === name);
    return found.find(({ id }) => id === name) ?? (found.length === 1 ? found[0] : undefined);
  }

  #elsewhere(): readonly Run[] {
    return (this.#shared?.accounts() ?? []).filter(({ id }) => !this.#live.has(id)).map(({ run }) => run);
  }

  /** What a person does to a run that only other gateways have. Rejects when the store cannot be told. */
  async suspendElsewhere({ id, principal }: Run, because: string, person: string): Promise<void> {
    this.#options.record({ kind: "run_suspended", run: id, principal, because, person });
    await this.#shared?.state(id, "suspended", because, person);
  }

  async resumeElsewhere({ id, principal }: Run, because: string, person: string): Promise<void> {
    await this.#shared?.state(id, "open", undefined, person);
    this.#options.record({ kind: "run_resumed", run: id, principal, because, person });
  }

  async endElsewhere({ id }: Run, because: string): Promise<void> {
    await this.#shared?.end(id, because);
  }

  /** The open run of a principal at a target; a login's begins here with its first connection. */
  of(principal: string, target: string): LiveRun | undefined {
    const found = this.find(principal, target);
    // Where gateways share a store, `join` has begun it or ended it.
    if (this.#shared !== undefined) return found ?? this.#absent(principal, target);
    if (found !== undefined && !this.#outlived(found)) return found;
    if (found !== undefined) void this.end(found.id, "its time is over: the next connection begins another");
    const known = this.#options.loginRun(principal, target);
    if (known === undefined) return undefined;
    const nobody = { program: "", programVersion: "", actsFor: "", purpose: "" };
    const live = this.#new({ ...nobody, kind: "login", principal, target, ...known });
    this.#options.store.putRun(live.snapshot()).catch((error: unknown) => this.#options.warn(messageOf(error)));
    return live;
  }

  /** A connection whose run went while it came in: it may do nothing. */
  #absent(principal: string, target: string): LiveRun | undefined {
    const known = this.#options.loginRun(principal, target);
    if (known === undefined) return undefined;
    const nobody = { program: "", programVersion: "", actsFor: "", purpose: "", startedAtMs: 0, used: nothingUsed };
    const id = newRunId(this.#options.random);
    const because = "it ended while this connection came in: connect again";
    return new LiveRun({ ...nobody, ...known, id, kind: "login", principal, target, state: "suspended", because });
  }

  find(principal: string, target: string): LiveRun | undefined {
    for (const live of this.#live.values()) {
      const run = live.snapshot();
      if (run.principal === principal && run.target === target) return live;
    }
    return undefined;
  }

  /** By its id, or by the name that its connections log in with where only one run has it. */
  named(name: string): LiveRun | undefined {
    const byId = this.#live.get(name as RunId);
    if (byId !== undefined) return byId;
    const byName = [...this.#live.values()].filter((live) => live.snapshot().principal === name);
    return byName.length === 1 ? byName[0] : undefined;
  }

  list(): readonly Run[] {
    return [...this.#past, ...[...this.#live.values()].map((live) => this.#shared?.whole(live) ?? live.snapshot()), ...this.#elsewhere()];
  }

  /**
   * Its connections are ended; it keeps its place and its budget until it is resumed or ended. Rejects when other gateways cannot be told:
   * here it is suspended all the same.
   */
  async suspend(live: LiveRun, because: string, person: string): Promise<void> {
    this.#suspend(live, because, person);
    await this.#shared?.state(live.id, "suspended", because, person);
  }

  #suspend(live: LiveRun, because: string, person: string): void {
    live.state = "suspended";
    live.because = because;
    this.#options.record({ kind: "run_suspended", run: live.id, principal: live.snapshot().principal, because, person });
    for (const session of live.sessions) this.#options.endConnection(session, "suspended", `the session is suspended: ${because}`);
    this.#put(live);
  }

  async resume(live: LiveRun, because: string, person: string): Promise<void> {
    await this.#shared?.state(live.id, "open", undefined, person);
    live.state = "open";
    live.because = undefined;
    this.#options.record({ kind: "run_resumed", run: live.id, principal: live.snapshot().principal, because, person });
    this.#put(live);
  }

  /** Resolves when its connections, grants, login and role are gone, as far as the server could be reached. */
  async end(id: RunId, because: string): Promise<void> {
    const live = this.#live.get(id);
    if (live === undefined || live.state === "ended") return;
    await this.#end(live, because, (over) => this.#shared?.end(id, because, live) ?? this.#options.store.putRun(over));
  }

  async #end(live: LiveRun, because: string, keep: (over: Run) => Promise<void>): Promise<void> {
    if (live.state === "ended") return;
    const { id } = live;
    const { record, clock, closeRun, warn } = this.#options;
    live.state = "ended";
    live.because = because;
    clearTimeout(this.#timers.get(id));
    const { principal, target } = live.snapshot();
    // Other gateways are told before this one waits for its server.
    const told = this.#shared === undefined ? undefined : keep(live.snapshot()).catch((error: unknown) => warn(messageOf(error)));
    this.breakGlass.closeOfRun(live.snapshot(), `its session ended: ${because}`);
    await this.grants.lapseAll(target, principal, `its session ended: ${because}`);
    await closeRun(live.snapshot(), because).catch((error: unknown) => warn(`session \`${principal}\`: ${messageOf(error)}`));
    const over: Run = { ...live.snapshot(), endedAtMs: clock.now() };
    record({ kind: "run_ended", run: id, principal, because, used: over.used });
    // Who sees that it has ended finds all of it in the log.
    await this.#options.seal().catch((error: unknown) => warn(`session \`${principal}\`: ${messageOf(error)}`));
    this.#forget(live);
    // Where gateways share a store, what all of them used stands there.
    if (this.#shared === undefined) this.#addPast(over);
    await (told ?? keep(over).catch((error: unknown) => warn(messageOf(error))));
    live.gone();
  }

  /** Programs' runs end with the process; logins' go on at the next start. */
  async close(): Promise<void> {
    clearInterval(this.#keeping);
    this.breakGlass.closeAll("Holdfast stops");
    const programs = [...this.#live.values()].filter((live) => live.snapshot().kind === "program");
    await Promise.all(programs.map((live) => this.end(live.id, "Holdfast stops")));
    await this.grants.close();
    await this.#shared?.stop();
    this.#keep();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #new(wanted: NewRun): LiveRun {
    const { random, clock } = this.#options;
    return this.#started({ ...wanted, id: newRunId(random), startedAtMs: clock.now(), state: "open", used: nothingUsed });
  }

  #started(run: Run): LiveRun {
    const { id, principal, target, environment, program, programVersion, actsFor, purpose, budget } = run;
    this.#options.record({
      kind: "run_started",
      run: id,
      principal,
      target,
      environment,
      program,
      programVersion,
      actsFor,
      purpose,
      budget,
    });
    const shared = this.#shared;
    if (shared === undefined) return this.#begin(new LiveRun(run));
    const portion = new Portion(budget);
    const live = new LiveRun(run, portion);
    portion.low = () => shared.tell(live);
    return this.#begin(live);
  }

  #addPast(run: Run): void {
    this.#past = [...this.#past.filter(({ id }) => id !== run.id), run].slice(-PAST_MAX);
  }

  #begin(live: LiveRun): LiveRun {
    this.#live.set(live.id, live);
    const { wallMs } = live.budget;
    if (wallMs !== null) {
      const left = live.snapshot().startedAtMs + wallMs - this.#options.clock.now();
      const over = (): void => void this.end(live.id, `its budget of ${wallMs} ms is over`);
      this.#timers.set(live.id, setTimeout(over, Math.max(0, left)).unref());
    }
    return live;
  }

  #outlived(live: LiveRun): boolean {
    const { kind, startedAtMs } = live.snapshot();
    if (live.state === "ended") return true;
    // A suspension is not outlived: only a person lifts it.
    return kind === "login" && live.state === "open" && this.#options.clock.now() - startedAtMs >= this.#options.loginRunMsMax;
  }

  #forget(live: LiveRun): void {
    this.#live.delete(live.id);
    clearTimeout(this.#timers.get(live.id));
    this.#timers.delete(live.id);
  }

  #keep(): void {
    if (this.#shared !== undefined) return this.#shared.tick();
    for (const live of this.#live.values()) if (live.dirty) this.#put(live);
  }

  #put(live: LiveRun): void {
    if (this.#shared !== undefined) return;
    live.dirty = false;
    this.#options.store.putRun(live.snapshot()).catch((error: unknown) => this.#options.warn(messageOf(error)));
  }
}
