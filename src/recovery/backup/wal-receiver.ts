/**
 * Continuous WAL over the replication protocol, with a slot of our own: kept running, what is whole goes to the archive at once and what is
 * not every while. The server keeps what is not archived. It decides nothing about alarms; its status is what they are made of.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes } from "../../base/ids.ts";
import { messageOf } from "../../base/message-of.ts";
import { type Replicate, type ReplicationWire, rowsOf } from "./replication-port.ts";
import type { WalArchive } from "./wal-archive.ts";
import { parseSegment } from "./wal-names.ts";
import { streamWal, type WalPlace } from "./wal-stream.ts";

export interface WalReceiverParts {
  readonly archive: WalArchive;
  /** Asked at each start: a password may have changed. */
  readonly replicate: Replicate;
  readonly segmentBytes: number;
  readonly slot: string;
  /** Stays over restarts: WAL lies here until it is whole, and archived. One receiver's at a time. */
  readonly spool: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  /** How often what the newest segment holds is stored; the most that is lost with the server. */
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
/** As servers of 15 to 18 say it when a segment, what the slot kept, or the history that we know is gone. */
const lostWords =
  /has already been removed|can no longer (get changes from|access) replication slot|slot .* has been invalidated|is invalidated|is not in this server's history|is ahead of the WAL flush position/i;
const wholeName = /^[0-9A-F]{24}$/;
const partialName = /^[0-9A-F]{24}\.partial$/;

export class WalReceiver {
  readonly #parts: Required<WalReceiverParts>;
  readonly #ended = new AbortController();
  readonly #shipped = new Set<string>();
  #status: WalReceiverStatus;
  #loop: Promise<unknown> | undefined;
  #wire: ReplicationWire | undefined;
  #shipping: Promise<void> = Promise.resolve();
  /** What was archived has no successor at the server: go on from the slot. */
  #startOver = false;
  /** Everything before it is archived, or lost. */
  #archived = 0n;
  /** A partial segment is not replaced by what of it came again after a restart, which is less. */
  #caughtUp = false;
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

  /** Ends the connection; what is whole by then is archived. The slot stays: the server keeps what comes meanwhile. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#wire?.close();
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
      } catch (error) {
        if (this.#ended.signal.aborted) break;
        const problem = messageOf(error);
        if (lostWords.test(problem)) await this.#beginAnew(problem);
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
    await this.#shipOnce(true).catch(() => undefined);
  }

  /** From a connection to its end. */
  async #once(): Promise<void> {
    const { spool, slot, segmentBytes, clock } = this.#parts;
    this.#turn("starting");
    await mkdir(spool, { recursive: true, mode: 0o700 });
    // What a run before left whole: where it ends is where we go on.
    await this.#shipOnce();
    const from = this.#startOver ? undefined : await this.#archiveEnd();
    const wire = await this.#open();
    this.#caughtUp = false;
    try {
      await streamWal({
        wire,
        slot,
        spool,
        segmentBytes,
        clock,
        from,
        onStart: ({ at }) => void (this.#archived = at),
        onStreaming: () => {
          this.#startOver = false;
          this.#turn("streaming");
        },
        onCaughtUp: () => void (this.#caughtUp = true),
        archived: () => this.#archived,
        waiting: async () => (await this.#spooled()).filter((name) => wholeName.test(name)).length,
        signal: this.#ended.signal,
      });
    } finally {
      wire.close();
    }
  }

  async #open(): Promise<ReplicationWire> {
    const wire = await this.#parts.replicate();
    this.#wire = wire;
    if (this.#ended.signal.aborted) wire.close();
    return wire;
  }

  /** Behind the newest whole segment. */
  async #archiveEnd(): Promise<WalPlace | undefined> {
    const { archive, segmentBytes } = this.#parts;
    const newest = (await archive.segments(segmentBytes)).filter(({ partial }) => !partial).at(-1);
    return newest === undefined ? undefined : { timeline: newest.timeline, at: (newest.number + 1n) * BigInt(segmentBytes) };
  }

  /** The place in the WAL that we would go on from is gone: begin at what the server still has, and say that there is a gap. */
  async #beginAnew(problem: string): Promise<void> {
    const { spool, slot, warn } = this.#parts;
    this.#status = { ...this.#status, lost: problem };
    this.#startOver = true;
    try {
      await this.#shipOnce();
      const wire = await this.#open();
      try {
        await rowsOf(wire, `DROP_REPLICATION_SLOT ${slot} WAIT`);
      } finally {
        wire.close();
      }
      for (const name of await readdir(spool)) await rm(join(spool, name), { force: true });
    } catch (error) {
      warn(`WAL cannot be received from a new place: ${messageOf(error)}`);
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
  }

  /** One at a time: they write to the same drafts. */
  #shipOnce(last = false): Promise<void> {
    const done = this.#shipping.then(() => this.#shipNow(last));
    this.#shipping = done.catch(() => undefined);
    return done;
  }

  async #spooled(): Promise<readonly string[]> {
    return (await readdir(this.#parts.spool).catch(() => [])).sort();
  }

  async #shipNow(last: boolean): Promise<void> {
    const { spool, archive, random, clock, segmentBytes } = this.#parts;
    const names = await this.#spooled();
    for (const name of names.filter((each) => each.endsWith(".history") && !this.#shipped.has(each))) {
      await archive.put(join(spool, name), name, random);
      this.#shipped.add(name);
    }
    for (const name of names.filter((each) => wholeName.test(each))) {
      await archive.put(join(spool, name), name, random);
      await rm(join(spool, name), { force: true });
      const end = ((parseSegment(name, segmentBytes)?.number ?? -1n) + 1n) * BigInt(segmentBytes);
      if (end > this.#archived) this.#archived = end;
      this.#status = { ...this.#status, archived: { name, atMs: clock.now() } };
    }
    const partials = names.filter((each) => partialName.test(each));
    for (const name of partials) {
      const current = name === partials.at(-1);
      if (!current || this.#caughtUp) await this.#shipPartial(name, last || !current);
      // Its timeline is over, or a run before went on from elsewhere.
      if (!current) await rm(join(spool, name), { force: true });
    }
  }

  async #shipPartial(name: string, now: boolean): Promise<void> {
    const { spool, archive, random, clock, partialEveryMs } = this.#parts;
    const { mtimeMs, size } = await stat(join(spool, name)).catch(() => ({ mtimeMs: 0, size: 0 }));
    const stamp = `${mtimeMs} ${size}`;
    const before = this.#partialStored.get(name);
    if (size === 0 || before?.stamp === stamp || (!now && clock.monotonic() - (before?.atMs ?? -Infinity) < partialEveryMs)) return;
    // It may become whole, and get its own name, while it is read.
    await archive.put(join(spool, name), name, random).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    this.#partialStored = new Map([[name, { stamp, atMs: clock.monotonic() }]]);
  }

  #turn(state: WalReceiverStatus["state"]): void {
    if (state === this.#status.state) return;
    const { problem: _, ...rest } = this.#status;
    const problem = state === "streaming" ? undefined : this.#status.problem;
    this.#status = { ...rest, problem, state, sinceMs: this.#parts.clock.now() };
  }
}
