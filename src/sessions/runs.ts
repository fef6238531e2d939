/**
 * The runs of this process: opened for a program or with a login's first connection, suspended, resumed, ended.
 * It does not know how connections or server roles are closed: what is to happen at an end is handed in.
 */
import type { BreakGlass } from "../model/break-glass.ts";
import { newRunId, type RunId } from "../base/ids.ts";
import { nothingUsed, type Run } from "../model/run.ts";
import { BreakGlasses } from "./break-glass.ts";
import { Grants } from "./grants.ts";
import { LiveRun } from "./live-run.ts";
import type { SessionPorts } from "./ports.ts";

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
}

const PAST_MAX = 200;
/** What was used is written this often; a crash forgets at most this much of it. */
const KEEP_EVERY_MS = 1_000;

export class Runs {
  readonly #options: RunsOptions;
  readonly grants: Grants;
  readonly breakGlass: BreakGlasses;
  readonly #live = new Map<RunId, LiveRun>();
  readonly #timers = new Map<RunId, NodeJS.Timeout>();
  #past: readonly Run[] = [];
  #keeping: NodeJS.Timeout | undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.grants = new Grants(options);
    this.breakGlass = new BreakGlasses(options, options.breakGlassChanged);
  }

  /** Takes up what a former process kept: programs' runs are over, logins' go on with what they have used. */
  async adopt(): Promise<void> {
    const { store, record, clock, loginRunMsMax } = this.#options;
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

  /** Resolves when the run is on record and kept: its login may be made. */
  async open(wanted: NewRun): Promise<LiveRun> {
    const live = this.#new(wanted);
    try {
      await this.#options.seal();
      await this.#options.store.putRun(live.snapshot());
    } catch (error) {
      this.#forget(live);
      throw error;
    }
    return live;
  }

  /** The open run of a principal at a target; a login's begins here with its first connection. */
  of(principal: string, target: string): LiveRun | undefined {
    const found = this.find(principal, target);
    if (found !== undefined && !this.#outlived(found)) return found;
    if (found !== undefined) void this.end(found.id, "its time is over: the next connection begins another");
    const known = this.#options.loginRun(principal, target);
    if (known === undefined) return undefined;
    const nobody = { program: "", programVersion: "", actsFor: "", purpose: "" };
    const live = this.#new({ ...nobody, kind: "login", principal, target, ...known });
    this.#options.store.putRun(live.snapshot()).catch((error: unknown) => this.#options.warn(messageOf(error)));
    return live;
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
    return [...this.#past, ...[...this.#live.values()].map((live) => live.snapshot())];
  }

  /** Its connections are ended; it keeps its place and its budget until it is resumed or ended. */
  suspend(live: LiveRun, because: string, person: string): void {
    live.state = "suspended";
    live.because = because;
    this.#options.record({ kind: "run_suspended", run: live.id, principal: live.snapshot().principal, because, person });
    for (const session of live.sessions) this.#options.endConnection(session, "suspended", `the session is suspended: ${because}`);
    this.#put(live);
  }

  resume(live: LiveRun, because: string, person: string): void {
    live.state = "open";
    live.because = undefined;
    this.#options.record({ kind: "run_resumed", run: live.id, principal: live.snapshot().principal, because, person });
    this.#put(live);
  }

  /** Resolves when its connections, grants, login and role are gone, as far as the server could be reached. */
  async end(id: RunId, because: string): Promise<void> {
    const live = this.#live.get(id);
    if (live === undefined || live.state === "ended") return;
    const { store, record, clock, closeRun, warn } = this.#options;
    live.state = "ended";
    live.because = because;
    clearTimeout(this.#timers.get(id));
    const { principal, target } = live.snapshot();
    this.breakGlass.closeOfRun(live.snapshot(), `its session ended: ${because}`);
    await this.grants.lapseAll(target, principal, `its session ended: ${because}`);
    await closeRun(live.snapshot(), because).catch((error: unknown) => warn(`session \`${principal}\`: ${messageOf(error)}`));
    const over: Run = { ...live.snapshot(), endedAtMs: clock.now() };
    record({ kind: "run_ended", run: id, principal, because, used: over.used });
    // Who sees that it has ended finds all of it in the log.
    await this.#options.seal().catch((error: unknown) => warn(`session \`${principal}\`: ${messageOf(error)}`));
    this.#forget(live);
    this.#past = [...this.#past, over].slice(-PAST_MAX);
    await store.putRun(over).catch((error: unknown) => warn(messageOf(error)));
    live.gone();
  }

  /** Programs' runs end with the process; logins' go on at the next start. */
  async close(): Promise<void> {
    clearInterval(this.#keeping);
    this.breakGlass.closeAll("Holdfast stops");
    const programs = [...this.#live.values()].filter((live) => live.snapshot().kind === "program");
    await Promise.all(programs.map((live) => this.end(live.id, "Holdfast stops")));
    await this.grants.close();
    this.#keep();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #new(wanted: NewRun): LiveRun {
    const { random, clock, record } = this.#options;
    const run: Run = { ...wanted, id: newRunId(random), startedAtMs: clock.now(), state: "open", used: nothingUsed };
    const { id, principal, target, environment, program, programVersion, actsFor, purpose, budget } = run;
    record({ kind: "run_started", run: id, principal, target, environment, program, programVersion, actsFor, purpose, budget });
    return this.#begin(new LiveRun(run));
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
    for (const live of this.#live.values()) if (live.dirty) this.#put(live);
  }

  #put(live: LiveRun): void {
    live.dirty = false;
    this.#options.store.putRun(live.snapshot()).catch((error: unknown) => this.#options.warn(messageOf(error)));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
