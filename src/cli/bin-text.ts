/**
 * What rests in bins, and what bringing it back or emptying would do, as a person reads it: every byte of others made visible.
 * It asks nobody.
 */
import { figure } from "../base/counted.ts";
import type { BinRestored, BinView } from "../control/contract.ts";
import type { BinEntry } from "../model/recovery.ts";
import { paragraph, table, visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

const NAMES_MAX = 3;
const OBJECTS_MAX = 40;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** What the act named, as it was called; the first of several. */
export function titleOf({ objects }: BinEntry): string {
  return (objects.find(({ direct }) => direct) ?? objects[0])?.name ?? "nothing";
}

export function binListText({ entries, without }: BinView, terminal: Terminal): string {
  const { columns } = terminal;
  const heads = [
    { title: "ENTRY" },
    { title: "WHEN" },
    { title: "TARGET" },
    { title: "ACT" },
    { title: "SIZE", align: "right" as const },
    { title: "WHAT", shrink: true },
  ];
  const rows = entries.map((entry) => [
    visible(entry.id),
    new Date(entry.atMs).toISOString().slice(0, 16).replace("T", " "),
    visible(entry.target),
    visible(entry.tag),
    sizeOf(entry.bytes),
    namesOf(entry),
  ]);
  const none =
    without.length === 0 ? "" : paragraph(`no bin at ${without.map(visible).join(", ")}: \`holdfast provision\` sets it up`, columns);
  return rows.length === 0 ? `nothing rests in the bin\n${none}` : `${table(heads, rows, columns)}${none}`;
}

export function binRestoreTerms(
  entries: readonly BinEntry[],
  how: { readonly as: string; readonly replace: boolean; readonly withoutConstraints: boolean },
  terminal: Terminal,
): string {
  const said = [
    ...(how.as === "" ? [] : [`It comes back as \`${visible(how.as)}\`.`]),
    ...(how.replace ? ["What has the old names now goes into the bin in its turn, with what needs it."] : []),
    ...(how.withoutConstraints ? ["Constraints that do not hold any more are left out."] : []),
  ];
  return `Out of the bin and back where it was:\n${itemsText(entries, terminal)}${said.map((each) => paragraph(each, terminal.columns)).join("")}`;
}

export function emptyTerms(entries: readonly BinEntry[], terminal: Terminal): string {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  return `Gone for good, ${sizeOf(bytes)}; nothing brings it back:\n${itemsText(entries, terminal)}`;
}

export function binRestoredText({ restored, replaced, leftOut }: BinRestored, terminal: Terminal): string {
  const lines = restored.map((entry) => `restored: ${visible(entry.id)}, ${namesOf(entry)}\n`);
  const room = replaced.length === 0 ? [] : [`in the bin now, where it had their names: ${replaced.map(visible).join(", ")}\n`];
  return [...lines, ...room, ...leftOut.map((each) => paragraph(`left out: ${visible(each)}`, terminal.columns))].join("");
}

function itemsText(entries: readonly BinEntry[], { columns }: Terminal): string {
  return entries
    .map((entry) => {
      const { id, target, database, tag, objects, bytes } = entry;
      const shown = objects.slice(0, OBJECTS_MAX).map(({ type, name }) => paragraph(`${visible(type)} ${visible(name)}`, columns, 4));
      const more = objects.length > shown.length ? `    and ${figure(objects.length - shown.length)} more\n` : "";
      return `  ${visible(id)}: ${visible(tag)} at ${visible(target)}/${visible(database)}, ${sizeOf(bytes)}\n${shown.join("")}${more}`;
    })
    .join("");
}

function namesOf({ objects }: BinEntry): string {
  const direct = objects.filter((object) => object.direct);
  const named = direct.length > 0 ? direct : objects;
  const others = objects.length - Math.min(named.length, NAMES_MAX);
  const names = named.slice(0, NAMES_MAX).map(({ name }) => visible(name));
  return `${names.join(", ")}${others > 0 ? ` and ${figure(others)} more` : ""}`;
}

function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}
