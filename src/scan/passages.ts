/**
 * The lines of a text in which something is worth looking for, so that the dear expressions run over little.
 * Lines that no person wrote are left out unless asked for.
 */

export interface Passage {
  readonly text: string;
  /** Offset in the whole text. */
  readonly start: number;
}

/** A longer line was written by a program; only tokens with a shape of their own are looked for in it. */
const lineCharactersMax = 4_000;

/** Characters kept on both sides of a mark in such a line, where it is looked at all the same: JSON without line ends. */
const aroundCharacters = 600;

export interface PassageOptions {
  /** Lines that go along after each. */
  readonly following?: number;
  /** Look at lines that programs wrote, too. */
  readonly longLines?: boolean;
}

/** Whole lines that hold `mark`; touching ones in one passage. */
export function passagesWith(text: string, mark: RegExp, { following = 0, longLines = false }: PassageOptions = {}): readonly Passage[] {
  const passages: { start: number; end: number }[] = [];
  const search = new RegExp(mark.source, mark.flags.includes("g") ? mark.flags : `${mark.flags}g`);
  // The line that is being looked at: kept, because a line of megabytes may hold many marks.
  let lineStart = 0;
  let lineStop = -1;
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    if (match.index > lineStop) {
      lineStart = match.index === 0 ? 0 : text.lastIndexOf("\n", match.index - 1) + 1;
      lineStop = lineEnd(text, match.index);
    }
    let start = lineStart;
    let end = lineStop;
    if (end - start > lineCharactersMax) {
      const stop = Math.min(end, match.index + match[0].length + aroundCharacters);
      search.lastIndex = longLines ? match.index + Math.max(1, match[0].length) : end + 1;
      if (!longLines) continue;
      start = Math.max(start, match.index - aroundCharacters);
      end = stop;
    } else search.lastIndex = end + 1;
    for (let line = 0; line < following && text[end] === "\n"; line++) {
      const next = lineEnd(text, end + 1);
      if (next - end > lineCharactersMax) break;
      end = next;
    }
    const last = passages.at(-1);
    if (last !== undefined && start <= last.end + 1) last.end = Math.max(last.end, end);
    else passages.push({ start, end });
  }
  return passages.map(({ start, end }) => ({ text: text.slice(start, end), start }));
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}
