/**
 * Figures of attention in words: spans of time as they were measured, and shares that say of how many.
 * It judges nobody: it only says which share is worth a second look.
 */
import { count, share } from "./numbers.ts";

interface Share {
  readonly count: number;
  readonly of: number;
}

interface Times {
  readonly medianMs: number;
  readonly p90Ms: number;
}

/** Fewer answers than this say nothing about a habit. */
const ANSWERS_MIN = 5;

/** "2.4 s", "14 min", "1.5 h". */
export function span(ms: number): string {
  if (ms < 60_000) return `${rounded(ms / 1_000)} s`;
  return ms < 3_600_000 ? `${rounded(ms / 60_000)} min` : `${rounded(ms / 3_600_000)} h`;
}

export function timesWords(times: Times | null): string {
  return times === null ? "–" : `${span(times.medianMs)} (nine of ten within ${span(times.p90Ms)})`;
}

export function shareWords({ count: part, of }: Share): string {
  return of === 0 ? "–" : `${count(part)} of ${count(of)} (${share(part, of) ?? "–"})`;
}

/** At least half of the answers came too fast to have read what they answer. */
export function tooFast({ count: part, of }: Share): boolean {
  return of >= ANSWERS_MIN && part * 2 >= of;
}

/** One digit behind the point below ten. */
export function rounded(number: number): string {
  return number.toLocaleString("en-US", { maximumFractionDigits: number < 10 ? 1 : 0 });
}
