/**
 * Quantities as people write them: `30s`, `5min`, `64MiB`, `50%`, or a bare number of rows.
 * It does not know what a quantity limits.
 */

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A timer of the runtime that is set for longer ends at once (2^31 milliseconds, 24.8 days). */
const DURATION_MS_MAX = 24 * 86_400_000;

/** Milliseconds of a text such as `30s`; `undefined` when it is none or longer than 24 days. Units: ms, s, min, h, d. */
export function parseDuration(text: string): number | undefined {
  const ms = parse(text, MILLISECONDS);
  return ms === undefined || ms > DURATION_MS_MAX ? undefined : ms;
}

/** How long something is kept, which no timer of ours waits for: ten years at most. */
const PERIOD_MS_MAX = 3_650 * 86_400_000;

/** Milliseconds of a time for which something is kept, such as `90d`; `undefined` when it is none or longer than ten years. */
export function parsePeriod(text: string): number | undefined {
  const ms = parse(text, MILLISECONDS);
  return ms === undefined || ms > PERIOD_MS_MAX ? undefined : ms;
}

/** Bytes of a text such as `64MiB`; `undefined` when it is none. Units: B, KiB, MiB, GiB. */
export function parseBytes(text: string): number | undefined {
  return parse(text, BYTES);
}

/** Whole per cent of a text such as `50%`, 0 to 100; `undefined` when it is none. */
export function parsePercent(text: string): number | undefined {
  const [, digits] = /^(\d{1,3}) ?%$/.exec(text) ?? [];
  const percent = Number(digits);
  return percent <= 100 ? percent : undefined;
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{1,3})?) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
  const scale = unit === undefined ? undefined : units[unit];
  if (digits === undefined || scale === undefined) return undefined;
  const value = Math.round(Number(digits) * scale);
  return Number.isSafeInteger(value) ? value : undefined;
}
