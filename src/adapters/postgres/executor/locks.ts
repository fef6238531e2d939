/**
 * The locks that a transaction holds on tables, as the server lists them.
 * Names come from a connection that does not see what the transaction did, so that what it drops still has one.
 */
import type { LockTaken } from "../../../model/plan.ts";
import { undoSchema } from "../../../model/undo-journal.ts";
import type { Connection } from "./open-connection.ts";

/** Weakest first, as the server's own table of conflicts orders them. */
const MODES: readonly string[] = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
];

export type LockHeld = Omit<LockTaken, "heldMs">;

/** The strongest of each table, view or sequence; those that the transaction made are in nobody's way, and no more is a
 * row that is added to the journal of row images. */
export async function locksOf(observer: Connection, process: number): Promise<readonly LockHeld[]> {
  const rows = await observer.client.rows(
    `SELECT i.identity, l.mode FROM pg_lock_status() l, pg_identify_object(1259, l.relation, 0) i
     WHERE l.pid = ${process} AND l.locktype = 'relation' AND l.relation >= 16384 AND l.granted
     AND i.identity IS NOT NULL AND i.type <> 'index' AND i.schema <> 'pg_toast'
     AND NOT (i.schema = '${undoSchema}' AND l.mode = 'RowExclusiveLock')`,
  );
  const strongest = new Map<string, string>();
  for (const [relation, mode] of rows) {
    if (relation == null || mode == null) continue;
    const known = strongest.get(relation);
    if (known === undefined || MODES.indexOf(mode) > MODES.indexOf(known)) strongest.set(relation, mode);
  }
  return [...strongest].map(([relation, mode]) => ({ relation, mode })).sort((a, b) => (a.relation < b.relation ? -1 : 1));
}
