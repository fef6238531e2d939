/**
 * Makes characters visible that a reader cannot see, or that change the order in which text is shown: what an agent or a database gave
 * must read as what it is. It does not shorten, and gives text and marks apart, so that nobody has to build markup of them.
 */

export type Run =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "mark"; readonly text: string; readonly name: string };

/**
 * Control characters but tab and line feed, format characters (zero width, bidirectional overrides, tags), private use, fillers and
 * variation selectors, odd spaces, piles of marks.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]|(?<=\p{M}{3})\p{M}/gu;
const named: Readonly<Record<string, string>> = {
  "\u0000": "NUL",
  "\u001b": "ESC",
  "\r": "CR",
  "\u007f": "DEL",
  "\u00a0": "no-break space",
  "\u200b": "zero-width space",
  "\u202e": "right-to-left override",
  "\u2066": "left-to-right isolate",
  "\ufeff": "byte order mark",
};

/** The text in runs; `lines` says that tab and line feed are layout and stay. */
export function visibleRuns(text: string, lines = false): readonly Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (const found of text.matchAll(unseen)) {
    const character = found[0];
    if (lines && (character === "\n" || character === "\t")) continue;
    if (found.index > from) runs.push({ kind: "text", text: text.slice(from, found.index) });
    runs.push({ kind: "mark", text: markOf(character), name: named[character] ?? "a character that cannot be seen" });
    from = found.index + character.length;
  }
  if (from < text.length) runs.push({ kind: "text", text: text.slice(from) });
  return runs;
}

/** The same as one string: for titles and for what is read aloud. */
export function visibleText(text: string): string {
  return visibleRuns(text)
    .map((run) => run.text)
    .join("");
}

function markOf(character: string): string {
  if (character === "\n") return "⏎";
  if (character === "\t") return "⇥";
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
