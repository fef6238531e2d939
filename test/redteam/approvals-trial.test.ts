/**
 * An agent that wants something done by the trial of its act, before any person has answered: each text hides what a rollback does not take
 * back, and the server must be afterwards as it was.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NotMeasurable } from "../../src/pipeline/approvals-port.ts";
import { type Ground, openGround } from "../e2e/postgres-executor/ground.ts";
import { serverVersions, testServer } from "../support/servers.ts";

const file = join(tmpdir(), `holdfast-redteam-${process.pid}`);

const setup = `
CREATE TABLE rows (id int PRIMARY KEY, note text); INSERT INTO rows SELECT n, 'note' FROM generate_series(1, 10) n;
CREATE TABLE other (id int PRIMARY KEY, note text);
CREATE SEQUENCE steps; SELECT setval('steps', 7);
CREATE FUNCTION burn() RETURNS bigint LANGUAGE sql AS $$ SELECT setval('public.steps', 999) $$;
CREATE FUNCTION burn_in_block() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM public.burn(); RETURN 1; END $$;
CREATE FUNCTION burns() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM setval('public.steps', 999); RETURN NULL; END $$;
CREATE VIEW burning AS SELECT burn() AS n;
CREATE TABLE watched (id int); INSERT INTO watched VALUES (1);
CREATE TRIGGER watch AFTER DELETE ON watched FOR EACH STATEMENT EXECUTE FUNCTION burns();
CREATE TABLE emptied (id int); CREATE TRIGGER empty AFTER TRUNCATE ON emptied FOR EACH STATEMENT EXECUTE FUNCTION burns();
CREATE TABLE deferred (id int); INSERT INTO deferred VALUES (1);
CREATE CONSTRAINT TRIGGER later AFTER DELETE ON deferred DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION burns();
CREATE TABLE ruled (id int); CREATE RULE also AS ON DELETE TO ruled DO ALSO SELECT burn();
CREATE TABLE filled (id int, n bigint DEFAULT burn());
CREATE DOMAIN checked AS int CHECK (burn() > VALUE);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE FUNCTION same(int, text) RETURNS boolean LANGUAGE sql AS $$ SELECT burn() > 0 $$;
CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = text, FUNCTION = same);
CREATE FUNCTION gathered(int, int) RETURNS int LANGUAGE sql AS $$ SELECT burn()::int $$;
CREATE AGGREGATE gather(int) (SFUNC = gathered, STYPE = int, INITCOND = '0');
CREATE TABLE kept (id int); INSERT INTO kept VALUES (1); ALTER TABLE kept ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON kept USING (burn() > 0); ALTER TABLE kept FORCE ROW LEVEL SECURITY;
CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.rows; COMMIT; END $$`;

const attacks: readonly (readonly [title: string, sql: string])[] = [
  ["a function", "DELETE FROM rows WHERE burn() > 0"],
  ["a function of a function", "DELETE FROM rows WHERE burn_in_block() > 0"],
  ["a view", "DELETE FROM rows WHERE id < (SELECT n FROM burning)"],
  ["a trigger", "DELETE FROM watched"],
  ["a trigger that waits for COMMIT", "DELETE FROM deferred"],
  ["the same, made to run now", "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM deferred"],
  ["a rule", "DELETE FROM ruled"],
  ["a default", "TRUNCATE rows; INSERT INTO filled VALUES (1)"],
  ["a default that is given to a new column", "TRUNCATE rows; ALTER TABLE rows ADD n bigint DEFAULT burn()"],
  ["a domain's check", "DELETE FROM rows WHERE id::checked > 0"],
  ["a column that gets a domain", "ALTER TABLE rows ALTER id TYPE checked"],
  ["a new type's expression", "ALTER TABLE rows ALTER id TYPE bigint USING setval('steps', 999)"],
  ["a default that old rows get", "ALTER TABLE rows ADD n bigint DEFAULT burn()"],
  ["a table of a query", "TRUNCATE other; CREATE TABLE mine AS SELECT setval('steps', 999)"],
  ["a materialized view", "TRUNCATE other; CREATE MATERIALIZED VIEW mine AS SELECT burn()"],
  ["a trigger of TRUNCATE", "TRUNCATE emptied"],
  ["an operator", "DELETE FROM rows WHERE id ~~~ 'x'"],
  ["an aggregate", "DELETE FROM rows WHERE id < (SELECT gather(id) FROM rows)"],
  ["a row policy", "DELETE FROM kept"],
  ["an index of an expression", "TRUNCATE rows; CREATE INDEX ON watched ((burn()))"],
  ["a trigger made in the act", "CREATE TRIGGER mine AFTER DELETE ON rows FOR EACH STATEMENT EXECUTE FUNCTION burns(); DELETE FROM rows"],
  [
    "a function made in the act",
    "CREATE FUNCTION mine() RETURNS bigint LANGUAGE sql AS 'SELECT setval(''steps'', 999)'; DELETE FROM rows WHERE mine() > 0",
  ],
  ["a code block", "DO $$ BEGIN DELETE FROM rows; PERFORM setval('steps', 999); END $$"],
  ["a text in a code block", "DO $$ BEGIN DELETE FROM rows; EXECUTE 'SELECT setval(''st' || 'eps'', 999)'; END $$"],
  ["a query in a text", "DELETE FROM rows WHERE query_to_xml('SELECT setval(''steps'', 999)', true, true, '') IS NOT NULL"],
  ["a program in a code block", `DO $$ BEGIN DELETE FROM rows; COPY rows TO PROGRAM 'touch ${file}'; END $$`],
  ["a program", `DELETE FROM rows; COPY other TO PROGRAM 'touch ${file}'`],
  ["a file", `DELETE FROM rows; SELECT lo_export(lo_from_bytea(0, 'x'), '${file}')`],
  ["a COMMIT in a procedure", "CALL ends()"],
  ["a COMMIT in a code block", "DO $$ BEGIN DELETE FROM rows; COMMIT; END $$"],
  ["a COMMIT between statements", "DELETE FROM rows; COMMIT; BEGIN"],
  ["a COMMIT behind a comment", "DELETE FROM rows; /* ; */ END; --"],
  ["a prepared transaction", "DELETE FROM rows; PREPARE TRANSACTION 'mine'"],
  ["a COMMIT that is prepared", "PREPARE c AS DELETE FROM rows; EXECUTE c"],
  [
    "replication without triggers",
    "DELETE FROM rows; SELECT set_config('session_replication_role', 'replica', false); DELETE FROM watched",
  ],
  ["a logical message", "DELETE FROM rows; SELECT pg_logical_emit_message(false, 'mine', 'x')"],
  ["a stored setting", "DELETE FROM rows; ALTER SYSTEM SET work_mem = '5MB'"],
];

for (const version of serverVersions)
  describe(`what a trial may be made to do, PostgreSQL ${version}`, () => {
    let ground: Ground;
    const state = async (): Promise<string> => {
      const [row] = await ground.direct(
        `SELECT concat_ws(' ', (SELECT count(*) FROM pg_prepared_xacts), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
          (SELECT count(*) FROM pg_file_settings WHERE name = 'work_mem')) AS held`,
      );
      return `${await ground.contents()} ${String(row?.["held"])} ${existsSync(file)}`;
    };
    before(async () => {
      ground = await openGround(await testServer(version), setup);
    });
    after(() => ground.close());

    for (const [title, sql] of attacks)
      test(title, async () => {
        const asItWas = await state();
        let told = "tried";
        try {
          await ground.executor.measure(await ground.act(sql));
        } catch (error) {
          told =
            error instanceof NotMeasurable || (error instanceof Error && error.message.startsWith("not understood")) ? error.message : "";
          assert.notEqual(told, "", String(error));
        }
        assert.equal(await state(), asItWas, told);
      });

    test("the same done past Holdfast leaves a trace", async () => {
      const asItWas = await state();
      await ground.direct("SELECT setval('steps', 7)");
      await ground.direct("DELETE FROM watched");
      assert.notEqual(await state(), asItWas);
    });
  });
