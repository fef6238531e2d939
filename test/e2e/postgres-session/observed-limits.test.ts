/** A target that only observes refuses nothing, and the time limits that it names itself hold all the same. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openGate, type Gate } from "../../catalogue/gate.ts";
import { serverVersions, testServer } from "../../support/servers.ts";

for (const version of serverVersions) {
  describe(`a target that observes, before PostgreSQL ${version}`, () => {
    let gate: Gate;
    before(async () => {
      const limits = "{ statement_time: 1s, idle_in_transaction_time: 1s, rows_changed: 5, rows_returned: 5, statements_per_minute: 3 }";
      gate = await openGate(await testServer(version), "CREATE TABLE public.kept (id int PRIMARY KEY)", limits);
    });
    after(() => gate?.close());

    test("a statement that takes longer than the target allows is ended, whatever the session sets", async () => {
      const client = await gate.connect("observe");
      await client.query("SET statement_timeout = 0");
      await assert.rejects(client.query("SELECT pg_sleep(600)"), /longer than|statement timeout/);
      assert.deepEqual((await client.query("SELECT 1 AS one")).rows, [{ one: 1 }]);
      await client.end();
    });

    test("a transaction that stays idle is ended", async () => {
      const client = await gate.connect("observe");
      const ended = new Promise((resolve) => client.once("end", resolve));
      await client.query("BEGIN; INSERT INTO public.kept VALUES (1000)");
      await ended;
      assert.deepEqual(await gate.direct("SELECT count(*)::int AS n FROM public.kept WHERE id = 1000"), [{ n: 0 }]);
    });

    test("limits of rows and of statements a minute refuse nothing", async () => {
      const client = await gate.connect("observe");
      await client.query("INSERT INTO public.kept SELECT generate_series(1, 100)");
      for (let at = 0; at < 10; at += 1) assert.equal((await client.query("SELECT * FROM public.kept")).rowCount, 100);
      await client.query("DELETE FROM public.kept");
      await client.end();
    });
  });
}
