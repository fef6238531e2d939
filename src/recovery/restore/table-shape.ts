/**
 * What a table looks like at a server: its columns, its key, and whose rows it refers to. Read, and never changed.
 */
import type { AdminClient } from "../../provision/sql.ts";

export interface Column {
  readonly name: string;
  /** As the server writes it in SQL. */
  readonly quoted: string;
  readonly type: string;
  /** Its value is worked out by the server and cannot be written. */
  readonly generated: boolean;
  /** GENERATED ALWAYS AS IDENTITY. */
  readonly identity: boolean;
}

export interface TableShape {
  /** Qualified, as the server writes it in SQL. */
  readonly table: string;
  readonly columns: readonly Column[];
  /** Names of the primary key's columns, or of a unique index's that takes no NULL; empty where rows have none. */
  readonly key: readonly string[];
  /** Tables whose rows this one's refer to, qualified. */
  readonly refersTo: readonly string[];
}

/** All ordinary tables of people in the database: by their qualified names. */
export async function tableShapes(client: AdminClient): Promise<ReadonlyMap<string, TableShape>> {
  const { rows } = (await client.query(shapesText)) as { readonly rows: readonly TableShape[] };
  return new Map(rows.map((shape) => [shape.table, shape]));
}

const shapesText = `
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS "table",
  (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'quoted', pg_catalog.quote_ident(a.attname),
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'generated', a.attgenerated <> '', 'identity', a.attidentity = 'a')
      ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY k.place), '[]')
    FROM (SELECT i.indkey FROM pg_catalog.pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
      ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1) AS best
    CROSS JOIN LATERAL pg_catalog.unnest(best.indkey::int2[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number) AS key,
  (SELECT coalesce(pg_catalog.json_agg(DISTINCT pg_catalog.format('%I.%I', pn.nspname, p.relname)), '[]')
    FROM pg_catalog.pg_constraint r JOIN pg_catalog.pg_class p ON p.oid = r.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    WHERE r.conrelid = c.oid AND r.contype = 'f') AS "refersTo"
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^(pg_|holdfast)' AND n.nspname <> 'information_schema'
ORDER BY 1`;
