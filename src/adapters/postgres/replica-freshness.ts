/**
 * How far a replica is behind, in time and for whom: places in the write-ahead log of both servers in, one answer out.
 * It asks no server and has no timer; `replica-watch.ts` has both.
 *
 * Lag is measured by the gateway's own clock alone: what the primary had written at one moment, and when the replica was seen to have
 * replayed that. Two servers whose clocks differ, or a primary where nothing happens, do not disturb it.
 */

/** A place in the write-ahead log, in bytes since its beginning. Exact up to 2^53: eight petabytes of log. */
export type Place = number;

/** Headers at the start of a page of the log: no record ends inside one, so a place there is the page's beginning. */
const PAGE_HEADER_BYTES_MAX = 40;
/** Samples that the replica has not reached yet; beyond it the oldest are forgotten, which only makes the lag seem longer. */
const SAMPLES_MAX = 4_096;
const MARKS_MAX = 4_096;
/** The key of what must be replayed for everybody. */
const ALL = "";

/**
 * `pg_lsn` text (`16/B374D848`) as a place; `undefined` when it is none. The primary tells where its next record will begin, the replica
 * where the last one ended: across the start of a page these differ by the page's header.
 */
export function placeOf(lsn: string, pageBytes: number): Place | undefined {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const place = Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
  const inPage = place % pageBytes;
  return Number.isSafeInteger(place) ? (inPage <= PAGE_HEADER_BYTES_MAX ? place - inPage : place) : undefined;
}

/** Something that a replica must have replayed before it may answer; its place is known once a probe asked after it has come back. */
interface Mark {
  readonly afterProbe: number;
  place: Place | undefined;
}

export class Freshness {
  readonly #lagMsMax: number;
  /** Number of the last probe of the primary that was sent. */
  #probes = 0;
  #probeSentMs = 0;
  #samples: { readonly atMs: number; readonly place: Place }[] = [];
  #marks = new Map<string, Mark>();
  /** What the replica holds is at least what the primary had written at this time. */
  #caughtUpMs = Number.NEGATIVE_INFINITY;
  #replayed: Place | undefined = undefined;
  /** The primary has written at least what the replica had replayed before it was asked. */
  #follows = false;
  #diverged = false;

  constructor(lagMsMax: number) {
    this.#lagMsMax = lagMsMax;
  }

  /** The primary is about to be asked for its place. */
  probing(nowMs: number): void {
    this.#probes += 1;
    this.#probeSentMs = nowMs;
  }

  /** Its answer to the probe that was sent last. */
  written(place: Place): void {
    if (this.#replayed !== undefined) {
      // A replica of this server never has what this server has not written.
      this.#follows = place >= this.#replayed;
      this.#diverged ||= !this.#follows;
    }
    this.#samples.push({ atMs: this.#probeSentMs, place });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    for (const mark of this.#marks.values()) if (mark.place === undefined && mark.afterProbe < this.#probes) mark.place = place;
  }

  /** How far the replica has replayed. */
  replayed(place: Place): void {
    this.#replayed = place;
    let reached = 0;
    while ((this.#samples[reached]?.place ?? Number.POSITIVE_INFINITY) <= place) reached += 1;
    const newest = this.#samples[reached - 1];
    if (newest === undefined) return;
    this.#caughtUpMs = Math.max(this.#caughtUpMs, newest.atMs);
    // The newest one that was reached stays: an idle primary has nothing newer to compare with.
    this.#samples.splice(0, reached - 1);
  }

  /** The replica is gone, or is another one: nothing is known of it. */
  lost(): void {
    this.#replayed = undefined;
    this.#follows = this.#diverged = false;
    this.#caughtUpMs = Number.NEGATIVE_INFINITY;
  }

  /** It has replayed what this primary has not written, so that it follows another one, however much both agree in. */
  get diverged(): boolean {
    return this.#diverged;
  }

  /** Milliseconds; `undefined` when nothing is known of the replica. */
  lagMs(nowMs: number): number | undefined {
    return this.#replayed === undefined || this.#caughtUpMs === Number.NEGATIVE_INFINITY ? undefined : nowMs - this.#caughtUpMs;
  }

  fresh(nowMs: number): boolean {
    const lag = this.lagMs(nowMs);
    return lag !== undefined && lag <= this.#lagMsMax && this.#follows && this.holds(ALL);
  }

  /** What was done under this key until now must be there before `holds` says so again. */
  mark(key: string): void {
    this.#marks.delete(key);
    if (this.#marks.size >= MARKS_MAX) this.#forget();
    this.#marks.set(key, { afterProbe: this.#probes, place: undefined });
  }

  marked(key: string): boolean {
    return this.#marks.has(key);
  }

  /** Whether the replica holds what the mark stands for; true where there is none. */
  holds(key: string): boolean {
    const mark = this.#marks.get(key);
    if (mark === undefined) return true;
    return mark.place !== undefined && this.#replayed !== undefined && mark.place <= this.#replayed;
  }

  /** Makes room by what is replayed already; where that is not enough, one mark for all stands in their place. */
  #forget(): void {
    for (const key of this.#marks.keys()) if (this.holds(key)) this.#marks.delete(key);
    if (this.#marks.size < MARKS_MAX) return;
    this.#marks.clear();
    this.#marks.set(ALL, { afterProbe: this.#probes, place: undefined });
  }
}
