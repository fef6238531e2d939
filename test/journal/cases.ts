/**
 * Ways in which an agent changes rows, each with what it needs: whatever it does, the images must give the former rows back.
 * It is data; `complete.ts` runs it.
 */

export interface JournalCase {
  readonly name: string;
  /** The owner's, before the journal is installed. */
  readonly setup: string;
  /** The owner's, after it. */
  readonly later?: string;
  /** The agent's: each text is sent by itself. */
  readonly act: readonly string[];
  /** Rows that went and that came, by the images, where it is to be just so. */
  readonly rows?: readonly [gone: number, came: number];
  /** First version that has it. */
  readonly since?: number;
}

const items =
  "CREATE TABLE items (id int PRIMARY KEY, name text, n int DEFAULT 7); INSERT INTO items SELECT k, 'item ' || k, k % 5 FROM generate_series(1, 200) k";
const parted = `CREATE TABLE parted (id int, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_2 (note text, junk int, at int NOT NULL, id int NOT NULL, PRIMARY KEY (id, at));
ALTER TABLE parted_2 DROP COLUMN junk; ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES FROM (20) TO (40) PARTITION BY RANGE (at);
CREATE TABLE parted_3a PARTITION OF parted_3 FOR VALUES FROM (20) TO (30);
INSERT INTO parted SELECT k, k % 30, 'row ' || k FROM generate_series(1, 90) k`;
const family = `CREATE TABLE animals (id int PRIMARY KEY, name text); CREATE TABLE dogs (barks bool, PRIMARY KEY (id)) INHERITS (animals);
CREATE TABLE puppies (weeks int) INHERITS (dogs);
INSERT INTO animals VALUES (1, 'a'), (2, 'b'); INSERT INTO dogs VALUES (3, 'c', true), (4, 'd', false); INSERT INTO puppies VALUES (5, 'e', true, 6)`;

export const journalCases: readonly JournalCase[] = [
  {
    name: "UPDATE, DELETE and INSERT in one transaction",
    setup: items,
    rows: [150, 102],
    act: [
      "BEGIN",
      "UPDATE items SET n = n + 1 WHERE id <= 100",
      "DELETE FROM items WHERE id > 150",
      "INSERT INTO items VALUES (1001, 'x', 1), (1002, NULL, NULL)",
      "COMMIT",
    ],
  },
  {
    name: "a row changed again and again, and deleted at last",
    setup: items,
    rows: [4, 3],
    act: [
      "BEGIN",
      "UPDATE items SET n = 1 WHERE id = 1",
      "UPDATE items SET n = 2 WHERE id = 1",
      "UPDATE items SET id = 900 WHERE id = 1",
      "DELETE FROM items WHERE id = 900",
      "COMMIT",
    ],
  },
  {
    name: "rolled back savepoints leave no image",
    setup: items,
    rows: [1, 1],
    act: ["BEGIN", "SAVEPOINT a", "DELETE FROM items", "ROLLBACK TO a", "UPDATE items SET n = 9 WHERE id = 5", "COMMIT"],
  },
  {
    name: "nothing changed, nothing kept",
    setup: items,
    rows: [0, 0],
    act: ["DELETE FROM items WHERE false", "UPDATE items SET n = 1 WHERE id < 0", "INSERT INTO items SELECT * FROM items WHERE false"],
  },
  {
    name: "a statement that fails leaves no image",
    setup: items,
    rows: [0, 0],
    act: ["DO $$ BEGIN BEGIN DELETE FROM items; PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; END $$"],
  },
  {
    name: "ON CONFLICT DO UPDATE and DO NOTHING",
    setup: items,
    rows: [2, 4],
    act: [
      "INSERT INTO items VALUES (1, 'new', 0), (2, 'new', 0), (500, 'new', 0) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
      "INSERT INTO items VALUES (3, 'x', 0), (501, 'y', 0) ON CONFLICT DO NOTHING",
    ],
  },
  {
    name: "MERGE",
    setup: items,
    rows: [3, 3],
    act: [
      "MERGE INTO items i USING (VALUES (1), (2), (3), (777)) v(k) ON i.id = v.k WHEN MATCHED AND k = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (k, 'made', 0)",
    ],
  },
  {
    name: "data-modifying CTEs",
    setup: `${items}; CREATE TABLE archive (id int, name text, n int)`,
    act: [
      "WITH gone AS (DELETE FROM items WHERE id % 2 = 0 RETURNING *), up AS (UPDATE items SET n = 0 WHERE id % 3 = 0 AND id % 2 = 1 RETURNING id) INSERT INTO archive SELECT * FROM gone",
    ],
  },
  {
    name: "DELETE USING and UPDATE FROM",
    setup: items,
    act: [
      "DELETE FROM items i USING items o WHERE o.id = i.id + 1 AND o.n = 0",
      "UPDATE items i SET name = o.name FROM items o WHERE o.id = i.id + 100",
    ],
  },
  {
    name: "functions, DO and dynamic SQL",
    setup: `${items}; CREATE FUNCTION clear_all() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEL' || 'ETE FROM items WHERE id < 50'; UPDATE items SET n = 3; END $$`,
    act: ["SELECT clear_all()", "DO $$ BEGIN FOR i IN 60 .. 70 LOOP DELETE FROM items WHERE id = i; END LOOP; END $$"],
  },
  {
    name: "a SECURITY DEFINER function of the owner",
    setup: `${items}; CREATE FUNCTION wipe_items() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM items'`,
    later: "GRANT EXECUTE ON FUNCTION wipe_items() TO PUBLIC",
    rows: [200, 0],
    act: ["SELECT wipe_items()"],
  },
  {
    name: "triggers of the user's own, before and after, row and statement",
    setup: `${items}; CREATE TABLE trail (what text, id int);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trail VALUES (TG_OP, coalesce(NEW.id, OLD.id)); RETURN NULL; END $$;
    CREATE FUNCTION raise_n() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := NEW.n + 1; IF NEW.id = 13 THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE TRIGGER raise BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION raise_n(); CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION note();
    CREATE FUNCTION shrink() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM trail WHERE id % 2 = 0; RETURN NULL; END $$; CREATE TRIGGER shrink AFTER DELETE ON items FOR EACH STATEMENT EXECUTE FUNCTION shrink()`,
    act: [
      "UPDATE items SET n = 0 WHERE id < 20",
      "DELETE FROM items WHERE id < 10",
      "INSERT INTO items VALUES (13, 'never', 0) ON CONFLICT DO NOTHING",
    ],
  },
  {
    name: "a trigger that runs only for replicas, and one that is always on",
    setup: `${items}; CREATE TABLE trail (id int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trail VALUES (OLD.id); RETURN NULL; END $$;
    CREATE TRIGGER a AFTER DELETE ON items FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE items ENABLE ALWAYS TRIGGER a; CREATE TRIGGER b AFTER DELETE ON items FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE items ENABLE REPLICA TRIGGER b`,
    rows: [5, 5],
    act: ["DELETE FROM items WHERE id <= 5"],
  },
  {
    name: "ON DELETE CASCADE, SET NULL, SET DEFAULT and ON UPDATE CASCADE, three tables deep",
    setup: `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE); CREATE TABLE d (id int, a int DEFAULT 3 REFERENCES a ON DELETE SET DEFAULT ON UPDATE CASCADE); CREATE TABLE e (id int, a int REFERENCES a ON DELETE SET NULL ON UPDATE CASCADE);
    INSERT INTO a SELECT generate_series(1, 100); INSERT INTO b SELECT k, k FROM generate_series(1, 100) k; INSERT INTO c SELECT k, k / 2 + 1 FROM generate_series(1, 150) k; INSERT INTO d SELECT k, k FROM generate_series(1, 90) k; INSERT INTO e SELECT * FROM d`,
    act: ["DELETE FROM a WHERE id > 10", "UPDATE a SET id = id + 1000 WHERE id = 2"],
  },
  {
    name: "deferred foreign keys and constraint triggers, which run at COMMIT",
    setup: `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1);
    CREATE TABLE log (n int); CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER late AFTER DELETE ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()`,
    rows: [2, 3],
    act: ["BEGIN", "DELETE FROM a", "DELETE FROM b", "INSERT INTO b VALUES (2, 5)", "INSERT INTO a VALUES (5)", "COMMIT"],
  },
  {
    name: "rules that rewrite, and views that are changed",
    setup: `${items}; CREATE VIEW few AS SELECT * FROM items WHERE id < 20; CREATE TABLE log (id int); CREATE RULE noted AS ON UPDATE TO items DO ALSO INSERT INTO log VALUES (NEW.id);
    CREATE VIEW other AS SELECT id, name FROM items; CREATE FUNCTION via() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items WHERE id = OLD.id; RETURN OLD; END $$; CREATE TRIGGER via INSTEAD OF DELETE ON other FOR EACH ROW EXECUTE FUNCTION via()`,
    act: [
      "UPDATE few SET name = 'seen' WHERE id > 15",
      "DELETE FROM few WHERE id = 3",
      "DELETE FROM other WHERE id > 190",
      "INSERT INTO few VALUES (800, 'x', 0)",
    ],
  },
  {
    name: "partitions, named by parent and by themselves, with columns in another order, and rows that move",
    setup: parted,
    act: [
      "UPDATE parted SET note = note || '!' WHERE id < 40",
      "UPDATE parted SET at = at + 10 WHERE at < 5",
      "UPDATE parted_2 SET note = 'by itself' WHERE id % 2 = 0",
      "DELETE FROM parted_3 WHERE id % 3 = 0",
      "DELETE FROM parted WHERE at BETWEEN 8 AND 12",
      "INSERT INTO parted VALUES (900, 1, 'n'), (901, 15, NULL), (902, 25, 'n')",
      "INSERT INTO parted_2 (id, at, note) VALUES (903, 16, 'n')",
      "DELETE FROM parted_3a WHERE id > 80",
    ],
  },
  {
    name: "upsert and MERGE into partitions",
    setup: parted,
    act: [
      "INSERT INTO parted VALUES (1, 1, 'again'), (950, 11, 'new') ON CONFLICT (id, at) DO UPDATE SET note = excluded.note",
      "MERGE INTO parted p USING (VALUES (2, 2), (960, 12)) v(i, a) ON p.id = v.i AND p.at = v.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.i, v.a, 'merged')",
    ],
  },
  {
    name: "MERGE into partitions that inserts, updates, deletes and moves rows, in turns",
    setup: parted,
    since: 15,
    // 5 updated in place, 5 moved to another partition, 5 deleted, 20 inserted, each kind after each other one.
    rows: [15, 30],
    act: [
      "SET enable_hashjoin = off",
      "SET enable_mergejoin = off",
      "MERGE INTO parted p USING (SELECT CASE WHEN k % 7 IN (0, 2, 4) THEN k ELSE 1000 + k END AS i, k, k % 7 AS w FROM generate_series(1, 35) k) v " +
        "ON p.id = v.i WHEN MATCHED AND v.w = 0 THEN DELETE WHEN MATCHED AND v.w = 2 THEN UPDATE SET note = 'merged' " +
        "WHEN MATCHED THEN UPDATE SET at = (p.at + 10) % 30, note = 'moved' WHEN NOT MATCHED THEN INSERT VALUES (v.i, v.k % 30, 'made')",
    ],
  },
  {
    name: "MERGE into partitions of a later date",
    setup: parted,
    since: 15,
    later:
      "CREATE TABLE parted_4 (id int, at int, note text, PRIMARY KEY (id, at)); ALTER TABLE parted ATTACH PARTITION parted_4 FOR VALUES FROM (40) TO (50); " +
      "CREATE TABLE parted_3b PARTITION OF parted_3 FOR VALUES FROM (30) TO (40); INSERT INTO parted VALUES (1, 40, 'x'), (1, 30, 'y'); GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    rows: [2, 4],
    act: [
      "MERGE INTO parted p USING (VALUES (1, 500, 40), (2, 1, 40), (3, 501, 30), (4, 1, 30)) v(n, i, a) ON p.id = v.i AND p.at = v.a " +
        "WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (v.i, v.a, 'made')",
    ],
  },
  {
    name: "foreign keys to and from partitions",
    setup: `CREATE TABLE up (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE up_1 PARTITION OF up FOR VALUES FROM (0) TO (50); CREATE TABLE up_2 PARTITION OF up FOR VALUES FROM (50) TO (100);
    CREATE TABLE down (id int, up int REFERENCES up ON DELETE CASCADE ON UPDATE CASCADE, PRIMARY KEY (id)) PARTITION BY HASH (id); CREATE TABLE down_0 PARTITION OF down FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE down_1 PARTITION OF down FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO up SELECT generate_series(1, 80); INSERT INTO down SELECT k, k FROM generate_series(1, 80) k`,
    act: ["DELETE FROM up WHERE id BETWEEN 40 AND 60", "DELETE FROM up_1 WHERE id < 5", "UPDATE up SET id = 99 WHERE id = 10"],
  },
  {
    name: "inheritance: each table's rows with its own columns",
    setup: family,
    rows: [7, 4],
    act: [
      "UPDATE animals SET name = name || '!' WHERE id IN (1, 3, 5)",
      "DELETE FROM animals WHERE id IN (2, 4)",
      "DELETE FROM ONLY dogs WHERE id = 3",
      "INSERT INTO puppies VALUES (9, 'z', false, 1)",
      "DELETE FROM dogs WHERE id = 5",
    ],
  },
  {
    name: "generated columns, identity, domains, arrays, json, composites, ranges, enums, money and times",
    setup: `CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE mood AS ENUM ('fine', 'so so'); CREATE TYPE pair AS (a int, b text);
    CREATE TABLE kinds (id int GENERATED ALWAYS AS IDENTITY, p positive, arr text[], deep int[][], j json, jb jsonb, x xml, c pair, cs pair[], r int4range, m mood, f float8, f4 float4, n numeric, b bytea, t timestamptz, i interval, cash money, bits varbit, ch char(5), ip inet, g int GENERATED ALWAYS AS (p * 2) STORED, cls regclass, ts tsvector, u uuid, pt point);
    INSERT INTO kinds (p, arr, deep, j, jb, x, c, cs, r, m, f, f4, n, b, t, i, cash, bits, ch, ip, cls, ts, u, pt) SELECT k, ARRAY['a,b', NULL, '"q"', E'back\\\\slash', ''], ARRAY[[1,2],[3,NULL]], '{"a" : 1,  "a": 2}', '{"b": [1, null]}', '<x>&amp;</x>', (k, E'tab\\t"(,)')::pair, ARRAY[(1, NULL)::pair, (NULL, '')::pair], int4range(1, k + 1), 'so so', 0.1 + k / 3.0, 1e-30, 'NaN', E'\\\\x00ff', '2024-02-29 23:59:59.123456+00', '-1 year 2 days 00:00:00.5', 12.34, B'1011', 'ab', '10.0.0.1/8', 'pg_class', 'a:1 b:2', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '(1.5,2)' FROM generate_series(1, 5) k; INSERT INTO kinds DEFAULT VALUES`,
    act: [
      "SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'Asia/Kathmandu'; SET extra_float_digits = -5; SET bytea_output = 'escape'",
      "UPDATE kinds SET f = -f, p = p + 1 WHERE id < 4",
      "DELETE FROM kinds WHERE id > 2",
      "INSERT INTO kinds (p, t) VALUES (8, '01/02/2020')",
    ],
  },
  {
    name: "virtual generated columns",
    since: 18,
    setup:
      "CREATE TABLE virt (id int PRIMARY KEY, a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL); INSERT INTO virt (id, a) SELECT k, k FROM generate_series(1, 5) k",
    act: ["UPDATE virt SET a = 9 WHERE id < 3", "DELETE FROM virt WHERE id = 5"],
  },
  {
    name: "values beyond a page",
    setup:
      "CREATE TABLE wide (id int, a text, b text, c bytea); ALTER TABLE wide ALTER a SET STORAGE EXTERNAL; INSERT INTO wide SELECT k, repeat('x', 300000), md5(k::text), decode(repeat(md5(k::text), 20000), 'hex') FROM generate_series(1, 12) k",
    rows: [18, 6],
    act: ["UPDATE wide SET b = 'touched' WHERE id <= 6", "DELETE FROM wide"],
  },
  {
    name: "columns dropped and added before, with a default that no row holds yet",
    setup:
      "CREATE TABLE old (a int, b text, c int); INSERT INTO old SELECT k, 'x', k FROM generate_series(1, 5) k; ALTER TABLE old DROP COLUMN b; ALTER TABLE old ADD COLUMN d text DEFAULT 'filled in'; ALTER TABLE old DROP COLUMN a",
    later: "ALTER TABLE old ADD COLUMN e int DEFAULT 5; ALTER TABLE old DROP COLUMN c",
    act: ["UPDATE old SET d = 'new' WHERE ctid < '(0,3)'", "DELETE FROM old WHERE d <> 'new'"],
  },
  {
    name: "no key, doubles, nulls, and no column at all",
    setup:
      "CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL), (NULL, NULL), (2, ''); CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 3)",
    rows: [5, 2],
    act: [
      "DELETE FROM loose WHERE ctid IN ('(0,1)', '(0,2)')",
      "UPDATE loose SET b = 'y' WHERE a IS NULL",
      "DELETE FROM nothing WHERE ctid = '(0,1)'",
    ],
  },
  {
    name: "row security does not hide a row from its image",
    setup: `${items}; ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON items USING (id % 2 = 0)`,
    rows: [100, 0],
    act: ["DELETE FROM items"],
  },
  {
    name: "unlogged tables and names that need quotes",
    setup: `CREATE UNLOGGED TABLE "odd "" name" ("a b" int, "C" text); INSERT INTO "odd "" name" VALUES (1, 'x'); CREATE TABLE gone (gone int, came int); INSERT INTO gone VALUES (1, 2)`,
    act: ['UPDATE "odd "" name" SET "C" = NULL', "UPDATE gone SET came = gone", "DELETE FROM gone"],
  },
  {
    name: "session_replication_role does not switch it off",
    setup: `${items}; CREATE FUNCTION quiet() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM items WHERE id < 10'`,
    later: "GRANT EXECUTE ON FUNCTION quiet() TO PUBLIC",
    rows: [9, 0],
    act: ["SELECT quiet()"],
  },
  {
    name: "REPEATABLE READ and SERIALIZABLE",
    setup: items,
    rows: [2, 0],
    act: [
      "BEGIN ISOLATION LEVEL REPEATABLE READ",
      "DELETE FROM items WHERE id = 1",
      "COMMIT",
      "BEGIN ISOLATION LEVEL SERIALIZABLE",
      "DELETE FROM items WHERE id = 2",
      "COMMIT",
    ],
  },
  {
    name: "SELECT INTO and what a function returns rows from",
    setup: `${items}; CREATE FUNCTION take(k int) RETURNS SETOF items LANGUAGE sql AS 'DELETE FROM items WHERE id = k RETURNING *'`,
    rows: [3, 0],
    act: ["SELECT * FROM generate_series(1, 3) k, take(k)"],
  },
  {
    name: "prepared statements and two-phase commit",
    setup: items,
    rows: [3, 1],
    act: [
      "PREPARE d(int) AS DELETE FROM items WHERE id = $1",
      "EXECUTE d(1)",
      "EXECUTE d(2)",
      "BEGIN",
      "UPDATE items SET n = 0 WHERE id = 3",
      "PREPARE TRANSACTION 'journal case'",
      "COMMIT PREPARED 'journal case'",
    ],
  },
];
