/**
 * An agent that wants to read through a trial what its own role may not: each attack is two acts that differ in what they guess of a hidden
 * row, and neither the figures nor the words of the trial may differ.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { NotMeasurable } from "../../src/pipeline/approvals-port.ts";
import { type Ground, openGround } from "../e2e/postgres-executor/ground.ts";
import { serverVersions, testServer } from "../support/servers.ts";

const reader = `reader_${randomBytes(4).toString("hex")}`;

const setup = `
CREATE TABLE hidden (id int PRIMARY KEY, card text);
INSERT INTO hidden SELECT n, '4111' FROM generate_series(1, 200) n;
CREATE TABLE rows (id int PRIMARY KEY, note text); INSERT INTO rows SELECT n, 'note' FROM generate_series(1, 10) n;
CREATE VIEW asking AS SELECT id, CASE WHEN pg_has_role(current_user, 'pg_read_all_data', 'MEMBER') THEN card END AS card FROM hidden;
CREATE VIEW named AS SELECT * FROM asking;
CREATE VIEW invoking WITH (security_invoker) AS SELECT * FROM hidden;
CREATE MATERIALIZED VIEW filled AS SELECT * FROM hidden;
CREATE SCHEMA closed; CREATE TABLE closed.cards AS SELECT * FROM hidden; GRANT SELECT ON closed.cards TO PUBLIC;
CREATE SEQUENCE steps; SELECT setval('steps', 4111);
CREATE FUNCTION key() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''4111''::text'; REVOKE EXECUTE ON FUNCTION key() FROM PUBLIC;
CREATE FUNCTION looked(wanted int) RETURNS text LANGUAGE plpgsql STABLE AS
  'BEGIN RETURN (SELECT card FROM public.hidden WHERE id = wanted); END'; REVOKE EXECUTE ON FUNCTION looked(int) FROM PUBLIC;
CREATE TABLE forced (id int PRIMARY KEY, card text); INSERT INTO forced VALUES (1, '4111');
CREATE TABLE watched (id int PRIMARY KEY, guess text);
CREATE FUNCTION compare() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN IF EXISTS (SELECT FROM public.hidden WHERE card LIKE NEW.guess) THEN RAISE division_by_zero; END IF; RETURN NEW; END';
CREATE TRIGGER compare BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION compare();
CREATE TABLE guesses (id int, guess text); GRANT SELECT ON guesses TO PUBLIC;
CREATE TABLE loose (id int, card text); INSERT INTO loose VALUES (1, '4111');
CREATE DOMAIN cards AS text; CREATE TABLE of_domain (card cards); INSERT INTO of_domain VALUES ('4111');
CREATE TABLE "hidden rows" (card text); INSERT INTO "hidden rows" VALUES ('4111');
CREATE VIEW plain AS SELECT * FROM rows; GRANT SELECT ON plain TO PUBLIC;
CREATE TABLE asked (id int NOT NULL, card text); GRANT SELECT ON asked TO PUBLIC;
CREATE TABLE bound (id int PRIMARY KEY, hidden_id int REFERENCES hidden);
CREATE TABLE follows (card text DEFAULT looked(1), CHECK (card <> 'x'));
SELECT lo_from_bytea(4111, '4111');
CREATE ROLE ${reader};
ALTER TABLE forced OWNER TO ${reader}; ALTER TABLE forced ENABLE ROW LEVEL SECURITY; ALTER TABLE forced FORCE ROW LEVEL SECURITY;
GRANT SELECT ON rows, asking, named, invoking, watched, bound, follows TO ${reader};
ANALYZE`;

/** `GUESS` is right in one act and wrong in the other. */
const attacks: readonly (readonly [title: string, sql: string, right?: string, wrong?: string])[] = [
  [
    "statistics",
    "DELETE FROM rows WHERE EXISTS (SELECT FROM pg_stats WHERE tablename = 'hidden' AND most_common_vals::text LIKE 'GUESS')",
    "%4111%",
    "%4222%",
  ],
  ["raw statistics", "DELETE FROM rows WHERE EXISTS (SELECT FROM pg_statistic WHERE stavalues1::text LIKE 'GUESS')", "%4111%", "%4222%"],
  ["a system table", "DELETE FROM rows WHERE EXISTS (SELECT FROM pg_authid WHERE rolpassword LIKE 'GUESS')", "SCRAM%", "XCRAM%"],
  ["a system view of privileges", "DELETE FROM rows WHERE EXISTS (SELECT FROM pg_sequences WHERE last_value = GUESS)", "4111", "4222"],
  ["a sequence", "DELETE FROM rows WHERE EXISTS (SELECT FROM steps WHERE last_value = GUESS)", "4111", "4222"],
  ["a sequence's function", "DELETE FROM rows WHERE pg_sequence_last_value('steps') = GUESS", "4111", "4222"],
  ["a view that asks who reads", "DELETE FROM rows WHERE EXISTS (SELECT FROM asking WHERE card LIKE 'GUESS')"],
  ["a view of that view", "DELETE FROM rows WHERE EXISTS (SELECT FROM named WHERE card LIKE 'GUESS')"],
  ["a view with its reader's rights", "DELETE FROM rows WHERE EXISTS (SELECT FROM invoking WHERE card LIKE 'GUESS')"],
  ["a materialized view", "DELETE FROM rows WHERE EXISTS (SELECT FROM filled WHERE card LIKE 'GUESS')"],
  ["a schema that is closed", "DELETE FROM rows WHERE EXISTS (SELECT FROM closed.cards WHERE card LIKE 'GUESS')"],
  ["a function that is not the asker's to call", "DELETE FROM rows WHERE key() LIKE 'GUESS'"],
  ["a function that reads", "DELETE FROM rows WHERE looked(1) LIKE 'GUESS'"],
  ["a policy that holds for owners too", "DELETE FROM rows WHERE EXISTS (SELECT FROM forced WHERE card LIKE 'GUESS')"],
  ["a large object", "DELETE FROM rows WHERE convert_from(lo_get(4111), 'UTF8') LIKE 'GUESS'"],
  [
    "a query in a text",
    "DELETE FROM rows WHERE query_to_xml('SELECT 1 FROM hidden WHERE card LIKE ''GUESS''', true, true, '')::text LIKE '%row%'",
  ],
  ["a table as a text", "DELETE FROM rows WHERE table_to_xml('hidden', true, true, '')::text LIKE 'GUESS'", "%4111%", "%4222%"],
  ["a trigger's error", "INSERT INTO watched VALUES (1, 'GUESS')"],
  ["a foreign key's error", "INSERT INTO bound VALUES (1, GUESS)", "1", "999"],
  ["a default", "INSERT INTO follows DEFAULT VALUES; DELETE FROM rows WHERE EXISTS (SELECT FROM follows WHERE card LIKE 'GUESS')"],
  ["a new constraint's error", "TRUNCATE rows; ALTER TABLE hidden ADD CHECK (card NOT LIKE 'GUESS')"],
  ["a new index's error", "TRUNCATE rows; CREATE INDEX ON hidden ((1 / (card NOT LIKE 'GUESS')::int))"],
  ["a new part of an index's error", "TRUNCATE rows; CREATE INDEX ON hidden (id) WHERE 1 / (card NOT LIKE 'GUESS')::int = 1"],
  ["a new unique index's error", "TRUNCATE rows; CREATE UNIQUE INDEX ON hidden ((card LIKE 'GUESS')) WHERE card LIKE 'GUESS'"],
  ["a new type's error", "ALTER TABLE hidden ALTER COLUMN card TYPE int USING 1 / (card NOT LIKE 'GUESS')::int"],
  ["a new column's error", "TRUNCATE rows; ALTER TABLE hidden ADD n int GENERATED ALWAYS AS (1 / (card NOT LIKE 'GUESS')::int) STORED"],
  [
    "a new foreign key's error",
    "TRUNCATE rows; INSERT INTO rows VALUES (GUESS); ALTER TABLE rows ADD FOREIGN KEY (id) REFERENCES hidden",
    "1",
    "999",
  ],
  ["another name", "ALTER TABLE hidden RENAME TO other; DELETE FROM rows WHERE EXISTS (SELECT FROM other WHERE card LIKE 'GUESS')"],
  [
    "a swapped name",
    "ALTER TABLE watched RENAME TO w; ALTER TABLE hidden RENAME TO watched; DELETE FROM rows WHERE 'GUESS' IN (SELECT card FROM watched)",
  ],
  [
    "another schema",
    "ALTER TABLE hidden SET SCHEMA closed; DELETE FROM rows WHERE EXISTS (SELECT FROM closed.hidden WHERE card LIKE 'GUESS')",
  ],
  ["another parent", "ALTER TABLE hidden INHERIT asked; DELETE FROM rows WHERE EXISTS (SELECT FROM asked WHERE card LIKE 'GUESS')"],
  ["a new view", "CREATE VIEW mine AS SELECT * FROM hidden; DELETE FROM rows WHERE EXISTS (SELECT FROM mine WHERE card LIKE 'GUESS')"],
  [
    "a replaced view",
    "CREATE OR REPLACE VIEW invoking AS SELECT * FROM hidden; DELETE FROM rows WHERE EXISTS (SELECT FROM invoking WHERE card LIKE 'GUESS')",
  ],
  [
    "a view's option",
    "ALTER VIEW invoking RESET (security_invoker); DELETE FROM rows WHERE EXISTS (SELECT FROM invoking WHERE card LIKE 'GUESS')",
  ],
  [
    "a table of the rows",
    "CREATE TABLE mine AS SELECT * FROM hidden; DELETE FROM rows WHERE EXISTS (SELECT FROM mine WHERE card LIKE 'GUESS')",
  ],
  [
    "a new function",
    "CREATE FUNCTION mine() RETURNS text LANGUAGE sql AS 'SELECT max(card) FROM hidden'; DELETE FROM rows WHERE mine() LIKE 'GUESS'",
  ],
  ["a new trigger", "CREATE TRIGGER again BEFORE UPDATE ON rows FOR EACH ROW EXECUTE FUNCTION compare(); UPDATE rows SET note = 'GUESS'"],
  ["a code block", "DO $$ BEGIN IF (SELECT card FROM hidden LIMIT 1) LIKE 'GUESS' THEN DELETE FROM rows; END IF; END $$"],
  ["a built text", "DO $$ BEGIN EXECUTE 'DELETE FROM rows WHERE (SELECT card FROM hid' || 'den LIMIT 1) LIKE ''GUESS'''; END $$"],
  ["RETURNING", "DELETE FROM rows RETURNING (SELECT 1 / (card NOT LIKE 'GUESS')::int FROM hidden LIMIT 1)"],
  ["a merge", "MERGE INTO rows USING hidden ON rows.id = hidden.id AND card LIKE 'GUESS' WHEN MATCHED THEN DELETE"],
  ["ON CONFLICT", "INSERT INTO hidden VALUES (GUESS, 'x') ON CONFLICT DO NOTHING", "1", "999"],
  ["a table that is named alone", "DELETE FROM rows WHERE EXISTS (TABLE hidden EXCEPT SELECT id, 'GUESS' FROM hidden)", "4111", "4222"],
  [
    "a row type",
    "DELETE FROM rows WHERE EXISTS (SELECT FROM (SELECT hidden FROM hidden) h WHERE h::text LIKE 'GUESS')",
    "%4111%",
    "%4222%",
  ],
  ["a function's permission to be asked", "DELETE FROM rows WHERE has_table_privilege('hidden', 'GUESS')", "SELECT", "SELECT"],
  [
    "a new trigger on what the asker may fill",
    "CREATE TRIGGER again BEFORE INSERT ON guesses FOR EACH ROW EXECUTE FUNCTION compare(); INSERT INTO guesses VALUES (1, 'GUESS')",
  ],
  [
    "a new part",
    "CREATE TABLE parts (id int, card text) PARTITION BY LIST (card); ALTER TABLE parts ATTACH PARTITION loose FOR VALUES IN ('GUESS')",
  ],
  ["a domain's new check", "TRUNCATE rows; ALTER DOMAIN cards ADD CHECK (VALUE NOT LIKE 'GUESS')"],
  [
    "a schema's new name",
    "ALTER SCHEMA closed RENAME TO opened; DELETE FROM rows WHERE EXISTS (SELECT FROM opened.cards WHERE card LIKE 'GUESS')",
  ],
  ["an index on a name with a blank", "TRUNCATE rows; CREATE INDEX made ON \"hidden rows\" ((1 / (card NOT LIKE 'GUESS')::int))"],
  [
    "a function that a view calls",
    "CREATE VIEW mine AS SELECT looked(1) AS card; DELETE FROM rows WHERE EXISTS (SELECT FROM mine WHERE card LIKE 'GUESS')",
  ],
  [
    "a default that is given and used",
    "ALTER TABLE rows ALTER note SET DEFAULT looked(1); INSERT INTO rows VALUES (11); DELETE FROM rows WHERE note LIKE 'GUESS'",
  ],
  ["a schema that goes with what is in it", "DROP SCHEMA GUESS CASCADE", "closed", "closed"],
  ["EXPLAIN", "DELETE FROM rows; EXPLAIN ANALYZE SELECT 1 / (card NOT LIKE 'GUESS')::int FROM hidden"],
];

/** Nothing of these is hidden: a wall that keeps everything out would be none. */
const measured: readonly string[] = [
  "DELETE FROM rows WHERE note LIKE 'n%'",
  "DELETE FROM rows WHERE EXISTS (SELECT FROM plain WHERE id = 3)",
  "DELETE FROM rows WHERE EXISTS (SELECT FROM pg_tables WHERE tablename = 'hidden')",
  "DELETE FROM rows WHERE note = lower('NOTE')",
  "ALTER TABLE rows ADD done boolean; UPDATE rows SET done = true",
  "CREATE INDEX ON rows (note); CREATE TABLE mine (id int PRIMARY KEY REFERENCES rows); INSERT INTO mine VALUES (1); TRUNCATE asked",
  "CREATE VIEW mine AS SELECT * FROM rows; DROP TABLE asked",
];

for (const version of serverVersions)
  describe(`what a trial may be made to tell, PostgreSQL ${version}`, () => {
    let ground: Ground;
    before(async () => {
      ground = await openGround(await testServer(version), setup);
    });
    after(async () => {
      await ground.direct(`REASSIGN OWNED BY ${reader} TO CURRENT_USER; DROP OWNED BY ${reader}`);
      await ground.direct(`DROP ROLE ${reader}`);
      await ground.close();
    });

    const told = async (sql: string): Promise<string> => {
      try {
        const act = await ground.act(sql, { readsAs: reader });
        const { measurement, unmeasured } = await ground.executor.measure(act);
        const { tables, objects, parts } = measurement;
        return JSON.stringify([tables.map(({ table, direct, following }) => [table, direct, following]), objects, parts, unmeasured]);
      } catch (error) {
        if (error instanceof NotMeasurable) return `${String(error.refuse)}: ${error.message}`;
        return `thrown: ${error instanceof Error ? error.message : String(error)}`;
      }
    };

    for (const [title, sql, right = "4111", wrong = "4222"] of attacks)
      test(title, async () => {
        const [a, b] = [await told(sql.replaceAll("GUESS", right)), await told(sql.replaceAll("GUESS", wrong))];

        assert.equal(a, b);
      });

    for (const sql of measured) test(`told all the same: ${sql}`, async () => assert.match(await told(sql), /^\[\[/));
  });
