/**
 * What an undo would do, and what can be undone, as a person reads it: nothing cut, every byte of others made visible.
 * It asks nobody.
 */
import { counted, figure } from "../base/counted.ts";
import type { UndoneView, UndoPlanView } from "../control/contract.ts";
import type { KeptTransaction, UndoConflict, UndoTable } from "../model/recovery.ts";
import { paragraph, table, visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Ends with a line end. */
export function undoPlanText({ plan, skipped, later, notes }: UndoPlanView, terminal: Terminal): string {
  const { columns } = terminal;
  const { id, target, database, transactions, tables, conflicts, notUndone } = plan;
  const listed = `${transactions.slice(0, 6).map(visible).join(", ")}${transactions.length > 6 ? ` and ${transactions.length - 6} more` : ""}`;
  const parts = [
    `undo ${visible(id)} of ${counted(transactions.length, "transaction")} (${listed}) of target ${visible(target)}, database ${visible(database)}\n`,
    rowsText(tables, columns),
    ...(conflicts.length === 0 ? [] : [conflictsText(conflicts, terminal)]),
    ...(later.length === 0
      ? []
      : [sentence(`later transactions changed the same rows: ${later.join(", ")}; undo them too, with --transaction`, columns)]),
    ...(conflicts.length === 0
      ? []
      : [
          sentence(
            `with --skip-conflicts the above is done, and ${counted(skipped, "row")} stay as they are; without it nothing is`,
            columns,
          ),
        ]),
    ...[...notes, ...notUndone].map((each) => sentence(each, columns)),
  ];
  return parts.join("");
}

function rowsText(tables: readonly UndoTable[], columns: number): string {
  const rows = tables.map(({ table: name, inserted, updated, deleted }) => [
    visible(name),
    figure(inserted),
    figure(updated),
    figure(deleted),
  ]);
  if (rows.length === 0) return "  no rows\n";
  const right = { align: "right" as const };
  const heads = [
    { title: "TABLE", shrink: true },
    { title: "COME BACK", ...right },
    { title: "AS BEFORE", ...right },
    { title: "GO", ...right },
  ];
  return table(heads, rows, columns);
}

const SHOWN_MAX = 40;

function conflictsText(conflicts: readonly UndoConflict[], terminal: Terminal): string {
  const lines = conflicts.slice(0, SHOWN_MAX).map(({ table: name, key, because }) => {
    const row = key === undefined ? visible(name) : `${visible(name)} (${visible(key)})`;
    return sentence(`${row}: ${visible(because)}`, terminal.columns);
  });
  const more = conflicts.length - lines.length;
  const rest = more > 0 ? sentence(`and ${counted(more, "conflict")} more: see --json`, terminal.columns) : "";
  return `${terminal.style("yellow", counted(conflicts.length, "conflict"))}\n${lines.join("")}${rest}`;
}

export function undoneText({ undo, outcome, tables, skipped, because }: UndoneView, terminal: Terminal): string {
  const why = because === "" ? "" : `: ${visible(because)}`;
  if (outcome !== "done") {
    const what = outcome === "unknown" ? "whether it was done is not known" : "nothing was changed";
    return `${terminal.style("red", what)}${why}\n`;
  }
  const left = skipped === 0 ? "" : `, ${counted(skipped, "row")} left as they are`;
  return `${terminal.style("green", "undone")} ${undo}${left}; take it back with ${terminal.style("bold", `holdfast undo ${undo}`)}\n${rowsText(tables, terminal.columns)}`;
}

export function keptText(kept: readonly KeptTransaction[], terminal: Terminal): string {
  if (kept.length === 0) return terminal.style("dim", "nothing is kept\n");
  const heads = [
    { title: "TRANSACTION" },
    { title: "WHEN" },
    { title: "ACTS", shrink: true },
    { title: "ROLE" },
    { title: "ROWS", shrink: true },
  ];
  const rows = kept.map(({ transaction, atMs, session, actions = [], role, tables }) => [
    visible(transaction),
    new Date(atMs).toISOString().slice(0, 19),
    actions.length > 0 ? actions.map(visible).join(" ") : visible(session ?? ""),
    visible(role),
    tables.map(({ table: name, inserted, updated, deleted }) => `${visible(name)} +${inserted} ~${updated} -${deleted}`).join(", "),
  ]);
  return table(heads, rows, terminal.columns);
}

function sentence(text: string, columns: number): string {
  return paragraph(`- ${text}`, columns, 2);
}
