/**
 * SQL of `holdfast_bin`: its tables, and what the server's catalogue says about the objects in it.
 * Nobody but the owner executor's group has any right on what is here; names mean the system's alone.
 */

/** Who may carry out what, what rests, and of each object how it comes back. */
export const binTables = `
CREATE UNLOGGED TABLE IF NOT EXISTS holdfast_bin.ticket (
  id text PRIMARY KEY,
  entry text NOT NULL,
  text text NOT NULL,
  tag text NOT NULL,
  search_path text NOT NULL,
  role name NOT NULL,
  pid int NOT NULL,
  action text,
  -- Bytes of rows that a TRUNCATE may copy where a table cannot be exchanged.
  copy_limit bigint NOT NULL DEFAULT 0,
  made timestamptz NOT NULL DEFAULT clock_timestamp(),
  used timestamptz
);
CREATE TABLE IF NOT EXISTS holdfast_bin.entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  ticket text NOT NULL UNIQUE,
  tag text NOT NULL,
  role name NOT NULL,
  action text,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  transaction text NOT NULL DEFAULT pg_current_xact_id()::text,
  bytes bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'restored', 'emptied')),
  -- Something in it still needs what is outside: a later drop of that is tried as if this were gone.
  leans boolean NOT NULL DEFAULT false,
  -- The audit log has it.
  told boolean NOT NULL DEFAULT false
);
-- Schemas of an entry, each in place of the one that its objects came from. A renamed one is that schema itself.
CREATE TABLE IF NOT EXISTS holdfast_bin.place (
  entry bigint NOT NULL REFERENCES holdfast_bin.entry ON DELETE CASCADE,
  resting name NOT NULL UNIQUE,
  schema name NOT NULL,
  renamed boolean NOT NULL,
  PRIMARY KEY (entry, schema)
);
CREATE TABLE IF NOT EXISTS holdfast_bin.object (
  nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry bigint NOT NULL REFERENCES holdfast_bin.entry ON DELETE CASCADE,
  class oid NOT NULL,
  object oid NOT NULL,
  sub int NOT NULL DEFAULT 0,
  -- As pg_identify_object calls them, when they were dropped.
  type text NOT NULL,
  schema name,
  name text NOT NULL,
  bare name,
  direct boolean NOT NULL DEFAULT false,
  -- renamed: a schema that has another name now. moved: rests as it is. made: is gone and made anew. inside: goes with of_object.
  -- column: its values rest in a table. emptied: a table whose rows rest.
  how text NOT NULL,
  -- What it hangs on.
  of_class oid,
  of_object oid,
  owner name,
  -- The order of coming back; going away is the other way round.
  step numeric NOT NULL DEFAULT 0,
  -- Statements that make it anew, %1$s where the present name of of_object stands; and what is read anew after it.
  recipe jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS object_entry ON holdfast_bin.object (entry);
CREATE INDEX IF NOT EXISTS object_object ON holdfast_bin.object (object);
`;

/** Objects as one number, the class in its upper half: sets of them are compared before and after a text was tried. */
export const binCatalogue = `
CREATE OR REPLACE FUNCTION holdfast_bin.address(class oid, object oid) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT (class::bigint << 32) | object::bigint
$fn$;

-- Everything that somebody made in this database and that a DROP can take away; what belongs to sessions alone is left out.
CREATE OR REPLACE FUNCTION holdfast_bin.present() RETURNS bigint[]
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(array_agg((x.class::oid::bigint << 32) | x.oid::bigint), '{}') FROM (
    SELECT 'pg_class'::regclass AS class, c.oid FROM pg_class c WHERE c.relkind <> 't' AND c.relnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
    UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint
    UNION ALL SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef
    UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite
    UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
    UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'pg_extension'::regclass, oid FROM pg_extension
    UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am
    UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
    UNION ALL SELECT 'pg_user_mapping'::regclass, umid FROM pg_user_mappings
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
    UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
    UNION ALL SELECT 'pg_publication_rel'::regclass, oid FROM pg_publication_rel
    UNION ALL SELECT 'pg_default_acl'::regclass, oid FROM pg_default_acl
    UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata
  ) AS x WHERE x.oid >= 16384
$fn$;

-- Columns that are dropped on tables that are there: relation and number.
CREATE OR REPLACE FUNCTION holdfast_bin.dropped_columns() RETURNS bigint[]
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
  SELECT coalesce(array_agg((attrelid::bigint << 16) | attnum::bigint), '{}') FROM pg_attribute WHERE attisdropped AND attrelid >= 16384
$fn$;

-- What an object hangs on, so that it comes and goes with it; itself where it stands alone.
CREATE OR REPLACE FUNCTION holdfast_bin.holder(class oid, object oid, OUT of_class oid, OUT of_object oid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  of_class := 'pg_class'::regclass;
  CASE class
    WHEN 'pg_class'::regclass THEN
      of_object := coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = object), object);
      IF EXISTS (SELECT FROM pg_class c WHERE c.oid = object AND c.relkind = 'c') THEN
        of_class := 'pg_type'::regclass;
        of_object := (SELECT c.reltype FROM pg_class c WHERE c.oid = object);
      END IF;
    WHEN 'pg_constraint'::regclass THEN
      SELECT CASE WHEN c.conrelid <> 0 THEN 'pg_class'::regclass ELSE 'pg_type'::regclass END, CASE WHEN c.conrelid <> 0 THEN c.conrelid ELSE c.contypid END
        INTO of_class, of_object FROM pg_constraint c WHERE c.oid = object;
    WHEN 'pg_attrdef'::regclass THEN of_object := (SELECT adrelid FROM pg_attrdef WHERE oid = object);
    WHEN 'pg_trigger'::regclass THEN of_object := (SELECT tgrelid FROM pg_trigger WHERE oid = object);
    WHEN 'pg_rewrite'::regclass THEN of_object := (SELECT ev_class FROM pg_rewrite WHERE oid = object);
    WHEN 'pg_policy'::regclass THEN of_object := (SELECT polrelid FROM pg_policy WHERE oid = object);
    WHEN 'pg_publication_rel'::regclass THEN of_object := (SELECT prrelid FROM pg_publication_rel WHERE oid = object);
    WHEN 'pg_type'::regclass THEN
      SELECT h.class, h.held INTO of_class, of_object FROM (
        SELECT 'pg_class'::regclass AS class, c.oid AS held FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c' WHERE t.oid = object
        UNION ALL SELECT 'pg_type'::regclass, e.oid FROM pg_type e WHERE e.typarray = object
        UNION ALL SELECT 'pg_type'::regclass, r.rngtypid FROM pg_range r WHERE r.rngmultitypid = object
      ) AS h LIMIT 1;
      IF of_object IS NULL THEN
        of_class := class;
        of_object := object;
      ELSIF of_class = 'pg_type'::regclass THEN
        -- The array of a row type hangs on the table.
        SELECT h.of_class, h.of_object INTO of_class, of_object FROM holdfast_bin.holder(of_class, of_object) AS h;
      END IF;
    WHEN 'pg_proc'::regclass THEN
      -- The constructors of a range type are its own.
      SELECT d.refclassid, d.refobjid INTO of_class, of_object FROM pg_depend d
        WHERE d.classid = class AND d.objid = object AND d.deptype = 'i' AND d.refclassid = 'pg_type'::regclass LIMIT 1;
      IF of_object IS NULL THEN
        of_class := class;
        of_object := object;
      END IF;
    ELSE
      of_class := class;
      of_object := object;
  END CASE;
END
$fn$;
`;
