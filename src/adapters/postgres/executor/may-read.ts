/**
 * Whether whoever asks may see by its own rights what an act looks at: a trial tells how many rows a condition fits, and runs as somebody
 * who may see everything.
 * It judges nothing else of the act.
 */
import type { Effect } from "../../../model/effect.ts";
import type { Connection } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";
import { quoted } from "./transaction.ts";

const LOOKED_AT: ReadonlySet<string> = new Set(["read", "create", "update", "delete"]);
const RELATIONS: ReadonlySet<string> = new Set(["table", "view", "foreign_table"]);
/** What follows by cascade, trigger or through a view is the owner's doing, and not chosen by whoever writes the statement. */
const CHOSEN: ReadonlySet<string> = new Set(["direct", "function", "rule"]);

/** Why a trial would tell more than the asker may read; `undefined` where it would not. Rejects with `ServerRefused`. */
export async function tellsTooMuch({ client }: Connection, { readsAs, statements }: ExecutorAct): Promise<string | undefined> {
  if (readsAs === undefined) return undefined;
  const names = [...new Set(statements.flatMap(({ effects }) => effects.filter(looksAt).map(({ resource }) => resource.name)))];
  if (names.length === 0) return undefined;
  // Rows that a policy hides count as what may not be read. What is not there yet holds nothing. Effects name without quotes, and the
  // right to read a partition is that to read what it is a part of, whose rows are named with it.
  const [row] = await client.rows(
    `WITH named AS (SELECT c.oid, s.nspname || '.' || c.relname AS name, c.relowner, c.relrowsecurity, c.relispartition
       FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
       WHERE s.nspname || '.' || c.relname = ANY (ARRAY[${names.map(quoted).join(", ")}]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
     SELECT n.name FROM named n LEFT JOIN pg_roles r ON r.rolname = ${quoted(readsAs)}
     WHERE (r.oid IS NULL OR NOT has_table_privilege(r.oid, n.oid, 'SELECT')
      OR (n.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AND NOT pg_has_role(r.oid, n.relowner, 'USAGE')))
     AND NOT (n.relispartition AND EXISTS (SELECT FROM pg_partition_ancestors(n.oid) a JOIN named o ON o.oid = a.relid WHERE o.oid <> n.oid))
     ORDER BY n.name LIMIT 1`,
  );
  const name = row?.[0];
  if (name === undefined || name === null) return undefined;
  return `whoever asks may not read all of \`${name}\` itself, and the figures of a trial would tell of it`;
}

function looksAt({ operation, resource, cause }: Effect): boolean {
  return LOOKED_AT.has(operation) && RELATIONS.has(resource.type) && CHOSEN.has(cause);
}
