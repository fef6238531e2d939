/**
 * Gives a trial up before anybody has waited for it longer than permitted: it looks from a second connection at what the trial locks.
 * It asks the server to cancel what runs, and closes the connection when even that is not answered.
 */
import type { Connection } from "./open-connection.ts";

export interface TrialWatch {
  /** Why the trial was given up; `undefined` while it was not. */
  because(): string | undefined;
  /** How long a lock that keeps others out may still be held, in milliseconds. */
  leftMs(): number;
  stop(): void;
}

export interface WatchedTrial {
  readonly trial: Connection;
  /** Another connection, which sees locks and nothing of what the trial does. */
  readonly observer: Connection;
  readonly lockMs: number;
  readonly statementMs: number;
  /** Of the clock of the process, in milliseconds. */
  readonly monotonic: () => number;
}

/** A cancelled statement ends within this, or its connection is closed: the server rolls back then too. In milliseconds. */
const CANCELLED_MS_MAX = 5_000;
/** Looks within the time that a lock may be held: it is given up by so much of it too early, and never too late. */
const LOOKS = 8;

export function watchTrial(watched: WatchedTrial): TrialWatch {
  return new Watch(watched);
}

class Watch implements TrialWatch {
  readonly #watched: WatchedTrial;
  readonly #startedMs: number;
  readonly #everyMs: number;
  readonly #deadline: NodeJS.Timeout;
  #look: NodeJS.Timeout | undefined;
  #closing: NodeJS.Timeout | undefined;
  #because: string | undefined;
  #strongSinceMs: number | undefined;
  #stopped = false;

  constructor(watched: WatchedTrial) {
    this.#watched = watched;
    this.#startedMs = watched.monotonic();
    this.#everyMs = Math.max(5, watched.lockMs / LOOKS);
    this.#deadline = setTimeout(() => this.#giveUp(`its trial takes longer than ${seconds(watched.statementMs)}`), watched.statementMs);
    this.#next();
  }

  because(): string | undefined {
    return this.#because;
  }

  leftMs(): number {
    const { lockMs, monotonic } = this.#watched;
    const since = this.#strongSinceMs;
    // One that was taken after the last look is seen by the next.
    return Math.max(0, since === undefined ? lockMs - 2 * this.#everyMs : lockMs - (monotonic() - since) - this.#everyMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#look);
    clearTimeout(this.#closing);
  }

  #next(): void {
    if (this.#stopped || this.#because !== undefined) return;
    this.#look = setTimeout(() => void this.#looked(), this.#everyMs);
  }

  async #looked(): Promise<void> {
    const { observer, lockMs, monotonic } = this.#watched;
    const askedMs = monotonic();
    try {
      const [row] = await observer.client.rows(lookSql(this.#watched.trial.process, lockMs));
      const [strong, blocked] = row ?? [];
      if (this.#stopped) return;
      if (blocked != null) this.#giveUp(`others would have to wait for it longer than ${seconds(lockMs)}`);
      if (strong == null) this.#strongSinceMs = undefined;
      else {
        // It may have been taken right after the look before.
        this.#strongSinceMs ??= Math.max(this.#startedMs, askedMs - this.#everyMs);
        if (monotonic() + this.#everyMs - this.#strongSinceMs >= lockMs)
          this.#giveUp(`it would keep others from \`${strong}\` longer than ${seconds(lockMs)}`);
      }
    } catch {
      if (!this.#stopped) this.#giveUp("its trial could not be watched: the second connection to the server failed");
    }
    this.#next();
  }

  #giveUp(why: string): void {
    if (this.#because !== undefined) return;
    const { trial } = this.#watched;
    this.#because = why;
    trial.cancel();
    this.#closing = setTimeout(() => trial.client.destroy(why), CANCELLED_MS_MAX);
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/**
 * One row: a table that the trial keeps others from writing or reading, or waits to, and a process that has waited for the trial too long.
 * Tables that the trial has made itself are in nobody's way; the observer does not see them.
 */
function lookSql(trial: number, lockMs: number): string {
  return `SELECT
   (SELECT i.identity FROM pg_lock_status() l, pg_class c, pg_identify_object(1259, l.relation, 0) i
     WHERE l.pid = ${trial} AND l.locktype = 'relation' AND l.relation >= 16384 AND c.oid = l.relation
     AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') LIMIT 1),
   (SELECT l.pid FROM pg_lock_status() l WHERE NOT l.granted AND clock_timestamp() - l.waitstart > interval '${lockMs * (1 - 1 / LOOKS)} ms'
     AND (l.pid = ${trial} OR ${trial} = ANY (pg_blocking_pids(l.pid))) LIMIT 1)`;
}
