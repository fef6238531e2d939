/**
 * What can be dropped, and what goes along or stays: each case with how it is built, the statement, and what is created anew under the
 * freed names. `:s` stands for the case's own schema, which the owner of everything has made and which is on the search_path.
 */
export interface BinCase {
  readonly name: string;
  /** Stays. */
  readonly base?: string;
  /** Goes, and must be creatable again afterwards. */
  readonly gone: string;
  readonly drop: string;
  /** By a superuser, after the rest: what an owner may not make. */
  readonly above?: string;
  /** The bin says by name that it cannot keep this. */
  readonly refused?: RegExp;
  /** For TRUNCATE and columns nothing can be created again. */
  readonly once?: boolean;
  /** The server's own answer is an error, and so is the bin's. */
  readonly fails?: boolean;
  /** What PostgreSQL cannot be told to make as it was, as lines of the inventory, and why. */
  readonly except?: { readonly lines: RegExp; readonly because: string };
  /** Rows may be copied up to this; default 1 GiB. */
  readonly copyBytesMax?: number;
  /** Only from this version on. */
  readonly since?: number;
}

const users =
  "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL UNIQUE); INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 20) i;";
const orders =
  "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric(9,2)); INSERT INTO orders SELECT i, 1 + i % 20, i * 1.5 FROM generate_series(1, 50) i;";

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

export const otherCases: readonly BinCase[] = [
  {
    name: "a view",
    base: users,
    gone: "CREATE VIEW seen AS SELECT name FROM users; COMMENT ON VIEW seen IS 'v'; GRANT SELECT (name) ON seen TO bin_viewer;",
    drop: "DROP VIEW seen",
  },
  {
    name: "a view with options, a rule and a trigger",
    base: `${users} CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';`,
    gone: `CREATE VIEW seen WITH (check_option = local, security_barrier = true) AS SELECT id, name FROM users WHERE id > 1;
      CREATE TRIGGER in_place INSTEAD OF UPDATE ON seen FOR EACH ROW EXECUTE FUNCTION instead(); CREATE RULE never AS ON DELETE TO seen DO INSTEAD NOTHING;`,
    drop: "DROP VIEW seen",
  },
  {
    name: "a view under a view",
    base: users,
    gone: "CREATE VIEW seen AS SELECT name FROM users; CREATE VIEW again AS SELECT count(*) FROM seen;",
    drop: "DROP VIEW seen CASCADE",
  },
  {
    name: "a recursive view",
    gone: "CREATE RECURSIVE VIEW ten (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM ten WHERE n < 10;",
    drop: "DROP VIEW ten",
  },
  {
    name: "a view where a table is meant",
    base: users,
    gone: "CREATE VIEW seen AS SELECT name FROM users;",
    drop: "DROP TABLE seen",
    fails: true,
  },
  {
    name: "a materialized view",
    base: users,
    gone: "CREATE MATERIALIZED VIEW frozen AS SELECT * FROM users; CREATE INDEX frozen_name ON frozen (name); COMMENT ON MATERIALIZED VIEW frozen IS 'ice';",
    drop: "DROP MATERIALIZED VIEW frozen",
  },
  {
    name: "a materialized view without data",
    base: users,
    gone: "CREATE MATERIALIZED VIEW frozen AS SELECT * FROM users WITH NO DATA;",
    drop: "DROP MATERIALIZED VIEW frozen",
  },
  {
    name: "a sequence",
    gone: "CREATE SEQUENCE counter START 7 INCREMENT 3 CACHE 5 CYCLE MAXVALUE 900; SELECT nextval('counter'), nextval('counter'); GRANT USAGE ON SEQUENCE counter TO bin_viewer; COMMENT ON SEQUENCE counter IS 'c';",
    drop: "DROP SEQUENCE counter",
  },
  {
    name: "a sequence that a default uses",
    base: "CREATE TABLE stays (id int, x int); INSERT INTO stays VALUES (1, 1);",
    gone: "CREATE SEQUENCE counter; ALTER TABLE stays ALTER x SET DEFAULT nextval('counter');",
    drop: "DROP SEQUENCE counter CASCADE",
  },
  {
    name: "a serial column's sequence",
    gone: "CREATE TABLE stays (id serial PRIMARY KEY, x int); INSERT INTO stays (x) VALUES (1), (2);",
    drop: "DROP SEQUENCE stays_id_seq CASCADE",
    once: true,
  },
  {
    name: "an identity column's sequence",
    gone: "CREATE TABLE stays (id int GENERATED ALWAYS AS IDENTITY);",
    drop: "DROP SEQUENCE stays_id_seq",
    fails: true,
  },
  {
    name: "a function",
    gone: "CREATE FUNCTION plus(a int, b int DEFAULT 3) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 SET work_mem = '5MB' AS 'SELECT a + b'; COMMENT ON FUNCTION plus IS 'p'; REVOKE ALL ON FUNCTION plus FROM PUBLIC; GRANT EXECUTE ON FUNCTION plus TO bin_viewer;",
    drop: "DROP FUNCTION plus(int, int)",
  },
  {
    name: "one of two functions of a name",
    base: "CREATE FUNCTION plus(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    gone: "CREATE FUNCTION plus(text) RETURNS int LANGUAGE sql AS 'SELECT 2';",
    drop: "DROP FUNCTION plus(text)",
  },
  {
    name: "a function of two of a name, not said which",
    gone: "CREATE FUNCTION plus(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION plus(text) RETURNS int LANGUAGE sql AS 'SELECT 2';",
    drop: "DROP FUNCTION plus",
    fails: true,
  },
  {
    name: "a function under a trigger, a default, a check, an index and a policy",
    base: `CREATE TABLE stays (id int PRIMARY KEY, x int); ALTER TABLE stays ENABLE ROW LEVEL SECURITY; INSERT INTO stays SELECT i, i FROM generate_series(1, 5) i;`,
    gone: `CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'; ALTER TABLE stays ALTER x SET DEFAULT calc(1); ALTER TABLE stays ADD CONSTRAINT positive CHECK (calc(x) > 0);
      CREATE INDEX by_calc ON stays (calc(x)); CREATE POLICY calculated ON stays USING (calc(id) > 2); CREATE VIEW calced AS SELECT calc(x) AS c FROM stays; COMMENT ON CONSTRAINT positive ON stays IS 'pos';`,
    drop: "DROP FUNCTION calc CASCADE",
  },
  {
    name: "a trigger's function",
    base: "CREATE TABLE stays (id int);",
    gone: "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF id ON stays FOR EACH ROW WHEN (new.id > 0) EXECUTE FUNCTION touch(); ALTER TABLE stays ENABLE ALWAYS TRIGGER touched; COMMENT ON TRIGGER touched ON stays IS 't';",
    drop: "DROP FUNCTION touch() CASCADE",
  },
  {
    name: "a procedure",
    gone: "CREATE PROCEDURE act(INOUT x int) LANGUAGE plpgsql AS 'BEGIN x := x + 1; END'; COMMENT ON PROCEDURE act IS 'a';",
    drop: "DROP PROCEDURE act",
  },
  { name: "a routine", gone: "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT 1';", drop: "DROP ROUTINE calc" },
  {
    name: "an aggregate",
    gone: "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0'); COMMENT ON AGGREGATE total(int) IS 't';",
    drop: "DROP AGGREGATE total(int)",
  },
  {
    name: "an enum",
    gone: "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); COMMENT ON TYPE mood IS 'm'; GRANT USAGE ON TYPE mood TO bin_viewer;",
    drop: "DROP TYPE mood",
  },
  {
    name: "an enum that a column has",
    base: "CREATE TABLE stays (id int PRIMARY KEY, x int); INSERT INTO stays VALUES (1, 1), (2, 2);",
    gone: "CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE stays ADD m mood DEFAULT 'ok' NOT NULL; UPDATE stays SET m = 'sad' WHERE id = 2;",
    drop: "DROP TYPE mood CASCADE",
    once: true,
  },
  { name: "a composite type", gone: "CREATE TYPE pair AS (a int, b text);", drop: "DROP TYPE pair" },
  {
    name: "a composite type in a function and an array",
    gone: "CREATE TYPE pair AS (a int, b text); CREATE FUNCTION flip(pair) RETURNS pair LANGUAGE sql AS 'SELECT ($1.a, $1.b)::pair'; CREATE TYPE pairs AS (p pair[]);",
    drop: "DROP TYPE pair CASCADE",
    once: true,
    refused: /columns of .* cannot rest in the bin/,
  },
  {
    name: "a domain",
    gone: "CREATE DOMAIN positive AS int DEFAULT 1 CHECK (VALUE > 0); COMMENT ON DOMAIN positive IS 'd';",
    drop: "DROP DOMAIN positive",
  },
  {
    name: "a domain that a column has",
    base: "CREATE TABLE stays (id int PRIMARY KEY); INSERT INTO stays VALUES (1);",
    gone: "CREATE DOMAIN positive AS int CHECK (VALUE > 0); ALTER TABLE stays ADD p positive DEFAULT 3;",
    drop: "DROP DOMAIN positive CASCADE",
    once: true,
  },
  {
    name: "a range type",
    gone: "CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);",
    drop: "DROP TYPE span",
    refused: /range type c\d+.span cannot be kept in the bin: the functions that make its values/,
  },
  {
    name: "an index",
    base: users,
    gone: "CREATE INDEX by_name ON users (name DESC) INCLUDE (id) WITH (fillfactor = 60) WHERE id > 3; COMMENT ON INDEX by_name IS 'i';",
    drop: "DROP INDEX by_name",
  },
  {
    name: "a partitioned index",
    base: "CREATE TABLE log (at int, what text) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);",
    gone: "CREATE INDEX log_what ON log (what);",
    drop: "DROP INDEX log_what",
  },
  { name: "a key's index", base: "", gone: users, drop: "DROP INDEX users_pkey", fails: true },
  {
    name: "a trigger",
    base: `${users} CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`,
    gone: "CREATE CONSTRAINT TRIGGER touched AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();",
    drop: "DROP TRIGGER touched ON users",
  },
  {
    name: "a rule",
    base: users,
    gone: "CREATE RULE never AS ON DELETE TO users DO INSTEAD NOTHING; ALTER TABLE users DISABLE RULE never;",
    drop: "DROP RULE never ON users",
  },
  {
    name: "a policy",
    base: users,
    gone: "CREATE POLICY own ON users AS RESTRICTIVE FOR UPDATE TO bin_viewer USING (id > 1) WITH CHECK (id < 9);",
    drop: "DROP POLICY own ON users",
  },
  {
    name: "statistics",
    base: users,
    gone: "CREATE STATISTICS many (ndistinct, mcv) ON id, name FROM users; ALTER STATISTICS many SET STATISTICS 50; COMMENT ON STATISTICS many IS 's';",
    drop: "DROP STATISTICS many",
  },
  { name: "a collation", gone: 'CREATE COLLATION german FROM "C";', drop: "DROP COLLATION german" },
  {
    name: "an extension",
    base: "",
    gone: "",
    above: "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA :s; ",
    drop: "DROP EXTENSION pg_trgm",
    once: true,
    fails: true,
  },
  {
    name: "a schema with everything",
    gone: "CREATE SCHEMA :s_b; CREATE TYPE :s_b.mood AS ENUM ('a'); CREATE TABLE :s_b.t (id serial PRIMARY KEY, m :s_b.mood); INSERT INTO :s_b.t (m) VALUES ('a'); CREATE VIEW :s_b.v AS SELECT * FROM :s_b.t; CREATE FUNCTION :s_b.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT USAGE ON SCHEMA :s_b TO bin_viewer; COMMENT ON SCHEMA :s_b IS 'all';",
    drop: "DROP SCHEMA :s_b CASCADE",
  },
  { name: "an empty schema", gone: "CREATE SCHEMA :s_b;", drop: "DROP SCHEMA :s_b" },
  { name: "a schema that is not empty", gone: "CREATE SCHEMA :s_b; CREATE TABLE :s_b.t (id int);", drop: "DROP SCHEMA :s_b", fails: true },
  {
    name: "a schema that others look into",
    base: users,
    gone: "CREATE SCHEMA :s_b; CREATE TABLE :s_b.t (id int PRIMARY KEY); INSERT INTO :s_b.t SELECT id FROM :s.users; ALTER TABLE :s.users ADD CONSTRAINT known FOREIGN KEY (id) REFERENCES :s_b.t; CREATE VIEW :s.across AS SELECT * FROM :s_b.t;",
    drop: "DROP SCHEMA :s_b CASCADE",
  },
  {
    name: "two schemas",
    gone: "CREATE SCHEMA :s_b; CREATE SCHEMA :s_c; CREATE TABLE :s_b.t (id int PRIMARY KEY); CREATE TABLE :s_c.t (id int REFERENCES :s_b.t);",
    drop: "DROP SCHEMA :s_b, :s_c CASCADE",
  },
];

/** Large where the server looks (some 18 MiB of file), of a few rows only: dumps stay short. */
const big = (table: string): string => `ALTER TABLE ${table} SET (autovacuum_enabled = false, toast.autovacuum_enabled = false);
  ALTER TABLE ${table} ALTER x SET STORAGE EXTERNAL; INSERT INTO ${table} (x) SELECT repeat('x', 2500) FROM generate_series(1, 7500);
  DELETE FROM ${table} WHERE id BETWEEN 6 AND 7499;`;

export const truncateCases: readonly BinCase[] = [
  { name: "TRUNCATE", gone: users, drop: "TRUNCATE users", once: true },
  { name: "TRUNCATE of several", gone: users + orders, drop: "TRUNCATE TABLE orders, users", once: true },
  { name: "TRUNCATE that another looks at", gone: users + orders, drop: "TRUNCATE users", once: true, fails: true },
  { name: "TRUNCATE CASCADE", gone: users + orders, drop: "TRUNCATE users CASCADE", once: true },
  {
    name: "TRUNCATE RESTART IDENTITY",
    gone: "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n serial, x text); INSERT INTO t (x) SELECT 'x' FROM generate_series(1, 9);",
    drop: "TRUNCATE t RESTART IDENTITY",
    once: true,
  },
  {
    name: "TRUNCATE CONTINUE IDENTITY",
    gone: "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n serial, x text); INSERT INTO t (x) SELECT 'x' FROM generate_series(1, 9);",
    drop: "TRUNCATE t CONTINUE IDENTITY",
    once: true,
  },
  {
    name: "TRUNCATE of a partitioned table",
    gone: "CREATE TABLE log (at int, what text) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10); CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20); INSERT INTO log SELECT i, 'w' FROM generate_series(1, 19) i;",
    drop: "TRUNCATE log",
    once: true,
  },
  {
    name: "TRUNCATE of one partition",
    gone: "CREATE TABLE log (at int, what text) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10); CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20); INSERT INTO log SELECT i, 'w' FROM generate_series(1, 19) i;",
    drop: "TRUNCATE log_2",
    once: true,
  },
  {
    name: "TRUNCATE with heirs",
    gone: "CREATE TABLE parent (id int); CREATE TABLE heir (more int) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO heir VALUES (2, 3);",
    drop: "TRUNCATE parent",
    once: true,
  },
  {
    name: "TRUNCATE ONLY",
    gone: "CREATE TABLE parent (id int); CREATE TABLE heir (more int) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO heir VALUES (2, 3);",
    drop: "TRUNCATE ONLY parent",
    once: true,
  },
  {
    name: "TRUNCATE of a table whose own trigger fires with its owner's rights",
    base: `CREATE TABLE said (n bigint); CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = :s
      AS 'BEGIN INSERT INTO said SELECT count(*) FROM users; RAISE NOTICE ''emptied''; RETURN NULL; END';`,
    gone: `${users} CREATE TRIGGER saying BEFORE TRUNCATE ON users EXECUTE FUNCTION say(); CREATE TRIGGER said AFTER TRUNCATE ON users EXECUTE FUNCTION say();`,
    drop: "TRUNCATE users",
    once: true,
    except: { lines: /^rows\|c\d+\.said\|/, because: "what a trigger wrote is an act of its own: undo takes that back" },
  },
  {
    name: "TRUNCATE of a table whose trigger would fire with other rights",
    base: `CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not with these rights''; END';`,
    gone: `${users} ${orders} CREATE TRIGGER saying BEFORE TRUNCATE ON orders EXECUTE FUNCTION say();`,
    drop: "TRUNCATE users CASCADE",
    once: true,
    refused: /c\d+.orders .*its trigger saying fires on TRUNCATE/,
  },
  { name: "TRUNCATE of a view", gone: `${users} CREATE VIEW seen AS SELECT 1 AS one;`, drop: "TRUNCATE seen", once: true, fails: true },
  { name: "TRUNCATE of an empty table", gone: "CREATE TABLE t (id int);", drop: "TRUNCATE t", once: true },
  {
    name: "TRUNCATE under row policies that are forced",
    gone: `${users} ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON users USING (id < 3);`,
    above: "ALTER TABLE users FORCE ROW LEVEL SECURITY;",
    drop: "TRUNCATE users",
    once: true,
  },
  {
    name: "TRUNCATE of a large table that much looks at",
    base: `CREATE TABLE par (id int PRIMARY KEY); INSERT INTO par VALUES (1); CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'; CREATE TABLE beside (id int); ALTER TABLE beside ENABLE ROW LEVEL SECURITY;
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`,
    gone: `CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY (START 3 INCREMENT 2) PRIMARY KEY, no serial, x text COLLATE "C" CONSTRAINT some_length CHECK (length(x) > 1), gone int, p int DEFAULT 1 REFERENCES par, up int REFERENCES t, g int GENERATED ALWAYS AS (calc(no)) STORED, UNIQUE (no) DEFERRABLE) WITH (fillfactor = 90);
      ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ALTER x SET STORAGE EXTERNAL; ${big("t")} CREATE INDEX t_low ON t (lower(substr(x, 1, 9))) WHERE no > 7; CREATE STATISTICS t_stats ON no, p FROM t; ALTER INDEX t_low ALTER COLUMN 1 SET STATISTICS 44;
      CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE); INSERT INTO child VALUES (5); CREATE VIEW v WITH (security_barrier = true) AS SELECT id, x FROM t; CREATE VIEW w AS SELECT count(*) FROM v; CREATE VIEW g AS SELECT id, x, count(*) FROM t GROUP BY id;
      CREATE FUNCTION many() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END; CREATE POLICY known ON beside USING (id IN (SELECT id FROM t)); CREATE RULE also AS ON INSERT TO beside DO ALSO UPDATE t SET x = 'xx' WHERE id = new.id;
      CREATE TRIGGER touched BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TABLE t DISABLE TRIGGER touched; ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON t FOR SELECT TO bin_viewer USING (no > 3); GRANT SELECT (id), UPDATE (x) ON t TO bin_viewer; GRANT SELECT ON v TO bin_viewer;
      GRANT USAGE ON SEQUENCE t_id_seq TO bin_viewer; COMMENT ON TABLE t IS 'large'; COMMENT ON COLUMN t.x IS 'wide'; COMMENT ON SEQUENCE t_no_seq IS 's'; COMMENT ON CONSTRAINT some_length ON t IS 'some'; ALTER TABLE t CLUSTER ON t_pkey; ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;`,
    above: "CREATE PUBLICATION :s_pub FOR TABLE t (id, x) WHERE (id > 1); ALTER PUBLICATION :s_pub OWNER TO bin_app;",
    drop: "TRUNCATE t CASCADE",
    once: true,
    copyBytesMax: 0,
  },
  {
    name: "TRUNCATE RESTART IDENTITY of two large tables that look at each other",
    gone: `CREATE TABLE t (id serial PRIMARY KEY, x text, u int); CREATE TABLE u (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, x text, t int REFERENCES t); ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES u; ${big("t")} ${big("u")} UPDATE t SET u = 1 WHERE id = 1; UPDATE u SET t = 1 WHERE id = 1;`,
    drop: "TRUNCATE t, u RESTART IDENTITY",
    once: true,
    copyBytesMax: 0,
  },
  {
    name: "TRUNCATE of a large table under a materialized view",
    gone: `CREATE TABLE t (id serial PRIMARY KEY, x text); ${big("t")} CREATE MATERIALIZED VIEW frozen AS SELECT count(*) FROM t;`,
    drop: "TRUNCATE t",
    once: true,
  },
  {
    name: "TRUNCATE of a large table under a materialized view, beyond what is copied",
    gone: `CREATE TABLE t (id serial PRIMARY KEY, x text); ${big("t")} CREATE MATERIALIZED VIEW frozen AS SELECT count(*) FROM t;`,
    drop: "TRUNCATE t",
    once: true,
    copyBytesMax: 1000,
    refused: /would have to be copied/,
  },
];

export const columnCases: readonly BinCase[] = [
  {
    name: "DROP COLUMN",
    gone: `${users} ALTER TABLE users ADD mail text DEFAULT 'none' NOT NULL; UPDATE users SET mail = name || '@example.test'; COMMENT ON COLUMN users.mail IS 'm'; GRANT SELECT (mail) ON users TO bin_viewer; ALTER TABLE users ALTER mail SET STATISTICS 9;`,
    drop: "ALTER TABLE users DROP COLUMN mail",
    once: true,
  },
  {
    name: "DROP COLUMN of several",
    gone: `${users} ALTER TABLE users ADD a int, ADD b text; UPDATE users SET a = id, b = 'b' || id;`,
    drop: "ALTER TABLE users DROP COLUMN a, DROP b",
    once: true,
  },
  { name: "DROP COLUMN that is not there", gone: users, drop: "ALTER TABLE users DROP COLUMN nothing", once: true, fails: true },
  { name: "DROP COLUMN IF EXISTS", gone: users, drop: "ALTER TABLE users DROP COLUMN IF EXISTS nothing", once: true },
  {
    name: "DROP COLUMN with index, constraint and statistics",
    gone: `${users} ALTER TABLE users ADD a int UNIQUE, ADD b text CHECK (length(b) > 0); UPDATE users SET a = id, b = 'b'; CREATE INDEX by_b ON users (b, a); CREATE STATISTICS ab ON a, b FROM users;`,
    drop: "ALTER TABLE users DROP COLUMN a, DROP COLUMN b",
    once: true,
  },
  {
    name: "DROP COLUMN under a view",
    gone: `${users} ALTER TABLE users ADD a int; UPDATE users SET a = id; CREATE VIEW seen AS SELECT a FROM users;`,
    drop: "ALTER TABLE users DROP COLUMN a",
    once: true,
    fails: true,
  },
  {
    name: "DROP COLUMN CASCADE under a view, a generated column and a foreign key",
    gone: `${users} ALTER TABLE users ADD a int UNIQUE; ALTER TABLE users ADD g int GENERATED ALWAYS AS (a * 2) STORED; UPDATE users SET a = id; CREATE VIEW seen AS SELECT id, a FROM users; CREATE TABLE refs (a int REFERENCES users (a)); INSERT INTO refs VALUES (3);`,
    drop: "ALTER TABLE users DROP COLUMN a CASCADE",
    once: true,
  },
  {
    name: "DROP COLUMN of a table that looks at another",
    gone: `${users} CREATE TABLE more (id int PRIMARY KEY, u int REFERENCES users, x text DEFAULT 'd'); INSERT INTO more SELECT i, i, 'x' || i FROM generate_series(1, 9) i; CREATE VIEW some_of AS SELECT x FROM more;`,
    drop: "ALTER TABLE more DROP COLUMN x CASCADE",
    once: true,
  },
  {
    name: "DROP COLUMN of an heir alone",
    gone: "CREATE TABLE parent (id int); CREATE TABLE heir (own text) INHERITS (parent); INSERT INTO heir VALUES (1, 'o'), (1, 'p');",
    drop: "ALTER TABLE heir DROP COLUMN own",
    once: true,
  },
  {
    name: "DROP COLUMN of a key",
    gone: "CREATE TABLE t (x text, y int, id int PRIMARY KEY); INSERT INTO t SELECT 'x' || i % 3, i % 2, i FROM generate_series(1, 12) i;",
    drop: "ALTER TABLE t DROP COLUMN id",
    once: true,
  },
  {
    name: "DROP COLUMN of a table without a key",
    gone: "CREATE TABLE t (x text, y float8, z int); INSERT INTO t SELECT 'x' || i % 3, 1 / 3.0, i FROM generate_series(1, 12) i;",
    drop: "ALTER TABLE t DROP COLUMN z",
    once: true,
  },
  {
    name: "DROP COLUMN with a sequence",
    gone: `${users} ALTER TABLE users ADD n serial;`,
    drop: "ALTER TABLE users DROP COLUMN n",
    once: true,
  },
  {
    name: "DROP COLUMN with an identity",
    gone: `${users} ALTER TABLE users ADD n int GENERATED BY DEFAULT AS IDENTITY (START 100);`,
    drop: "ALTER TABLE users DROP COLUMN n",
    once: true,
  },
  {
    name: "DROP COLUMN of a partitioned table",
    gone: "CREATE TABLE log (at int PRIMARY KEY, what text) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10); CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20); INSERT INTO log SELECT i, 'w' || i FROM generate_series(1, 19) i; CREATE INDEX log_what ON log (what);",
    drop: "ALTER TABLE log DROP COLUMN what",
    once: true,
  },
  {
    name: "DROP COLUMN and something else",
    gone: users,
    drop: "ALTER TABLE users DROP COLUMN name, ADD COLUMN other int",
    once: true,
    refused: /does more than remove|more .* than remove/,
  },
  {
    name: "DROP CONSTRAINT",
    gone: `${users} ALTER TABLE users ADD CONSTRAINT small CHECK (id < 1000); COMMENT ON CONSTRAINT small ON users IS 'c';`,
    drop: "ALTER TABLE users DROP CONSTRAINT small",
    once: true,
  },
];
