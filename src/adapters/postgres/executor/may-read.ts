/**
 * Whether whoever asks may see by its own rights what an act looks at: a trial tells how many rows a condition fits, and runs as somebody
 * who may see everything.
 * It judges nothing else of the act.
 */
import { lookedAt } from "./looked-at.ts";
import type { Connection } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";
import { quoted } from "./transaction.ts";

/** The server's own views that show everybody the same. Others show what their reader may see: statistics are values of rows. */
const SAME_FOR_ALL: readonly string[] = [
  ...["pg_tables", "pg_views", "pg_matviews", "pg_indexes", "pg_policies", "pg_rules", "pg_roles"].map((name) => `pg_catalog.${name}`),
  ...["tables", "columns", "schemata", "views", "table_constraints", "key_column_usage", "constraint_column_usage", "routines"].map(
    (name) => `information_schema.${name}`,
  ),
];

/** Why a trial would tell more than the asker may read; `undefined` where it would not. Rejects with `ServerRefused`. */
export async function tellsTooMuch({ client }: Connection, { readsAs, statements }: ExecutorAct): Promise<string | undefined> {
  if (readsAs === undefined) return undefined;
  const { relations, indexes, written, functions, never } = lookedAt(statements);
  if (relations.length + indexes.length + functions.length === 0 && never === undefined) return undefined;
  const asker = `SELECT oid, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ${quoted(readsAs)}`;
  const [same] = await client.rows(`SELECT pg_has_role(r.oid, current_user, 'USAGE') FROM (${asker}) r`);
  // Who may be the executor is told nothing new by it.
  if (same?.[0] === "t") return undefined;
  if (never !== undefined) return `${never}, and the figures of a trial would tell of what whoever asks may not read itself`;
  // Rows that a policy hides count as what may not be read. What is not there yet holds nothing. Effects name without quotes, and the
  // right to read a partition is that to read what it is a part of, whose rows are named with it.
  const [row] = await client.rows(
    `WITH known AS (SELECT c.oid, s.nspname || '.' || c.relname AS name, s.nspname, c.relnamespace, c.relkind, c.relowner,
       c.relrowsecurity, c.relforcerowsecurity, c.relispartition FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
     named AS (SELECT * FROM known k WHERE name = ANY (${list(relations)})
       OR EXISTS (SELECT FROM unnest(${list(indexes)}) i WHERE i = name OR starts_with(i, name || ' '))
       OR oid IN (SELECT f.confrelid FROM pg_constraint f JOIN known w ON w.oid = f.conrelid
        WHERE f.contype = 'f' AND w.name = ANY (${list(written)})))
     SELECT n.name FROM named n LEFT JOIN (${asker}) r ON true
     WHERE (r.oid IS NULL OR NOT has_table_privilege(r.oid, n.oid, 'SELECT') OR NOT has_schema_privilege(r.oid, n.relnamespace, 'USAGE')
      OR (n.relkind = 'v' AND n.nspname IN ('pg_catalog', 'information_schema') AND NOT n.name = ANY (${list(SAME_FOR_ALL)}))
      OR (n.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls
       AND (n.relforcerowsecurity OR NOT pg_has_role(r.oid, n.relowner, 'USAGE'))))
     AND NOT (n.relispartition
      AND EXISTS (SELECT FROM pg_partition_ancestors(n.oid) a JOIN named o ON o.oid = a.relid WHERE o.oid <> n.oid))
     UNION ALL SELECT s.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
      LEFT JOIN (${asker}) r ON true
     WHERE s.nspname || '.' || p.proname = ANY (${list(functions)})
      AND (r.oid IS NULL OR NOT has_function_privilege(r.oid, p.oid, 'EXECUTE') OR NOT has_schema_privilege(r.oid, s.oid, 'USAGE'))
     ORDER BY 1 LIMIT 1`,
  );
  const name = row?.[0];
  if (name === undefined || name === null) return undefined;
  return `whoever asks may not read all of \`${name}\` itself, and the figures of a trial would tell of it`;
}

function list(names: readonly string[]): string {
  return `CAST(ARRAY[${names.map(quoted).join(", ")}] AS text[])`;
}
