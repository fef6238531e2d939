/** A session may ask for longer than its policy permits, as dumps do: it is told that it is done, and held to the policy all the same. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { openGate, type Gate } from "../../catalogue/gate.ts";
import { serverVersions, testServer } from "../../support/servers.ts";

const SETUP = `CREATE SCHEMA sly;
  CREATE FUNCTION sly.yes(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE OPERATOR sly.= (LEFTARG = text, RIGHTARG = text, FUNCTION = sly.yes);`;
const LIMITS = "{ statement_time: 2s, idle_in_transaction_time: 30s, transaction_time: 40s }";

for (const version of serverVersions) {
  describe(`time limits that a session sets, before PostgreSQL ${version}`, () => {
    let gate: Gate;
    before(async () => {
      gate = await openGate(await testServer(version), SETUP, LIMITS);
    });
    after(() => gate?.close());

    /** What the server has when the texts were answered, one after the other on one connection. */
    const left = async (texts: readonly string[], setting = "statement_timeout"): Promise<string> => {
      const client = await gate.connect("read-only");
      try {
        for (const text of texts) await client.query(text);
        const { rows } = await client.query(`SELECT pg_catalog.current_setting('${setting}') AS left`);
        return String((rows[0] as { left: string }).left);
      } finally {
        await client.end();
      }
    };

    for (const texts of [
      ["SET statement_timeout = 0"],
      ["SET SESSION statement_timeout TO '1h'"],
      ["SET statement_timeout = '400us'"],
      ["SET LOCAL statement_timeout = 0"],
      ["SET statement_timeout = '1s'", "SET statement_timeout = 0"],
      ["SET statement_timeout = 0", "SET lock_timeout = 0"],
      ["BEGIN", "SET statement_timeout = 0", "COMMIT"],
      ["BEGIN", "SET LOCAL statement_timeout = 0"],
      ["BEGIN; SET statement_timeout = 0; SAVEPOINT a", "SELECT 1", "ROLLBACK TO a"],
      ["BEGIN; SET statement_timeout = 0; SAVEPOINT a", "SELECT 1", "ROLLBACK TO a", "COMMIT"],
      ["SET statement_timeout = 0; SELECT 1"],
    ])
      test(`${texts.join(" | ")}: the server has the policy's`, async () => assert.equal(await left(texts), "2s"));

    test("the other limits too", async () => {
      assert.equal(await left(["SET idle_in_transaction_session_timeout = 0"], "idle_in_transaction_session_timeout"), "30s");
      if (version >= 17) assert.equal(await left(["SET transaction_timeout = 0"], "transaction_timeout"), "40s");
    });

    test("what asks for less stays, until more is asked for", async () => {
      assert.equal(await left(["SET statement_timeout = '1s'", "SELECT 1"]), "1s");
      assert.equal(await left(["BEGIN", "SET statement_timeout = 0", "ROLLBACK", "SET statement_timeout = '1s'"]), "1s");
    });

    test("a statement behind it in the same text is ended, and by the extended protocol", async () => {
      const client = await gate.connect("guarded-writes");
      await assert.rejects(client.query("SET statement_timeout = 0; SELECT pg_sleep(600)"), /longer than|statement timeout/);
      await client.query({ text: "SET statement_timeout = 0", name: "lift" });
      await assert.rejects(client.query("SELECT pg_sleep(600)"), /longer than|statement timeout/);
      await client.query({ text: "SET statement_timeout = 0", name: "lift" });
      await assert.rejects(client.query("SELECT pg_sleep($1)", [600]), /longer than|statement timeout/);
      await client.end();
    });

    test("what the policy has no limit for is the session's own", async () => {
      const free = await openGate(await testServer(version), "CREATE TABLE public.kept (id int PRIMARY KEY)", "{ statement_time: none }");
      const client = await free.connect("read-only");
      await client.query("SET statement_timeout = '1h'");
      assert.deepEqual((await client.query("SHOW statement_timeout")).rows, [{ statement_timeout: "1h" }]);
      await client.end();
      await free.close();
    });

    // As dumps set what not every server has.
    test("the name of a setting that a condition on pg_settings gives is known, unless `=` is the agent's", async () => {
      const client = await gate.connect("read-only");
      const set = (name: string) => client.query(`SELECT set_config(name, 'view', false) FROM pg_settings WHERE name = '${name}'`);
      assert.equal((await set("application_name")).rowCount, 1);
      await assert.rejects(set("session_replication_role"), (error: pg.DatabaseError) => error.code === "42501");
      await client.query("SET search_path = sly, pg_catalog");
      await assert.rejects(set("application_name"), (error: pg.DatabaseError) => error.code === "42501");
      await client.end();
    });

    test("where the value is only known at run time it is refused", async () => {
      const client = await gate.connect("read-only");
      for (const text of [
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'statement_timeout'",
      ])
        await assert.rejects(client.query(text), (error: pg.DatabaseError) => error.code === "42501", text);
      await client.end();
    });
  });
}
