/**
 * SQL text without its literals and comments: what may be recorded and shown.
 * It does not parse: it follows the server's lexical rules, and where it is not sure what a character belongs to, it leaves the rest out.
 */

/** Literals become `$n`, counted on from the text's own parameters; comments and repeated white space become one blank. */
export function redact(sql: string): string {
  let out = "";
  let next = highestParameter(sql) + 1;
  // The last two tokens that went out, as far as it matters: whether a parameter, or a blank, and what stood before that.
  let last: Kind = "blank";
  let beforeBlank: Kind = "blank";
  let newline = false;
  for (let index = 0; index < sql.length; ) {
    const { kind, end } = tokenAt(sql, index);
    if (kind === "literal") {
      // 'a' followed by 'b' on the next line is one literal.
      const continues = newline && sql[index] === "'" && last === "blank" && beforeBlank === "parameter";
      if (continues) out = out.slice(0, -1);
      else out += `$${next++}`;
      last = "parameter";
      newline = false;
    } else if (kind === "blank") {
      if (last !== "blank") {
        out += " ";
        beforeBlank = last;
        last = "blank";
      }
      newline ||= hasLineEnd(sql, index, end);
    } else {
      out += sql.slice(index, end);
      last = kind;
      newline = false;
    }
    index = end;
  }
  return out.trim();
}

type Kind = "literal" | "blank" | "parameter" | "other";

interface Token {
  readonly kind: Kind;
  readonly end: number;
}

function highestParameter(sql: string): number {
  let highest = 0;
  if (!sql.includes("$")) return highest;
  for (const [, digits] of sql.matchAll(/\$(\d{1,9})/g)) highest = Math.max(highest, Number(digits));
  return highest;
}

function hasLineEnd(sql: string, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const code = sql.charCodeAt(at);
    if (code === LINE_FEED || code === RETURN) return true;
  }
  return false;
}

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const PARAMETER = /\$\d+/y;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)/y;

function matchAt(pattern: RegExp, sql: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(sql)?.[0];
}

/** What a character begins, 0 for nothing but itself; those beyond ASCII are all parts of words. */
const BLANK = 1;
const WORD = 2;
const NUMERAL = 3;
const QUOTE = 4;
const NAME = 5;
const MONEY = 6;
const DASH = 7;
const SLASH = 8;

const kinds = new Uint8Array(128);
for (const [letters, kind] of [
  [/[ \t\n\r\f\v]/, BLANK],
  [/[A-Za-z_]/, WORD],
  [/[0-9.]/, NUMERAL],
  [/'/, QUOTE],
  [/"/, NAME],
  [/\$/, MONEY],
  [/-/, DASH],
  [/\//, SLASH],
] as const)
  for (let code = 0; code < 128; code++) if (letters.test(String.fromCharCode(code))) kinds[code] = kind;

/** Every token of a text is looked at, so one look at its first character says which kind it can be. */
function tokenAt(sql: string, index: number): Token {
  const code = sql.charCodeAt(index);
  switch (code < 128 ? kinds[code] : WORD) {
    case BLANK: {
      let end = index + 1;
      while (kinds[sql.charCodeAt(end)] === BLANK) end++;
      return { kind: "blank", end };
    }
    case WORD:
      return word(sql, index);
    case NUMERAL: {
      const number = matchAt(NUMBER, sql, index) ?? "";
      return number === "" ? { kind: "other", end: index + 1 } : { kind: "literal", end: index + number.length };
    }
    case QUOTE:
      return { kind: "literal", end: quoteEnd(sql, index + 1, "'", false) };
    case NAME:
      return { kind: "other", end: quoteEnd(sql, index + 1, '"', false) };
    case MONEY:
      return dollar(sql, index);
    case DASH:
      return sql[index + 1] === "-" ? { kind: "blank", end: lineEnd(sql, index) } : { kind: "other", end: index + 1 };
    case SLASH:
      return sql[index + 1] === "*" ? { kind: "blank", end: commentEnd(sql, index) } : { kind: "other", end: index + 1 };
    default:
      return { kind: "other", end: index + 1 };
  }
}

/** A word, or the letters before the quote of a literal (`E'`, `B'`, `X'`, `N'`, `U&'`) or a name (`U&"`). */
function word(sql: string, index: number): Token {
  const prefix = /^(?:[uU]&['"]|[eEbBxXnN]')/.exec(sql.slice(index, index + 3))?.[0];
  if (prefix?.endsWith('"') === true) return { kind: "other", end: quoteEnd(sql, index + prefix.length, '"', false) };
  if (prefix !== undefined) return { kind: "literal", end: quoteEnd(sql, index + prefix.length, "'", /^e/i.test(prefix)) };
  let end = index + 1;
  for (; end < sql.length; end++) {
    const code = sql.charCodeAt(end);
    if (code < 128 && kinds[code] !== WORD && kinds[code] !== MONEY && (code < 0x30 || code > 0x39)) break;
  }
  return { kind: "other", end };
}

function dollar(sql: string, index: number): Token {
  const opening = matchAt(DOLLAR, sql, index);
  if (opening !== undefined) {
    const close = sql.indexOf(opening, index + opening.length);
    return { kind: "literal", end: close < 0 ? sql.length : close + opening.length };
  }
  const parameter = matchAt(PARAMETER, sql, index);
  return parameter === undefined ? { kind: "other", end: index + 1 } : { kind: "parameter", end: index + parameter.length };
}

function lineEnd(sql: string, index: number): number {
  let end = index + 2;
  while (end < sql.length && sql.charCodeAt(end) !== LINE_FEED && sql.charCodeAt(end) !== RETURN) end++;
  return end;
}

/** Block comments nest. */
function commentEnd(sql: string, index: number): number {
  let depth = 0;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = index;
  for (let found = edge.exec(sql); found !== null; found = edge.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

/** A doubled quote stays inside; a backslash escapes only in E''. */
function quoteEnd(sql: string, from: number, quote: string, escapes: boolean): number {
  for (let index = from; index < sql.length; index += 1) {
    const here = sql[index];
    if (escapes && here === "\\") index += 1;
    else if (here === quote && sql[index + 1] === quote) index += 1;
    else if (here === quote) return index + 1;
  }
  return sql.length;
}
