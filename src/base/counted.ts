/** How many of what, as a sentence has it. It knows English plurals by `s` alone, and one language. */

/** `1,234`. */
export function figure(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 row`, `2,000 rows`; the noun is one whose plural ends in a plain `s`. */
export function counted(count: number, noun: string): string {
  return `${figure(count)} ${noun}${count === 1 ? "" : "s"}`;
}
