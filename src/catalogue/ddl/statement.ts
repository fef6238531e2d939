/**
 * One DDL statement with its text, from which expressions are cut out: the parser gives trees without the text that made them.
 * What was cut is parsed again and must give the same tree, so a wrong cut is never believed.
 */
import type { Node } from "@pgsql/types";
import type { ParseSql } from "../catalogue.ts";
import { NotUnderstood } from "./draft.ts";
import { tokens, type Token } from "./tokens.ts";

export class Statement {
  /** The statement's own text. */
  readonly text: string;
  readonly node: Node;
  readonly #parse: ParseSql;
  /** The text one character a byte, so that the parser's byte places are indexes. */
  readonly #bytes: string;
  /** Place of the statement in the text that was parsed; locations in the tree count from that text's start. */
  readonly #offset: number;
  #tokens: readonly Token[] | undefined;

  constructor(node: Node, bytes: string, offset: number, parse: ParseSql) {
    this.node = node;
    this.#bytes = bytes;
    this.#offset = offset;
    this.#parse = parse;
    this.text = fromBytes(bytes).trim();
  }

  #all(): readonly Token[] {
    this.#tokens ??= tokens(this.#bytes);
    return this.#tokens;
  }

  /** The first expression in parentheses after the word `word` at or after `location` (null: anywhere). */
  group(word: string, location: number | null, tree: Node): string {
    const all = this.#all();
    const from = location === null ? 0 : location - this.#offset;
    const at = all.findIndex(
      (token, i) => token.start >= from && token.kind === "word" && token.text === word && all[i + 1]?.kind === "open",
    );
    const open = all[at + 1];
    if (at < 0 || !open) throw new NotUnderstood(`no ${word} (...) in the text`);
    const close = all.find((token, i) => i > at + 1 && token.kind === "close" && token.depth === open.depth);
    return this.#checked(open.end, close?.start ?? this.#bytes.length, tree);
  }

  /** The expression after the word or sign at `location`, to the next comma or closing parenthesis, or to one of `stops`. */
  after(signs: readonly string[], location: number, stops: readonly number[], tree: Node): string {
    const all = this.#all();
    const at = all.findIndex((token) => token.start >= location - this.#offset && signs.includes(token.text));
    const sign = all[at];
    if (!sign) throw new NotUnderstood(`no ${signs.join(" or ")} in the text`);
    const stop = Math.min(...stops.map((place) => place - this.#offset).filter((place) => place > sign.start), this.#bytes.length);
    const end = all.find(
      (token, i) =>
        i > at &&
        (token.start >= stop ||
          token.depth < sign.depth ||
          (token.depth === sign.depth && (token.kind === "comma" || token.kind === "semicolon"))),
    );
    return this.#checked(sign.end, end?.start ?? this.#bytes.length, tree);
  }

  /** The `n`th expression after `words` outside parentheses, where the word before is none of `notAfter`. */
  nthAfter(words: readonly string[], n: number, notAfter: readonly string[], tree: Node): string {
    const all = this.#all();
    const places = all.flatMap((_, i) => {
      const fits = words.every((word, k) => all[i + k]?.kind === "word" && all[i + k]?.text === word) && all[i]?.depth === 0;
      return fits && !notAfter.includes(all[i - 1]?.text ?? "") ? [i + words.length - 1] : [];
    });
    const last = all[places[n] ?? -1];
    if (!last) throw new NotUnderstood(`no ${words.join(" ")} in the text`);
    return this.after([last.text], last.start + this.#offset, [], tree);
  }

  /** The elements of the first list in parentheses after `location`, cut at its commas. */
  elements(location: number): readonly string[] {
    const all = this.#all();
    const at = all.findIndex((token) => token.start >= location - this.#offset && token.kind === "open");
    const open = all[at];
    if (!open) throw new NotUnderstood("no list in the text");
    const cuts = [open.end];
    for (const token of all.slice(at + 1)) {
      if (token.depth === open.depth && token.kind === "close") {
        cuts.push(token.start + 1);
        break;
      }
      if (token.depth === open.depth + 1 && token.kind === "comma") cuts.push(token.end);
    }
    return cuts.slice(0, -1).map((start, i) => fromBytes(this.#bytes.slice(start, (cuts[i + 1] ?? 0) - 1)).trim());
  }

  /** The text from `words` outside parentheses to the end, or to one of `ends` outside parentheses. `inclusive` keeps the words. */
  rest(words: readonly string[], inclusive: boolean, ends: readonly (readonly string[])[] = []): string {
    const all = this.#all();
    const matches = (i: number, sought: readonly string[]): boolean =>
      all[i]?.depth === 0 && sought.every((word, k) => all[i + k]?.kind === "word" && all[i + k]?.text === word);
    const at = all.findIndex((_, i) => matches(i, words));
    const first = all[at];
    const last = all[at + words.length - 1];
    if (!first || !last) throw new NotUnderstood(`no ${words.join(" ")} in the text`);
    const end = all.find((_, i) => i > at && ends.some((sought) => matches(i, sought) && i + sought.length === all.length));
    return fromBytes(this.#bytes.slice(inclusive ? first.start : last.end, end?.start)).trim();
  }

  /** Whether `text` parses to this one tree. */
  isQuery(text: string, tree: Node): boolean {
    try {
      return bare(this.#parse(text).stmts?.[0]?.stmt) === bare(tree);
    } catch {
      return false;
    }
  }

  /** The first of the candidates that parses to the expression. */
  firstExpression(candidates: readonly string[], tree: Node): string {
    const found = candidates.find((candidate) => this.#isExpression(candidate, tree));
    if (found === undefined) throw new NotUnderstood("an expression could not be cut out of the text");
    return found;
  }

  #checked(start: number, end: number, tree: Node): string {
    return this.firstExpression([fromBytes(this.#bytes.slice(start, end)).trim()], tree);
  }

  #isExpression(text: string, tree: Node): boolean {
    try {
      const statements = this.#parse(`SELECT ${text}`).stmts ?? [];
      const select = statements[0]?.stmt;
      if (statements.length !== 1 || !select || !("SelectStmt" in select)) return false;
      const target = select.SelectStmt.targetList?.[0];
      return (
        target !== undefined && "ResTarget" in target && target.ResTarget.name === undefined && bare(target.ResTarget.val) === bare(tree)
      );
    } catch {
      return false;
    }
  }
}

/** The tree as text without places, which alone may differ. */
function bare(tree: unknown): string {
  return (
    JSON.stringify(tree, (key, value: unknown) =>
      key === "location" || key === "stmt_location" || key === "stmt_len" ? undefined : value,
    ) ?? ""
  );
}

/** One character a byte. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
