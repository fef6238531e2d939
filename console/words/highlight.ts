/**
 * Splits a statement into coloured pieces for reading: comments, texts, numbers, words of the language. It judges nothing, drops nothing:
 * the pieces put together are the text, whatever the text is.
 */

export interface Token {
  readonly kind: "plain" | "comment" | "text" | "number" | "word" | "grave";
  readonly text: string;
}

/** Words that take something away are shown graver than the rest. */
const graveWords = new Set("delete drop truncate alter update revoke cascade".split(" "));
const words = new Set(
  `select from where and or not null is in exists between like ilike insert into values set returning with recursive as on using join left
right inner outer full cross lateral group by having order limit offset fetch union all except intersect distinct case when then else end
create table view index sequence schema database role function trigger policy type extension materialized temporary unlogged add column
constraint primary key foreign references unique check default rename to if restrict concurrently begin commit rollback savepoint
release grant copy do vacuum analyze explain refresh reindex cluster lock comment owner language returns declare for each row execute
true false only asc desc nulls first last over partition window merge matched conflict nothing call cast interval timestamp date`.split(
    /\s+/,
  ),
);
/** Longer ones are shown plain: colour is not worth a page that hangs. */
const CHARACTERS_MAX = 200_000;

const pattern =
  /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$)|\$(\w*)\$[\s\S]*?(?:\$\3\$|$))|("(?:[^"]|"")*(?:"|$))|\b(\d+(?:\.\d+)?)\b|([A-Za-z_][\w$]*)/g;

export function tokensOf(text: string): readonly Token[] {
  if (text.length > CHARACTERS_MAX) return [{ kind: "plain", text }];
  const tokens: Token[] = [];
  let from = 0;
  const plain = (to: number): void => {
    if (to > from) tokens.push({ kind: "plain", text: text.slice(from, to) });
  };
  for (const found of text.matchAll(pattern)) {
    const kind = kindOf(found);
    if (kind === "plain") continue;
    plain(found.index);
    tokens.push({ kind, text: found[0] });
    from = found.index + found[0].length;
  }
  plain(text.length);
  return tokens;
}

function kindOf(found: RegExpExecArray): Token["kind"] {
  const [, comment, quoted, , , number, word] = found;
  if (comment !== undefined) return "comment";
  if (quoted !== undefined) return "text";
  if (number !== undefined) return "number";
  const lower = word?.toLowerCase() ?? "";
  if (graveWords.has(lower)) return "grave";
  return words.has(lower) ? "word" : "plain";
}
