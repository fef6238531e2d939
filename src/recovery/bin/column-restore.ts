/**
 * SQL of `holdfast_bin`: dropped columns come back, as the last ones of their tables: PostgreSQL has no way to put one into its old
 * place.
 * Rows that went since are counted, rows that came since have the default, or nothing.
 */
import { fixedOutput } from "./column-keep.ts";

/**
 * `column_restore(entry, as_name)` adds the columns and fills them; `column_finish(entry)` comes when sequences and functions are
 * back, and before
 * constraints and indexes: defaults, NOT NULL, identity. Both can be said in one transaction only.
 */
export const columnRestore = `
CREATE OR REPLACE FUNCTION holdfast_bin.column_restore(entry bigint, as_name text DEFAULT NULL, OUT filled bigint, OUT gone bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  c record;
  v record;
  one text;
BEGIN
  filled := 0;
  gone := 0;
  PERFORM holdfast_bin.column_whereabouts(entry);
  IF as_name IS NOT NULL THEN PERFORM holdfast_bin.column_rename(entry, as_name); END IF;
  -- Those that are computed come last: they may be computed from one of the others.
  FOR c IN SELECT * FROM holdfast_bin.lost_column l WHERE l.entry = column_restore.entry AND l.declared
    ORDER BY l.generated <> '', l.relation, l.number
  LOOP
    IF EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.relation AND a.attname = c.name AND NOT a.attisdropped) THEN
      RAISE EXCEPTION 'table % has a column % again', c.relation::regclass, quote_ident(c.name) USING ERRCODE = 'duplicate_column',
        HINT = 'Rename it, or restore under another name: holdfast bin restore --to NAME.';
    END IF;
    PERFORM holdfast_bin.as_owner(c.relation, NULL, NULL, format('ALTER TABLE %s ADD COLUMN %I %s%s%s', c.relation::regclass, c.name, format_type(c.type, c.modifier),
      (SELECT format(' COLLATE %I.%I', n.nspname, o.collname) FROM pg_catalog.pg_collation o
        JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = c."collation"),
      CASE c.generated WHEN 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', c.expression)
        WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', c.expression) END));
  END LOOP;
  FOR c IN SELECT * FROM holdfast_bin.lost_column l WHERE l.entry = column_restore.entry ORDER BY l.relation, l.number LOOP
    FOREACH one IN ARRAY c.texts LOOP EXECUTE one; END LOOP;
  END LOOP;
  FOR v IN SELECT * FROM holdfast_bin.lost_values l WHERE l.entry = column_restore.entry ORDER BY l.relation LOOP
    SELECT column_restore.filled + f.filled, column_restore.gone + f.gone INTO filled, gone
      FROM holdfast_bin.column_fill(entry, v.relation) AS f;
  END LOOP;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.column_whereabouts(entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  lost text;
BEGIN
  SELECT format('%I.%I', l.schema_name, l.table_name) INTO lost FROM holdfast_bin.lost_column l LEFT
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE l.entry = column_whereabouts.entry AND (c.oid IS NULL OR n.nspname LIKE 'holdfast\\_bin%') LIMIT 1;
  IF lost IS NOT NULL THEN
    RAISE EXCEPTION 'table % is not there any more', lost USING ERRCODE = 'undefined_table',
      HINT = 'Restore the table first, if it rests in the bin as well: holdfast bin list.';
  END IF;
  SELECT format('table %s has lost columns since by which its rows were told', l.relation::regclass) INTO lost
  FROM holdfast_bin.lost_values l, unnest(l.keys) AS k
  WHERE l.entry = column_whereabouts.entry AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = l.relation AND a.attnum = k AND NOT a.attisdropped) LIMIT 1;
  IF lost IS NOT NULL THEN
    RAISE EXCEPTION '%', lost USING ERRCODE = 'undefined_column', HINT = 'Restore those first, newest entry first: holdfast bin list.';
  END IF;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.column_rename(entry bigint, as_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  names bigint;
  former name;
BEGIN
  SELECT count(DISTINCT l.name), min(l.name::text)::name INTO names, former FROM holdfast_bin.lost_column l
    WHERE l.entry = column_rename.entry;
  IF names <> 1 THEN
    RAISE EXCEPTION 'one name cannot stand for % columns', names USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE holdfast_bin.lost_column l SET name = as_name,
    texts = array(SELECT replace(x, quote_ident(former), quote_ident(as_name)) FROM unnest(l.texts) AS x
      WHERE x LIKE '% ' || quote_ident(former) || ' %'),
    last_texts = array(SELECT replace(x, format('ALTER COLUMN %I ', former), format('ALTER COLUMN %I ', as_name))
      FROM unnest(l.last_texts) AS x
      WHERE x LIKE '%ALTER COLUMN ' || quote_ident(former) || ' %')
  WHERE l.entry = column_rename.entry;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.column_fill(entry bigint, relation oid, OUT filled bigint, OUT gone bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off ${fixedOutput} AS $fn$
DECLARE
  v record;
  q text := relation::regclass::text;
  news text;
  told text;
  kept bigint;
  later text[];
  said text;
BEGIN
  SELECT * INTO STRICT v FROM holdfast_bin.lost_values l WHERE l.entry = column_fill.entry AND l.relation = column_fill.relation;
  later := holdfast_bin.silence(relation, '2');
  SELECT string_agg(format('%I = v.%I', l.name, 'c' || l.number), ', ') INTO news
  FROM holdfast_bin.lost_column l WHERE l.entry = column_fill.entry AND l.relation = column_fill.relation AND l.generated = '';
  IF v.whole THEN
    filled := holdfast_bin.as_owner(relation, v.place, v.rows, format('UPDATE ONLY %1$s AS t SET %2$s FROM (SELECT ctid AS place, %3$s AS told,'
      ' row_number() OVER (PARTITION BY %3$s ORDER BY ctid) AS turn'
      ' FROM ONLY %1$s) AS r JOIN %4$I.%5$I AS v ON v.told = r.told AND v.turn = r.turn WHERE t.ctid = r.place',
      q, news, holdfast_bin.row_text(relation, v.keys), v.place, v.rows));
  ELSE
    SELECT string_agg(format('t.%I = v.%I', a.attname, 'k' || a.attnum), ' AND ') INTO told
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (v.keys);
    filled := holdfast_bin.as_owner(relation, v.place, v.rows,
      format('UPDATE ONLY %s AS t SET %s FROM %I.%I AS v WHERE %s', q, news, v.place, v.rows, told));
  END IF;
  EXECUTE format('SELECT count(*) FROM %I.%I', v.place, v.rows) INTO kept;
  gone := kept - filled;
  FOREACH said IN ARRAY later LOOP EXECUTE said; END LOOP;
END
$fn$;

-- Gives what could not be as it was: columns that stay without NOT NULL because of rows that came since.
CREATE OR REPLACE FUNCTION holdfast_bin.column_finish(entry bigint) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  c record;
  one text;
  said text[] := '{}';
  missing boolean;
BEGIN
  FOR c IN SELECT l.*, a.atthasdef, a.attnum FROM holdfast_bin.lost_column l
    JOIN pg_catalog.pg_attribute a ON a.attrelid = l.relation AND a.attname = l.name AND NOT a.attisdropped
    WHERE l.entry = column_finish.entry ORDER BY l.relation, l.number
  LOOP
    FOREACH one IN ARRAY c.last_texts LOOP
      CONTINUE WHEN one LIKE '%SET DEFAULT%' AND c.atthasdef;
      IF one LIKE '%SET NOT NULL' OR one LIKE '%ADD CONSTRAINT%NOT NULL%' THEN
        -- An heir may have it from its parent by now.
        CONTINUE WHEN (SELECT a.attnotnull FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.relation AND a.attnum = c.attnum);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NULL)', c.relation::regclass, c.name) INTO missing;
        IF missing AND c.last_texts[1] LIKE '%SET DEFAULT%' THEN
          PERFORM holdfast_bin.as_owner(c.relation, NULL, NULL,
            format('UPDATE ONLY %s SET %I = DEFAULT WHERE %2$I IS NULL', c.relation::regclass, c.name));
        ELSIF missing THEN
          said := said || format('column %I of table %s stays without NOT NULL: rows that came since have no value', c.name,
            c.relation::regclass);
          EXIT;
        END IF;
      END IF;
      EXECUTE one;
    END LOOP;
  END LOOP;
  RETURN said;
END
$fn$;
`;
