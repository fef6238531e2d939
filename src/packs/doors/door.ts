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

export interface ProviderDoors {
  readonly provider: string;
  /** Programs of its command line. */
  readonly programs: readonly string[];
  /** Command lines that only read, in the same form. */
  readonly reads: readonly string[];
  readonly operations: Readonly<Record<string, OtherDoors>>;
  /** Real lines, each with what it must be: an operation's id, `read`, or `unknown`. Tools as `name {"argument": 1}`. */
  readonly examples: { readonly commands: Readonly<Record<string, string>>; readonly tools: Readonly<Record<string, string>> };
}

/** Both lists as one text each, `; ` between entries. */
export function ways(commands: string, tools: string): OtherDoors {
  const list = (text: string): readonly string[] => text.split("; ").filter((each) => each !== "");
  return { commands: list(commands), tools: list(tools) };
}
