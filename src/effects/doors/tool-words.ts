/**
 * The words of a tool's name, however they are joined, in one form: `volume-delete`, `removeVolumes` and `railway_destroy_volume` all say
 * delete and volume.
 * It knows no provider.
 */

const deleting: ReadonlySet<string> = new Set([
  "delete",
  "remove",
  "destroy",
  "drop",
  "rm",
  "del",
  "erase",
  "terminate",
  "uninstall",
  "deregister",
  "trash",
]);

export function toolWords(name: string): ReadonlySet<string> {
  const split = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((each) => each !== "");
  return new Set(split.map(singular).map((word) => (deleting.has(word) ? "delete" : word)));
}

/** Whether every word of `pattern` is in it, also where the tool joins two of them: `keyvalue`. */
export function saysAll(words: ReadonlySet<string>, pattern: ReadonlySet<string>): boolean {
  return [...pattern].every((word) => words.has(word));
}

function singular(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return word.length > 3 && word.endsWith("s") && !word.endsWith("ss") && !word.endsWith("us") ? word.slice(0, -1) : word;
}
