/**
 * What rests in a database's bin, as its own tables say it. It changes nothing.
 */
import type { ActionId, BinEntryId } from "../../base/ids.ts";
import type { BinEntry, BinObject } from "../../model/recovery.ts";
import type { AdminClient } from "../../provision/sql.ts";

/** The bin cannot do what was asked; the message says why and what to do. Nothing was changed. */
export class BinRefusal extends Error {
  override readonly name = "BinRefusal";
}

export interface EntryRow {
  /** The number in the names of its schemas. */
  readonly id: string;
  readonly name: BinEntryId;
  readonly ticket: string;
  readonly tag: string;
  readonly role: string;
  readonly action: ActionId | null;
  readonly at_ms: number;
  readonly bytes: number;
  readonly state: BinEntry["state"];
  readonly told: boolean;
  readonly objects: readonly BinObject[];
}

/** Newest first; `untold`: those alone that the audit log does not have yet. */
export async function readEntries(client: AdminClient, states: readonly BinEntry["state"][], untold = false): Promise<readonly EntryRow[]> {
  const { rows } = await client.query(
    `SELECT e.id::text, e.name, e.ticket, e.tag, e.role::text, e.action, (extract(epoch FROM e.at) * 1000)::float8 AS at_ms, e.bytes::float8 AS bytes,
       e.state, e.told, (SELECT coalesce(json_agg(json_build_object('type', o.type, 'name', o.name, 'direct', o.direct) ORDER BY o.direct DESC, o.nr), '[]')
         FROM holdfast_bin.object o WHERE o.entry = e.id AND o.type <> 'inheritance') AS objects
     FROM holdfast_bin.entry e WHERE e.state = ANY ($1) AND (NOT $2 OR NOT e.told) ORDER BY e.id DESC`,
    [states, untold],
  );
  return rows as readonly EntryRow[];
}

export function entryOf(row: EntryRow, target: string, database: string): BinEntry {
  const { name, at_ms, tag, role, action, objects, bytes, state } = row;
  return { id: name, target, database, atMs: at_ms, tag, role, ...(action === null ? {} : { action }), objects, bytes, state };
}

/** What an entry is called to persons: the objects that the act named, else all of them. */
export function namesOf(objects: readonly BinObject[]): readonly string[] {
  const direct = objects.filter((object) => object.direct);
  return (direct.length > 0 ? direct : objects).map(({ name }) => name);
}
