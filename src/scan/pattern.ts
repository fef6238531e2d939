/**
 * A regular expression from its source in pieces, for those that do not fit into a line.
 * It adds nothing between the pieces.
 */

/** `" pieces read as in a literal; only a backtick is written "\x60`. */
export function pattern(flags: string, ...pieces: readonly string[]): RegExp {
  return new RegExp(pieces.join(""), flags);
}
