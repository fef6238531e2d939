/**
 * The time one text may take in its worker: by the worker's own processor time, so that a busy machine refuses nothing, and by the clock
 * as the last word. It ends no worker; it only says when.
 */
import type { Worker } from "node:worker_threads";

export interface WatchLimits {
  readonly processorMs: number;
  readonly clockMs: number;
}

/** Most texts take less than the first part of the limit and cost no reading. */
const PARTS = 4;

/** Runs from its making until `end`, or until the text is overdue: then `overdue` is called once, with the limit in words. */
export class Watch {
  readonly #worker: Pick<Worker, "cpuUsage">;
  readonly #limits: WatchLimits;
  readonly #overdue: (because: string) => void;
  readonly #clock: ReturnType<typeof setTimeout>;
  #next: ReturnType<typeof setTimeout>;
  #ended = false;

  constructor(worker: Pick<Worker, "cpuUsage">, limits: WatchLimits, overdue: (because: string) => void) {
    this.#worker = worker;
    this.#limits = limits;
    this.#overdue = overdue;
    this.#clock = setTimeout(() => this.#end(`${limits.clockMs} ms`), limits.clockMs);
    // What it has used by then is unknown and forgiven: at most one part.
    this.#next = setTimeout(() => void this.#measure(undefined), limits.processorMs / PARTS);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#clock);
    clearTimeout(this.#next);
  }

  #end(because: string): void {
    if (this.#ended) return;
    this.end();
    this.#overdue(because);
  }

  /** `from` is the worker's processor time at the first reading, in milliseconds. */
  async #measure(from: number | undefined): Promise<void> {
    const now = await this.#used();
    if (this.#ended) return;
    const allowed = this.#limits.processorMs * (1 - 1 / PARTS);
    const left = from === undefined || now === undefined ? allowed : allowed - (now - from);
    const because = `${this.#limits.processorMs} ms of the processor`;
    if (left <= 0) return this.#end(because);
    // Where Node cannot tell a thread's processor time, the clock stands for it.
    const next = now === undefined ? () => this.#end(because) : () => void this.#measure(from ?? now);
    this.#next = setTimeout(next, Math.max(left, this.#limits.processorMs / PARTS));
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
