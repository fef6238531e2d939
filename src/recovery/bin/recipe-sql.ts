/**
 * SQL of `holdfast_bin`: statements that make an object anew as it is now, with its comments, rights and settings.
 * Texts go through format() when they are run: `%1$s` is the present name of what the object hangs on, every other `%` is doubled.
 */

export const binRecipe = `
CREATE OR REPLACE FUNCTION holdfast_bin.say(text) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT CASE WHEN $1 IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('sql', replace($1, '%', '%%'))) END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.comment_of(class oid, object oid, sub int, target text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT holdfast_bin.say((SELECT 'COMMENT ON ' || target || ' IS ' || quote_literal(d.description) FROM pg_description d
    WHERE d.classoid = class AND d.objoid = object AND d.objsubid = sub))
$fn$;

-- Rights as statements, each with the role that gave it. An object that is made gets others by default: clear takes those away first.
CREATE OR REPLACE FUNCTION holdfast_bin.rights_of(kind text, name text, acl aclitem[], owner oid, of_columns text DEFAULT '') RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(jsonb_agg(jsonb_build_object('sql', replace(format('GRANT %s%s ON %s %s TO %s%s', a.privilege_type, of_columns, kind, name,
      CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '%', '%%'),
    'as', CASE WHEN a.grantor = owner THEN NULL ELSE pg_get_userbyid(a.grantor) END) ORDER BY a.grantor <> owner, a.ord), '[]')
  FROM (SELECT x.*, row_number() OVER () AS ord FROM aclexplode(acl) AS x) AS a
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.recipe(class oid, object oid, type text, name text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  CASE type
    WHEN 'table constraint', 'domain constraint' THEN RETURN holdfast_bin.recipe_constraint(object);
    WHEN 'view', 'materialized view' THEN RETURN holdfast_bin.recipe_view(object, name);
    WHEN 'function', 'procedure' THEN RETURN holdfast_bin.recipe_function(object, type, name);
    WHEN 'index' THEN RETURN holdfast_bin.recipe_index(object);
    WHEN 'default value' THEN
      RETURN (SELECT holdfast_bin.say(format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', d.adrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid)))
        FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = object);
    WHEN 'trigger' THEN
      RETURN (SELECT holdfast_bin.say(pg_get_triggerdef(t.oid)) || CASE t.tgenabled WHEN 'O' THEN '[]' ELSE holdfast_bin.say(format('ALTER TABLE %s %s TRIGGER %I',
          t.tgrelid::regclass, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, t.tgname)) END
        || holdfast_bin.comment_of(class, object, 0, format('TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)) FROM pg_trigger t WHERE t.oid = object);
    WHEN 'rule' THEN
      RETURN (SELECT holdfast_bin.say(pg_get_ruledef(r.oid)) || CASE r.ev_enabled WHEN 'O' THEN '[]' ELSE holdfast_bin.say(format('ALTER TABLE %s %s RULE %I',
          r.ev_class::regclass, CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, r.rulename)) END
        || holdfast_bin.comment_of(class, object, 0, format('RULE %I ON %s', r.rulename, r.ev_class::regclass)) FROM pg_rewrite r WHERE r.oid = object);
    WHEN 'policy' THEN
      RETURN (SELECT holdfast_bin.say(format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, p.polrelid::regclass,
          CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
          CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
          (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) AS r),
          ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'))
        || holdfast_bin.comment_of(class, object, 0, format('POLICY %I ON %s', p.polname, p.polrelid::regclass)) FROM pg_policy p WHERE p.oid = object);
    WHEN 'statistics object' THEN RETURN holdfast_bin.recipe_statistics(object);
    WHEN 'publication relation' THEN
      RETURN (SELECT jsonb_build_array(jsonb_build_object('sql', replace(format('ALTER PUBLICATION %I ADD TABLE ONLY', p.pubname), '%', '%%') || ' %1$s' ||
          replace(coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ') FROM unnest(r.prattrs::int2[]) AS n
            JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = n) || ')', '') || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', ''),
          '%', '%%')))
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.oid = object);
    ELSE
      PERFORM holdfast_bin.refuse_kept(type || ' ' || name, 'nothing is known about how it could be made anew');
  END CASE;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.recipe_constraint(object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT CASE WHEN c.conrelid = 0
    THEN holdfast_bin.say(format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', c.contypid::regtype, c.conname, pg_get_constraintdef(c.oid)))
      || holdfast_bin.comment_of('pg_constraint'::regclass, c.oid, 0, format('CONSTRAINT %I ON DOMAIN %s', c.conname, c.contypid::regtype))
    ELSE jsonb_build_array(jsonb_build_object('sql', 'ALTER TABLE %1$s ADD CONSTRAINT ' || replace(quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid),
        '%', '%%')))
      || CASE WHEN c.contype IN ('p', 'u', 'x') THEN holdfast_bin.index_marks(c.conindid) ELSE '[]' END
      || holdfast_bin.comment_of('pg_constraint'::regclass, c.oid, 0, format('CONSTRAINT %I ON %s', c.conname, c.conrelid::regclass))
    END
  FROM pg_constraint c WHERE c.oid = object
$fn$;

-- What an index has beside its definition.
CREATE OR REPLACE FUNCTION holdfast_bin.index_marks(object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT CASE WHEN i.indisclustered THEN holdfast_bin.say(format('ALTER TABLE %s CLUSTER ON %I', i.indrelid::regclass, c.relname)) ELSE '[]' END
    || CASE WHEN i.indisreplident THEN holdfast_bin.say(format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', i.indrelid::regclass, c.relname)) ELSE '[]' END
    || coalesce((SELECT holdfast_bin.say(format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', object::regclass, a.attnum, a.attstattarget))
      FROM pg_attribute a WHERE a.attrelid = object AND a.attstattarget >= 0 LIMIT 1), '[]')
    || coalesce((SELECT holdfast_bin.say(format('ALTER INDEX %s SET TABLESPACE %I', object::regclass, t.spcname)) FROM pg_tablespace t WHERE t.oid = c.reltablespace), '[]')
    || CASE WHEN p.inhparent IS NULL THEN '[]' ELSE holdfast_bin.say(format('ALTER INDEX %s ATTACH PARTITION %s', p.inhparent::regclass, object::regclass)) END
    || holdfast_bin.comment_of('pg_class'::regclass, object, 0, 'INDEX ' || object::regclass)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_inherits p ON p.inhrelid = i.indexrelid WHERE i.indexrelid = object
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.recipe_index(object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT holdfast_bin.say(pg_get_indexdef(object)) || holdfast_bin.index_marks(object)
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.recipe_statistics(object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT holdfast_bin.say(pg_get_statisticsobjdef(s.oid))
    || CASE WHEN s.stxstattarget >= 0 THEN holdfast_bin.say(format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget)) ELSE '[]' END
    || holdfast_bin.say(format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, s.stxname, pg_get_userbyid(s.stxowner)))
    || holdfast_bin.comment_of('pg_statistic_ext'::regclass, s.oid, 0, format('STATISTICS %I.%I', n.nspname, s.stxname))
  FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.oid = object
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.recipe_function(object oid, type text, name text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT holdfast_bin.say(pg_get_functiondef(p.oid))
    || holdfast_bin.say(format('ALTER %s %s OWNER TO %I', type, name, pg_get_userbyid(p.proowner)))
    || jsonb_build_array(jsonb_build_object('clear', 'ROUTINE', 'name', name))
    || holdfast_bin.rights_of('ROUTINE', name, coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner)
    || holdfast_bin.comment_of('pg_proc'::regclass, p.oid, 0, type || ' ' || name)
  FROM pg_proc p WHERE p.oid = object
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.recipe_view(object oid, name text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  v pg_class;
  kind text;
  made jsonb;
  each jsonb;
BEGIN
  SELECT * INTO STRICT v FROM pg_class WHERE oid = object;
  kind := CASE v.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END;
  made := holdfast_bin.say(format('CREATE %s %s%s%s%s AS %s%s', kind, name,
      coalesce(' USING ' || (SELECT quote_ident(m.amname) FROM pg_am m WHERE m.oid = v.relam AND v.relkind = 'm'), ''),
      (SELECT ' WITH (' || string_agg(quote_ident(split_part(o, '=', 1)) || '=' || quote_literal(substr(o, strpos(o, '=') + 1)), ', ') || ')'
        FROM unnest(v.reloptions) AS o HAVING count(*) > 0),
      coalesce(' TABLESPACE ' || (SELECT quote_ident(t.spcname) FROM pg_tablespace t WHERE t.oid = v.reltablespace), ''),
      rtrim(pg_get_viewdef(object), ';'), CASE v.relkind WHEN 'm' THEN ' WITH NO DATA' ELSE '' END))
    || holdfast_bin.say(format('ALTER %s %s OWNER TO %I', kind, name, pg_get_userbyid(v.relowner)))
    || jsonb_build_array(jsonb_build_object('clear', 'TABLE', 'name', name))
    || holdfast_bin.rights_of('TABLE', name, coalesce(v.relacl, acldefault('r', v.relowner)), v.relowner)
    || holdfast_bin.comment_of('pg_class'::regclass, object, 0, kind || ' ' || name);
  SELECT coalesce(jsonb_agg(x.e ORDER BY a.attnum), '[]') INTO each FROM pg_attribute a, LATERAL jsonb_array_elements(
      holdfast_bin.rights_of('TABLE', name, a.attacl, v.relowner, format(' (%I)', a.attname))
      || holdfast_bin.comment_of('pg_class'::regclass, object, a.attnum, format('COLUMN %s.%I', name, a.attname))
      || CASE WHEN v.relkind = 'v' THEN holdfast_bin.say((SELECT format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', name, a.attname, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attrdef d WHERE d.adrelid = object AND d.adnum = a.attnum)) ELSE '[]' END) AS x(e)
    WHERE a.attrelid = object AND a.attnum > 0 AND NOT a.attisdropped;
  made := made || each;
  SELECT coalesce(jsonb_agg(x.e ORDER BY t.tgname), '[]') INTO each FROM pg_trigger t,
    LATERAL jsonb_array_elements(holdfast_bin.recipe('pg_trigger'::regclass, t.oid, 'trigger', '')) AS x(e) WHERE t.tgrelid = object AND NOT t.tgisinternal;
  made := made || each;
  SELECT coalesce(jsonb_agg(x.e ORDER BY r.rulename), '[]') INTO each FROM pg_rewrite r,
    LATERAL jsonb_array_elements(holdfast_bin.recipe('pg_rewrite'::regclass, r.oid, 'rule', '')) AS x(e) WHERE r.ev_class = object AND r.rulename <> '_RETURN';
  made := made || each;
  SELECT coalesce(jsonb_agg(x.e ORDER BY i.indexrelid), '[]') INTO each FROM pg_index i,
    LATERAL jsonb_array_elements(holdfast_bin.recipe_index(i.indexrelid)) AS x(e) WHERE i.indrelid = object;
  made := made || each;
  SELECT coalesce(jsonb_agg(x.e ORDER BY s.oid), '[]') INTO each FROM pg_statistic_ext s,
    LATERAL jsonb_array_elements(holdfast_bin.recipe_statistics(s.oid)) AS x(e) WHERE s.stxrelid = object;
  made := made || each;
  IF v.relkind = 'm' AND v.relispopulated THEN made := made || holdfast_bin.say('REFRESH MATERIALIZED VIEW ' || name); END IF;
  RETURN made;
END
$fn$;
`;
