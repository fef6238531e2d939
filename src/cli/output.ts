/**
 * Lays text out in columns and makes what others wrote safe to show.
 * It does not write: it returns text.
 */
import { stripVTControlCharacters } from "node:util";
import { unseen } from "../base/unseen.ts";

/**
 * Text of others (SQL, names, client names) as it may be shown on a terminal: control characters, characters that cannot be seen
 * and those that turn the direction of text are spelt out, so that nothing shown can move the cursor or hide a part of itself.
 */
export function visible(text: string): string {
  return text.replace(unseen, (char) => {
    if (char === "\n" || char === "\t") return " ";
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** Cells that the text takes on a terminal, styles not counted; wide characters count as two. */
export function width(text: string): number {
  let cells = 0;
  for (const char of stripVTControlCharacters(text)) cells += /\p{M}/u.test(char) ? 0 : isWide(char) ? 2 : 1;
  return cells;
}

function isWide(char: string): boolean {
  const point = char.codePointAt(0) ?? 0;
  return (
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff00 && point <= 0xff60) ||
    (point >= 0x1f300 && point <= 0x1faff) ||
    (point >= 0x20000 && point <= 0x3fffd)
  );
}

/** The text cut to `cells`, with an ellipsis where something is missing. For plain text only. */
export function fit(text: string, cells: number): string {
  if (width(text) <= cells) return text;
  let kept = "";
  let used = 0;
  for (const char of text) {
    used += isWide(char) ? 2 : 1;
    if (used > cells - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

export function padEnd(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - width(text)));
}

/** Words of plain text in lines of at most `cells`; a longer word stands alone in its line. */
export function wrap(text: string, cells: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && width(line) + 1 + width(word) > cells) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** The text wrapped, each line after `indent` spaces, with a line end. */
export function paragraph(text: string, columns: number, indent = 0): string {
  return wrap(text, Math.min(columns, 100) - indent)
    .map((line) => `${" ".repeat(indent)}${line}\n`)
    .join("");
}

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** This column gives way when the table is wider than the terminal. */
  readonly shrink?: boolean;
}

/** Rows under their titles, two spaces between columns, within `columns` cells where a column may shrink. Cells are plain text. */
export function table(heads: readonly Column[], rows: readonly (readonly string[])[], columns: number): string {
  const widths = heads.map((head, index) => Math.max(width(head.title), ...rows.map((row) => width(row[index] ?? ""))));
  const shrinking = heads.findIndex((head) => head.shrink === true);
  const total = widths.reduce((sum, cells) => sum + cells, 0) + 2 * (widths.length - 1);
  if (shrinking >= 0 && total > columns) widths[shrinking] = Math.max(8, (widths[shrinking] ?? 0) - (total - columns));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const cut = fit(cell, widths[index] ?? 0);
        const gap = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cut)));
        return heads[index]?.align === "right" ? gap + cut : cut + gap;
      })
      .join("  ")
      .trimEnd();
  return `${[line(heads.map((head) => head.title)), ...rows.map(line)].join("\n")}\n`;
}
