/**
 * A plan as a person reads it before signing it off: at most 100 columns, nothing cut, every byte of others made visible.
 * It shows what the plan holds, and works out nothing but shares.
 */
import { counted, figure } from "../base/counted.ts";
import type { Reversibility } from "../model/effect.ts";
import type { LockTaken, Measurement, ObjectChange, Plan, RowCounts, SampleRow, TableChange } from "../model/plan.ts";
import { paragraph, table, visible, width, wrap } from "./output.ts";

const columnsMax = 100;
/** The narrowest in which a table of changes can be read. */
const columnsMin = 72;

/** `columns` is the terminal's width; less than 72 and more than 100 is not used. Ends with a line end. */
export function planText(plan: Plan, columns: number): string {
  const cells = Math.max(columnsMin, Math.min(columns, columnsMax));
  return [
    head(plan, cells),
    section(`the act, ${counted(plan.act.parts, "statement")}`, verbatim(plan.act.shown, cells)),
    ...(plan.measured === null
      ? [section("what it would change", paragraph("not measured", cells, 2))]
      : measuredSections(plan.measured, cells)),
    plan.told === undefined ? "" : section("what the provider says, as Holdfast asked it", list(plan.told, cells)),
    plan.unmeasured.length === 0 ? "" : section("what no trial can tell", list(plan.unmeasured, cells)),
    section("what can be taken back", list(plan.undo, cells)),
    section("it rests on", restsOn(plan, cells)),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function head({ id, target, asked, madeAtMs, expiresAtMs, reversibility, digest }: Plan, cells: number): string {
  const who = [
    asked.principal,
    ...(asked.run === undefined ? [] : [`in ${asked.run}`]),
    ...(asked.actsFor === undefined ? [] : [`for ${asked.actsFor}`]),
  ];
  const facts: readonly (readonly [string, string])[] = [
    ["where", `${target.environment.toUpperCase()}: target ${target.name}, database ${target.database}`],
    ["server", target.identity],
    ["asked by", who.join(" ")],
    ...(asked.purpose === undefined ? [] : [["purpose, in its own words", asked.purpose] as const]),
    ["undo", undoWords[reversibility]],
    ["made", new Date(madeAtMs).toISOString()],
    ["of no use after", new Date(expiresAtMs).toISOString()],
    ["digest", digest],
  ];
  return `plan ${visible(id)}\n${pairs(facts, cells)}`;
}

/** Nothing is promised that nobody has seen work. */
const undoWords: Readonly<Record<Reversibility, string>> = {
  reversible: "possible",
  restorable: "only from copies, as said below",
  irreversible: "NOT POSSIBLE",
  unknown: "NOT KNOWN",
};

function measuredSections({ tables, objects, locks, elapsedMs, on }: Measurement, cells: number): readonly string[] {
  const where = on === "target" ? "on the target itself" : `on a ${on}, not on the target`;
  const title = `what it would change, tried ${where} and rolled back (${figure(Math.round(elapsedMs))} ms)`;
  const direct = tables.filter((each) => total(each.direct) > 0);
  const following = tables.filter((each) => total(each.following) > 0);
  const samples = tables.filter((each) => each.samples.length > 0);
  return [
    section(title, direct.length === 0 ? paragraph("no rows by itself", cells, 2) : changes(direct, ({ direct: counts }) => counts, cells)),
    following.length === 0
      ? ""
      : section(
          "and with it, through foreign keys, triggers and functions",
          changes(following, (each) => each.following, cells),
        ),
    objects.length === 0 ? "" : section("objects", objectLines(objects, cells)),
    samples.length === 0 ? "" : section("some of the rows; `***` is masked", samples.map((each) => sampleLines(each, cells)).join("")),
    locks.length === 0 ? "" : section("locks while it runs", lockLines(locks, cells)),
  ];
}

function changes(tables: readonly TableChange[], counts: (change: TableChange) => RowCounts, cells: number): string {
  const heads = [
    { title: "TABLE", shrink: true },
    { title: "INSERTED", align: "right" as const },
    { title: "UPDATED", align: "right" as const },
    { title: "DELETED", align: "right" as const },
    { title: "OF", align: "right" as const },
    { title: "SHARE", align: "right" as const },
    { title: "SIZE", align: "right" as const },
  ];
  const rows = tables.map((change) => {
    const { inserted, updated, deleted } = counts(change);
    const { rowsBefore, bytes } = change;
    const before = rowsBefore === null ? "not counted" : figure(rowsBefore);
    return [
      visible(change.table),
      figure(inserted),
      figure(updated),
      figure(deleted),
      before,
      share(updated + deleted, rowsBefore),
      size(bytes),
    ];
  });
  // A name that does not fit is told whole under the table.
  const cut = tables.map((each) => visible(each.table)).filter((name) => width(name) > cells - 70);
  return indented(table(heads, rows, cells - 2)) + cut.map((name) => verbatim(name, cells)).join("");
}

/** Never rounded to all or to nothing. */
function share(rows: number, before: number | null): string {
  if (before === null) return "";
  if (rows === 0 || before === 0) return "0 %";
  if (rows >= before) return rows === before ? "ALL" : "more than all";
  const percent = (rows / before) * 100;
  if (percent < 0.01) return "< 0.01 %";
  return `${(Math.floor(percent * 100) / 100).toString()} %`;
}

function size(bytes: number | null): string {
  if (bytes === null) return "";
  if (bytes < 1024) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ""}`;
}

function objectLines(objects: readonly ObjectChange[], cells: number): string {
  return objects
    .map(({ change, type, name, through }) => {
      const along = through === undefined ? "" : `, with ${visible(through)}`;
      return verbatim(`${change} ${visible(type)} ${visible(name)}${along}`, cells);
    })
    .join("");
}

function sampleLines({ table: name, samples }: TableChange, cells: number): string {
  return verbatim(`${visible(name)}:`, cells) + samples.map((row) => verbatim(sampleLine(row), cells, 4)).join("");
}

function sampleLine({ before, after }: SampleRow): string {
  if (before === null) return `+ ${values(after ?? {})}`;
  if (after === null) return `- ${values(before)}`;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const parts = names.map((name) => {
    const [was, is] = [shownValue(before[name]), shownValue(after[name])];
    return was === is ? `${visible(name)}=${was}` : `${visible(name)}: ${was} -> ${is}`;
  });
  return `~ ${parts.join("  ")}`;
}

function values(row: Readonly<Record<string, string | null>>): string {
  return Object.entries(row)
    .map(([name, value]) => `${visible(name)}=${shownValue(value)}`)
    .join("  ");
}

/** A value that is text stands in quotes, so that `NULL` and `***` cannot be played by one. */
function shownValue(value: string | null | undefined): string {
  if (value === undefined) return "(absent)";
  if (value === null) return "NULL";
  return value === "***" ? value : `'${visible(value)}'`;
}

function lockLines(locks: readonly LockTaken[], cells: number): string {
  return locks
    .map(({ relation, mode, heldMs }) => verbatim(`${visible(mode)} on ${visible(relation)} for ${figure(Math.round(heldMs))} ms`, cells))
    .join("");
}

function restsOn({ preconditions, policy }: Plan, cells: number): string {
  const held = preconditions.map(({ name, value }) => [name, value] as const);
  return pairs([...held, ["policy", policy.rules.length === 0 ? policy.digest : `${policy.digest} (${policy.rules.join(", ")})`]], cells);
}

function section(title: string, body: string): string {
  return `${title}\n${body}`;
}

function list(sentences: readonly string[], cells: number): string {
  return sentences
    .flatMap((sentence) => wrap(visible(sentence), cells - 6).map((line, index) => `${index === 0 ? "-" : " "} ${line}`))
    .map((line) => verbatim(line, cells))
    .join("");
}

function pairs(facts: readonly (readonly [string, string])[], cells: number): string {
  return facts.map(([name, value]) => verbatim(`${visible(name)}: ${visible(value)}`, cells)).join("");
}

function total({ inserted, updated, deleted }: RowCounts): number {
  return inserted + updated + deleted;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

/** Line by line as it is; what does not fit stands on lines of its own after a mark: nothing may hide far to the right. */
function verbatim(text: string, cells: number, indent = 2): string {
  const lines = text.split("\n").flatMap((line) => broken(visible(line.replaceAll("\t", "    ")), cells - indent - 2));
  return lines
    .map((line) => `${" ".repeat(indent)}${line}`.trimEnd())
    .join("\n")
    .concat("\n");
}

function broken(line: string, room: number): readonly string[] {
  const lines: string[] = [];
  let kept = "";
  let used = 0;
  for (const char of line) {
    const cells = width(char);
    if (used + cells > room) {
      lines.push(kept);
      kept = "";
      used = 0;
    }
    kept += char;
    used += cells;
  }
  return [...lines, kept].map((part, index) => (index === 0 ? part : `\u21b3 ${part}`));
}
