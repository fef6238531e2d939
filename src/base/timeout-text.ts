/**
 * A time as PostgreSQL reads it in a setting that counts milliseconds: `5000`, `5s`, `1.5 min`.
 * It does not know which settings those are.
 */

const DURATION = /^\s*([0-9]{1,10}(?:\.[0-9]{1,9})?)\s*(us|ms|s|min|h|d)?\s*$/;
const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
/** The largest value PostgreSQL's timeouts take. */
const TIMEOUT_MS_MAX = 0x7fff_ffff;

/** Whole milliseconds, 0 for no limit; `undefined` where it is no time that PostgreSQL would take for certain. */
export function timeoutMs(text: string): number | undefined {
  const found = DURATION.exec(text);
  const ms = found === null ? Number.NaN : Math.round(Number(found[1]) * (UNIT_MS[found[2] ?? "ms"] ?? Number.NaN));
  return ms <= TIMEOUT_MS_MAX ? ms : undefined;
}
