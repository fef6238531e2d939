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
  // Rows that a policy hides count as what may not be read. What is not there yet holds nothing.
  const [row] = await client.rows(
    `SELECT n.name FROM pg_catalog.unnest(ARRAY[${names.map(quoted).join(", ")}]::pg_catalog.text[]) WITH ORDINALITY AS n(name, place)
      JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(n.name)
      LEFT JOIN pg_catalog.pg_roles r ON r.rolname = ${quoted(readsAs)}
     WHERE r.oid IS NULL OR NOT pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT')
      OR (c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AND NOT pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE'))
     ORDER BY n.place LIMIT 1`,
  );
  const name = row?.[0];
  if (name === undefined || name === null) return undefined;
  return `whoever asks may not read all of \`${name}\` itself, and the figures of a trial would tell of it`;
}

function looksAt({ operation, resource, cause }: Effect): boolean {
  return LOOKED_AT.has(operation) && RELATIONS.has(resource.type) && CHOSEN.has(cause);
}
