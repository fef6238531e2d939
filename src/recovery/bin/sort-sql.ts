/**
 * SQL of `holdfast_bin`: what a tried text took away, sorted by how it is kept. Whatever is of no kind that can be kept is refused
 * by name. It changes no object.
 */

export const binSort = `
CREATE OR REPLACE FUNCTION holdfast_bin.refuse_kept(what text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  RAISE EXCEPTION '% cannot be kept in the bin: %', what, why USING ERRCODE = 'HF003';
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.sort(of_entry bigint, gone bigint[], columns bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  o record;
BEGIN
  INSERT INTO holdfast_bin.object (entry, class, object, type, schema, name, bare, how, of_class, of_object)
    SELECT of_entry, a.class, a.object, coalesce(i.type, '?'), i.schema, coalesce(i.identity, '?'), i.name, 'inside', h.of_class, h.of_object
    FROM unnest(gone) AS g, LATERAL (SELECT (g >> 32)::oid AS class, (g & 4294967295)::oid AS object) AS a,
      LATERAL pg_identify_object(a.class, a.object, 0) AS i, LATERAL holdfast_bin.holder(a.class, a.object) AS h;
  -- The cast that comes with a range type goes with it.
  DELETE FROM holdfast_bin.object x USING pg_depend d WHERE x.entry = of_entry AND x.type = 'cast' AND d.classid = x.class AND d.objid = x.object
    AND d.deptype = 'i';
  SELECT x.type, x.name INTO o FROM holdfast_bin.object x WHERE x.entry = of_entry AND x.type IN ('extension', 'cast', 'language',
    'foreign-data wrapper', 'server', 'user mapping', 'event trigger', 'publication', 'access method', 'transform', 'large object', '?') LIMIT 1;
  IF o.type IS NOT NULL THEN
    PERFORM holdfast_bin.refuse_kept(o.type || ' ' || o.name, 'objects of this kind have no schema that they could be moved to');
  END IF;
  SELECT x.name INTO o FROM holdfast_bin.object x JOIN pg_class c ON c.oid = x.object
    WHERE x.entry = of_entry AND x.class = 'pg_class'::regclass AND c.relpersistence = 't' LIMIT 1;
  IF o.name IS NOT NULL THEN PERFORM holdfast_bin.refuse_kept(o.name, 'it is temporary'); END IF;
  -- What Holdfast has in the database is nobody's to drop: its schemas, and the triggers that keep row images on tables that stay.
  SELECT x.name INTO o FROM holdfast_bin.object x LEFT JOIN pg_trigger t ON x.class = 'pg_trigger'::regclass AND t.oid = x.object
      LEFT JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE x.entry = of_entry AND (coalesce(x.schema, x.bare) ~ '^holdfast(_undo|_bin(_[0-9]+){0,2})?$' AND x.type IN ('schema', 'table', 'function', 'procedure',
        'view', 'sequence', 'index', 'type')
      OR p.pronamespace = to_regnamespace('holdfast_undo') AND NOT EXISTS (
        SELECT FROM holdfast_bin.object r WHERE r.entry = of_entry AND r.class = x.of_class AND r.object = x.of_object)) LIMIT 1;
  IF o.name IS NOT NULL THEN PERFORM holdfast_bin.refuse_kept(o.name, 'it belongs to Holdfast'); END IF;
  UPDATE holdfast_bin.object x SET how = 'renamed', step = 10 WHERE x.entry = of_entry AND x.class = 'pg_namespace'::regclass;
  -- A sequence of a column comes and goes with the table.
  UPDATE holdfast_bin.object x SET of_object = d.refobjid FROM pg_depend d, holdfast_bin.object t
    WHERE x.entry = of_entry AND x.type = 'sequence' AND d.classid = 'pg_class'::regclass AND d.objid = x.object AND d.refclassid = 'pg_class'::regclass
      AND d.deptype IN ('a', 'i') AND t.entry = of_entry AND t.class = 'pg_class'::regclass AND t.object = d.refobjid;
  UPDATE holdfast_bin.object x SET how = 'moved', step = 20 WHERE x.entry = of_entry AND x.how = 'inside' AND x.class = x.of_class
    AND x.object = x.of_object AND x.type <> 'default acl'
    AND NOT EXISTS (SELECT FROM holdfast_bin.object s WHERE s.entry = of_entry AND s.type = 'schema' AND s.bare = x.schema);
  -- What hangs on something that stays is made anew; but what only follows from another such thing comes with that.
  UPDATE holdfast_bin.object x SET how = 'made', step = CASE x.type WHEN 'default value' THEN 50 WHEN 'index' THEN 51 WHEN 'domain constraint' THEN 52
      WHEN 'table constraint' THEN 52 WHEN 'trigger' THEN 60 WHEN 'rule' THEN 62 WHEN 'policy' THEN 64 WHEN 'publication relation' THEN 70 END
    WHERE x.entry = of_entry AND x.how = 'inside' AND (x.class, x.object) <> (x.of_class, x.of_object)
      AND (x.type = 'publication relation' OR NOT EXISTS (
        SELECT FROM holdfast_bin.object t WHERE t.entry = of_entry AND t.class = x.of_class AND t.object = x.of_object));
  UPDATE holdfast_bin.object x SET how = 'inside', step = 0 WHERE x.entry = of_entry AND x.how = 'made' AND (
    EXISTS (SELECT FROM pg_constraint c WHERE x.class = 'pg_constraint'::regclass AND c.oid = x.object
      AND (c.conparentid <> 0 OR c.coninhcount > 0 OR c.contype = 't'))
    OR EXISTS (SELECT FROM pg_trigger t WHERE x.class = 'pg_trigger'::regclass AND t.oid = x.object AND t.tgparentid <> 0)
    OR EXISTS (SELECT FROM pg_depend d WHERE x.type = 'index' AND d.classid = x.class AND d.objid = x.object AND d.refclassid = 'pg_constraint'::regclass
      AND d.deptype = 'i')
    OR EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE x.class = 'pg_publication_rel'::regclass
      AND r.oid = x.object AND NOT pg_has_role(p.pubowner, 'USAGE')));
  -- With a column goes what is nothing without it: that is kept with its values.
  UPDATE holdfast_bin.object x SET how = 'inside', step = 0 FROM pg_attrdef d WHERE x.entry = of_entry
    AND x.class = 'pg_attrdef'::regclass AND d.oid = x.object AND (d.adrelid::bigint << 16 | d.adnum::bigint) = ANY (columns);
  UPDATE holdfast_bin.object x SET how = 'inside', step = 0 FROM pg_constraint c WHERE x.entry = of_entry AND x.class = 'pg_constraint'::regclass
    AND c.oid = x.object AND c.contype = 'n' AND (c.conrelid::bigint << 16 | c.conkey[1]::bigint) = ANY (columns);
  UPDATE holdfast_bin.object x SET how = 'inside', step = 0, of_object = d.refobjid FROM pg_depend d WHERE x.entry = of_entry
    AND x.how = 'moved' AND x.type = 'sequence' AND d.classid = x.class AND d.objid = x.object AND d.refclassid = x.class AND d.deptype = 'i'
    AND (d.refobjid::bigint << 16 | d.refobjsubid::bigint) = ANY (columns);
  INSERT INTO holdfast_bin.object (entry, class, object, sub, type, schema, name, bare, how, of_class, of_object, step)
    SELECT of_entry, 'pg_class'::regclass, (k >> 16)::oid, (k & 65535)::int, i.type, i.schema, i.identity, NULL, 'column', 'pg_class'::regclass, (k >> 16)::oid, 28
    FROM unnest(columns) AS k, LATERAL pg_identify_object('pg_class'::regclass, (k >> 16)::oid, (k & 65535)::int) AS i;
  -- Statistics go with a column of theirs, whose table stays.
  UPDATE holdfast_bin.object x SET how = 'made', step = 53 FROM pg_statistic_ext s WHERE x.entry = of_entry AND x.how = 'moved'
    AND x.type = 'statistics object' AND s.oid = x.object AND EXISTS (SELECT FROM unnest(columns) AS k WHERE (k >> 16)::oid = s.stxrelid);
  -- A part of an index is made after the whole, which it is tied to.
  UPDATE holdfast_bin.object x SET step = 51 + t.deep / 1000.0 FROM (
    WITH RECURSIVE up AS (SELECT i.inhrelid, i.inhparent, 1 AS deep FROM pg_inherits i
      UNION ALL SELECT u.inhrelid, i.inhparent, u.deep + 1 FROM up u JOIN pg_inherits i ON i.inhrelid = u.inhparent)
    SELECT u.inhrelid, max(u.deep) AS deep FROM up u GROUP BY 1) AS t
    WHERE x.entry = of_entry AND x.how = 'made' AND x.type = 'index' AND t.inhrelid = x.object;
  UPDATE holdfast_bin.object x SET step = 54 FROM pg_constraint c WHERE x.entry = of_entry AND x.how = 'made' AND c.oid = x.object
    AND x.class = 'pg_constraint'::regclass AND c.contype = 'f';
  SELECT x.type, x.name INTO o FROM holdfast_bin.object x WHERE x.entry = of_entry AND x.how = 'made' AND x.step IS NULL LIMIT 1;
  IF o.type IS NOT NULL THEN PERFORM holdfast_bin.refuse_kept(o.type || ' ' || o.name, 'nothing is known about how it could be made anew'); END IF;
  PERFORM holdfast_bin.sort_written(of_entry);
END
$fn$;

-- What holds no rows and needs something that stays is written down and made anew: left as it is, it would hold that fast. Unless something
-- that is moved needs it itself.
CREATE OR REPLACE FUNCTION holdfast_bin.sort_written(of_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  WITH RECURSIVE edge AS MATERIALIZED (
    SELECT DISTINCT o.of_class AS class, o.of_object AS object, h.of_class AS ref_class, h.of_object AS ref_object,
      EXISTS (SELECT FROM holdfast_bin.object r WHERE r.entry = of_entry AND r.class = h.of_class AND r.object = h.of_object
        AND r.how <> 'column') AS within
    FROM holdfast_bin.object o JOIN pg_depend d ON d.classid = o.class AND d.objid = o.object, LATERAL holdfast_bin.holder(d.refclassid, d.refobjid) AS h
    WHERE o.entry = of_entry AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
      AND d.refclassid NOT IN ('pg_namespace'::regclass, 'pg_extension'::regclass, 'pg_language'::regclass, 'pg_publication'::regclass)
      AND (h.of_class, h.of_object) <> (o.of_class, o.of_object)
      AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e')
  ), light AS MATERIALIZED (
    SELECT o.class, o.object FROM holdfast_bin.object o LEFT JOIN pg_proc p ON o.class = 'pg_proc'::regclass AND p.oid = o.object
    WHERE o.entry = of_entry AND (o.class, o.object) = (o.of_class, o.of_object)
      AND (o.type IN ('view', 'materialized view') OR p.prosqlbody IS NOT NULL)
  ), tainted AS (
    SELECT l.class, l.object FROM light l JOIN edge e USING (class, object) WHERE NOT e.within
    UNION SELECT l.class, l.object FROM light l JOIN edge e USING (class, object) JOIN tainted t ON t.class = e.ref_class AND t.object = e.ref_object
  ), needed AS (
    SELECT l.class, l.object FROM light l WHERE EXISTS (
      SELECT FROM edge e WHERE e.ref_class = l.class AND e.ref_object = l.object
        AND NOT EXISTS (SELECT FROM light k WHERE k.class = e.class AND k.object = e.object))
      OR EXISTS (SELECT FROM holdfast_bin.object r, pg_depend d, LATERAL holdfast_bin.holder(d.classid, d.objid) AS h,
          LATERAL pg_identify_object(h.of_class, h.of_object, 0) AS i
        WHERE r.entry = of_entry AND r.of_class = l.class AND r.of_object = l.object AND d.refclassid = r.class AND d.refobjid = r.object
          AND i.schema IN (SELECT p.resting FROM holdfast_bin.place p))
    UNION SELECT l.class, l.object FROM light l JOIN edge e ON e.ref_class = l.class AND e.ref_object = l.object
      JOIN needed n ON n.class = e.class AND n.object = e.object
  ), written AS MATERIALIZED (SELECT class, object FROM tainted EXCEPT SELECT class, object FROM needed),
  depth AS (
    SELECT class, object, 1 AS deep FROM written
    UNION SELECT e.class, e.object, d.deep + 1 FROM depth d JOIN edge e ON e.ref_class = d.class AND e.ref_object = d.object
      JOIN written w ON w.class = e.class AND w.object = e.object WHERE d.deep < 10000
  )
  UPDATE holdfast_bin.object o SET how = 'made', step = 30 + d.deep / 1000.0 FROM (SELECT class, object, max(deep) AS deep FROM depth GROUP BY 1, 2) AS d
    WHERE o.entry = of_entry AND o.class = d.class AND o.object = d.object;
  IF EXISTS (SELECT FROM holdfast_bin.object o WHERE o.entry = of_entry AND o.step >= 40 AND o.step < 41) THEN
    PERFORM holdfast_bin.refuse_kept('views or functions', 'they need each other in a circle');
  END IF;
END
$fn$;
`;
