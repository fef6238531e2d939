/**
 * Splits SQL text that the real parser has already accepted into tokens with their places, to cut expressions out of it.
 * It does not judge SQL: what it cuts is parsed again before it is believed (`slices.ts`).
 */

export interface Token {
  /** `word` is an unquoted identifier or keyword in lower case; `name` a quoted identifier; `other` a literal or an operator character. */
  readonly kind: "word" | "name" | "open" | "close" | "comma" | "semicolon" | "other";
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Parentheses and brackets open around the token; an opening one counts as outside itself. */
  readonly depth: number;
}

const pattern = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n\r]*)`,
    String.raw`(?<comment>/\*)`,
    String.raw`(?<escape>[eE]'(?:[^'\\]|\\[\s\S]|'')*')`,
    `(?<string>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*')`,
    `(?<name>(?:[uU]&)?"(?:[^"]|"")*")`,
    String.raw`(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$)`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*)`,
    String.raw`(?<number>\.?[0-9][0-9A-Za-z_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?)`,
    String.raw`(?<punctuation>[\s\S])`,
  ].join("|"),
  "y",
);

/** The tokens of `sql`, without white space and comments. Places are indexes into the string. */
export function tokens(sql: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  let depth = 0;
  while (at < sql.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (!match?.groups) break;
    const groups = match.groups;
    const start = at;
    at += match[0].length;
    if (groups["space"] !== undefined) continue;
    if (groups["comment"] !== undefined) {
      at = endOfComment(sql, start);
      continue;
    }
    if (groups["dollar"] !== undefined) {
      const close = sql.indexOf(match[0], at);
      at = close < 0 ? sql.length : close + match[0].length;
    }
    const text = sql.slice(start, at);
    const kind = kindOf(groups, text);
    if (kind === "close") depth -= 1;
    found.push({ kind, text: kind === "word" ? text.toLowerCase() : text, start, end: at, depth });
    if (kind === "open") depth += 1;
  }
  return found;
}

function kindOf(groups: Readonly<Record<string, string | undefined>>, text: string): Token["kind"] {
  if (groups["word"] !== undefined) return "word";
  if (groups["name"] !== undefined) return "name";
  if (groups["punctuation"] === undefined) return "other";
  switch (text) {
    case "(":
    case "[":
      return "open";
    case ")":
    case "]":
      return "close";
    case ",":
      return "comma";
    case ";":
      return "semicolon";
    default:
      return "other";
  }
}

/** Block comments nest in PostgreSQL. */
function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    if (sql.startsWith("/*", at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith("*/", at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}
