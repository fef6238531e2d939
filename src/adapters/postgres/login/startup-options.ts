/**
 * The start-up parameter `options` (libpq's PGOPTIONS), split as PostgreSQL's backend splits its command line.
 * It does not know the single-letter switches of the backend but `-c`: a text with another one is not split at all.
 */
import type { StartupParameter } from "../codec/startup.ts";

/** Settings in order, or `undefined` when the text holds anything else than settings. */
export function splitOptions(text: string): readonly StartupParameter[] | undefined {
  const words = splitWords(text);
  const settings: StartupParameter[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    let assignment: string | undefined;
    if (word === "-c") {
      i += 1;
      assignment = words[i];
    } else if (word.startsWith("-c") || word.startsWith("--")) {
      assignment = word.slice(2);
    }
    const at = assignment?.indexOf("=") ?? -1;
    if (assignment === undefined || at < 1) return undefined;
    // PostgreSQL takes `-` in the name for `_`.
    settings.push([assignment.slice(0, at).replaceAll("-", "_"), assignment.slice(at + 1)]);
  }
  return settings;
}

/** White space separates; a backslash takes the next character as it is. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? "";
    if (/[ \t\n\v\f\r]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "\\") {
      i += 1;
      word = (word ?? "") + (text[i] ?? "");
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
