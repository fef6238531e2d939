/**
 * SQL of `holdfast_bin`: what makes one table a table's twin again, and what refers to a table, each as text to run later.
 * The texts are the server's own (`pg_get_...def`), qualified throughout; nothing here changes anything.
 */

/**
 * `table_texts(relation)`: everything but the columns themselves and foreign keys, in the order to run it; the identity columns'
 * sequences get their values, too. LIKE ... INCLUDING DEFAULTS GENERATED STORAGE COMPRESSION brings the columns (and not-null
 * constraints with their names since 18).
 */
export const tableTexts = `
CREATE OR REPLACE FUNCTION holdfast_bin.comment_text(what text, class oid, object oid, part int) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT format('COMMENT ON %s IS %L', what, d.description)
  FROM pg_catalog.pg_description d WHERE d.classoid = class AND d.objoid = object AND d.objsubid = part
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.options_text(options text[]) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT string_agg(format('%s = %L', (regexp_match(o, '^([^=]*)=(.*)$'))[1], (regexp_match(o, '^([^=]*)=(.*)$'))[2]), ', ')
  FROM unnest(options) AS o
$fn$;

-- GRANTs of one access list as its owner gave them: what was given by others cannot be said by a function.
CREATE OR REPLACE FUNCTION holdfast_bin.grant_texts(acl aclitem[], owner oid, what text, columns text) RETURNS SETOF text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT format('GRANT %s%s ON %s TO %s%s', a.privilege_type, columns, what,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                CASE WHEN a.is_grantable AND a.grantee <> owner THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM aclexplode(acl) AS a
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.policy_text(policy oid) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, p.polrelid::regclass,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) AS r),
    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
  FROM pg_catalog.pg_policy p WHERE p.oid = policy
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.enabled_text(what text, name name, state "char") RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT CASE state WHEN 'D' THEN 'DISABLE ' WHEN 'R' THEN 'ENABLE REPLICA '
    WHEN 'A' THEN 'ENABLE ALWAYS ' END || what || quote_ident(name)
$fn$;

-- An identity column's sequence with its value: the value is read now, by whoever owns it.
CREATE OR REPLACE FUNCTION holdfast_bin.identity_texts(relation oid, number smallint DEFAULT NULL) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  c record;
  last bigint;
  called boolean;
BEGIN
  FOR c IN
    SELECT a.attname, a.attidentity, s.*, q.relacl, q.relowner, d.objid
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
      AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
    JOIN pg_catalog.pg_class q ON q.oid = d.objid
    WHERE a.attrelid = relation AND a.attidentity <> '' AND NOT a.attisdropped AND (number IS NULL OR a.attnum = number)
    ORDER BY a.attnum
  LOOP
    EXECUTE format('SELECT last_value, is_called FROM %s', c.objid::regclass) INTO last, called;
    RETURN NEXT format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s START WITH %s INCREMENT BY %s'
      ' MINVALUE %s MAXVALUE %s CACHE %s%s)', relation::regclass, c.attname, CASE c.attidentity WHEN 'a' THEN 'ALWAYS'
        ELSE 'BY DEFAULT' END,
      c.objid::regclass, c.seqstart, c.seqincrement, c.seqmin, c.seqmax, c.seqcache, CASE WHEN c.seqcycle THEN ' CYCLE'
        ELSE ' NO CYCLE' END);
    RETURN NEXT format('SELECT pg_catalog.setval(%L, %s, %L)', c.objid::regclass, last, called);
    RETURN NEXT holdfast_bin.comment_text('SEQUENCE ' || c.objid::regclass::text, 'pg_class'::regclass, c.objid, 0);
    RETURN QUERY SELECT holdfast_bin.grant_texts(c.relacl, c.relowner, 'SEQUENCE ' || c.objid::regclass::text, '');
  END LOOP;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.table_texts(relation oid, OUT texts text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  t pg_catalog.pg_class;
  q text := relation::regclass::text;
BEGIN
  SELECT c.* INTO STRICT t FROM pg_catalog.pg_class c WHERE c.oid = relation;
  SELECT array_agg(x.text ORDER BY x.step, x.part, x.name, x.turn) INTO texts FROM (
    SELECT 10 AS step, 0 AS part, '' AS name, i.ordinality AS turn, i.text
      FROM holdfast_bin.identity_texts(relation) WITH ORDINALITY AS i(text, ordinality)
    UNION ALL
    SELECT 20, a.attnum, '', v.turn, v.text FROM pg_catalog.pg_attribute a, LATERAL (VALUES
      (1, CASE WHEN a.attstattarget >= 0 THEN format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', q, a.attname,
        a.attstattarget) END),
      (2, format('ALTER TABLE %s ALTER COLUMN %I', q, a.attname) || ' SET (' || holdfast_bin.options_text(a.attoptions) || ')'),
      (3, holdfast_bin.comment_text(format('COLUMN %s.%I', q, a.attname), 'pg_class'::regclass, relation, a.attnum))) AS v(turn, text)
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT CASE c.contype WHEN 'p' THEN 31 WHEN 'c' THEN 30 ELSE 32 END, 0, c.conname, 1,
      format('ALTER TABLE %s ADD CONSTRAINT %I %s', q, c.conname, pg_get_constraintdef(c.oid))
    FROM pg_catalog.pg_constraint c WHERE c.conrelid = relation AND c.contype IN ('c', 'p', 'u', 'x') AND c.conparentid = 0
    UNION ALL
    SELECT 33, 0, c.conname, 1, holdfast_bin.comment_text(format('CONSTRAINT %I ON %s', c.conname, q), 'pg_constraint'::regclass,
      c.oid, 0)
    FROM pg_catalog.pg_constraint c WHERE c.conrelid = relation AND c.contype NOT IN ('f', 't')
    UNION ALL
    SELECT 34, 0, i.indexrelid::regclass::text, 1, pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index i
    WHERE i.indrelid = relation AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid
      AND c.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 35, 0, i.indexrelid::regclass::text, v.turn, v.text FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid,
    LATERAL (SELECT 1, 'ALTER INDEX ' || x.oid::regclass || ' SET (' || holdfast_bin.options_text(x.reloptions) || ')'
      UNION ALL SELECT 2, format('ALTER INDEX %s SET TABLESPACE %I', x.oid::regclass, s.spcname) FROM pg_catalog.pg_tablespace s
        WHERE s.oid = x.reltablespace
      UNION ALL SELECT 3, format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', x.oid::regclass, a.attnum, a.attstattarget)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0
      UNION ALL SELECT 4, holdfast_bin.comment_text('INDEX ' || x.oid::regclass::text, 'pg_class'::regclass, x.oid, 0)
      UNION ALL SELECT 5, format('ALTER TABLE %s CLUSTER ON %I', q, x.relname) WHERE i.indisclustered
      UNION ALL SELECT 6, format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', q, x.relname) WHERE i.indisreplident
        AND t.relreplident = 'i') AS v(turn, text)
    WHERE i.indrelid = relation
    UNION ALL
    SELECT 36, 0, '', 1, 'ALTER TABLE ' || q || ' REPLICA IDENTITY ' || CASE t.relreplident WHEN 'f' THEN 'FULL'
      WHEN 'n' THEN 'NOTHING' END
    UNION ALL
    SELECT 40, 0, s.stxname, v.turn, v.text FROM pg_catalog.pg_statistic_ext s,
    LATERAL (SELECT format('%s.%I', s.stxnamespace::regnamespace, s.stxname) AS name) AS n, LATERAL (VALUES
      (1, pg_get_statisticsobjdef(s.oid)),
      (2, CASE WHEN s.stxstattarget >= 0 THEN format('ALTER STATISTICS %s SET STATISTICS %s', n.name, s.stxstattarget) END),
      (3, format('ALTER STATISTICS %s OWNER TO %I', n.name, pg_get_userbyid(s.stxowner))),
      (4, holdfast_bin.comment_text('STATISTICS ' || n.name, 'pg_statistic_ext'::regclass, s.oid, 0))) AS v(turn, text)
    WHERE s.stxrelid = relation
    UNION ALL
    SELECT 50, 0, g.tgname, v.turn, v.text FROM pg_catalog.pg_trigger g, LATERAL (VALUES
      (1, pg_get_triggerdef(g.oid)),
      (2, format('ALTER TABLE %s %s', q, holdfast_bin.enabled_text('TRIGGER ', g.tgname, nullif(g.tgenabled, 'O')))),
      (3, holdfast_bin.comment_text(format('TRIGGER %I ON %s', g.tgname, q), 'pg_trigger'::regclass, g.oid, 0))) AS v(turn, text)
    WHERE g.tgrelid = relation AND NOT g.tgisinternal AND (v.turn <> 2 OR g.tgenabled <> 'O')
    UNION ALL
    SELECT 60, 0, p.polname, v.turn, v.text FROM pg_catalog.pg_policy p, LATERAL (VALUES
      (1, holdfast_bin.policy_text(p.oid)),
      (2, holdfast_bin.comment_text(format('POLICY %I ON %s', p.polname, q), 'pg_policy'::regclass, p.oid, 0))) AS v(turn, text)
    WHERE p.polrelid = relation
    UNION ALL
    SELECT 61, 0, '', 1, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', q) WHERE t.relrowsecurity
    UNION ALL
    SELECT 61, 0, '', 2, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', q) WHERE t.relforcerowsecurity
    UNION ALL
    SELECT 70, 0, r.rulename, v.turn, v.text FROM pg_catalog.pg_rewrite r, LATERAL (VALUES
      (1, pg_get_ruledef(r.oid)),
      (2, format('ALTER TABLE %s %s', q, holdfast_bin.enabled_text('RULE ', r.rulename, r.ev_enabled))),
      (3, holdfast_bin.comment_text(format('RULE %I ON %s', r.rulename, q), 'pg_rewrite'::regclass, r.oid, 0))) AS v(turn, text)
    WHERE r.ev_class = relation AND (v.turn <> 2 OR r.ev_enabled <> 'O')
    UNION ALL
    SELECT 80, 0, '', 1, format('REVOKE ALL ON TABLE %s FROM %I', q, pg_get_userbyid(t.relowner)) WHERE t.relacl IS NOT NULL
    UNION ALL
    SELECT 81, 0, '', 1, g FROM holdfast_bin.grant_texts(t.relacl, t.relowner, 'TABLE ' || q, '') AS g
    UNION ALL
    SELECT 82, a.attnum, '', 1, g FROM pg_catalog.pg_attribute a, LATERAL holdfast_bin.grant_texts(a.attacl, t.relowner, 'TABLE ' || q,
      format(' (%I)', a.attname)) AS g
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 83, 0, '', 1, holdfast_bin.comment_text('TABLE ' || q, 'pg_class'::regclass, relation, 0)
    UNION ALL
    SELECT 90, 0, p.pubname, 1, format('ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s', p.pubname, q,
      (SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY n.ordinality) || ')'
       FROM unnest(r.prattrs::int2[]) WITH ORDINALITY AS n(attnum, ordinality) JOIN pg_catalog.pg_attribute a ON a.attrelid = relation
         AND a.attnum = n.attnum),
      ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')')
    FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = relation
  ) AS x WHERE x.text IS NOT NULL;
END
$fn$;

-- Added without a look at the rows: what is emptied in the same transaction is proved once it is empty.
CREATE OR REPLACE FUNCTION holdfast_bin.fkey_text(fkey oid) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s%s', c.conrelid::regclass, c.conname, d.def,
                CASE WHEN d.def ~ ' NOT (VALID|ENFORCED)$' THEN '' ELSE ' NOT VALID' END)
  FROM pg_catalog.pg_constraint c, LATERAL (SELECT pg_get_constraintdef(c.oid) AS def) AS d WHERE c.oid = fkey
$fn$;

-- What refers to a table from elsewhere and keeps its own identity when it is said again.
CREATE OR REPLACE FUNCTION holdfast_bin.pointing_texts(relation oid) RETURNS SETOF text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  WITH refers AS (
    SELECT DISTINCT d.classid, d.objid FROM pg_catalog.pg_depend d
    WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = relation)
       OR (d.refclassid = 'pg_constraint'::regclass AND d.refobjid IN (SELECT c.oid FROM pg_catalog.pg_constraint c
         WHERE c.conrelid = relation))
  )
  SELECT x.text FROM (
    SELECT CASE WHEN r.rulename = '_RETURN' THEN format('CREATE OR REPLACE VIEW %s%s AS %s', v.oid::regclass,
        ' WITH (' || holdfast_bin.options_text(v.reloptions) || ')', pg_get_viewdef(v.oid))
      ELSE replace(pg_get_ruledef(r.oid), 'CREATE RULE', 'CREATE OR REPLACE RULE') END AS text, r.oid
    FROM refers f JOIN pg_catalog.pg_rewrite r ON f.classid = 'pg_rewrite'::regclass AND r.oid = f.objid
    JOIN pg_catalog.pg_class v ON v.oid = r.ev_class WHERE r.ev_class <> relation
    UNION ALL
    SELECT format('ALTER POLICY %I ON %s%s%s', p.polname, p.polrelid::regclass,
      ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), p.oid
    FROM refers f JOIN pg_catalog.pg_policy p ON f.classid = 'pg_policy'::regclass AND p.oid = f.objid WHERE p.polrelid <> relation
    UNION ALL
    SELECT pg_get_functiondef(p.oid), p.oid
    FROM refers f JOIN pg_catalog.pg_proc p ON f.classid = 'pg_proc'::regclass AND p.oid = f.objid
  ) AS x ORDER BY x.oid
$fn$;
`;
