/**
 * The doors of a pack's operations that are no requests: command lines and tools, as data beside the pack.
 * It holds no code that a provider could bring along; `effects/doors` reads by it.
 */

/** Of one operation of the pack, by its id there. */
export interface OtherDoors {
  /**
   * Command lines without the program: words in their order, `a|b` either of them, `{x}` any word, `--flag` or `--flag=value` an option
   * that must stand somewhere. Options may stand anywhere else.
   */
  readonly commands: readonly string[];
  /** Tools by the words of their names, in any order and however they are joined: `delete volume` is `volume-delete`, `removeVolumes`. */
  readonly tools: readonly string[];
}

/** What the words behind a command name. An option in neither list leaves a name unclear: leave out what is not sure of every command. */
interface Naming {
  /** Options that take no word, by spaces. */
  readonly switches: string;
  /** Options that take the word behind them. */
  readonly valued: string;
  /** Letters of options by the name that they stand for. */
  readonly letters?: Readonly<Record<string, string>>;
  /** A word may be `kind/name`, and several of them may stand in a line. */
  readonly kinds?: true;
  /**
   * By operation, or by operation and the first words of its pattern: `each` word is a name, or exactly so many words together are one.
   * What is not here names nothing: a word there may be a value, a command or a secret.
   */
  readonly behind: Readonly<Record<string, "each" | number>>;
}

export interface ProviderDoors {
  readonly provider: string;
  /** Programs of its command line. */
  readonly programs: readonly string[];
  /** Command lines that only read, in the same form; behind ` $` no word may follow. */
  readonly reads: readonly string[];
  /** Instead of `reads`, by program: `logs` reads in `eb`, and is a service with deletions in `aws`. */
  readonly ownReads?: Readonly<Record<string, readonly string[]>>;
  readonly operations: Readonly<Record<string, OtherDoors>>;
  readonly naming: Naming;
  /** Real lines, each with what it must be: an operation's id, `read`, or `unknown`. Tools as `name {"argument": 1}`. */
  readonly examples: { readonly commands: Readonly<Record<string, string>>; readonly tools: Readonly<Record<string, string>> };
}

/** Both lists as one text each, `; ` between entries. */
export function ways(commands: string, tools: string): OtherDoors {
  const list = (text: string): readonly string[] => text.split("; ").filter((each) => each !== "");
  return { commands: list(commands), tools: list(tools) };
}
