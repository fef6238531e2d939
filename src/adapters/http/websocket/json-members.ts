/**
 * The members of one JSON object as pieces of its own text, so that what is judged of a message is byte for byte what is sent of it.
 * It looks no deeper than one level: what stands inside a member is read by who judges it.
 */

/** Each member's value as it stands in the text. A name that stands twice, and what is no object, is a refusal in one clause. */
export function membersOf(text: string): ReadonlyMap<string, string> | { readonly refused: string } {
  try {
    const whole: unknown = JSON.parse(text);
    if (typeof whole !== "object" || whole === null || Array.isArray(whole)) return { refused: "it is no JSON object" };
  } catch {
    return { refused: "it is no JSON" };
  }
  const members = new Map<string, string>();
  // The text is well-formed: only strings and nesting matter for where a member ends.
  let at = text.indexOf("{") + 1;
  for (;;) {
    at = skipped(text, at, /[\s,]/);
    if (text[at] !== '"') return members;
    const nameEnd = stringEnd(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const from = skipped(text, skipped(text, nameEnd, /\s/) + 1, /\s/);
    at = valueEnd(text, from);
    if (members.has(name)) return { refused: "a key stands in it twice" };
    members.set(name, text.slice(from, at));
  }
}

function skipped(text: string, from: number, what: RegExp): number {
  let at = from;
  while (at < text.length && what.test(text[at] ?? "")) at += 1;
  return at;
}

/** Behind the closing quote of the string that begins here. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const character = text[at] ?? "";
    if (character === '"') {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      // Of a number or a word, the end of what it stands in.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && /[\s,]/.test(character)) return at;
    at += 1;
  }
  return at;
}
