/**
 * What one open transaction of the executor did: counts of tables, objects, and the rows of tables that went as a whole.
 * It reads and compares; it neither ends the transaction nor decides anything.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { ObjectChange, RowCounts } from "../../../model/plan.ts";
import type { ActAnswer } from "./act-frames.ts";
import { inOrder, type SplitCount, splitCounts } from "./counts.ts";
import { objectsOf } from "./objects.ts";
import type { Connection } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";
import type { TableSize } from "./table-sizes.ts";
import { type Begun, partsOf, settleAndCount } from "./transaction.ts";

export interface Reading {
  readonly tables: readonly SplitCount[];
  readonly objects: readonly ObjectChange[];
  readonly parts: readonly (number | null)[];
}

export interface OpenTransaction {
  readonly connection: Connection;
  /** Sees nothing of what the transaction did; absent where objects are not asked for. */
  readonly observer?: Connection;
  readonly began: Begun;
}

/** Rejects with `ServerRefused`, `TooManyObjects` or `ConnectionLost`. */
export async function read({ connection, observer, began }: OpenTransaction, act: ExecutorAct, answer: ActAnswer): Promise<Reading> {
  const counts = await settleAndCount(connection);
  const parts = partsOf(answer, act.statements);
  const tables = splitCounts(counts, act.statements, parts);
  const objects =
    observer === undefined || !defines(act.statements)
      ? []
      : await objectsOf({ trial: connection, observer, xid: began.xid }, act.statements);
  return { tables, objects, parts };
}

/** Tables that are dropped or emptied as a whole: the server counts none of their rows as deleted. */
export function emptiedOf(objects: readonly ObjectChange[]): readonly ObjectChange[] {
  return objects.filter(({ type, change }) => (change === "dropped" || change === "truncated") && ROWS.has(type));
}

const ROWS: ReadonlySet<string> = new Set(["table", "materialized view"]);
const NONE: RowCounts = { inserted: 0, updated: 0, deleted: 0 };

/** The same with all rows of what is dropped or emptied as deleted, where their count is known. */
export function withEmptied({ tables, objects }: Reading, sizes: ReadonlyMap<string, TableSize>): readonly SplitCount[] {
  const all = new Map(tables.map((each) => [each.table, each]));
  for (const { name, through } of emptiedOf(objects)) {
    const size = sizes.get(name);
    const { direct, following } = all.get(name) ?? { direct: NONE, following: NONE };
    const gone = size?.rows ?? 0;
    const nothing = size?.rows === 0 && !all.has(name);
    if (nothing) continue;
    const added = (counts: RowCounts) => ({ ...counts, deleted: counts.deleted + gone });
    all.set(
      name,
      through === undefined ? { table: name, direct: added(direct), following } : { table: name, direct, following: added(following) },
    );
  }
  // Whether the server has counted an emptied table is chance: the order is not to show it.
  return [...all.values()].sort(inOrder);
}

/** Whether the act may drop, change or make objects, so that they have to be read. */
export function defines(statements: readonly StatementSummary[]): boolean {
  return statements.some(
    ({ effects, definesObjects }) =>
      definesObjects || effects.some(({ detail }) => detail === "truncate" || detail === "drop" || detail === "drop_owned"),
  );
}
