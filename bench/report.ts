/**
 * The report as text within 100 columns, and its closing line. It rounds; the JSON report has the figures as measured.
 */
import type { Row } from "./sections/section.ts";

/** One table a section; the columns are those that its rows have. */
export function rendered(rows: readonly Row[]): string {
  const sections = [...new Set(rows.map((row) => row.section))];
  return sections
    .map((section) =>
      table(
        section,
        rows.filter((row) => row.section === section),
      ),
    )
    .join("\n");
}

/** Which goals were met. */
export function goalsLine(rows: readonly Row[]): string {
  const judged = rows.filter((row) => row.goal !== undefined);
  const missed = judged.filter((row) => row.goal?.met === false);
  const names = missed.map((row) => `\n  missed: ${row.section}: ${row.name} (${row.goal?.text})`).join("");
  return `${judged.length - missed.length} of ${judged.length} goals met${names}\n`;
}

function table(section: string, rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))];
  // A wide section is told in two tables rather than in lines that wrap.
  const nameWidth = Math.max(...rows.map((row) => row.name.length));
  const groups = chunks(columns, Math.floor((100 - nameWidth - 8) / 11));
  return groups
    .map((group, i) => {
      const head = `${(i === 0 ? section.toUpperCase() : "").padEnd(nameWidth)}${group.map((name) => name.padStart(11)).join("")}\n`;
      const lines = rows.map((row) => {
        const cells = group.map((name) => shown(row.figures[name]).padStart(11)).join("");
        const mark = i > 0 || row.goal === undefined ? "" : row.goal.met ? "  met" : "  MISSED";
        return `${row.name.padEnd(nameWidth)}${cells}${mark}\n`;
      });
      return head + lines.join("");
    })
    .join("\n");
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let at = 0; at < items.length; at += size) out.push(items.slice(at, at + size));
  return out;
}

function shown(figure: number | undefined): string {
  if (figure === undefined || Number.isNaN(figure)) return "-";
  if (Math.abs(figure) >= 1000) return Math.round(figure).toLocaleString("en-US");
  return figure.toFixed(Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2);
}
