/**
 * Reads what the server has of the journal of row images: its schema, and which tables have its triggers.
 * It changes nothing.
 */
import { undoSchema } from "../model/undo-journal.ts";
import { markPrefix } from "./names.ts";
import { type AdminClient, literal } from "./sql.ts";
import type { KeepBy } from "./undo-journal-sql.ts";

export interface JournalState {
  /** `null`: there is no such schema. */
  readonly schema: { readonly owner: string; readonly comment: string | null } | null;
  readonly lz4: boolean;
  readonly tables: readonly JournalTable[];
}

/** A table whose changes can be kept: ordinary or partitioned, not temporary, nobody's extension's. */
export interface JournalTable {
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly oid: string;
  readonly by: KeepBy;
  /** Ours that are there, but for those that came from the table that it is a partition of. */
  readonly triggers: readonly { readonly name: string; readonly always: boolean }[];
}

/** Matches the schemas that are Holdfast's own. */
export const ownSchemasPattern = "^holdfast(_undo|_bin(_[0-9]+){0,2})?$";

const schemaSql = `SELECT pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text AS owner, pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment
FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) ${literal(undoSchema)}`;

const lz4Sql = `SELECT 'lz4' OPERATOR(pg_catalog.=) ANY (s.enumvals) AS lz4 FROM pg_catalog.pg_settings s
WHERE s.name OPERATOR(pg_catalog.=) 'default_toast_compression'`;

// Partitions hang in pg_inherits too, and are seen by statement: their rows have the columns of the table that was named.
const tablesSql = `SELECT n.nspname::text AS schema, c.relname::text AS name, pg_get_userbyid(c.relowner)::text AS owner,
  c.oid::text AS oid,
  CASE WHEN c.relkind = 'p' THEN 'partitioned' WHEN NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid)) THEN 'row'
    ELSE 'statement' END AS by,
  (SELECT coalesce(json_agg(json_build_object('name', t.tgname, 'always', t.tgenabled = 'A') ORDER BY t.tgname), '[]') FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgparentid = 0 AND pn.nspname = ${literal(undoSchema)}) AS triggers
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname !~ ${literal(ownSchemasPattern)}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2`;

/** Names are the system's: the caller's search_path holds no schema in front of pg_catalog. */
export async function readJournal(client: AdminClient): Promise<JournalState> {
  const [schema] = (await client.query(schemaSql)).rows as readonly NonNullable<JournalState["schema"]>[];
  const [compression] = (await client.query(lz4Sql)).rows as readonly { readonly lz4: boolean }[];
  const tables = (await client.query(tablesSql)).rows as readonly JournalTable[];
  return { schema: schema ?? null, lz4: compression?.lz4 === true, tables };
}

export function isOurs({ schema }: JournalState): boolean {
  return schema?.comment?.startsWith(markPrefix) === true;
}
