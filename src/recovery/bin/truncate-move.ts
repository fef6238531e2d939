/**
 * SQL of `holdfast_bin`: whether a table can go into the bin with its file while an empty twin takes its place, and how that is done.
 * The time it takes does not depend on the rows. What is a partition, or what a text cannot say again, is named as a hindrance.
 */

/** `truncate_hindrance(relation, emptied)`: why the table cannot be exchanged, or null. `emptied` is every table of the same TRUNCATE. */
export const truncateHindrance = `
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_hindrance(relation oid, emptied oid[]) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  t pg_catalog.pg_class;
  why text;
BEGIN
  SELECT c.* INTO STRICT t FROM pg_catalog.pg_class c WHERE c.oid = relation;
  SELECT x.reason INTO why FROM (
    SELECT 1, 'it is a partition' WHERE t.relispartition
    UNION ALL SELECT 2, 'it inherits or is inherited from' FROM pg_catalog.pg_inherits i
      WHERE i.inhparent = relation OR i.inhrelid = relation
    UNION ALL SELECT 3, 'it is a table of a type' WHERE t.reloftype <> 0
    UNION ALL SELECT 4, 'it belongs to an extension' FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = relation AND d.deptype IN ('e', 'x')
    UNION ALL SELECT 5, format('it belongs to %I, for whom the bin may not act', pg_get_userbyid(t.relowner))
      WHERE NOT pg_has_role(t.relowner, 'USAGE')
    UNION ALL SELECT 6, format('its trigger %I fires on TRUNCATE', g.tgname) FROM pg_catalog.pg_trigger g
      JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE g.tgrelid = relation AND NOT g.tgisinternal AND g.tgtype & 32 <> 0 AND g.tgenabled <> 'D'
        AND n.nspname NOT IN ('holdfast_undo', 'holdfast_bin')
    UNION ALL SELECT 7, 'triggers of its constraints are not as the server made them' FROM pg_catalog.pg_trigger g
      WHERE g.tgrelid = relation AND g.tgisinternal AND g.tgenabled <> 'O'
    UNION ALL SELECT 8, 'it carries a security label' FROM pg_catalog.pg_seclabel l WHERE l.classoid = 'pg_class'::regclass
      AND l.objoid = relation
    UNION ALL SELECT 9, 'rights on it were granted by others than its owner' WHERE EXISTS (
      SELECT FROM aclexplode(t.relacl) AS a WHERE a.grantor <> t.relowner) OR EXISTS (
      SELECT FROM pg_catalog.pg_attribute c, aclexplode(c.attacl) AS a WHERE c.attrelid = relation AND a.grantor <> t.relowner)
    UNION ALL SELECT 10, format('its index %s is not valid', i.indexrelid::regclass) FROM pg_catalog.pg_index i
      WHERE i.indrelid = relation AND NOT i.indisvalid
    UNION ALL SELECT 11, format('its constraint %I is not valid', c.conname) FROM pg_catalog.pg_constraint c
      WHERE c.conrelid = relation AND c.contype = 'n' AND NOT c.convalidated
    UNION ALL SELECT 12, format('publication %I belongs to another', p.pubname) FROM pg_catalog.pg_publication_rel r
      JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = relation AND NOT pg_has_role(p.pubowner, 'USAGE')
    UNION ALL SELECT 13, format('%s refers to it', pg_describe_object(d.classid, d.objid, 0))
      FROM holdfast_bin.truncate_stuck(relation, emptied) AS d
  ) AS x(step, reason) ORDER BY x.step LIMIT 1;
  RETURN why;
END
$fn$;

-- Objects that hold on to the table and cannot be told to look at another one.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_stuck(relation oid, emptied oid[]) RETURNS TABLE (classid oid, objid oid)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  WITH own(class, object, kind) AS (
    SELECT 'pg_class'::regclass::oid, relation, 'table'
    UNION ALL SELECT 'pg_class'::regclass, i.indexrelid, 'index' FROM pg_catalog.pg_index i WHERE i.indrelid = relation
    UNION ALL SELECT 'pg_constraint'::regclass, c.oid, 'constraint' FROM pg_catalog.pg_constraint c WHERE c.conrelid = relation
    UNION ALL SELECT 'pg_class'::regclass, d.objid, 'identity' FROM pg_catalog.pg_depend d
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND d.refobjsubid > 0 AND d.classid = 'pg_class'::regclass
        AND d.deptype = 'i'
    UNION ALL SELECT 'pg_type'::regclass, c.reltype, 'type' FROM pg_catalog.pg_class c WHERE c.oid = relation
    UNION ALL SELECT 'pg_type'::regclass, y.typarray, 'type' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type y ON y.oid = c.reltype
      WHERE c.oid = relation
  )
  SELECT DISTINCT d.classid, d.objid
  FROM own o JOIN pg_catalog.pg_depend d ON d.refclassid = o.class AND d.refobjid = o.object
  LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  LEFT JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
  WHERE NOT EXISTS (SELECT FROM own w WHERE w.class = d.classid AND w.object = d.objid)
    AND NOT CASE d.classid
      WHEN 'pg_class'::regclass THEN o.kind = 'table' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objid
        AND c.relkind IN ('t', 'S'))
      WHEN 'pg_constraint'::regclass THEN o.kind <> 'type' AND EXISTS (
        SELECT FROM pg_catalog.pg_constraint c WHERE c.oid = d.objid AND c.contype = 'f' AND c.confrelid = relation
          AND c.conrelid = ANY (emptied) AND c.conparentid = 0)
      WHEN 'pg_trigger'::regclass THEN o.kind IN ('table', 'constraint') AND EXISTS (
        SELECT FROM pg_catalog.pg_trigger g WHERE g.oid = d.objid AND (g.tgrelid = relation OR g.tgisinternal))
      WHEN 'pg_attrdef'::regclass THEN EXISTS (SELECT FROM pg_catalog.pg_attrdef a WHERE a.oid = d.objid AND a.adrelid = relation)
      WHEN 'pg_rewrite'::regclass THEN o.kind IN ('table', 'constraint') AND (r.ev_class = relation OR v.relkind <> 'm'
        AND v.relpersistence <> 't'
        AND NOT v.relispartition AND pg_has_role(v.relowner, 'USAGE'))
      WHEN 'pg_policy'::regclass THEN o.kind <> 'type' AND EXISTS (
        SELECT FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid WHERE p.oid = d.objid
          AND pg_has_role(c.relowner, 'USAGE'))
      WHEN 'pg_statistic_ext'::regclass THEN EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.oid = d.objid
        AND s.stxrelid = relation)
      WHEN 'pg_publication_rel'::regclass THEN true
      WHEN 'pg_proc'::regclass THEN o.kind <> 'type' AND EXISTS (
        SELECT FROM pg_catalog.pg_proc p WHERE p.oid = d.objid AND p.prosqlbody IS NOT NULL AND pg_has_role(p.proowner, 'USAGE'))
      ELSE false END
$fn$;
`;

/**
 * `truncate_exchange(relations, place)`: moves each table with its rows to `place` as `rows_<oid>`, stripped to its columns, and puts
 * an empty
 * twin where it was. Gives the twins in the same order, and the foreign keys that wait for `VALIDATE` until everything is empty.
 */
export const truncateExchange = `
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_exchange(relations oid[], place text, OUT twins oid[], OUT unproved text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  shed text := place || '_new';
  t record;
  f record;
  one text;
  laws text[] := '{}';
  others text[] := '{}';
  keys text[] := '{}';
  owned text[] := '{}';
BEGIN
  EXECUTE format('CREATE SCHEMA %I', shed);
  FOR t IN SELECT c.oid, x.texts FROM unnest(relations) AS r, pg_catalog.pg_class c, holdfast_bin.table_texts(r) AS x WHERE c.oid = r LOOP
    laws := laws || t.texts;
    others := others || array(SELECT p FROM holdfast_bin.pointing_texts(t.oid) AS p);
    PERFORM holdfast_bin.truncate_twin(t.oid, shed);
  END LOOP;
  -- Foreign keys from and to what moves, of tables that only are emptied too.
  FOR f IN
    SELECT c.oid, c.conrelid, c.conname, c.convalidated, holdfast_bin.fkey_text(c.oid) AS text,
      holdfast_bin.comment_text(format('CONSTRAINT %I ON %s', c.conname, c.conrelid::regclass), 'pg_constraint'::regclass, c.oid,
        0) AS comment
    FROM pg_catalog.pg_constraint c
    WHERE c.contype = 'f' AND c.conparentid = 0 AND (c.conrelid = ANY (relations) OR c.confrelid = ANY (relations)) ORDER BY c.conname
  LOOP
    keys := keys || f.text || f.comment;
    IF f.convalidated THEN unproved := unproved || format('ALTER TABLE %s VALIDATE CONSTRAINT %I', f.conrelid::regclass,
      f.conname); END IF;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', f.conrelid::regclass, f.conname);
  END LOOP;
  FOR one IN
    SELECT format('ALTER SEQUENCE %s OWNED BY %%s %I.%I.%I', d.objid::regclass, n.nspname, c.relname, a.attname)
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations) AND d.deptype = 'a'
  LOOP
    EXECUTE split_part(one, '%s', 1) || 'NONE';
    owned := owned || replace(one, '%s ', '');
  END LOOP;
  FOR t IN SELECT c.oid, c.relname, n.nspname FROM unnest(relations) WITH ORDINALITY AS r(oid, place) JOIN pg_catalog.pg_class c
    USING (oid)
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY r.place
  LOOP
    -- These have a place and a membership of their own, that do not move along.
    FOR one IN
      SELECT format('DROP STATISTICS %s.%I', s.stxnamespace::regnamespace, s.stxname) FROM pg_catalog.pg_statistic_ext s
        WHERE s.stxrelid = t.oid
      UNION ALL SELECT format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, t.oid::regclass)
      FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = t.oid
    LOOP EXECUTE one; END LOOP;
    EXECUTE format('ALTER TABLE %I.%I SET SCHEMA %I', t.nspname, t.relname, place);
    EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', place, t.relname, 'rows_' || t.oid);
    EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', shed, 'twin_' || t.oid, t.relname);
    EXECUTE format('ALTER TABLE %I.%I SET SCHEMA %I', shed, t.relname, t.nspname);
    twins := twins || format('%I.%I', t.nspname, t.relname)::regclass::oid;
  END LOOP;
  FOREACH one IN ARRAY laws || owned || others || keys LOOP
    CONTINUE WHEN one IS NULL;
    EXECUTE one;
  END LOOP;
  FOR t IN SELECT r FROM unnest(relations) AS r LOOP PERFORM holdfast_bin.truncate_strip(t.r); END LOOP;
  EXECUTE format('DROP SCHEMA %I', shed);
END
$fn$;

-- An empty table with the same columns, the same owner and no other right: what else there is to it is said once it stands in place.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_twin(relation oid, shed text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  t record;
  name text := format('%I.%I', shed, 'twin_' || relation);
  a record;
BEGIN
  SELECT c.*, n.amname, s.spcname, o.rolname,
    concat_ws(', ', holdfast_bin.options_text(c.reloptions),
      (SELECT string_agg(format('toast.%s = %L', split_part(x, '=', 1), split_part(x, '=', 2)), ', ')
        FROM unnest(k.reloptions) AS x)) AS options
  INTO STRICT t FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am n ON n.oid = c.relam LEFT
    JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
  LEFT JOIN pg_catalog.pg_class k ON k.oid = c.reltoastrelid JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
  WHERE c.oid = relation;
  EXECUTE format('CREATE %s TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE'
    ' INCLUDING COMPRESSION) USING %I%s%s',
    CASE t.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE '' END, name, relation::regclass, t.amname,
    ' WITH (' || nullif(t.options, '') || ')', ' TABLESPACE ' || quote_ident(t.spcname));
  IF t.rolname <> current_user THEN
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', shed, t.rolname);
    EXECUTE format('ALTER TABLE %s OWNER TO %I', name, t.rolname);
  END IF;
  -- Default privileges of whoever carries this out say nothing here.
  FOR a IN SELECT DISTINCT x.grantee FROM pg_catalog.pg_class c, aclexplode(c.relacl) AS x WHERE c.oid = name::regclass
    AND x.grantee <> c.relowner LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', name, CASE a.grantee WHEN 0 THEN 'PUBLIC'
      ELSE quote_ident(pg_get_userbyid(a.grantee)) END);
  END LOOP;
END
$fn$;

-- What rests in the bin holds on to nothing: no function, type of another's, or table may be kept from going because of it.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_strip(relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  one text;
BEGIN
  FOR one IN
    SELECT x.text FROM (
      SELECT 1 AS step, format('DROP RULE %I ON %s', r.rulename, relation::regclass) AS text FROM pg_catalog.pg_rewrite r
        WHERE r.ev_class = relation
      UNION ALL SELECT 2, format('DROP POLICY %I ON %s', p.polname, relation::regclass) FROM pg_catalog.pg_policy p
        WHERE p.polrelid = relation
      UNION ALL SELECT 3, format('DROP TRIGGER %I ON %s', g.tgname, relation::regclass) FROM pg_catalog.pg_trigger g
        WHERE g.tgrelid = relation AND NOT g.tgisinternal
      UNION ALL SELECT 4, format('ALTER TABLE %s DROP CONSTRAINT %I', relation::regclass, c.conname) FROM pg_catalog.pg_constraint c
        WHERE c.conrelid = relation AND c.contype IN ('c', 'p', 'u', 'x')
      UNION ALL SELECT 5, format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_catalog.pg_index i
        WHERE i.indrelid = relation AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid
          AND c.contype IN ('p', 'u', 'x'))
      UNION ALL SELECT 6, format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', relation::regclass, a.attname)
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = relation AND a.attidentity <> '' AND NOT a.attisdropped
      UNION ALL SELECT 7, format('ALTER TABLE %s DROP COLUMN %I', relation::regclass, a.attname) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = relation AND a.attgenerated <> '' AND NOT a.attisdropped
      UNION ALL SELECT 8, format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', relation::regclass, a.attname)
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = relation AND a.atthasdef AND a.attgenerated = '' AND NOT a.attisdropped
    ) AS x ORDER BY x.step
  LOOP EXECUTE one; END LOOP;
  EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', relation::regclass);
END
$fn$;
`;
