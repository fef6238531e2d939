/**
 * What a database holds and could lose, as lines that two moments can be compared by. Schemas of the server's and of Holdfast's are left
 * out.
 */
import type pg from "pg";

/** Every column, key, index, view, function, trigger and type, and a digest of each table's rows. */
export async function databaseState(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ line: string; relation: string | null }>(stateSql);
  const found = rows.map(({ line }) => line);
  for (const { relation } of rows) {
    if (relation === null) continue;
    const { rows: counts } = await client.query<{ line: string }>(
      `SELECT format('rows %s %s', count(*), md5(coalesce(string_agg(to_jsonb(t)::text, ',' ORDER BY to_jsonb(t)::text), ''))) AS line FROM ${relation} AS t`,
    );
    found.push(`${relation}: ${counts[0]?.line}`);
  }
  return found.sort();
}

const stateSql = `
WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^(pg|holdfast)_' AND nspname <> 'information_schema')
SELECT format('%s %s.%s owner %s', relkind, nspname, relname, relowner::regrole) AS line,
    CASE WHEN relkind IN ('r', 'p', 'm') THEN c.oid::regclass::text END AS relation
  FROM pg_class c JOIN spaces s ON s.oid = relnamespace
UNION ALL SELECT format('column %s.%s %s not null %s default %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
    pg_get_expr(adbin, adrelid)), NULL
  FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN spaces s ON s.oid = relnamespace
  LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum) WHERE attnum > 0 AND NOT attisdropped
UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(c.oid)), NULL
  FROM pg_constraint c JOIN spaces s ON s.oid = connamespace
UNION ALL SELECT format('index %s', pg_get_indexdef(indexrelid)), NULL
  FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN spaces s ON s.oid = relnamespace
UNION ALL SELECT format('function %s %s', p.oid::regprocedure, md5(prosrc)), NULL FROM pg_proc p JOIN spaces s ON s.oid = pronamespace
UNION ALL SELECT format('trigger %s', pg_get_triggerdef(t.oid)), NULL FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
  JOIN spaces s ON s.oid = relnamespace WHERE NOT tgisinternal
UNION ALL SELECT format('type %s.%s', nspname, typname), NULL FROM pg_type JOIN spaces s ON s.oid = typnamespace
UNION ALL SELECT format('schema %s', nspname), NULL FROM spaces`;
