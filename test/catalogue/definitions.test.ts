/** What is defined, through the gateway or past it, holds for the next statement of every session; a real server is the judge. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { serverVersions, testServer } from "../support/servers.ts";
import { openGate, type Gate, type Preset } from "./gate.ts";

const setup = `CREATE TABLE public.kept (id int PRIMARY KEY, note text); INSERT INTO kept SELECT g, 'x' FROM generate_series(1, 50) g;
  CREATE FUNCTION public.harmless() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA good; CREATE SCHEMA evil;
  CREATE FUNCTION good.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION evil.f() RETURNS int LANGUAGE sql AS 'DELETE FROM public.kept; SELECT 1'`;

/** How a statement ends: rows, or the code of its error. */
async function ends(client: pg.Client, sql: string): Promise<string> {
  return client.query(sql).then(
    () => "done",
    (error: { code?: string }) => error.code ?? "lost",
  );
}

for (const version of serverVersions) {
  describe(`definitions before PostgreSQL ${version}`, () => {
    let gate: Gate;
    const clients = new Map<Preset, pg.Client>();
    const client = (preset: Preset): pg.Client => clients.get(preset) as pg.Client;
    before(async () => {
      gate = await openGate(await testServer(version), setup);
      for (const preset of ["observe", "migrations", "guarded-writes"] as const) clients.set(preset, await gate.connect(preset));
    });
    after(async () => {
      for (const one of clients.values()) await one.end();
      await gate?.close();
    });

    async function demandKept(): Promise<void> {
      assert.deepEqual(await gate.direct("SELECT count(*)::int AS n FROM public.kept"), [{ n: 50 }]);
    }

    test("a function that one session replaces is judged anew in the next statement of another", async () => {
      for (let round = 0; round < 12; round += 1) {
        const body = round % 2 === 0 ? "SELECT 1" : "DELETE FROM public.kept; SELECT 1";
        await client("observe").query(`CREATE OR REPLACE FUNCTION public.changing() RETURNS int LANGUAGE sql AS '${body}'`);
        const ended = await ends(client("guarded-writes"), "SELECT public.changing()");
        assert.equal(ended, round % 2 === 0 ? "done" : "42501", `round ${round}`);
      }
      await demandKept();
    });

    test("after a rest, what was defined past the gateway is seen by the very next statement", async () => {
      for (let round = 0; round < 2; round += 1) {
        assert.equal(await ends(client("guarded-writes"), "SELECT public.harmless()"), "done");
        // Longer than two looks may be apart, whatever the machine is busy with.
        await delay(5_000);
        await gate.direct(
          `CREATE OR REPLACE FUNCTION public.harmless() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.kept; RETURN 1; END'`,
        );
        assert.equal(await ends(client("guarded-writes"), "SELECT public.harmless()"), "42501");
        await gate.direct(`CREATE OR REPLACE FUNCTION public.harmless() RETURNS int LANGUAGE sql AS 'SELECT 1'`);
        while ((await ends(client("guarded-writes"), "SELECT public.harmless()")) !== "done") await delay(50);
      }
      await demandKept();
    });

    test("a busy session sees what was defined past the gateway without a pause", { timeout: 60_000 }, async () => {
      const call = (): Promise<string> => ends(client("guarded-writes"), "SELECT public.counted()");
      await gate.direct("CREATE FUNCTION public.counted() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.kept'");
      while ((await call()) !== "done") await delay(10);
      await gate.direct(
        "CREATE OR REPLACE FUNCTION public.counted() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM pg_catalog.pg_authid'",
      );
      while ((await call()) === "done");
      assert.equal(await call(), "42501");
    });

    test("a long run of definitions is followed statement by statement", async () => {
      const migrations = client("migrations");
      for (let at = 0; at < 60; at += 1) {
        const references = at === 0 ? "" : `, before int REFERENCES public.run_${at - 1} ON DELETE CASCADE`;
        await migrations.query(`CREATE TABLE public.run_${at} (id serial PRIMARY KEY, note text DEFAULT 'x'${references})`);
        await migrations.query(`CREATE INDEX ON public.run_${at} (note)`);
        await migrations.query(`COMMENT ON TABLE public.run_${at} IS 'one of many'`);
        await migrations.query(`INSERT INTO public.run_${at} DEFAULT VALUES`);
        assert.equal(await ends(client("guarded-writes"), `UPDATE public.run_${at} SET note = 'y' WHERE id = 1`), "done");
        assert.equal(await ends(client("guarded-writes"), `UPDATE public.run_${at} SET note = 'z'`), "42501");
      }
    });

    test("a text of several hundred definitions is judged", async () => {
      const texts = Array.from({ length: 300 }, (_, at) => `CREATE TABLE public.many_${at} (id int PRIMARY KEY, note text NOT NULL)`);
      await client("migrations").query(`${texts.join(";\n")};\nINSERT INTO public.many_299 VALUES (1, 'x')`);
      assert.deepEqual((await client("guarded-writes").query("SELECT count(*)::int AS n FROM public.many_299")).rows, [{ n: 1 }]);
    });

    test("what a block, a function or an extension defines is read from the server", async () => {
      const observe = client("observe");
      for (const [name, sql] of [
        ["in_block", "DO $$ BEGIN EXECUTE 'CREATE TABLE public.in_block (id int PRIMARY KEY)'; END $$"],
        [
          "in_function",
          "CREATE FUNCTION public.maker() RETURNS void LANGUAGE sql AS 'CREATE TABLE public.in_function (id int PRIMARY KEY)'",
        ],
        ["in_query", "CREATE TABLE public.in_query AS SELECT 1 AS id"],
      ] as const) {
        await observe.query(sql);
        if (name === "in_function") await observe.query("SELECT public.maker()");
        assert.equal(await ends(client("guarded-writes"), `INSERT INTO public.${name} (id) VALUES (7)`), "done", name);
      }
    });

    test("a definition holds or is gone with its transaction, however the texts are cut", async () => {
      const observe = client("observe");
      const cases: readonly (readonly [texts: readonly string[], made: boolean])[] = [
        [["BEGIN", "CREATE TABLE public.cut (id int PRIMARY KEY)", "COMMIT"], true],
        [["BEGIN", "CREATE TABLE public.cut (id int PRIMARY KEY)", "ROLLBACK"], false],
        [["CREATE TABLE public.cut (id int PRIMARY KEY); COMMIT; CREATE TABLE public.other (id int); ROLLBACK"], true],
        [["CREATE TABLE public.other (id int); ROLLBACK; CREATE TABLE public.cut (id int PRIMARY KEY)"], true],
        [["BEGIN", "SAVEPOINT s", "CREATE TABLE public.cut (id int PRIMARY KEY)", "ROLLBACK TO s", "COMMIT"], false],
        [["BEGIN", "CREATE TABLE public.cut (id int PRIMARY KEY)", "SELECT 1/0", "COMMIT"], false],
        [["BEGIN", "CREATE TABLE public.cut (id int PRIMARY KEY)", "PREPARE TRANSACTION 'two'", "COMMIT PREPARED 'two'"], true],
        [["BEGIN", "CREATE TABLE public.cut (id int PRIMARY KEY)", "PREPARE TRANSACTION 'two'", "ROLLBACK PREPARED 'two'"], false],
        [["BEGIN; CREATE TABLE public.cut (id int PRIMARY KEY)", "COMMIT; SELECT * FROM public.cut"], true],
      ];
      for (const [texts, made] of cases) {
        for (const text of texts) await ends(observe, text);
        const ended = await ends(client("guarded-writes"), "UPDATE public.cut SET id = 2 WHERE id = 1");
        assert.equal(ended === "done", made, texts.join(" | "));
        await gate.direct("DROP TABLE IF EXISTS public.cut, public.other");
        await delay(600);
      }
    });
  });
}
