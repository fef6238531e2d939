/**
 * SQL of `holdfast_bin`: what a TRUNCATE emptied, kept. Small tables are copied and truncated where they stand, large ones exchanged.
 * It decides nothing about the act: whoever calls has tried the text and rolled it back.
 */

/** Rows of up to this many bytes (with indexes left out, TOAST counted) are copied: the table stays the very one it was. */
export const truncateCopyBytes = 16 * 1024 * 1024;

export const truncateTables = `
CREATE TABLE IF NOT EXISTS holdfast_bin.emptied (
  entry bigint NOT NULL REFERENCES holdfast_bin.entry ON DELETE CASCADE,
  -- The table that was emptied, or the twin that stands in its place.
  relation oid NOT NULL,
  schema_name name NOT NULL,
  table_name name NOT NULL,
  columns name[] NOT NULL,
  -- Where its rows rest; null when it had none.
  place name,
  rows name,
  how text NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (entry, relation)
);
CREATE TABLE IF NOT EXISTS holdfast_bin.emptied_sequence (
  entry bigint NOT NULL REFERENCES holdfast_bin.entry ON DELETE CASCADE,
  relation oid NOT NULL,
  last_value bigint NOT NULL,
  is_called boolean NOT NULL,
  PRIMARY KEY (entry, relation)
);
`;

export const truncateKeep = `
-- Files of tables and sequences, to be compared after the text was tried: TRUNCATE gives every one that it empties or restarts a new
-- file.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_files(OUT relations oid[], OUT files oid[])
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT array_agg(c.oid), array_agg(c.relfilenode) FROM pg_catalog.pg_class c
  WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't' AND c.oid >= 16384
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.truncate_found(relations oid[], files oid[]) RETURNS oid[]
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT array_agg(c.oid ORDER BY c.oid) FROM unnest(relations, files) AS b(relation, file)
  JOIN pg_catalog.pg_class c ON c.oid = b.relation WHERE c.relfilenode <> b.file
$fn$;

-- Until it is taken back, nobody can empty a table of another server: what went there, no rollback here would bring back for sure.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_bar() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  f record;
BEGIN
  FOR f IN SELECT c.oid, c.oid::regclass AS q, w.fdwname, pg_get_userbyid(c.relowner) AS owner,
      (SELECT string_agg(DISTINCT ', ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, '')
        FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner) AS others
    FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_class c ON c.oid = t.ftrelid
      JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE has_table_privilege(c.oid, 'TRUNCATE')
  LOOP
    EXECUTE format('REVOKE TRUNCATE ON TABLE %s FROM %I%s CASCADE', f.q, f.owner, f.others);
    -- A superuser may whatever nobody may; without a handler there is no way there at all.
    IF has_table_privilege(f.oid, 'TRUNCATE') THEN EXECUTE format('ALTER FOREIGN DATA WRAPPER %I NO HANDLER', f.fdwname); END IF;
  END LOOP;
END
$fn$;

-- What fires on TRUNCATE would run with the executor's rights here, unless it runs with its function's own: such a text is refused before
-- anything of it runs. Tried with all of those kept still, to see which tables it empties.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_guard(text text, path text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  risky oid[] := array(SELECT g.oid FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
    WHERE NOT g.tgisinternal AND g.tgtype & 32 <> 0 AND g.tgenabled <> 'D' AND NOT p.prosecdef
      AND has_table_privilege(g.tgrelid, 'TRUNCATE'));
  g record;
  files record;
  emptied oid[];
BEGIN
  IF risky = '{}' AND NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_table f
    WHERE has_table_privilege(f.ftrelid, 'TRUNCATE')) THEN RETURN; END IF;
  BEGIN
    PERFORM holdfast_bin.truncate_bar();
    FOR g IN SELECT t.tgrelid::regclass AS q, t.tgname FROM pg_catalog.pg_trigger t WHERE t.oid = ANY (risky) LOOP
      EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', g.q, g.tgname);
    END LOOP;
    files := holdfast_bin.truncate_files();
    PERFORM set_config('search_path', path, true);
    EXECUTE text;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    emptied := holdfast_bin.truncate_found(files.relations, files.files);
    RAISE EXCEPTION 'tried' USING ERRCODE = 'HF001';
  EXCEPTION WHEN SQLSTATE 'HF001' THEN
    NULL;
  END;
  -- A partitioned table has no file, but triggers of its own.
  SELECT t.tgname, t.tgrelid::regclass AS q INTO g FROM pg_catalog.pg_trigger t
  WHERE t.oid = ANY (risky) AND (t.tgrelid = ANY (emptied) OR EXISTS (
    SELECT FROM unnest(emptied) AS e, pg_partition_ancestors(e::regclass) AS a WHERE a.relid = t.tgrelid)) LIMIT 1;
  IF g.tgname IS NOT NULL THEN
    PERFORM holdfast_bin.refuse_kept(format('what %s holds', g.q),
      format('its trigger %I fires on TRUNCATE and would run with other rights', g.tgname));
  END IF;
END
$fn$;

-- Keeps what found tables hold, then runs the text itself (path is its search_path). Gives the bytes that rest in the bin now.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_keep(entry bigint, place text, text text, path text, changed oid[], copy_limit bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  t record;
  emptied oid[];
  moving oid[] := '{}';
  copied bigint := 0;
  size bigint;
  hindrance text;
  twins oid[];
  sequences oid[];
  names text[];
  unproved text[];
  one text;
  total bigint;
BEGIN
  FOR one IN SELECT f::regclass::text FROM unnest(changed) AS f JOIN pg_catalog.pg_class c ON c.oid = f
    WHERE c.relkind = 'r' ORDER BY f LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', one);
  END LOOP;
  PERFORM holdfast_bin.truncate_sequences(entry, changed);
  SELECT array_agg(c.oid) INTO emptied FROM unnest(changed) AS f JOIN pg_catalog.pg_class c ON c.oid = f WHERE c.relkind = 'r';
  FOR t IN SELECT c.oid, c.oid::regclass AS q FROM unnest(emptied) AS f
    JOIN pg_catalog.pg_class c ON c.oid = f ORDER BY pg_table_size(c.oid), c.oid LOOP
    size := pg_table_size(t.oid);
    hindrance := NULL;
    IF size > ${truncateCopyBytes} THEN
      hindrance := holdfast_bin.truncate_hindrance(t.oid, emptied);
      IF hindrance IS NULL THEN
        moving := moving || t.oid;
        CONTINUE;
      END IF;
      copied := copied + size;
    END IF;
    IF copied > copy_limit THEN
      RAISE EXCEPTION 'table % cannot be emptied into the bin: % would have to be copied, more than bin.copy (%) allows', t.q,
        pg_size_pretty(copied), pg_size_pretty(copy_limit) USING ERRCODE = 'program_limit_exceeded',
        DETAIL = format('Its rows cannot rest where they are, because %s.', hindrance),
        HINT = 'Raise bin.copy of the target, or have the act approved as it is: holdfast plan.';
    END IF;
    PERFORM holdfast_bin.truncate_copy(entry, place, t.oid, size);
  END LOOP;
  IF moving <> '{}' THEN
    INSERT INTO holdfast_bin.emptied SELECT truncate_keep.entry, c.oid, n.nspname, c.relname, holdfast_bin.kept_columns(c.oid),
      truncate_keep.place,
      'rows_' || c.oid, 'moved', pg_table_size(c.oid)
    FROM unnest(moving) AS m JOIN pg_catalog.pg_class c ON c.oid = m JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;
    SELECT array_agg(q.relation), array_agg(q.relation::regclass::text) INTO sequences, names FROM holdfast_bin.emptied_sequence q
    WHERE q.entry = truncate_keep.entry;
    SELECT x.twins, x.unproved INTO twins, unproved FROM holdfast_bin.truncate_exchange(moving, place) AS x;
    -- Identity columns have a sequence of their own, made anew under the old name.
    UPDATE holdfast_bin.emptied_sequence q SET relation = to_regclass(m.name) FROM unnest(sequences, names) AS m(relation, name)
    WHERE q.entry = truncate_keep.entry AND q.relation = m.relation AND to_regclass(m.name) <> m.relation;
    UPDATE holdfast_bin.emptied e SET relation = m.twin FROM unnest(moving, twins) AS m(relation, twin)
    WHERE e.entry = truncate_keep.entry AND e.relation = m.relation;
  END IF;
  -- The act itself: what it fires, tells replicas and restarts is the server's own doing.
  PERFORM set_config('search_path', path, true);
  EXECUTE text;
  PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
  FOREACH one IN ARRAY coalesce(unproved, '{}') LOOP EXECUTE one; END LOOP;
  SELECT coalesce(sum(e.bytes), 0) INTO total FROM holdfast_bin.emptied e WHERE e.entry = truncate_keep.entry;
  RETURN total;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.truncate_sequences(entry bigint, changed oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  s oid;
BEGIN
  FOR s IN SELECT c.oid FROM unnest(changed) AS f JOIN pg_catalog.pg_class c ON c.oid = f WHERE c.relkind = 'S' LOOP
    EXECUTE format('INSERT INTO holdfast_bin.emptied_sequence SELECT %s, %s, last_value, is_called FROM %s', entry, s, s::regclass);
  END LOOP;
END
$fn$;

-- Columns with values of their own, in their order.
CREATE OR REPLACE FUNCTION holdfast_bin.kept_columns(relation oid) RETURNS name[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(array_agg(a.attname ORDER BY a.attnum), '{}') FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.truncate_copy(entry bigint, place text, relation oid, size bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET synchronize_seqscans = off AS $fn$
DECLARE
  columns name[] := holdfast_bin.kept_columns(relation);
  list text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY o) FROM unnest(columns) WITH ORDINALITY AS u(c, o));
  forced boolean := (SELECT c.relforcerowsecurity FROM pg_catalog.pg_class c WHERE c.oid = relation);
  filled boolean;
BEGIN
  -- Row policies must hide nothing from the copy; the owner may lift them for the time of it.
  IF forced THEN EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation::regclass); END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', relation::regclass) INTO filled;
  IF filled THEN
    EXECUTE format('CREATE TABLE %I.%I AS SELECT %s FROM ONLY %s', place, 'rows_' || relation, list, relation::regclass);
  END IF;
  IF forced THEN EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation::regclass); END IF;
  INSERT INTO holdfast_bin.emptied
  SELECT truncate_copy.entry, c.oid, n.nspname, c.relname, columns, CASE WHEN filled THEN place END, CASE
    WHEN filled THEN 'rows_' || c.oid END,
    CASE WHEN filled THEN 'copied' ELSE 'nothing' END, CASE WHEN filled THEN size ELSE 0 END
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
END
$fn$;
`;
