/**
 * What a command line names behind its command: `shop` of `apps destroy shop`, `data` of `delete pvc/data`.
 * It guesses nothing: where an option may or may not take the word behind it, the name is not clear. It knows no program.
 */
import type { ProviderDoors } from "../../packs/doors/door.ts";
import { type CommandPattern, fitsWord } from "./command-words.ts";

/** Names of one command that are told apart; of more, none is. */
const NAMES_MAX = 50;
const UNCLEAR: readonly string[] = ["?"];

type Naming = ProviderDoors["naming"];

/** How the operation's pattern is followed by names: as `packs/doors/door.ts` says; `undefined` where that is not known. */
export function namesOf(naming: Naming, operation: string, pattern: string): "each" | number | undefined {
  const found = Object.entries(naming.behind).find(([key]) => {
    const [id = "", ...words] = key.split(" ");
    return id === operation && (words.length === 0 || `${pattern} `.startsWith(`${words.join(" ")} `));
  });
  return found?.[1];
}

/** Empty where it names nothing, `?` where it is not clear what it names. `line` is without the program, and fits the pattern. */
export function namesBehind(naming: Naming, form: "each" | number, pattern: CommandPattern, line: readonly string[]): readonly string[] {
  const plain = withoutOptions(naming, line);
  const count = pattern.words.length;
  if (plain === undefined || !pattern.words.every((word, index) => fitsWord(word, plain[index] ?? ""))) return UNCLEAR;
  const last = plain[count - 1] ?? "";
  const inKind = naming.kinds === true && last.includes("/") ? [last.slice(last.indexOf("/") + 1)] : [];
  const asPlaces = pattern.words.flatMap(({ name }, index) => (name === undefined ? [] : [plain[index] ?? ""]));
  const names = [...inKind, ...asPlaces, ...plain.slice(count)];
  if (names.length > NAMES_MAX || names.includes("")) return UNCLEAR;
  if (form === "each" || names.length === 0) return names;
  return names.length === form ? [names.join("/")] : UNCLEAR;
}

/** `pvc/data ns/shop` says two things: one line for each. Where the program has no such words, or one at most, only the line itself. */
export function linesByKind(naming: Naming, line: readonly string[]): readonly (readonly string[])[] {
  const joined = line.flatMap((word, index) => (!word.startsWith("-") && word.includes("/") ? [index] : []));
  if (naming.kinds !== true || joined.length < 2 || joined.length > NAMES_MAX) return [line];
  return joined.map((kept) => line.filter((_word, index) => index === kept || !joined.includes(index)));
}

function withoutOptions({ switches, valued }: Naming, line: readonly string[]): readonly string[] | undefined {
  const plain: string[] = [];
  for (let at = 0; at < line.length; at++) {
    const word = line[at] ?? "";
    if (word === "--") return [...plain, ...line.slice(at + 1)];
    if (!word.startsWith("-") || word === "-") plain.push(word);
    else if (listed(valued, word)) at++;
    else if (!word.includes("=") && !listed(switches, word) && !(line[at + 1] ?? "-").startsWith("-")) return undefined;
  }
  return plain;
}

function listed(options: string, word: string): boolean {
  return options.split(" ").includes(word);
}
