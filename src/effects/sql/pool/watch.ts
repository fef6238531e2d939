/**
 * The time one text may take in its worker: by the worker's own processor time, so that a busy machine refuses nothing, and by the clock
 * as the last word. It ends no worker; it only says when.
 */
import type { Worker } from "node:worker_threads";

export interface WatchLimits {
  readonly processorMs: number;
  readonly clockMs: number;
}

/** Looks in the time that a text may take: what it used before the first one, a part of its limit at most, is unknown and forgiven. */
const PARTS = 4;

/**
 * Of one worker, for all its texts in turn. It looks at fixed times for as long as there is work, so that a text costs it nothing but a
 * mark at its begin and its end; a text that is over before the next look is never looked at.
 */
export class Watch {
  readonly #worker: Pick<Worker, "cpuUsage">;
  readonly #limits: WatchLimits;
  readonly #overdue: (because: string) => void;
  readonly #everyMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts texts: which one is being worked on. */
  #text = 0;
  #working = false;
  #stopped = false;
  /** The text that the last look saw, and how many have seen it. */
  #seen = 0;
  #looks = 0;
  /** The worker's processor time when the text was first seen, in milliseconds. */
  #from: number | undefined;

  /** `overdue` is called once for a text that takes too long, with the limit in words; the watch has stopped then. */
  constructor(worker: Pick<Worker, "cpuUsage">, limits: WatchLimits, overdue: (because: string) => void) {
    this.#worker = worker;
    this.#limits = limits;
    this.#overdue = overdue;
    this.#everyMs = Math.max(1, Math.min(limits.processorMs, limits.clockMs) / PARTS);
  }

  /** The worker works on another text from here on. */
  begin(): void {
    this.#text += 1;
    this.#working = true;
    this.#arm();
  }

  /** The worker has nothing to do. */
  idle(): void {
    this.#working = false;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    // What waits for the answer keeps the process, not this.
    if (!this.#stopped) this.#timer ??= setTimeout(() => void this.#look(), this.#everyMs).unref();
  }

  async #look(): Promise<void> {
    const text = this.#text;
    if (this.#working) {
      if (this.#seen !== text) {
        this.#seen = text;
        this.#looks = 0;
        this.#from = undefined;
      }
      this.#looks += 1;
      const because = await this.#tooLong(text);
      if (because !== undefined && this.#working && this.#text === text && !this.#stopped) {
        this.stop();
        return this.#overdue(because);
      }
    }
    this.#timer = undefined;
    if (this.#working) this.#arm();
  }

  /** The limit that the text at hand has passed, in words. */
  async #tooLong(text: number): Promise<string | undefined> {
    const { processorMs, clockMs } = this.#limits;
    if ((this.#looks - 1) * this.#everyMs >= clockMs) return `${clockMs} ms`;
    const now = await this.#used();
    if (this.#text !== text) return undefined;
    const because = `${processorMs} ms of the processor`;
    // Where Node cannot tell a thread's processor time, the clock stands for it.
    if (now === undefined) return this.#looks * this.#everyMs >= processorMs ? because : undefined;
    this.#from ??= now;
    return now - this.#from >= processorMs ? because : undefined;
  }

  /** Undefined where Node is too old to say (before 24.6), or the worker has just ended: then its end is reported elsewhere. */
  async #used(): Promise<number | undefined> {
    try {
      const { user, system } = await this.#worker.cpuUsage();
      return (user + system) / 1000;
    } catch {
      return undefined;
    }
  }
}
