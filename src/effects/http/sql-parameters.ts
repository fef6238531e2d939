/**
 * SQL with parameters by name, `:id`, as the same SQL with parameters by number, for the grammar that knows those alone. Not inside
 * strings, quoted names, comments and casts. What is sent stays as it was written: values are bound by the service, never put in as text.
 */

/** What is no parameter, whole; and after it what is one: a colon that no other stands before, and a name. */
const PIECES = new RegExp(
  [
    "'(?:[^']|'')*'",
    '"(?:[^"]|"")*"',
    "--[^\\n\\r]*",
    "(?<opened>/\\*)",
    "(?<dollar>\\$(?:[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?\\$)",
    "(?<word>[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)",
    "::",
    ":(?<name>[A-Za-z_]\\w*)",
  ].join("|"),
  "g",
);

/** `undefined` where a piece of it has no end, so that it is not known what stands in it. */
export function numberedParameters(text: string): string | undefined {
  const numbers = new Map<string, number>();
  const pieces = new RegExp(PIECES);
  let out = "";
  let done = 0;
  for (let found = pieces.exec(text); found !== null; found = pieces.exec(text)) {
    const { opened, dollar, name, word } = found.groups ?? {};
    const end = endOf(text, found, { opened, dollar, word });
    if (end === undefined) return undefined;
    pieces.lastIndex = end;
    if (name === undefined) continue;
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    out += `${text.slice(done, found.index)}$${number}`;
    done = end;
  }
  return out + text.slice(done);
}

interface Opened {
  readonly opened: string | undefined;
  readonly dollar: string | undefined;
  readonly word: string | undefined;
}

function endOf(text: string, found: RegExpExecArray, { opened, dollar, word }: Opened): number | undefined {
  const after = found.index + found[0].length;
  if (opened !== undefined) return commentEnd(text, after);
  if (dollar !== undefined) {
    const end = text.indexOf(dollar, after);
    return end < 0 ? undefined : end + dollar.length;
  }
  // `E'it\'s'`: a backslash takes the quote after it.
  if (word !== undefined && /^e$/i.test(word) && text[after] === "'") {
    const whole = /'(?:[^'\\]|\\[\s\S]|'')*'/y;
    whole.lastIndex = after;
    return whole.test(text) ? whole.lastIndex : undefined;
  }
  return after;
}

/** Comments stand in comments. */
function commentEnd(text: string, from: number): number | undefined {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  for (let depth = 1, found = marks.exec(text); found !== null; found = marks.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return undefined;
}
