/**
 * SQL of `holdfast_bin`: a text is run as it stands and taken back, to know what it takes away, and so that every error and notice of it
 * is the server's own.
 */

export const binTrial = String.raw`
-- The session's own path: its role's name filled in, and without the schemas that it may not look into, which the server skips too.
CREATE OR REPLACE FUNCTION holdfast_bin.path_of(path text) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  who name := CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END;
  part text;
  said text[] := '{}';
BEGIN
  -- parse_ident knows no commas: each part of the list is found by its quotes.
  FOR part IN SELECT m[1] FROM regexp_matches(path, '\s*("(?:[^"]|"")*"|[^,\s]+)\s*(?:,|$)', 'g') AS m LOOP
    part := CASE WHEN part LIKE '"%' THEN replace(substr(part, 2, length(part) - 2), '""', '"') ELSE lower(part) END;
    IF part = '$user' THEN part := who; END IF;
    IF part IN ('pg_catalog', 'pg_temp') THEN
      said := said || part;
    ELSIF EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = part AND has_schema_privilege(who, n.oid, 'USAGE')) THEN
      said := said || quote_ident(part);
    END IF;
  END LOOP;
  RETURN CASE WHEN said = '{}' THEN '""' ELSE array_to_string(said, ', ') END;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.trial(text text, path text, OUT gone bigint[], OUT columns bigint[], OUT emptied oid[],
  OUT touched oid[], OUT shapes jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  before bigint[];
  columns_before bigint[];
  files record;
  added bigint[];
BEGIN
  BEGIN
    PERFORM holdfast_bin.forget_leaning();
    before := holdfast_bin.present();
    columns_before := holdfast_bin.dropped_columns();
    files := holdfast_bin.truncate_files();
    PERFORM set_config('search_path', path, true);
    EXECUTE text;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    IF to_regprocedure('holdfast_bin.present()') IS NULL THEN
      RAISE EXCEPTION 'the bin itself cannot be kept in the bin' USING ERRCODE = 'HF003';
    END IF;
    SELECT array_agg(a) FILTER (WHERE b IS NULL), array_agg(b) FILTER (WHERE a IS NULL) INTO added, gone
      FROM (SELECT a, b FROM unnest(holdfast_bin.present()) AS a FULL JOIN unnest(before) AS b ON a = b WHERE a IS NULL OR b IS NULL) AS x;
    SELECT array_agg(x) INTO columns FROM (SELECT unnest(holdfast_bin.dropped_columns()) EXCEPT SELECT unnest(columns_before)) AS d(x);
    gone := coalesce(gone, '{}');
    columns := coalesce(columns, '{}');
    emptied := coalesce(holdfast_bin.truncate_found(files.relations, files.files), '{}');
    -- What was changed was locked for it.
    SELECT coalesce(array_agg(DISTINCT l.relation), '{}') INTO touched FROM pg_locks l
      WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
      AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock');
    shapes := holdfast_bin.shapes(touched);
    RAISE EXCEPTION 'tried' USING ERRCODE = 'HF001';
  EXCEPTION WHEN SQLSTATE 'HF001' THEN
    NULL;
  END;
  IF added IS NOT NULL THEN
    RAISE EXCEPTION 'the statement does more than remove, and the bin keeps only what is removed' USING ERRCODE = 'HF002';
  END IF;
END
$fn$;

-- What rests and leans on something outside is gone for whoever looks: tried without it.
CREATE OR REPLACE FUNCTION holdfast_bin.forget_leaning() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  place name;
BEGIN
  FOR place IN SELECT p.resting FROM holdfast_bin.place p JOIN holdfast_bin.entry e ON e.id = p.entry
    WHERE e.leans AND e.state = 'kept' AND to_regnamespace(quote_ident(p.resting)) IS NOT NULL LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', place);
  END LOOP;
END
$fn$;

-- What relations are like: compared with what our own way leaves, so that no part of a text is lost.
CREATE OR REPLACE FUNCTION holdfast_bin.shapes(relations oid[]) RETURNS jsonb
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(jsonb_object_agg(r.oid::bigint, jsonb_build_array(r.relname, r.relnamespace::bigint, r.relowner::bigint, r.relacl::text,
      r.relpersistence, r.relreplident, r.relrowsecurity, r.relforcerowsecurity, r.reloptions, r.reltablespace::bigint, r.relispartition,
      (SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated,
          a.attstorage, a.attacl::text, pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
      (SELECT jsonb_agg(jsonb_build_array(c.conname, c.contype) ORDER BY c.conname) FROM pg_constraint c WHERE c.conrelid = r.oid),
      (SELECT jsonb_agg(jsonb_build_array(t.tgname, t.tgenabled) ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = r.oid AND NOT t.tgisinternal),
      (SELECT jsonb_agg(i.indexrelid::bigint ORDER BY i.indexrelid) FROM pg_index i WHERE i.indrelid = r.oid))), '{}')
  FROM pg_class r WHERE r.oid = ANY (relations) AND r.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND NOT EXISTS (SELECT FROM holdfast_bin.place p WHERE to_regnamespace(quote_ident(p.resting)) = r.relnamespace)
$fn$;
`;
