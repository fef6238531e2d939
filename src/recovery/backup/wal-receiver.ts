/**
 * Continuous WAL by `pg_receivewal` with a slot of our own: kept running, what is whole goes to the archive at once and what is not every
 * while. It decides nothing about alarms; its status is what they are made of.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes } from "../../base/ids.ts";
import { messageOf } from "../../base/message-of.ts";
import { endOrphan, noteProcess } from "./orphan.ts";
import { findProgram, loginVariables, type Program, type ProgramPlaces, runProgram, type Running, type ServerLogin } from "./programs.ts";
import type { WalArchive } from "./wal-archive.ts";

export interface WalReceiverParts {
  readonly archive: WalArchive;
  /** Asked at each start: a password may have changed. */
  readonly login: () => Promise<ServerLogin>;
  readonly major: number;
  readonly slot: string;
  readonly programs: ProgramPlaces;
  /** Stays over restarts: WAL lies here until it is whole. One receiver's at a time. */
  readonly spool: string;
  /** This gateway's own: the login's file, and the note of the program that runs. */
  readonly place: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  /** How often what the newest segment holds is stored; the most that is lost with this machine. */
  readonly partialEveryMs: number;
  /** After the first failure; each later pause is twice as long, a minute at most. */
  readonly firstPauseMs?: number;
}

export interface WalReceiverStatus {
  readonly state: "starting" | "streaming" | "waiting" | "stopped";
  /** Since when it has been in that state. */
  readonly sinceMs: number;
  /** The last failure's words, also after it runs again; `undefined` where there was none. */
  readonly problem: string | undefined;
  /** WAL was removed at the server before it was received: a new base backup is due. Stays until {@link WalReceiver.forget}. */
  readonly lost: string | undefined;
  /** The newest whole segment that was archived by this receiver, and when. */
  readonly archived: { readonly name: string; readonly atMs: number } | undefined;
}

const PAUSE_MS_MAX = 60_000;
const SHIP_EVERY_MS = 500;
/** As the server says it when a segment, or what the slot kept, is gone. */
const lostWords = /has already been removed|can no longer get changes from replication slot|slot .* has been invalidated|is invalidated/i;

export class WalReceiver {
  readonly #parts: Required<WalReceiverParts>;
  readonly #ended = new AbortController();
  #status: WalReceiverStatus;
  #loop: Promise<unknown> | undefined;
  #running: Running | undefined;
  #partialStored = new Map<string, { readonly stamp: string; readonly atMs: number }>();

  constructor(parts: WalReceiverParts) {
    this.#parts = { firstPauseMs: 1_000, ...parts };
    this.#status = { state: "stopped", sinceMs: parts.clock.now(), problem: undefined, lost: undefined, archived: undefined };
  }

  get status(): WalReceiverStatus {
    return this.#status;
  }

  start(): void {
    this.#loop ??= Promise.all([this.#receive(), this.#ship()]);
  }

  /** Ends the program; what is whole by then is archived. The slot stays: the server keeps what comes meanwhile. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#running?.stop();
    await this.#loop;
    this.#turn("stopped");
  }

  /** A base backup was made since: what was lost before it is not needed any more. */
  forget(): void {
    this.#status = { ...this.#status, lost: undefined };
  }

  async #receive(): Promise<void> {
    const { warn, firstPauseMs } = this.#parts;
    for (let failures = 0; !this.#ended.signal.aborted; ) {
      const began = this.#parts.clock.monotonic();
      try {
        await this.#once();
        failures = 0;
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        const problem = messageOf(error);
        if (lostWords.test(problem)) await this.#startOver(problem);
        // One that ran for long has not failed at starting.
        failures = this.#parts.clock.monotonic() - began > PAUSE_MS_MAX ? 1 : failures + 1;
        if (problem !== this.#status.problem) warn(`WAL is not received: ${problem}`);
        this.#status = { ...this.#status, problem };
      }
      this.#turn("waiting");
      await delay(Math.min(PAUSE_MS_MAX, firstPauseMs * 2 ** Math.max(0, failures - 1)), undefined, { signal: this.#ended.signal }).catch(
        () => undefined,
      );
    }
  }

  /** From a connection to its end. */
  async #once(): Promise<void> {
    const { spool, place, slot, programs, major } = this.#parts;
    this.#turn("starting");
    await mkdir(spool, { recursive: true, mode: 0o700 });
    const program = await findProgram("pg_receivewal", major, programs);
    // Of a gateway that was killed: it would hold the slot, and write into our folder.
    await endOrphan(place, "pg_receivewal");
    const login = await loginVariables(await this.#parts.login(), place);
    try {
      await this.#run(program, ["--create-slot", "--if-not-exists", "-S", slot, "--no-password"], login.variables);
      await this.#run(program, ["-D", spool, "-S", slot, "--no-loop", "-s", "5", "--no-password", "-v"], login.variables);
    } finally {
      await login.release();
    }
  }

  async #run(program: Program, args: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
    const onLine = (line: string): void => {
      if (/starting log streaming/i.test(line)) this.#turn("streaming");
    };
    const { path } = this.#parts.programs;
    this.#running = runProgram(program, args, { variables, path, onLine, signal: this.#ended.signal });
    this.#running.output.resume();
    await noteProcess(this.#parts.place, program.name, this.#running.processId);
    await this.#running.ended;
  }

  /** The place in the WAL that we would go on from is gone: begin at what the server still has, and say that there is a gap. */
  async #startOver(problem: string): Promise<void> {
    const { spool, place, slot, programs, major, warn } = this.#parts;
    this.#status = { ...this.#status, lost: problem };
    const login = await loginVariables(await this.#parts.login(), place);
    try {
      await this.#shipOnce();
      const program = await findProgram("pg_receivewal", major, programs);
      await this.#run(program, ["--drop-slot", "-S", slot, "--no-password"], login.variables);
      for (const name of await readdir(spool)) await rm(join(spool, name), { force: true });
    } catch (error) {
      warn(`WAL cannot be received from a new place: ${messageOf(error)}`);
    } finally {
      await login.release();
    }
  }

  async #ship(): Promise<void> {
    let problem = "";
    while (!this.#ended.signal.aborted) {
      await this.#shipOnce().then(
        () => void (problem = ""),
        (error: unknown) => {
          if (messageOf(error) !== problem) this.#parts.warn(`WAL is not archived: ${messageOf(error)}`);
          problem = messageOf(error);
          this.#status = { ...this.#status, problem };
        },
      );
      await delay(SHIP_EVERY_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
    await this.#running?.ended.catch(() => undefined);
    await this.#shipOnce(true).catch(() => undefined);
  }

  /** What is whole goes to the archive; the newest of it also stays, because the program goes on from there after a restart. */
  async #shipOnce(last = false): Promise<void> {
    const { spool, archive, random, clock, partialEveryMs } = this.#parts;
    const names = (await readdir(spool).catch(() => [])).sort();
    const whole = names.filter((name) => /^[0-9A-F]{24}$/.test(name));
    for (const name of [...whole, ...names.filter((each) => each.endsWith(".history"))]) {
      if (this.#shipped.has(name)) continue;
      await archive.put(join(spool, name), name, random);
      this.#shipped.add(name);
      if (!name.endsWith(".history")) this.#status = { ...this.#status, archived: { name, atMs: clock.now() } };
    }
    for (const name of whole.slice(0, -1)) {
      await rm(join(spool, name), { force: true });
      this.#shipped.delete(name);
    }
    for (const name of names.filter((each) => /^[0-9A-F]{24}\.partial$/.test(each))) {
      const { mtimeMs, size } = await stat(join(spool, name)).catch(() => ({ mtimeMs: 0, size: 0 }));
      const stamp = `${mtimeMs} ${size}`;
      const before = this.#partialStored.get(name);
      if (size === 0 || before?.stamp === stamp || (!last && clock.monotonic() - (before?.atMs ?? -Infinity) < partialEveryMs)) continue;
      // It may become whole, and get its own name, while it is read.
      await archive.put(join(spool, name), name, random).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      this.#partialStored = new Map([[name, { stamp, atMs: clock.monotonic() }]]);
    }
  }

  readonly #shipped = new Set<string>();

  #turn(state: WalReceiverStatus["state"]): void {
    if (state === this.#status.state) return;
    const { problem: _, ...rest } = this.#status;
    const problem = state === "streaming" ? undefined : this.#status.problem;
    this.#status = { ...rest, problem, state, sinceMs: this.#parts.clock.now() };
  }
}
