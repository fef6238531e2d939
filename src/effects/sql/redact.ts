/**
 * SQL text without its literals and comments: what may be recorded and shown.
 * It does not parse: it follows the server's lexical rules, and where it is not sure what a character belongs to, it leaves the rest out.
 */

/** Literals become `$n`, counted on from the text's own parameters; comments and repeated white space become one blank. */
export function redact(sql: string): string {
  const out: string[] = [];
  let next = highestParameter(sql) + 1;
  for (const token of tokens(sql)) {
    if (token.kind === "literal") {
      // 'a' followed by 'b' on the next line is one literal.
      if (out.at(-1) === " " && /^\$\d+$/.test(out.at(-2) ?? "") && token.continues) out.pop();
      else out.push(`$${next++}`);
    } else if (token.kind === "blank") {
      if (out.length > 0 && out.at(-1) !== " ") out.push(" ");
    } else {
      out.push(token.text);
    }
  }
  return out.join("").trim();
}

interface Token {
  readonly kind: "literal" | "blank" | "other";
  readonly text: string;
  /** A quoted literal that the rules of the standard join with the one before. */
  readonly continues: boolean;
}

function highestParameter(sql: string): number {
  let highest = 0;
  for (const [, digits] of sql.matchAll(/\$(\d{1,9})/g)) highest = Math.max(highest, Number(digits));
  return highest;
}

const BLANK = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const PARAMETER = /\$\d+/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

function matchAt(pattern: RegExp, sql: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(sql)?.[0];
}

function* tokens(sql: string): Generator<Token> {
  let index = 0;
  let newline = false;
  while (index < sql.length) {
    const start = index;
    const found = tokenAt(sql, index);
    index = found.end;
    const piece = sql.slice(start, index);
    const standard = piece.startsWith("'");
    yield { kind: found.kind, text: piece, continues: found.kind === "literal" && standard && newline };
    newline = found.kind === "blank" && (newline || /[\n\r]/.test(piece));
  }
}

interface Found {
  readonly kind: Token["kind"];
  readonly end: number;
}

function tokenAt(sql: string, index: number): Found {
  const plain = (kind: Token["kind"], text: string): Found => ({ kind, end: index + text.length });
  const blank = matchAt(BLANK, sql, index) ?? matchAt(LINE_COMMENT, sql, index);
  if (blank !== undefined) return plain("blank", blank);
  if (sql.startsWith("/*", index)) return { kind: "blank", end: commentEnd(sql, index) };
  const prefix = /^(?:[uU]&|[eEbBxXnN])?'/.exec(sql.slice(index, index + 3))?.[0];
  if (prefix !== undefined) return { kind: "literal", end: quoteEnd(sql, index + prefix.length, "'", /^e/i.test(prefix)) };
  const name = /^(?:[uU]&)?"/.exec(sql.slice(index, index + 3))?.[0];
  if (name !== undefined) return { kind: "other", end: quoteEnd(sql, index + name.length, '"', false) };
  const dollar = matchAt(DOLLAR, sql, index);
  if (dollar !== undefined) {
    const close = sql.indexOf(dollar, index + dollar.length);
    return { kind: "literal", end: close < 0 ? sql.length : close + dollar.length };
  }
  const parameter = matchAt(PARAMETER, sql, index);
  if (parameter !== undefined) return plain("other", parameter);
  const word = matchAt(WORD, sql, index);
  if (word !== undefined) return plain("other", word);
  const number = matchAt(NUMBER, sql, index);
  if (number !== undefined && number !== "") return plain("literal", number);
  return { kind: "other", end: index + 1 };
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
