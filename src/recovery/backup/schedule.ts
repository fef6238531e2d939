/** When the next backup is due: pure. It starts none. */

export type Schedule = { readonly kind: "every"; readonly ms: number } | { readonly kind: "at"; readonly minuteOfDay: number };

export interface Tried {
  /** When the newest good one began. */
  readonly goodMs: number | undefined;
  /** When the last try began that failed since, and how many failed in a row. */
  readonly failedMs: number | undefined;
  readonly failures: number;
}

const DAY_MS = 86_400_000;
const FIRST_PAUSE_MS = 60_000;
const PAUSE_MS_MAX = 3_600_000;

/** At once where there is none yet. After a failure it is tried again sooner than the schedule says: first after a minute, later hourly. */
export function dueAtMs(schedule: Schedule, { goodMs, failedMs, failures }: Tried): number {
  const regular =
    goodMs === undefined ? -Infinity : schedule.kind === "every" ? goodMs + schedule.ms : nextAt(schedule.minuteOfDay, goodMs);
  if (failedMs === undefined) return regular;
  return Math.max(regular, failedMs + Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1)));
}

/** The first moment after `afterMs` at which a day's clock in UTC shows that minute. */
function nextAt(minuteOfDay: number, afterMs: number): number {
  const today = Math.floor(afterMs / DAY_MS) * DAY_MS + minuteOfDay * 60_000;
  return today > afterMs ? today : today + DAY_MS;
}
