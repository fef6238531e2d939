/**
 * All that a schema holds, as lines of text: definitions, rights, comments, sequences' values, rows. Two inventories that are equal are of
 * two schemas that nobody can tell apart. It knows no object identifiers. pg_dump says the same of 15; this says it of every version.
 */
import type pg from "pg";

const LINES = `
WITH ns AS (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname ~ $1 AND nspname !~ '^(pg_|holdfast)'),
rel AS (SELECT c.*, c.oid::regclass::text AS q FROM pg_class c JOIN ns ON ns.oid = c.relnamespace),
comments AS (SELECT classoid, objoid, objsubid, description FROM pg_description)
SELECT line FROM (
  SELECT 'schema ' || nspname || ' ' || pg_get_userbyid(nspowner) || ' ' || coalesce((SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) a)::text, '')
    || coalesce((SELECT ' -- ' || description FROM comments WHERE classoid = 'pg_namespace'::regclass AND objoid = ns.oid), '') AS line FROM ns
  UNION ALL SELECT concat_ws('|', 'relation', q, relkind, pg_get_userbyid(relowner),
      (SELECT array_agg(a.grantee::regrole::text || '=' || a.privilege_type || a.is_grantable || a.grantor::regrole ORDER BY 1)
        FROM aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) a)::text, reloptions::text, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
      (SELECT amname FROM pg_am WHERE oid = relam), pg_get_expr(relpartbound, oid), pg_get_partkeydef(oid), relispopulated,
      (SELECT description FROM comments WHERE classoid = 'pg_class'::regclass AND objoid = rel.oid AND objsubid = 0), reloftype::regtype::text)
    FROM rel WHERE relkind <> 't'
  UNION ALL SELECT concat_ws('|', 'column', r.q, row_number() OVER (PARTITION BY a.attrelid ORDER BY attnum), attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
      pg_get_expr(d.adbin, d.adrelid), attstorage, attcompression, CASE WHEN attstattarget >= 0 THEN attstattarget END, attoptions::text, attislocal, attinhcount,
      (SELECT collname FROM pg_collation WHERE oid = attcollation), (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(attacl) x)::text,
      (SELECT description FROM comments WHERE classoid = 'pg_class'::regclass AND objoid = a.attrelid AND objsubid = attnum))
    FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind <> 't'
  UNION ALL SELECT concat_ws('|', 'constraint', coalesce(r.q, c.contypid::regtype::text), conname, pg_get_constraintdef(c.oid), convalidated, conislocal, coninhcount, connoinherit,
      (SELECT description FROM comments WHERE classoid = 'pg_constraint'::regclass AND objoid = c.oid))
    FROM pg_constraint c LEFT JOIN rel r ON r.oid = c.conrelid WHERE c.connamespace IN (SELECT oid FROM ns)
  UNION ALL SELECT concat_ws('|', 'index', r.q, pg_get_indexdef(indexrelid), indisclustered, indisreplident, indisvalid,
      (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = indexrelid)) FROM pg_index i JOIN rel r ON r.oid = i.indrelid WHERE r.relkind <> 't'
  UNION ALL SELECT concat_ws('|', 'trigger', pg_get_triggerdef(t.oid), tgenabled, tgparentid <> 0, (SELECT description FROM comments WHERE classoid = 'pg_trigger'::regclass AND objoid = t.oid))
    FROM pg_trigger t JOIN rel r ON r.oid = t.tgrelid WHERE NOT tgisinternal
  UNION ALL SELECT concat_ws('|', 'policy', r.q, polname, polcmd, polpermissive, (SELECT string_agg(x::regrole::text, ',' ORDER BY 1) FROM unnest(polroles) x), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
      (SELECT description FROM comments WHERE classoid = 'pg_policy'::regclass AND objoid = p.oid)) FROM pg_policy p JOIN rel r ON r.oid = p.polrelid
  UNION ALL SELECT concat_ws('|', 'rule', pg_get_ruledef(w.oid), ev_enabled, (SELECT description FROM comments WHERE classoid = 'pg_rewrite'::regclass AND objoid = w.oid))
    FROM pg_rewrite w JOIN rel r ON r.oid = w.ev_class
  UNION ALL SELECT concat_ws('|', 'routine', p.oid::regprocedure::text, prokind, CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END, pg_get_userbyid(proowner),
      (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(proacl, acldefault('f', proowner))) a)::text, (SELECT description FROM comments WHERE classoid = 'pg_proc'::regclass AND objoid = p.oid))
    FROM pg_proc p WHERE pronamespace IN (SELECT oid FROM ns)
  UNION ALL SELECT concat_ws('|', 'type', t.oid::regtype::text, typtype, typcategory, pg_get_userbyid(typowner), typnotnull, typdefault, CASE WHEN typbasetype <> 0 THEN format_type(typbasetype, typtypmod) END,
      (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), (SELECT rngsubtype::regtype::text || rngmultitypid::regtype FROM pg_range WHERE rngtypid = t.oid),
      typacl::text, (SELECT description FROM comments WHERE classoid = 'pg_type'::regclass AND objoid = t.oid)) FROM pg_type t WHERE typnamespace IN (SELECT oid FROM ns)
  UNION ALL SELECT concat_ws('|', 'sequence', r.q, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle,
      (SELECT d.deptype::text || d.refobjid::regclass::text || '.' || a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')))
    FROM pg_sequence s JOIN rel r ON r.oid = s.seqrelid
  UNION ALL SELECT concat_ws('|', 'statistics', pg_get_statisticsobjdef(s.oid), pg_get_userbyid(stxowner), CASE WHEN stxstattarget >= 0 THEN stxstattarget END, (SELECT description FROM comments WHERE classoid = 'pg_statistic_ext'::regclass AND objoid = s.oid))
    FROM pg_statistic_ext s WHERE stxnamespace IN (SELECT oid FROM ns)
  UNION ALL SELECT concat_ws('|', 'inherits', r.q, inhparent::regclass, inhseqno) FROM pg_inherits i JOIN rel r ON r.oid = i.inhrelid
  UNION ALL SELECT concat_ws('|', 'published', p.pubname, r.q, pg_get_expr(prqual, prrelid), (SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)))
    FROM pg_publication_rel x JOIN pg_publication p ON p.oid = x.prpubid JOIN rel r ON r.oid = x.prrelid
) AS x ORDER BY line COLLATE "C"`;

/** Of schemas whose names match the pattern. */
export async function inventory(client: pg.Client, pattern: string): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(LINES, [pattern]);
  const tables = await client.query<{ q: string; kind: string }>(
    `SELECT c.oid::regclass::text AS q, c.relkind AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname ~ $1 AND n.nspname !~ '^(pg_|holdfast)' AND (c.relkind IN ('r', 'S') OR c.relkind = 'm' AND c.relispopulated) ORDER BY 1`,
    [pattern],
  );
  const queries = tables.rows.map(({ q, kind }) =>
    kind === "S"
      ? `SELECT 'value|${literalText(q)}|' || last_value || is_called AS line FROM ${q}`
      : `SELECT 'rows|${literalText(q)}|' || count(*) || '|' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C")), '') AS line FROM ONLY ${q} AS t`,
  );
  const data = queries.length === 0 ? [] : (await client.query<{ line: string }>(queries.join(" UNION ALL "))).rows;
  return [...rows, ...data].map(({ line }) => line);
}

function literalText(text: string): string {
  return text.replaceAll("'", "''");
}
