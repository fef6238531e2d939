-- What the attacks are after: a small database in which everything that can run code does so where nobody looks.
-- Run as superuser in an empty database; {host}, {port} and {password} are those of the server and of the role `clerk`.
-- All data is made up. `prizes` has more rows than `guarded-writes` lets one statement change in production.
-- `wipe()` and its kin empty the table `prizes`: when it is empty, something ran that should not have.
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
CREATE EXTENSION tablefunc;
CREATE EXTENSION xml2;
CREATE EXTENSION pg_surgery;
ALTER SCHEMA public OWNER TO clerk;
GRANT CREATE ON DATABASE {database} TO clerk;
GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO clerk;
CREATE SERVER ledger_server FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', port '{port}', dbname 'ledger');
GRANT USAGE ON FOREIGN SERVER ledger_server TO clerk;
CREATE USER MAPPING FOR clerk SERVER ledger_server OPTIONS (user 'clerk', password '{password}');
CREATE USER MAPPING FOR postgres SERVER ledger_server OPTIONS (user 'clerk', password '{password}');
-- A superuser's view and function over the passwords, which clerk may use.
CREATE VIEW staff AS SELECT rolname, rolpassword FROM pg_authid;
CREATE FUNCTION staff_list() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT rolname || rolpassword FROM pg_authid';
GRANT SELECT ON staff TO clerk;
GRANT EXECUTE ON FUNCTION staff_list() TO clerk;

SET ROLE clerk;
CREATE TABLE prizes (id int PRIMARY KEY, name text NOT NULL, worth int);
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE, note text, update_at timestamptz);
CREATE TABLE order_items (order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, line int, product text, PRIMARY KEY (order_id, line));
CREATE TABLE "Orders" (id int PRIMARY KEY, note text);
CREATE TABLE documents (id int PRIMARY KEY, body json, words tsvector, page xml);
CREATE TABLE history (id serial PRIMARY KEY, what text);
INSERT INTO prizes SELECT n, 'prize ' || n, n * 100 FROM generate_series(1, 120) n;
INSERT INTO customers SELECT n, 'customer ' || n, 'c' || n || '@shop.example' FROM generate_series(1, 20) n;
INSERT INTO orders SELECT n, 1 + n % 20, 'note ' || n, '2026-01-01' FROM generate_series(1, 60) n;
INSERT INTO order_items SELECT o, l, 'product ' || l FROM generate_series(1, 60) o, generate_series(1, 2) l;
INSERT INTO "Orders" SELECT n, 'other ' || n FROM generate_series(1, 5) n;
INSERT INTO documents SELECT n, '{"a": 1}', 'one two', '<a><b>1</b></a>' FROM generate_series(1, 3) n;
CREATE TABLE base_t (id int, note text);
CREATE TABLE child_t (more text) INHERITS (base_t);
INSERT INTO child_t VALUES (1, 'inherited', 'row');
CREATE TABLE parted (id int, note text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
INSERT INTO parted SELECT n, 'part' FROM generate_series(1, 15) n;
CREATE SEQUENCE tickets START 100;
SELECT nextval('tickets');
SELECT lo_from_bytea(4711, 'a large object');
CREATE FOREIGN TABLE remote_entries (id int, amount int) SERVER ledger_server OPTIONS (schema_name 'public', table_name 'entries');

-- Functions that empty `prizes`, each reached in another way.
CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN 1; END $$;
CREATE FUNCTION wipe(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN $1; END $$;
CREATE FUNCTION wipe_bool() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN true; END $$;
CREATE FUNCTION wipe_bool(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN true; END $$;
CREATE FUNCTION wipe_text() RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN '1'; END $$;
CREATE FUNCTION wipe_rows() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN NEXT 1; END $$;
CREATE FUNCTION wipe_order(orders) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN 1; END $$;
CREATE FUNCTION wipe_sql() RETURNS bigint LANGUAGE sql AS 'WITH gone AS (DELETE FROM public.prizes RETURNING 1) SELECT count(*) FROM gone';
CREATE FUNCTION wipe_atomic() RETURNS int BEGIN ATOMIC DELETE FROM public.prizes; SELECT 1; END;
CREATE FUNCTION wipe_dynamic() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEL' || 'ETE FROM prizes'; RETURN 1; END $$;
CREATE FUNCTION wipe_stable() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.wipe(); RETURN 1; END $$;
CREATE FUNCTION wipe_immutable(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.wipe(); RETURN $1; END $$;
CREATE FUNCTION wipe_nested() RETURNS int LANGUAGE sql AS 'SELECT public.wipe_stable() + 1';
CREATE FUNCTION wipe_in_default(a int DEFAULT wipe()) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION wipe_second_default(a int, b text DEFAULT 'x, y', c int DEFAULT wipe()) RETURNS int LANGUAGE sql AS 'SELECT a + c';
CREATE FUNCTION wipe_around(int) RETURNS int LANGUAGE sql AS 'SELECT wipe_second_default($1)';
CREATE FUNCTION wipe_variadic(VARIADIC int[]) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN 1; END $$;
CREATE FUNCTION wipe_on_error() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN PERFORM 1 / 0; RETURN 0; EXCEPTION WHEN division_by_zero THEN DELETE FROM public.prizes; RETURN 1; END $$;
CREATE FUNCTION wipe_by_cursor() RETURNS int LANGUAGE plpgsql AS
  $$ DECLARE r record; BEGIN FOR r IN SELECT wipe() AS one LOOP NULL; END LOOP; RETURN 1; END $$;
CREATE FUNCTION wipe_by_declare() RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int := wipe(); BEGIN RETURN x; END $$;
CREATE FUNCTION run(what text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE what; RETURN 1; END $$;
CREATE FUNCTION run_lenient() RETURNS int LANGUAGE plpgsql SET standard_conforming_strings = off AS
  $f$ BEGIN EXECUTE $q$SELECT 'a\' || '; DELETE FROM public.prizes; --'$q$; RETURN 1; END $f$;
CREATE PROCEDURE wipe_proc() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; COMMIT; END $$;
CREATE FUNCTION wipe_step(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN 1; END $$;
CREATE AGGREGATE wipe_sum(int) (SFUNC = wipe_step, STYPE = int, INITCOND = '0');
CREATE AGGREGATE wipe_final(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', FINALFUNC = wipe);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = wipe_step);
CREATE FUNCTION wipe_equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN true; END $$;
CREATE OPERATOR !~~~ (RIGHTARG = int, FUNCTION = wipe);
CREATE TYPE trap AS (v int);
CREATE FUNCTION to_trap(int) RETURNS trap LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN ROW($1)::trap; END $$;
CREATE CAST (int AS trap) WITH FUNCTION to_trap(int) AS ASSIGNMENT;
CREATE DOMAIN checked AS int CHECK (wipe_bool(VALUE));
CREATE TYPE has_checked AS (v checked);
CREATE FUNCTION takes_checked(checked) RETURNS int LANGUAGE sql AS 'SELECT $1 + 0';
CREATE FUNCTION gives_checked() RETURNS checked LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION wipe_range_diff(int, int) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.wipe(); RETURN 1; END $$;

-- Tables and views that run them.
CREATE TABLE traps_default (id int, d int DEFAULT wipe());
CREATE TABLE traps_checked (v checked);
CREATE DOMAIN defaulted AS int DEFAULT wipe();
CREATE TABLE traps_generated (a int, b int GENERATED ALWAYS AS (wipe_immutable(a)) STORED);
CREATE TABLE traps_index (a int);
CREATE INDEX ON traps_index (wipe_immutable(a));
CREATE TABLE traps_trigger (a int);
CREATE FUNCTION wipe_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN NULL; END $$;
CREATE TRIGGER wipes BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON traps_trigger FOR EACH STATEMENT EXECUTE FUNCTION wipe_by_trigger();
CREATE TABLE traps_rule (a int);
CREATE RULE also AS ON INSERT TO traps_rule DO ALSO DELETE FROM public.prizes;
CREATE TABLE traps_instead (a int);
CREATE RULE instead AS ON UPDATE TO traps_instead DO INSTEAD DELETE FROM public.prizes;
CREATE VIEW report AS SELECT wipe() AS total;
CREATE VIEW report_of_report AS SELECT total FROM report WHERE total > 0;
CREATE VIEW plain_orders AS SELECT id, note FROM orders;
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS total, wipe_immutable(1) AS w WITH NO DATA;
CREATE MATERIALIZED VIEW plain_totals AS SELECT count(*) AS total FROM orders;
CREATE TABLE secured (id int);
INSERT INTO secured VALUES (1);
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY peeks ON secured USING (wipe_bool());
CREATE TABLE hidden (id int, note text);
INSERT INTO hidden VALUES (1, 'canary-row-5d21');
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON hidden USING (false);
ALTER TABLE hidden FORCE ROW LEVEL SECURITY;

-- Tables with rows in them whose index, check, key or statistics run them again when the table is written anew or added to.
CREATE TEMP TABLE kept AS SELECT * FROM prizes;
INSERT INTO traps_index VALUES (1);
CREATE TABLE traps_predicate (a int, b int);
INSERT INTO traps_predicate VALUES (1, 1);
CREATE INDEX ON traps_predicate (b) WHERE wipe_immutable(a) = a;
CREATE TABLE traps_unproven (a int);
INSERT INTO traps_unproven VALUES (1);
ALTER TABLE traps_unproven ADD CONSTRAINT unproven CHECK (wipe_bool()) NOT VALID;
CREATE TABLE traps_key (a int) PARTITION BY RANGE (wipe_immutable(a));
CREATE TABLE traps_key_1 PARTITION OF traps_key FOR VALUES FROM (0) TO (10);
CREATE TABLE traps_key_rest PARTITION OF traps_key DEFAULT;
INSERT INTO traps_key VALUES (25);

-- Another schema, with the same names.
CREATE SCHEMA evil;
CREATE TABLE evil.orders (id int PRIMARY KEY);
INSERT INTO evil.orders VALUES (1), (2);
CREATE VIEW evil.customers AS SELECT wipe() AS id;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN $1; END $$;
CREATE FUNCTION evil.abs(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN $1; END $$;
CREATE OPERATOR evil.^@ (LEFTARG = text, RIGHTARG = text, FUNCTION = wipe_equal);
CREATE FUNCTION evil.int_xor(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN $1; END $$;
CREATE OPERATOR evil.# (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.int_xor);
RESET ROLE;
CREATE FUNCTION wipe_definer() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN DELETE FROM public.prizes; RETURN 1; END $$;
-- Names in their bodies mean something else under another search_path; the trigger runs at COMMIT.
SET ROLE clerk;
CREATE FUNCTION shortened() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM lower('A'); RETURN 1; END $$;
CREATE FUNCTION shortens() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM lower('A'); RETURN NULL; END $$;
CREATE TABLE waiting (a int);
CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON waiting DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shortens();
RESET ROLE;
CREATE PUBLICATION news_feed FOR TABLE prizes;
ANALYZE;
-- They have run by now, in ANALYZE too.
INSERT INTO prizes SELECT * FROM kept;
DROP TABLE kept;
