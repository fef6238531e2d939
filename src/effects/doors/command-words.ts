/**
 * Patterns of command lines against the words of one: an option may stand anywhere and may take the word after it, so both readings count.
 * It knows no program.
 */

export interface CommandPattern {
  readonly words: readonly Word[];
  /** No word may follow, asked of reads alone. */
  readonly ends: boolean;
  /** Options that must stand somewhere, with their value where it matters. */
  readonly options: readonly { readonly name: string; readonly value: string | undefined }[];
}

export interface Word {
  readonly fits: RegExp;
  readonly name: string | undefined;
}

/** Words that are looked at; a command whose meaning begins behind more of them is not known. */
const WORDS_MAX = 400;

/** Words in front of the last one of a command that is sure to be it. */
const SURE_WORDS_MAX = 24;

/** The form is that of `packs/doors/door.ts`. */
export function commandPattern(text: string): CommandPattern {
  const all = text.split(" ").filter((each) => each !== "");
  const options = all
    .filter((each) => each.startsWith("-"))
    .map((each) => {
      const [name = "", value] = each.split("=");
      return { name: name.split("|"), value };
    });
  return {
    words: all.filter((each) => !each.startsWith("-") && each !== "$").map(wordOf),
    ends: all.at(-1) === "$",
    options: options.map(({ name, value }) => ({ name: name.join("|"), value })),
  };
}

/** What its placeholders stand for, `undefined` where the line is something else. `line` is without the program. */
export function fitsCommand({ words, options }: CommandPattern, line: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (!options.every((option) => hasOption(line, option))) return undefined;
  const tried = new Set<number>();
  const from = (at: number, word: number, named: readonly (readonly [string, string])[]): ReadonlyMap<string, string> | undefined => {
    const wanted = words[word];
    if (wanted === undefined) return new Map(named);
    const given = line[at];
    const place = at * 64 + word;
    if (given === undefined || at > WORDS_MAX || tried.has(place)) return undefined;
    tried.add(place);
    if (given.startsWith("-") && given !== "-")
      return from(at + 1, word, named) ?? (given.includes("=") ? undefined : from(at + 2, word, named));
    if (!fitsWord(wanted, given)) return undefined;
    return from(at + 1, word + 1, wanted.name === undefined ? named : [...named, [wanted.name, given]]);
  };
  return from(0, 0, []);
}

/** What the options in front of a command's words take, as far as that is known. */
export interface KnownOptions {
  readonly switches: ReadonlySet<string>;
  readonly valued: ReadonlySet<string>;
}

/** Whether it is the command by every reading of its options: in `-n logs delete`, `logs` is a namespace and says no command. */
export function surelyFits({ words, ends, options }: CommandPattern, line: readonly string[], known: KnownOptions): boolean {
  if (!options.every((option) => hasOption(line, option))) return false;
  const from = (at: number, word: number): boolean => {
    const wanted = words[word];
    if (wanted === undefined && (!ends || at >= line.length)) return true;
    const given = line[at];
    // Each option of which nothing is known doubles the readings.
    if (given === undefined || at > SURE_WORDS_MAX) return false;
    if (!given.startsWith("-") || given === "-") return wanted !== undefined && fitsWord(wanted, given) && from(at + 1, word + 1);
    if (known.valued.has(given)) return from(at + 2, word);
    const alone = given.includes("=") || known.switches.has(given) || (/^-[A-Za-z]./.test(given) && known.valued.has(given.slice(0, 2)));
    return from(at + 1, word) && (alone || from(at + 2, word));
  };
  return from(0, 0);
}

export function fitsWord(wanted: Word, given: string): boolean {
  return partsOf(given).some((part) => wanted.fits.test(part));
}

/** `deploy,sts` and `pvc/data` name kinds as well as `pvc` does. */
function partsOf(word: string): readonly string[] {
  return [word, ...word.split(",").map((each) => each.split("/")[0] ?? "")];
}

function wordOf(text: string): Word {
  const name = /\{([^}]*)\}/.exec(text)?.[1];
  if (name === undefined) return { fits: new RegExp(`^(?:${text.split("|").map(escaped).join("|")})$`, "i"), name };
  return {
    fits: new RegExp(
      `^${text
        .split(/\{[^}]*\}/)
        .map(escaped)
        .join(".+")}$`,
      "is",
    ),
    name,
  };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function hasOption(line: readonly string[], { name, value }: CommandPattern["options"][number]): boolean {
  const names = name.toLowerCase().split("|");
  return line.some((given, index) => {
    const [key = "", own] = given.split("=");
    const short = names.some((each) => /^-[a-z]$/i.test(each) && /^-[a-z]+$/i.test(key) && key.toLowerCase().includes(each.slice(1)));
    if (!short && !names.includes(key.toLowerCase())) return false;
    return value === undefined || (own ?? line[index + 1] ?? "").toLowerCase() === value.toLowerCase();
  });
}
