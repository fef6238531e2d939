/**
 * Lays the demo out: headings, one block a scene, the tables of counts, and the tally of what was checked.
 * It does not decide whether anything is as it should be: it is told, and counts.
 */
import { figure } from "../../base/counted.ts";
import { fit, padEnd, paragraph, visible, width } from "../output.ts";
import type { Terminal } from "../terminal.ts";

export interface Report {
  heading(text: string, lead?: string): Promise<void>;
  line(text: string): Promise<void>;
  /** A check that was computed: shown with its mark, and counted. */
  check(holds: boolean, text: string): Promise<void>;
  /** One scene: what was tried, what was answered, and what it would have done. */
  scene(scene: ShownScene): Promise<void>;
  /** What somebody was told, under the scene that it belongs to. */
  told(lines: readonly string[]): Promise<void>;
  readonly failures: number;
  readonly checks: number;
}

export interface ShownScene {
  readonly title: string;
  readonly statements: readonly string[];
  readonly holds: boolean;
  /** And what the agent was told or got. */
  readonly outcome: "passed" | "held" | "refused";
  readonly told: readonly string[];
  /** What it did to the unguarded copy. */
  readonly otherwise?: string;
}

export function openReport(terminal: Terminal): Report {
  const columns = Math.min(terminal.columns, 100);
  const { style } = terminal;
  let failures = 0;
  let checks = 0;
  const mark = (holds: boolean) => (holds ? style("green", "✓") : style(["bold", "red"], "✗"));
  const count = (holds: boolean) => {
    checks += 1;
    if (!holds) failures += 1;
  };
  const lines = (text: string, indent: number) => paragraph(text, columns, indent);
  return {
    heading: (text, lead) => terminal.out(`\n${style("bold", text)}\n${lead === undefined ? "" : style("dim", lines(lead, 0))}\n`),
    line: (text) => terminal.out(`${text}\n`),
    check(holds, text) {
      count(holds);
      return terminal.out(`  ${mark(holds)} ${lines(text, 4).trimStart()}`);
    },
    scene(scene) {
      count(scene.holds);
      const outcome = scene.outcome === "passed" ? style("green", "passed") : style("yellow", scene.outcome);
      const title = `${padEnd(scene.title, columns - 4 - width(scene.outcome) - 1)} ${outcome}`;
      const statements = scene.statements
        .map((sql) => `      ${style("cyan", fit(visible(sql).replace(/\s+/g, " "), columns - 6))}\n`)
        .join("");
      const told = scene.told.map((text) => lines(visible(text), 6)).join("");
      const otherwise = scene.otherwise === undefined ? "" : style("dim", lines(`without Holdfast: ${scene.otherwise}`, 6));
      return terminal.out(`  ${mark(scene.holds)} ${title}\n${statements}${told}${otherwise}\n`);
    },
    told: (texts) => terminal.out(texts.map((text) => lines(visible(text), 6)).join("")),
    get failures() {
      return failures;
    },
    get checks() {
      return checks;
    },
  };
}

/** `1,200 → 0 customers, 6,000 → 0 orders` for what differs; empty where nothing does. */
export function changesBetween(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): string {
  return Object.entries(before)
    .filter(([table, rows]) => rows !== (after[table] ?? 0))
    .map(([table, rows]) => `${table} ${figure(rows)} → ${figure(after[table] ?? 0)}`)
    .join(", ");
}
