/**
 * SQL of `holdfast_bin`: what a TRUNCATE emptied comes back, row by row into the table that stands there now.
 * Triggers and rules stay silent, constraints hold; a conflict is the server's own, naming the key.
 */
export const truncateRestore = String.raw`
-- target_schema and target_name: the rows become a table of that name instead (of one table only). Gives the number of rows.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_restore(entry bigint, target_schema text DEFAULT NULL, target_name text DEFAULT NULL)
  RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  e record;
  f record;
  later text[] := '{}';
  one text;
  total bigint := 0;
BEGIN
  IF target_name IS NOT NULL THEN RETURN holdfast_bin.truncate_beside(entry, target_schema, target_name); END IF;
  PERFORM holdfast_bin.truncate_whereabouts(entry);
  -- Tables that look at each other come back in any order: between them foreign keys wait until all are there.
  FOR f IN
    SELECT c.conname, c.conrelid::regclass AS q, c.condeferrable, c.condeferred, n.nspname FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
    WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conrelid IN (SELECT holdfast_bin.with_parents(x.relation)
      FROM holdfast_bin.emptied x WHERE x.entry = truncate_restore.entry)
      AND c.confrelid IN (SELECT holdfast_bin.with_parents(x.relation) FROM holdfast_bin.emptied x WHERE x.entry = truncate_restore.entry)
  LOOP
    IF NOT f.condeferrable THEN
      EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE', f.q, f.conname);
      later := later || format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE', f.q, f.conname);
    END IF;
    EXECUTE format('SET CONSTRAINTS %I.%I DEFERRED', f.nspname, f.conname);
  END LOOP;
  FOR e IN SELECT * FROM holdfast_bin.emptied x WHERE x.entry = truncate_restore.entry ORDER BY x.schema_name, x.table_name LOOP
    SELECT * INTO f FROM holdfast_bin.truncate_fill(e.relation, e.place, e.rows, e.columns);
    total := total + f.number;
    later := later || f.later;
  END LOOP;
  SET CONSTRAINTS ALL IMMEDIATE;
  FOREACH one IN ARRAY later LOOP EXECUTE one; END LOOP;
  PERFORM holdfast_bin.truncate_continue(entry);
  RETURN total;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.with_parents(relation oid) RETURNS SETOF oid
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT relation UNION SELECT a.relid::oid FROM pg_partition_ancestors(relation::regclass) AS a
$fn$;

-- Finds each table by its identity, else by its name, and refuses by name what is not there or has lost a column.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_whereabouts(entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  e record;
  missing text;
BEGIN
  FOR e IN SELECT x.*, c.oid AS there, b.oid AS named FROM holdfast_bin.emptied x
    LEFT JOIN pg_catalog.pg_class c ON c.oid = x.relation AND c.relkind = 'r'
      AND c.relnamespace::regnamespace::text NOT LIKE 'holdfast\_bin%'
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = x.schema_name
    LEFT JOIN pg_catalog.pg_class b ON b.relnamespace = n.oid AND b.relname = x.table_name AND b.relkind = 'r'
    WHERE x.entry = truncate_whereabouts.entry AND x.how <> 'nothing'
  LOOP
    IF coalesce(e.there, e.named) IS NULL THEN
      RAISE EXCEPTION 'table %.% is not there any more', quote_ident(e.schema_name), quote_ident(e.table_name)
        USING ERRCODE = 'undefined_table',
        HINT = 'Make it first, or restore the rows as a table of their own: holdfast bin restore --to NAME.';
    END IF;
    IF e.there IS NULL THEN
      UPDATE holdfast_bin.emptied x SET relation = e.named WHERE x.entry = e.entry AND x.relation = e.relation;
    END IF;
    SELECT string_agg(quote_ident(k), ', ') INTO missing FROM unnest(e.columns) AS k
    WHERE k <> ALL (holdfast_bin.kept_columns(coalesce(e.there, e.named)));
    IF missing IS NOT NULL THEN
      RAISE EXCEPTION 'table %.% has lost columns since: %', quote_ident(e.schema_name), quote_ident(e.table_name), missing
        USING ERRCODE = 'undefined_column', HINT = 'Restore the rows as a table of their own: holdfast bin restore --to NAME.';
    END IF;
  END LOOP;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.truncate_fill(relation oid, place name, rows name, columns name[], OUT number bigint,
  OUT later text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET synchronize_seqscans = off AS $fn$
DECLARE
  q text := relation::regclass::text;
  list text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY o) FROM unnest(columns) WITH ORDINALITY AS u(c, o));
  said text;
  filled boolean;
BEGIN
  number := 0;
  later := '{}';
  IF rows IS NULL THEN RETURN; END IF;
  EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', q);
  later := holdfast_bin.silence(relation, '3');
  EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', q) INTO filled;
  IF filled AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = relation AND i.indisunique AND i.indpred IS NULL) THEN
    RAISE EXCEPTION 'table % is not empty, and without a key nobody could tell its rows from those of the bin', q
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'Restore the rows as a table of their own: holdfast bin restore --to NAME.';
  END IF;
  BEGIN
    number := holdfast_bin.as_owner(relation, place, rows,
      format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %I.%I', q, list, list, place, rows));
  EXCEPTION WHEN unique_violation OR exclusion_violation THEN
    GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
    RAISE EXCEPTION 'a row of the bin stands in table % already: %', q, said USING ERRCODE = 'unique_violation',
      HINT = 'Remove it, or restore the rows as a table of their own: holdfast bin restore --to NAME.';
  END;
END
$fn$;

-- Runs one statement as the table's owner, who may read what rests for the time of it: code of the owner's in a generated column, a check or
-- an index has the rights that it always has. Gives the number of rows.
CREATE OR REPLACE FUNCTION holdfast_bin.as_owner(relation oid, place name, rows name, text text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c WHERE c.oid = relation);
  former text := current_setting('role');
  number bigint;
BEGIN
  IF place IS NOT NULL AND owner <> current_user THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place, owner);
    EXECUTE format('GRANT SELECT ON TABLE %I.%I TO %I', place, rows, owner);
  END IF;
  EXECUTE format('SET LOCAL ROLE %I', owner);
  EXECUTE text;
  GET DIAGNOSTICS number = ROW_COUNT;
  EXECUTE CASE former WHEN 'none' THEN 'SET LOCAL ROLE NONE' ELSE format('SET LOCAL ROLE %I', former) END;
  IF place IS NOT NULL AND owner <> current_user THEN EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', place, owner); END IF;
  RETURN number;
END
$fn$;

-- Quiet while rows come back: row policies that are forced on the owner, every trigger but the server's own, and rules of one kind of
-- statement. Gives the texts that put all of it back.
CREATE OR REPLACE FUNCTION holdfast_bin.silence(relation oid, rules "char") RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  q text := relation::regclass::text;
  one record;
  later text[] := '{}';
BEGIN
  FOR one IN
    SELECT format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', q) AS now, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', q) AS after
    FROM pg_catalog.pg_class c WHERE c.oid = relation AND c.relforcerowsecurity
    UNION ALL
    SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', q, g.tgname), format('ALTER TABLE %s %sTRIGGER %I', q,
      CASE g.tgenabled WHEN 'R' THEN 'ENABLE REPLICA ' WHEN 'A' THEN 'ENABLE ALWAYS ' ELSE 'ENABLE ' END, g.tgname)
    FROM pg_catalog.pg_trigger g WHERE g.tgrelid = relation AND NOT g.tgisinternal AND g.tgenabled <> 'D'
    UNION ALL
    SELECT format('ALTER TABLE %s DISABLE RULE %I', q, r.rulename), format('ALTER TABLE %s %sRULE %I', q,
      CASE r.ev_enabled WHEN 'R' THEN 'ENABLE REPLICA ' WHEN 'A' THEN 'ENABLE ALWAYS ' ELSE 'ENABLE ' END, r.rulename)
    FROM pg_catalog.pg_rewrite r WHERE r.ev_class = relation AND r.ev_enabled <> 'D' AND r.ev_type = rules
  LOOP
    EXECUTE one.now;
    later := later || one.after;
  END LOOP;
  RETURN later;
END
$fn$;

-- Restarted sequences go on where they were, unless they are further already.
CREATE OR REPLACE FUNCTION holdfast_bin.truncate_continue(entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  s record;
  last bigint;
  called boolean;
BEGIN
  FOR s IN SELECT x.*, q.seqincrement FROM holdfast_bin.emptied_sequence x JOIN pg_catalog.pg_sequence q ON q.seqrelid = x.relation
    WHERE x.entry = truncate_continue.entry
  LOOP
    EXECUTE format('SELECT last_value, is_called FROM %s', s.relation::regclass) INTO last, called;
    CONTINUE WHEN (last - s.last_value) * sign(s.seqincrement) > 0 OR last = s.last_value AND called;
    PERFORM setval(s.relation::regclass, s.last_value, s.is_called);
  END LOOP;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.truncate_beside(entry bigint, target_schema text, target_name text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  e record;
  tables bigint;
  home text;
  owner name;
  number bigint;
BEGIN
  SELECT count(*) INTO tables FROM holdfast_bin.emptied x WHERE x.entry = truncate_beside.entry AND x.how <> 'nothing';
  IF tables <> 1 THEN
    RAISE EXCEPTION 'one name cannot stand for % tables', tables USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT x.* INTO e FROM holdfast_bin.emptied x WHERE x.entry = truncate_beside.entry AND x.how <> 'nothing';
  home := coalesce(target_schema, e.schema_name);
  SELECT pg_get_userbyid(coalesce(c.relowner, n.nspowner)) INTO owner FROM pg_catalog.pg_namespace n
  LEFT JOIN pg_catalog.pg_class c ON c.oid = e.relation WHERE n.nspname = home;
  EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', e.place, e.rows, target_name);
  EXECUTE format('ALTER TABLE %I.%I SET SCHEMA %I', e.place, target_name, home);
  EXECUTE format('REVOKE ALL ON TABLE %I.%I FROM PUBLIC', home, target_name);
  EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', home, target_name, owner);
  EXECUTE format('SELECT count(*) FROM %I.%I', home, target_name) INTO number;
  RETURN number;
END
$fn$;
`;
