/**
 * Recovery points: where the server's WAL stood just before a destructive act, and which acts are worth one.
 * It is handed a connected client; who waits for a point, and for how long, is the caller's matter.
 */
import { assertNever } from "../base/assert.ts";
import { messageOf } from "../base/message-of.ts";
import type { ActionId } from "../base/ids.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { AdminClient } from "../provision/sql.ts";

export interface PointTaken {
  readonly lsn: string | null;
  /** Of the restore point, where one could be made. */
  readonly name: string | null;
  /** Why there is no position. */
  readonly because?: string;
}

/** Rows that an UPDATE or DELETE takes are kept by undo where it keeps the table's; what goes into the bin is not gone. */
export function wantsPoint(effects: readonly Effect[], decision: Decision, undoKept: (table: string) => boolean): boolean {
  if (decision.kind !== "allow") return false;
  const binned = decision.obligations.some(({ kind }) => kind === "bin");
  return effects.some((effect) => loses(effect, undoKept) && !(binned && structural(effect)));
}

function structural({ resource, detail }: Effect): boolean {
  return resource.type !== "table" || detail !== "delete";
}

function loses({ operation, reversibility, detail, extent, resource }: Effect, undoKept: (table: string) => boolean): boolean {
  switch (operation) {
    case "delete":
    case "update":
      // Locks and sequences lose nothing; of rows, those that undo has can be taken back.
      if (detail === "select_for_update" || detail === "sequence" || detail === "sequence_set") return false;
      if (reversibility === "irreversible" || reversibility === "unknown") return true;
      return !undoKept(resource.name) && (extent.kind === "unbounded" || extent.kind === "unknown");
    case "define":
    case "execute":
    case "unknown":
      return reversibility === "irreversible" || reversibility === "unknown";
    case "read":
    case "create":
    case "grant":
    case "connect":
      return false;
    default:
      return assertNever(operation, "operation");
  }
}

/** Never rejects: an act that was allowed does not wait for what cannot be had. */
export async function takeRecoveryPoint(client: AdminClient, action: ActionId): Promise<PointTaken> {
  try {
    const [at] = (await client.query(positionText)).rows as readonly { lsn: string; named: boolean }[];
    if (at === undefined) return { lsn: null, name: null, because: "the server did not say where its WAL is" };
    const name = `holdfast ${action}`;
    if (!at.named) return { lsn: at.lsn, name: null };
    // A restore goes by the position; the name is for people, and for tools that know names alone.
    const made = await client.query("SELECT pg_catalog.pg_create_restore_point($1)", [name]).then(
      () => true,
      () => false,
    );
    return { lsn: at.lsn, name: made ? name : null };
  } catch (error) {
    return { lsn: null, name: null, because: messageOf(error) };
  }
}

const positionText = `
SELECT pg_catalog.pg_current_wal_insert_lsn()::text AS lsn,
  pg_catalog.has_function_privilege('pg_catalog.pg_create_restore_point(text)', 'EXECUTE') AS named`;
