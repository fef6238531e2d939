/**
 * Numbers as people read them. A share is never rounded to nothing or to everything: "0 %" of a table would be a lie about one row.
 * It knows no locale but one: figures in a report and on the screen must look the same.
 */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(number: number): string {
  return whole.format(number);
}

/** "1 row", "1,204 rows". */
export function rows(number: number): string {
  return `${count(number)} ${number === 1 ? "row" : "rows"}`;
}

/** "2.9 %", "under 0.1 %", "over 99.9 %", "100 %"; `null` where there is no whole to be a part of. */
export function share(part: number, of: number | null): string | null {
  if (of === null || of <= 0 || part > of) return null;
  const percent = (part / of) * 100;
  if (part === 0) return "0 %";
  if (part === of) return "100 %";
  if (percent < 0.1) return "under 0.1 %";
  if (percent > 99.9) return "over 99.9 %";
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(percent >= 99.5 ? 1 : 0)} %`;
}

export function bytes(number: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = number;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit] ?? ""}`;
}
