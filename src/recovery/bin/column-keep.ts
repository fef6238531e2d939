/**
 * SQL of `holdfast_bin`: the values of columns that are about to be dropped, with what tells their rows again, and the columns'
 * definitions.
 * Indexes, constraints, views and what else goes along with a column are objects of their own and not kept here.
 */

export const columnTables = `
CREATE TABLE IF NOT EXISTS holdfast_bin.lost_column (
  entry bigint NOT NULL REFERENCES holdfast_bin.entry ON DELETE CASCADE,
  relation oid NOT NULL,
  number smallint NOT NULL,
  schema_name name NOT NULL,
  table_name name NOT NULL,
  name name NOT NULL,
  -- Where it was declared, it is added; heirs and partitions get it from there.
  declared boolean NOT NULL,
  type oid NOT NULL,
  modifier int NOT NULL,
  "collation" oid NOT NULL,
  not_null boolean NOT NULL,
  -- Stored or virtual expression; such a column has no values of its own.
  generated "char" NOT NULL,
  expression text,
  -- Statements for when the column has its values again.
  texts text[] NOT NULL,
  -- Statements for when sequences and functions that it needs are there again.
  last_texts text[] NOT NULL,
  PRIMARY KEY (entry, relation, number)
);
-- By numbers, which are never used twice: columns may be called otherwise by then.
CREATE TABLE IF NOT EXISTS holdfast_bin.lost_values (
  entry bigint NOT NULL REFERENCES holdfast_bin.entry ON DELETE CASCADE,
  relation oid NOT NULL,
  place name NOT NULL,
  rows name NOT NULL,
  keys smallint[] NOT NULL,
  -- No key: rows are told by all that is left of them, and by their turn where several are the same.
  whole boolean NOT NULL,
  PRIMARY KEY (entry, relation)
);
`;

/** Texts of values that mean the same whatever a session has set. */
export const fixedOutput =
  "SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET extra_float_digits = 1 " +
  "SET bytea_output = 'hex' SET timezone = 'UTC' SET lc_monetary = 'C'";

/**
 * `column_keep(entry, place, columns, copy_limit)`: to be called before the columns (relation << 16 | number) go. Gives bytes kept.
 * The caller drops them afterwards, with the statement's own text.
 */
export const columnKeep = `
CREATE OR REPLACE FUNCTION holdfast_bin.column_keep(entry bigint, place text, columns bigint[], copy_limit bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $fn$
DECLARE
  r record;
  total bigint := 0;
BEGIN
  FOR r IN
    SELECT c.oid, c.relkind, c.relpersistence, c.oid::regclass AS q, array_agg((x & 65535)::smallint ORDER BY x) AS numbers
    FROM unnest(columns) AS x JOIN pg_catalog.pg_class c ON c.oid = (x >> 16)::oid GROUP BY c.oid ORDER BY c.oid
  LOOP
    IF r.relkind NOT IN ('r', 'p', 'f') OR r.relpersistence = 't' THEN
      RAISE EXCEPTION 'columns of % cannot rest in the bin', r.q USING ERRCODE = 'feature_not_supported',
        HINT = 'Have the act approved as it is: holdfast plan.';
    END IF;
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', r.q);
    INSERT INTO holdfast_bin.lost_column
    SELECT column_keep.entry, r.oid, a.attnum, n.nspname, c.relname, a.attname, a.attislocal OR a.attinhcount = 0, a.atttypid,
      a.atttypmod,
      CASE WHEN a.attcollation <> y.typcollation THEN a.attcollation ELSE 0 END, a.attnotnull, a.attgenerated,
      CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END, holdfast_bin.column_texts(r.oid, a.attnum),
      holdfast_bin.column_last_texts(r.oid, a.attnum)
    FROM unnest(r.numbers) AS k(number) JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number
    JOIN pg_catalog.pg_type y ON y.oid = a.atttypid JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum;
    IF r.relkind = 'r' THEN total := total + holdfast_bin.column_copy(entry, place, r.oid, r.numbers, copy_limit - total); END IF;
  END LOOP;
  RETURN total;
END
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.column_texts(relation oid, number smallint) RETURNS text[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(array_agg(v.text ORDER BY v.turn) FILTER (WHERE v.text IS NOT NULL), '{}')
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_type y ON y.oid = a.atttypid,
  LATERAL (
    SELECT 1, CASE WHEN a.attstorage <> y.typstorage AND c.relkind <> 'f' THEN
      format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', a.attrelid::regclass, a.attname,
        CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END) END
    UNION ALL SELECT 2, format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', a.attrelid::regclass, a.attname,
        CASE a.attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END) WHERE a.attcompression <> ''
    UNION ALL SELECT 3, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', a.attrelid::regclass, a.attname, a.attstattarget)
      WHERE a.attstattarget >= 0
    UNION ALL SELECT 4, format('ALTER TABLE %s ALTER COLUMN %I', a.attrelid::regclass, a.attname)
      || ' SET (' || holdfast_bin.options_text(a.attoptions) || ')'
    UNION ALL SELECT 5, holdfast_bin.comment_text(format('COLUMN %s.%I', a.attrelid::regclass, a.attname), 'pg_class'::regclass,
      a.attrelid, a.attnum)
    UNION ALL SELECT 6, g FROM holdfast_bin.grant_texts(a.attacl, c.relowner, 'TABLE ' || a.attrelid::regclass::text, format(' (%I)',
      a.attname)) AS g
  ) AS v(turn, text)
  WHERE a.attrelid = relation AND a.attnum = number
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.column_last_texts(relation oid, number smallint) RETURNS text[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT array(
    SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT %s', a.attrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = relation AND a.attnum = number AND a.attgenerated = ''
  ) || array(
    -- Since 18 it is a constraint with a name.
    SELECT CASE WHEN c.conname IS NULL THEN format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', a.attrelid::regclass, a.attname)
      ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', a.attrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) END
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_constraint c ON c.conrelid = a.attrelid AND c.contype = 'n' AND a.attnum = ANY (c.conkey)
    WHERE a.attrelid = relation AND a.attnum = number AND a.attnotnull
  ) || array(SELECT i FROM holdfast_bin.identity_texts(relation, number) AS i WHERE i IS NOT NULL)
$fn$;

-- A key of the columns that stay: the primary key if it is one of those, else the smallest that no row can be without.
CREATE OR REPLACE FUNCTION holdfast_bin.column_key(relation oid, going smallint[]) RETURNS smallint[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT array(SELECT k FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(k, o) WHERE o <= i.indnkeyatts)
  FROM pg_catalog.pg_index i
  WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(k, o)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = relation AND a.attnum = u.k
      WHERE o <= i.indnkeyatts AND (k = ANY (going) OR NOT a.attnotnull OR a.attgenerated <> ''))
  ORDER BY NOT i.indisprimary, i.indnkeyatts, i.indexrelid LIMIT 1
$fn$;

-- Texts of whole rows but for the columns that go, as one expression.
CREATE OR REPLACE FUNCTION holdfast_bin.row_text(relation oid, keys smallint[]) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT format('textin(record_out(ROW(%s)))', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (keys)))
$fn$;

CREATE OR REPLACE FUNCTION holdfast_bin.column_copy(entry bigint, place text, relation oid, going smallint[], copy_limit bigint)
  RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off ${fixedOutput} AS $fn$
DECLARE
  keys smallint[] := holdfast_bin.column_key(relation, going);
  whole boolean := keys IS NULL;
  told text;
  going_list text;
  forced boolean;
  rows text := 'values_' || relation;
  size bigint;
BEGIN
  SELECT string_agg(format('%I AS %I', a.attname, 'c' || a.attnum), ', ' ORDER BY a.attnum) INTO going_list
  FROM pg_catalog.pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (going) AND a.attgenerated = '';
  IF going_list IS NULL THEN RETURN 0; END IF;
  IF pg_relation_size(relation) > copy_limit AND pg_table_size(relation) > copy_limit THEN
    RAISE EXCEPTION 'the column of % cannot rest in the bin: the table has %, and values of more than bin.copy (%) are not copied',
      relation::regclass,
      pg_size_pretty(pg_table_size(relation)), pg_size_pretty(greatest(copy_limit, 0)) USING ERRCODE = 'program_limit_exceeded',
      HINT = 'Raise bin.copy of the target, or have the act approved as it is: holdfast plan.';
  END IF;
  IF whole THEN
    keys := array(SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attnum <> ALL (going) AND a.attgenerated = '' ORDER BY a.attnum);
    told := format('%s AS told, row_number() OVER (PARTITION BY %1$s ORDER BY ctid) AS turn', holdfast_bin.row_text(relation, keys));
  ELSE
    SELECT string_agg(format('%I AS %I', a.attname, 'k' || a.attnum), ', ' ORDER BY a.attnum) INTO told
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (keys);
  END IF;
  SELECT c.relforcerowsecurity INTO forced FROM pg_catalog.pg_class c WHERE c.oid = relation;
  IF forced THEN EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation::regclass); END IF;
  EXECUTE format('CREATE TABLE %I.%I AS SELECT %s, %s FROM ONLY %s', place, rows, told, going_list, relation::regclass);
  IF forced THEN EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation::regclass); END IF;
  size := pg_table_size(format('%I.%I', place, rows)::regclass);
  INSERT INTO holdfast_bin.lost_values VALUES (entry, relation, place, rows, keys, whole);
  RETURN size;
END
$fn$;
`;
