/**
 * The options of a command line as a value to look into, as if they had come in a request: `--skip-final-snapshot`, `--retention=0`.
 * An option that may or may not take the word behind it has both values.
 */
import type { Tree } from "../http/tree.ts";

export function argumentsOf(
  line: readonly string[],
  places: ReadonlyMap<string, string>,
  letters: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, Tree> {
  const found = new Map<string, Tree>(places);
  for (const [index, given] of line.entries()) {
    if (!/^--?[A-Za-z]/.test(given)) continue;
    const [key = "", ...rest] = given.replace(/^--?/, "").split("=");
    const next = line[index + 1];
    const values: readonly Tree[] = rest.length > 0 ? [rest.join("=")] : next === undefined || next.startsWith("-") ? [true] : [next, true];
    put(found, key, values);
    const long = letters[key];
    if (long !== undefined) put(found, long, values);
    if (key.startsWith("no-")) put(found, key.slice(3), [false]);
  }
  return found;
}

/** By every way of writing its name. */
function put(found: Map<string, Tree>, key: string, values: readonly Tree[]): void {
  for (const name of new Set([key, key.replaceAll("-", "_"), key.replaceAll("-", "")])) {
    const before = found.get(name);
    found.set(name, [...(Array.isArray(before) ? before : before === undefined ? [] : [before]), ...values] as Tree);
  }
}
