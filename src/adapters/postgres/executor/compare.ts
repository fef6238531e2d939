/**
 * Holds what an act did against what it was measured to do.
 * It looks at counts, rows, parts and objects; times and locks differ from one run to the next and bind nothing.
 */
import type { Measurement, ObjectChange, RowCounts, TableChange } from "../../../model/plan.ts";

const NONE: RowCounts = { inserted: 0, updated: 0, deleted: 0 };
const kinds: readonly (keyof RowCounts)[] = ["inserted", "updated", "deleted"];

/** The first difference beyond the tolerance, in a clause that names it; `undefined` when there is none. */
export function deviation(did: Measurement, planned: Measurement, toleranceRows: number): string | undefined {
  return ofTables(did, planned, toleranceRows) ?? ofParts(did, planned, toleranceRows) ?? ofObjects(did.objects, planned.objects);
}

function ofTables(did: Measurement, planned: Measurement, toleranceRows: number): string | undefined {
  const names = new Set([...planned.tables, ...did.tables].map(({ table }) => table));
  for (const name of names) {
    const now = total(did.tables.find(({ table }) => table === name));
    const then = total(planned.tables.find(({ table }) => table === name));
    for (const kind of kinds)
      if (Math.abs(now[kind] - then[kind]) > toleranceRows)
        return `\`${name}\`: ${rows(now[kind])} would be ${kind}, and ${were(then[kind])} planned`;
  }
  return toleranceRows > 0 ? undefined : ofRows(did, planned);
}

/** As many, but others, or the same with other values. */
function ofRows(did: Measurement, planned: Measurement): string | undefined {
  for (const { table: name, rowsDigest } of planned.tables) {
    if (rowsDigest === undefined) continue;
    const now = did.tables.find(({ table }) => table === name)?.rowsDigest;
    if (now !== rowsDigest) return `\`${name}\`: as many rows as planned, but they are others, or hold other values now`;
  }
  return undefined;
}

function ofParts(did: Measurement, planned: Measurement, toleranceRows: number): string | undefined {
  if (did.parts.length !== planned.parts.length) return `it has ${did.parts.length} parts, and ${planned.parts.length} were planned`;
  for (const [i, now] of did.parts.entries()) {
    const then = planned.parts[i] ?? null;
    const apart = now === null || then === null ? now !== then : Math.abs(now - then) > toleranceRows;
    if (apart) return `part ${i + 1} says ${now === null ? "no rows" : rows(now)}, and ${then === null ? "none were" : were(then)} planned`;
  }
  return undefined;
}

/** What is altered is told for people; what is gone, emptied or new is compared. */
function ofObjects(did: readonly ObjectChange[], planned: readonly ObjectChange[]): string | undefined {
  const now = new Set(did.filter(counts).map(keyOf));
  const then = new Set(planned.filter(counts).map(keyOf));
  for (const key of now) if (!then.has(key)) return `${key}, which was not planned`;
  for (const key of then) if (!now.has(key)) return `${key} was planned, and does not come to be`;
  return undefined;
}

function counts({ change }: ObjectChange): boolean {
  return change !== "altered";
}

function keyOf({ type, name, change }: ObjectChange): string {
  return `${type} \`${name}\` ${change}`;
}

function total(table: TableChange | undefined): RowCounts {
  const { direct, following } = table ?? { direct: NONE, following: NONE };
  return {
    inserted: direct.inserted + following.inserted,
    updated: direct.updated + following.updated,
    deleted: direct.deleted + following.deleted,
  };
}

function were(count: number): string {
  return `${rows(count)} ${count === 1 ? "was" : "were"}`;
}

function rows(count: number): string {
  return `${count} ${count === 1 ? "row" : "rows"}`;
}
