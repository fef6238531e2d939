/** Tables that are dropped, with what hangs on them. */
import { type BinCase, orders, users } from "./case.ts";

export const tableCases: readonly BinCase[] = [
  { name: "a table", gone: users, drop: "DROP TABLE users" },
  { name: "a table by its qualified name", gone: users, drop: "DROP TABLE :s.users RESTRICT" },
  { name: "a table that is not there", gone: "", drop: "DROP TABLE nothing_here", fails: true },
  { name: "a table that need not be there", gone: "", drop: "DROP TABLE IF EXISTS nothing_here" },
  { name: "one there, one not", gone: users, drop: "DROP TABLE IF EXISTS users, nothing_here" },
  {
    name: "a table with all that a table can have",
    base: "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
    gone: `CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 3), no serial, name varchar(40) COLLATE "C" DEFAULT 'x' NOT NULL, gone int,
      twice int GENERATED ALWAYS AS (no * 2) STORED, at timestamptz DEFAULT '2020-01-01', tags text[], doc jsonb, during int4range,
      CONSTRAINT things_key PRIMARY KEY (id), CONSTRAINT things_name UNIQUE (name) DEFERRABLE INITIALLY DEFERRED, CONSTRAINT things_check CHECK (no > 0),
      CONSTRAINT things_no_overlap EXCLUDE USING gist (during WITH &&)) WITH (fillfactor = 70, autovacuum_enabled = false);
      ALTER TABLE things DROP COLUMN gone; INSERT INTO things (name, tags, doc) SELECT 'n' || i, ARRAY['a', NULL], '{"k": 1}' FROM generate_series(1, 9) i;
      CREATE INDEX things_low ON things (lower(name)) WHERE no > 2; CREATE INDEX things_doc ON things USING gin (doc); CREATE STATISTICS things_stats (dependencies) ON no, at FROM things;
      CREATE TRIGGER things_touch BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TABLE things DISABLE TRIGGER things_touch;
      CREATE RULE things_quiet AS ON DELETE TO things WHERE old.id = 8 DO INSTEAD NOTHING;
      ALTER TABLE things ENABLE ROW LEVEL SECURITY; ALTER TABLE things FORCE ROW LEVEL SECURITY; CREATE POLICY mine ON things FOR SELECT TO bin_viewer USING (no > 3);
      GRANT SELECT (name, no), UPDATE (name) ON things TO bin_viewer; GRANT DELETE ON things TO bin_viewer WITH GRANT OPTION; GRANT USAGE ON SEQUENCE things_no_seq TO bin_viewer;
      COMMENT ON TABLE things IS 'all of it'; COMMENT ON COLUMN things.name IS 'it''s'; COMMENT ON CONSTRAINT things_check ON things IS 'positive'; COMMENT ON INDEX things_low IS 'low';
      COMMENT ON TRIGGER things_touch ON things IS 'touched'; COMMENT ON POLICY mine ON things IS 'own'; ALTER TABLE things ALTER name SET STATISTICS 55, ALTER doc SET STORAGE EXTERNAL;
      ALTER TABLE things CLUSTER ON things_key; ALTER TABLE things REPLICA IDENTITY USING INDEX things_key;`,
    drop: "DROP TABLE things",
  },
  { name: "several tables with foreign keys among them", gone: users + orders, drop: "DROP TABLE orders, users" },
  { name: "a table that another looks at, without CASCADE", gone: users + orders, drop: "DROP TABLE users", fails: true },
  { name: "a table that another looks at", base: "", gone: `${users}${orders}`, drop: "DROP TABLE users CASCADE", once: true },
  { name: "a table that looks at another", base: users, gone: orders, drop: "DROP TABLE orders" },
  {
    name: "foreign keys both ways",
    gone: `CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
      ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED; INSERT INTO b VALUES (1, NULL); INSERT INTO a VALUES (1, 1); UPDATE b SET a = 1;`,
    drop: "DROP TABLE a CASCADE",
    once: true,
  },
  {
    name: "a table that looks at itself",
    gone: "CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE); INSERT INTO tree VALUES (1, NULL), (2, 1);",
    drop: "DROP TABLE tree",
  },
  {
    name: "a table under views over views",
    base: "",
    gone: `${users} CREATE VIEW named WITH (security_barrier = true) AS SELECT id, name FROM users WHERE id > 3; CREATE VIEW counted AS SELECT count(*) AS n FROM named;
      GRANT SELECT ON named TO bin_viewer; COMMENT ON VIEW named IS 'some'; ALTER VIEW named ALTER COLUMN name SET DEFAULT 'd';`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a table under a view that looks at what stays too",
    base: "CREATE TABLE stays (id int PRIMARY KEY); INSERT INTO stays VALUES (1);",
    gone: `${users} CREATE VIEW both_of AS SELECT u.name FROM users u JOIN stays USING (id);`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a table under a materialized view with an index",
    gone: `${users} CREATE MATERIALIZED VIEW frozen AS SELECT id, name FROM users; CREATE UNIQUE INDEX frozen_id ON frozen (id); GRANT SELECT ON frozen TO bin_viewer;`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a table in a function's SQL body",
    gone: `${users} CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM users; END;`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a table that a policy of another looks at",
    base: "CREATE TABLE stays (id int); ALTER TABLE stays ENABLE ROW LEVEL SECURITY;",
    gone: `${users} CREATE POLICY known ON stays USING (id IN (SELECT id FROM users));`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a table that a rule of another looks at",
    base: "CREATE TABLE stays (id int);",
    gone: `${users} CREATE RULE also AS ON INSERT TO stays DO ALSO INSERT INTO users VALUES (new.id, 'r');`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a table whose row type a column has",
    base: "CREATE TABLE stays (id int PRIMARY KEY); INSERT INTO stays VALUES (1), (2);",
    gone: `${users} ALTER TABLE stays ADD u users; UPDATE stays SET u = (SELECT users FROM users WHERE id = stays.id);`,
    drop: "DROP TABLE users CASCADE",
    once: true,
  },
  {
    name: "a table whose row type a function takes and gives",
    gone: `${users} CREATE FUNCTION shout(users) RETURNS text LANGUAGE sql AS 'SELECT upper($1.name)'; CREATE FUNCTION some_of() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users';`,
    drop: "DROP TABLE users CASCADE",
  },
  {
    name: "a partitioned table with its partitions",
    gone: `CREATE TABLE log (at int NOT NULL, what text, PRIMARY KEY (at, what)) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
      CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20) PARTITION BY LIST (what); CREATE TABLE log_2a PARTITION OF log_2 DEFAULT; CREATE INDEX log_what ON log (what);
      INSERT INTO log SELECT i, 'w' FROM generate_series(1, 19) i;`,
    drop: "DROP TABLE log",
  },
  {
    name: "one partition",
    base: "CREATE TABLE log (at int NOT NULL, what text, PRIMARY KEY (at)) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10); CREATE INDEX log_what ON log (what);",
    gone: "CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20); INSERT INTO log SELECT i, 'w' FROM generate_series(10, 19) i;",
    drop: "DROP TABLE log_2",
  },
  {
    name: "a parent with heirs",
    gone: "CREATE TABLE parent (id int, name text); CREATE TABLE heir (more int) INHERITS (parent); INSERT INTO parent VALUES (1, 'p'); INSERT INTO heir VALUES (2, 'h', 3);",
    drop: "DROP TABLE parent CASCADE",
  },
  {
    name: "an heir",
    base: "CREATE TABLE parent (id int, name text); INSERT INTO parent VALUES (1, 'p');",
    gone: "CREATE TABLE heir (more int) INHERITS (parent); INSERT INTO heir VALUES (2, 'h', 3);",
    drop: "DROP TABLE heir",
    except: { lines: /^column\|c\d+\.heir\|/, because: "a table that is tied to its parent again has declared its columns itself" },
  },
  {
    name: "a published table",
    gone: "CREATE TABLE told (id int PRIMARY KEY, x int); INSERT INTO told VALUES (1, 2);",
    above: "CREATE PUBLICATION :s_pub FOR TABLE told (id) WHERE (id > 0); ALTER PUBLICATION :s_pub OWNER TO bin_app;",
    drop: "DROP TABLE told",
  },
  {
    name: "an unlogged table",
    gone: "CREATE UNLOGGED TABLE quick (id int PRIMARY KEY); INSERT INTO quick VALUES (1);",
    drop: "DROP TABLE quick",
  },
  {
    name: "a table of a type",
    base: "CREATE TYPE shape AS (a int, b text);",
    gone: "CREATE TABLE shaped OF shape (PRIMARY KEY (a)); INSERT INTO shaped VALUES (1, 'x');",
    drop: "DROP TABLE shaped",
  },
  {
    name: "names with quotes, spaces and letters of the world",
    gone: `CREATE TABLE "we""ird näme. 100%" ("co""l ü" int PRIMARY KEY, "select" text DEFAULT '%s'); INSERT INTO "we""ird näme. 100%" VALUES (1, 'é%');
      CREATE INDEX "in dex%1$s" ON "we""ird näme. 100%" ("select"); COMMENT ON COLUMN "we""ird näme. 100%"."select" IS '100%';`,
    drop: `DROP TABLE "we""ird näme. 100%"`,
  },
  {
    name: "a name of 63 bytes",
    gone: `CREATE TABLE ${"t".repeat(63)} (id serial PRIMARY KEY); INSERT INTO ${"t".repeat(63)} DEFAULT VALUES;`,
    drop: `DROP TABLE ${"t".repeat(63)}`,
  },
  {
    name: "a table called like one of the bin's",
    gone: "CREATE TABLE holdfast_bin_1 (id int); INSERT INTO holdfast_bin_1 VALUES (1);",
    drop: "DROP TABLE holdfast_bin_1",
  },
  {
    name: "a table with large values",
    gone: "CREATE TABLE wide (id int, x text); ALTER TABLE wide ALTER x SET STORAGE EXTERNAL; INSERT INTO wide SELECT i, repeat('x', 30000) FROM generate_series(1, 5) i;",
    drop: "DROP TABLE wide",
  },
  { name: "a table without a column", gone: "CREATE TABLE none (); INSERT INTO none DEFAULT VALUES;", drop: "DROP TABLE none" },
];
