/**
 * Effects as a table for a person: the same columns wherever effects are shown.
 * It does not shorten the list.
 */
import type { ShownEffect } from "../control/contract.ts";
import { table, visible } from "./output.ts";

const heads = [
  { title: "OPERATION" },
  { title: "RESOURCE", shrink: true },
  { title: "EXTENT" },
  { title: "REVERSIBILITY" },
  { title: "CAUSE" },
  { title: "DETAIL" },
];

export function effectsTable(effects: readonly ShownEffect[], columns: number): string {
  const rows = effects.map(({ operation, resource, extent, rows: count, reversibility, cause, detail }) => [
    operation,
    visible(resource),
    extentText(extent, count),
    reversibility,
    cause,
    visible(detail),
  ]);
  return table(heads, rows, columns);
}

function extentText(extent: string, rows: number | undefined): string {
  if (rows === undefined) return extent;
  return extent === "at_most" ? `at most ${rows}` : `exactly ${rows}`;
}
