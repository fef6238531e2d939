/**
 * SQL of `holdfast_bin`: sorted objects leave. What would tie them to what stays is cut, what is only written down is dropped, and
 * the rest gets another schema: names, data, indexes, rights and triggers stay as they are, in constant time.
 */

export const binMove = `
-- The schema where an entry's objects of one schema rest; made at the first of them.
CREATE OR REPLACE FUNCTION holdfast_bin.place_for(of_entry bigint, of_schema name, of_renamed boolean DEFAULT false) RETURNS name
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  found name := (SELECT p.resting FROM holdfast_bin.place p WHERE p.entry = of_entry AND p.schema = of_schema);
  turn int := (SELECT count(*) FROM holdfast_bin.place p WHERE p.entry = of_entry);
BEGIN
  IF found IS NOT NULL THEN RETURN found; END IF;
  LOOP
    turn := turn + 1;
    found := 'holdfast_bin_' || of_entry || CASE turn WHEN 1 THEN '' ELSE '_' || turn END;
    EXIT WHEN to_regnamespace(quote_ident(found)) IS NULL;
  END LOOP;
  INSERT INTO holdfast_bin.place (entry, resting, schema, renamed) VALUES (of_entry, found, of_schema, of_renamed);
  IF NOT of_renamed THEN
    EXECUTE format('CREATE SCHEMA %I', found);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', found, 'holdfast: bin');
  END IF;
  RETURN found;
END
$fn$;

-- Tables that leave a table of which they are a part, and the foreign keys that would hold something that stays.
CREATE OR REPLACE FUNCTION holdfast_bin.part(of_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  i record;
BEGIN
  FOR i IN SELECT h.inhrelid, h.inhparent, h.inhseqno, c.relispartition, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
    JOIN holdfast_bin.object o ON o.entry = of_entry AND o.class = 'pg_class'::regclass AND o.object = h.inhrelid AND o.how <> 'column'
    WHERE c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (SELECT FROM holdfast_bin.object p
      WHERE p.entry = of_entry AND p.class = 'pg_class'::regclass AND p.object = h.inhparent AND p.how <> 'column') ORDER BY h.inhrelid, h.inhseqno LOOP
    INSERT INTO holdfast_bin.object (entry, class, object, type, name, how, of_class, of_object, step, recipe)
      VALUES (of_entry, 'pg_class'::regclass, i.inhparent, 'inheritance', i.inhparent::regclass, 'made', 'pg_class'::regclass, i.inhrelid, 56 + i.inhseqno / 1000.0,
        jsonb_build_array(jsonb_build_object('sql', CASE WHEN i.relispartition
          THEN replace(format('ALTER TABLE %s ATTACH PARTITION', i.inhparent::regclass), '%', '%%') || ' %1$s ' || replace(i.bound, '%', '%%')
          ELSE 'ALTER TABLE %1$s INHERIT ' || replace(i.inhparent::regclass::text, '%', '%%') END)));
    EXECUTE CASE WHEN i.relispartition THEN format('ALTER TABLE %s DETACH PARTITION %s', i.inhparent::regclass, i.inhrelid::regclass)
      ELSE format('ALTER TABLE %s NO INHERIT %s', i.inhrelid::regclass, i.inhparent::regclass) END;
  END LOOP;
  INSERT INTO holdfast_bin.object (entry, class, object, type, name, how, of_class, of_object, step)
    SELECT of_entry, 'pg_constraint'::regclass, k.oid, 'table constraint', format('%I on %s', k.conname, k.conrelid::regclass), 'made',
      'pg_class'::regclass, k.conrelid, 54
    FROM pg_constraint k JOIN holdfast_bin.object o ON o.entry = of_entry AND o.class = 'pg_class'::regclass AND o.object = k.conrelid AND o.how <> 'column'
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND NOT EXISTS (SELECT FROM holdfast_bin.object r WHERE r.entry = of_entry AND r.class = 'pg_class'::regclass AND r.object = k.confrelid
        AND r.how <> 'column');
  DELETE FROM holdfast_bin.object o USING holdfast_bin.object k WHERE o.entry = of_entry AND k.entry = of_entry AND o.class = 'pg_constraint'::regclass
    AND k.class = o.class AND k.object = o.object AND o.how = 'inside' AND k.how = 'made';
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.cut(of_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  o record;
BEGIN
  FOR o IN SELECT x.*, i.identity AS now FROM holdfast_bin.object x, LATERAL pg_identify_object(x.class, x.object, 0) AS i
    WHERE x.entry = of_entry AND x.how = 'made' AND x.type <> 'inheritance'
    ORDER BY floor(x.step) DESC, CASE x.type WHEN 'index' THEN x.step ELSE -x.step END,
      EXISTS (SELECT FROM pg_inherits p WHERE p.inhrelid = x.object), x.nr DESC LOOP
    -- What went with another is gone already.
    CONTINUE WHEN (SELECT i.identity FROM pg_identify_object(o.class, o.object, 0) AS i) IS NULL;
    EXECUTE CASE o.type
      WHEN 'table constraint' THEN (SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) FROM pg_constraint k WHERE k.oid = o.object)
      WHEN 'domain constraint' THEN (SELECT format('ALTER DOMAIN %s DROP CONSTRAINT %I', k.contypid::regtype, k.conname) FROM pg_constraint k WHERE k.oid = o.object)
      WHEN 'default value' THEN (SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', d.adrelid::regclass, a.attname)
        FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = o.object)
      WHEN 'publication relation' THEN (SELECT format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, r.prrelid::regclass)
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.oid = o.object)
      WHEN 'statistics object' THEN 'DROP STATISTICS ' || o.now
      ELSE format('DROP %s %s', upper(o.type), o.now)
    END;
  END LOOP;
END
$fn$;

-- A schema that leaves as it is: nobody but the executor has any right on it until it comes back.
CREATE OR REPLACE FUNCTION holdfast_bin.rename_schema(of_entry bigint, of_schema name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  n pg_namespace;
  g record;
  resting name := holdfast_bin.place_for(of_entry, of_schema, true);
BEGIN
  SELECT * INTO STRICT n FROM pg_namespace WHERE nspname = of_schema;
  UPDATE holdfast_bin.object o SET recipe = jsonb_build_array(jsonb_build_object('clear', 'SCHEMA', 'name', quote_ident(of_schema)))
      || holdfast_bin.rights_of('SCHEMA', quote_ident(of_schema), coalesce(n.nspacl, acldefault('n', n.nspowner)), n.nspowner)
      || holdfast_bin.say(format('COMMENT ON SCHEMA %I IS %s', of_schema, coalesce(quote_literal(obj_description(n.oid, 'pg_namespace')), 'NULL')))
    WHERE o.entry = of_entry AND o.class = 'pg_namespace'::regclass AND o.object = n.oid;
  FOR g IN SELECT DISTINCT a.grantee FROM aclexplode(n.nspacl) AS a WHERE a.grantee <> n.nspowner LOOP
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s CASCADE', of_schema, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END);
  END LOOP;
  EXECUTE format('ALTER SCHEMA %I RENAME TO %I', of_schema, resting);
  EXECUTE format('ALTER SCHEMA %I OWNER TO CURRENT_USER', resting);
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', resting, 'holdfast: bin');
  IF EXISTS (SELECT FROM pg_namespace s, aclexplode(s.nspacl) AS a WHERE s.oid = n.oid AND a.grantee <> s.nspowner) THEN
    PERFORM holdfast_bin.refuse_kept('schema ' || quote_ident(of_schema), 'rights on it were granted by others than its owner');
  END IF;
END
$fn$;

-- Their values are kept by now. Of heirs that lose the column too, it is taken by the parent; computed ones go first.
CREATE OR REPLACE FUNCTION holdfast_bin.drop_columns(of_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  o record;
BEGIN
  -- An owned sequence that is kept must not go with its column.
  FOR o IN SELECT x.object, x.nr, x.name, q.refobjid, a.attname FROM holdfast_bin.object x
    JOIN pg_depend q ON q.classid = 'pg_class'::regclass AND q.objid = x.object AND q.refclassid = 'pg_class'::regclass AND q.deptype = 'a' AND q.refobjsubid > 0
    JOIN pg_attribute a ON a.attrelid = q.refobjid AND a.attnum = q.refobjsubid WHERE x.entry = of_entry AND x.type = 'sequence' AND x.how = 'moved' LOOP
    UPDATE holdfast_bin.object x SET step = 29, recipe = holdfast_bin.say(format('ALTER SEQUENCE %s OWNED BY %s.%I', o.name, o.refobjid::regclass, o.attname))
      WHERE x.nr = o.nr;
    EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', o.object::regclass);
  END LOOP;
  FOR o IN SELECT x.object::regclass AS relation, a.attname, EXISTS (SELECT FROM pg_inherits i JOIN pg_attribute h ON h.attrelid = i.inhrelid AND h.attname = a.attname
      LEFT JOIN holdfast_bin.object c ON c.entry = of_entry AND c.how = 'column' AND c.object = h.attrelid AND c.sub = h.attnum
      WHERE i.inhparent = x.object AND c.nr IS NULL) AS alone
    FROM holdfast_bin.object x JOIN pg_attribute a ON a.attrelid = x.object AND a.attnum = x.sub AND a.attinhcount = 0
    WHERE x.entry = of_entry AND x.how = 'column' ORDER BY a.attgenerated = '', x.nr LOOP
    EXECUTE format('ALTER TABLE %s%s DROP COLUMN %I', CASE WHEN o.alone THEN 'ONLY ' ELSE '' END, o.relation, o.attname);
  END LOOP;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.move(of_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  o record;
  d record;
BEGIN
  PERFORM holdfast_bin.part(of_entry);
  UPDATE holdfast_bin.object x SET recipe = holdfast_bin.recipe(x.class, x.object, x.type, x.name)
    WHERE x.entry = of_entry AND x.how = 'made' AND x.type <> 'inheritance';
  UPDATE holdfast_bin.object x SET owner = coalesce((SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE x.of_class = 'pg_class'::regclass AND c.oid = x.of_object),
      (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE x.class = 'pg_namespace'::regclass AND n.oid = x.object),
      (SELECT pg_get_userbyid(t.typowner) FROM pg_type t WHERE x.of_class = 'pg_type'::regclass AND t.oid = x.of_object),
      (SELECT pg_get_userbyid(p.proowner) FROM pg_proc p WHERE x.of_class = 'pg_proc'::regclass AND p.oid = x.of_object)) WHERE x.entry = of_entry;
  PERFORM holdfast_bin.cut(of_entry);
  PERFORM holdfast_bin.drop_columns(of_entry);
  FOR o IN SELECT * FROM holdfast_bin.object x WHERE x.entry = of_entry AND x.how = 'moved' ORDER BY x.nr LOOP
    SELECT i.identity, i.type, i.schema INTO d FROM pg_identify_object(o.class, o.object, 0) AS i;
    CONTINUE WHEN d.schema IS DISTINCT FROM o.schema;
    EXECUTE format('ALTER %s %s SET SCHEMA %I', holdfast_bin.kind_word(d.type), d.identity, holdfast_bin.place_for(of_entry, o.schema));
  END LOOP;
  -- What PostgreSQL leaves behind when it moves something: a multirange type, the constructors of a range.
  FOR o IN SELECT x.*, i.identity, i.type AS kind, h.name AS held FROM holdfast_bin.object x JOIN holdfast_bin.object h
      ON h.entry = of_entry AND h.class = x.of_class AND h.object = x.of_object AND h.how = 'moved', LATERAL pg_identify_object(x.class, x.object, 0) AS i
    WHERE x.entry = of_entry AND x.how = 'inside' AND i.schema = x.schema AND (x.class = 'pg_proc'::regclass
      OR x.class = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_range r WHERE r.rngmultitypid = x.object)) LOOP
    IF o.class = 'pg_proc'::regclass AND NOT (SELECT pg_has_role(p.proowner, 'USAGE') FROM pg_proc p WHERE p.oid = o.object) THEN
      PERFORM holdfast_bin.refuse_kept('range type ' || o.held, 'the functions that make its values belong to the server');
    END IF;
    EXECUTE format('ALTER %s %s SET SCHEMA %I', holdfast_bin.kind_word(o.kind), o.identity, holdfast_bin.place_for(of_entry, o.schema));
    UPDATE holdfast_bin.object x SET how = 'moved', step = 21 WHERE x.nr = o.nr;
  END LOOP;
  FOR o IN SELECT * FROM holdfast_bin.object x WHERE x.entry = of_entry AND x.how = 'renamed' ORDER BY x.nr LOOP
    PERFORM holdfast_bin.rename_schema(of_entry, o.bare);
  END LOOP;
END
$fn$;

-- As ALTER and DROP call what pg_identify_object names.
CREATE OR REPLACE FUNCTION holdfast_bin.kind_word(type text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT CASE type WHEN 'statistics object' THEN 'STATISTICS' WHEN 'composite type' THEN 'TYPE' ELSE upper(type) END
$fn$;
`;
