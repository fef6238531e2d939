/**
 * Loader, DDL reader and name resolution against real servers, which are the judge of what a name means.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { loadModule, parseSync } from "libpg-query";
import pg from "pg";
import { catalogueSource, NO_CATALOGUE, versionCounter } from "../../src/adapters/postgres/catalogue-source.ts";
import { loadCatalogue, probeCatalogue } from "../../src/adapters/postgres/catalogue.ts";
import { systemClock } from "../../src/base/clock.ts";
import { builtinCatalogue } from "../../src/catalogue/builtin/builtin.ts";
import { openCatalogue } from "../../src/catalogue/snapshot.ts";
import type { CatalogueData } from "../../src/catalogue/types.ts";
import { testServer } from "../support/servers.ts";
import { describeCatalogue } from "./describe.ts";

await loadModule();
const ddl = readFileSync(new URL("./every-feature.sql", import.meta.url), "utf8");

let databases = 0;
async function withDatabase(version: 15 | 18, run: (client: pg.Client, connectionString: string) => Promise<void>): Promise<void> {
  const server = await testServer(version);
  const name = `catalogue_${++databases}`;
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const client = new pg.Client({ connectionString: server.url(name) });
  await client.connect();
  try {
    await run(client, server.url(name));
  } finally {
    await client.end();
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  }
}

for (const version of [15, 18] as const) {
  describe(`the catalogue of PostgreSQL ${version}`, () => {
    test("DDL read as text makes what the server makes of it", async () => {
      await withDatabase(version, async (client) => {
        const before = (await loadCatalogue(client)).data;
        await client.query(ddl);
        const { data } = await loadCatalogue(client);
        const { catalogue, notUnderstood } = openCatalogue(before).withDdl([ddl], parseSync);
        assert.deepEqual(notUnderstood, []);
        assert.deepEqual(describeCatalogue(catalogue.data), describeCatalogue(data));
        assert.equal(
          data.relations.some((relation) => relation.name === "tmp"),
          false,
          "other sessions' temporary tables are not ours",
        );
      });
    });

    test("a foreign key between temporary tables of some session does not stop the loading", async () => {
      await withDatabase(version, async (client) => {
        await client.query(`CREATE TEMP TABLE parents (id int PRIMARY KEY); CREATE TEMP TABLE children (parent int REFERENCES parents)`);
        const { data } = await loadCatalogue(client);
        assert.deepEqual(data.foreignKeys, []);
      });
    });

    test("an ordinary role loads the same catalogue as a superuser", async () => {
      await withDatabase(version, async (client) => {
        await client.query(ddl);
        const whole = await loadCatalogue(client);
        await client.query(`DROP ROLE IF EXISTS plain; CREATE ROLE plain`);
        const again = await loadCatalogue(client);
        await client.query("SET ROLE plain");
        const plain = await loadCatalogue(client);
        await client.query("RESET ROLE; DROP ROLE plain");
        assert.equal(plain.digest, again.digest);
        assert.deepEqual(describeCatalogue(plain.data), describeCatalogue(whole.data));
      });
    });

    test("an evil schema first cannot answer for pg_catalog while loading", async () => {
      await withDatabase(version, async (client) => {
        const clean = await loadCatalogue(client);
        await client.query(`CREATE SCHEMA evil; CREATE TABLE evil.pg_class AS SELECT * FROM pg_catalog.pg_class LIMIT 0;
          CREATE FUNCTION evil.pg_get_userbyid(oid) RETURNS name LANGUAGE sql AS $$ SELECT 'hijacked'::name $$;
          CREATE FUNCTION evil.eq(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false';
          CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = oid, RIGHTARG = oid);
          SET search_path = evil, pg_catalog`);
        const { data } = await loadCatalogue(client);
        assert.equal(
          data.relations.some((relation) => relation.owner === "hijacked"),
          false,
        );
        assert.ok(data.relations.length > clean.data.relations.length);
      });
    });

    test("names resolve as the server resolves them, under several search paths", async () => {
      await withDatabase(version, (client) => resolvesAlike(client));
    });

    test("the probe differs after each change and not otherwise", async () => {
      await withDatabase(version, async (client) => {
        await client.query(ddl);
        let last = (await probeCatalogue(client)).own;
        assert.equal((await probeCatalogue(client)).own, last);
        for (const change of [
          "ALTER TABLE app.customers ALTER COLUMN email SET DEFAULT 'y'",
          "ALTER TABLE app.customers ENABLE TRIGGER t_stmt",
          "CREATE OR REPLACE FUNCTION app.one() RETURNS integer LANGUAGE sql RETURN 2",
          "DROP FUNCTION app.one()",
          "ALTER TYPE app.pair ADD ATTRIBUTE z text",
          "ALTER POLICY pol ON app.customers USING (false)",
          "DROP INDEX app.items_u",
        ]) {
          await client.query(change);
          const next = (await probeCatalogue(client)).own;
          assert.notEqual(next, last, change);
          last = next;
        }
      });
    });
  });
}

const searchPaths = [
  "app, public",
  "evil, app",
  "evil, pg_catalog, app",
  "public",
  "app, pg_temp",
  "pg_catalog, pg_temp, evil",
  '"$user", public',
  "nowhere, app",
];
const relationNames = "customers Orders orders orders2 pg_class items v nothing été log_1 items_u tmp".split(" ");

async function resolvesAlike(client: pg.Client): Promise<void> {
  await client.query(ddl);
  await client.query(`CREATE TABLE evil.customers (x integer); CREATE TABLE public."Orders" (x integer); CREATE TABLE evil.pg_class (x integer);
    CREATE TYPE evil.mood AS ENUM ('x'); CREATE TABLE public.orders (x integer); CREATE TEMP TABLE items (x integer);
    CREATE FUNCTION evil.moodint(evil.mood) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'`);
  const catalogue = openCatalogue((await loadCatalogue(client)).data);
  const ask = async (sql: string, values: readonly string[]): Promise<unknown> =>
    (await client.query({ text: sql, values: [...values], rowMode: "array" })).rows[0]?.[0];
  for (const path of searchPaths) {
    await client.query(`SET search_path = ${path}`);
    const searchPath = String(await ask("SELECT pg_catalog.array_to_string(pg_catalog.current_schemas(true), ',')", [])).split(",");
    const names = { searchPath, temporary: ["items", "tmp"] };
    for (const name of relationNames) {
      const server = await ask(
        `SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident($1))
        AND c.relpersistence <> 't'`,
        [name],
      );
      const temporary = await ask(
        `SELECT true FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident($1))
        AND c.relpersistence = 't'`,
        [name],
      );
      const ours = catalogue.relation(undefined, name, names);
      assert.deepEqual(ours === "temporary" ? ours : ours?.oid, temporary ? "temporary" : server, `relation ${name} under ${path}`);
    }
    for (const name of ["mood", "_mood", "positive", "int4", "span", "nothing", "Orders"]) {
      const server = await ask("SELECT pg_catalog.to_regtype(pg_catalog.quote_ident($1))::pg_catalog.oid", [name]);
      assert.equal(catalogue.type(undefined, name, names)?.oid ?? null, server, `type ${name} under ${path}`);
    }
    for (const [call, name, count] of [
      ["lower(text)", "lower", 1],
      ["one()", "one", 0],
      ["twice(int,int,int[])", "twice", 3],
      ["touch()", "touch", 0],
      ["moodint(mood)", "moodint", 1],
      ["now()", "now", 0],
      ["nothing()", "nothing", 0],
    ] as const) {
      // Before version 16 an argument type that the path does not reach is an error instead of no function.
      const server = (await ask("SELECT pg_catalog.to_regprocedure($1)::pg_catalog.oid", [call]).catch((error: { code?: string }) => {
        if (error.code !== "42704") throw error;
        return null;
      })) as number | null;
      const candidates = catalogue.functions(undefined, name, count, names).map((f) => f.oid);
      if (server === null) continue;
      assert.ok(candidates.includes(server), `function ${call} under ${path}: ${candidates.join()} lacks ${server}`);
    }
    const visible = (
      await client.query(
        "SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.proname = 'lower' AND pg_catalog.pg_function_is_visible(p.oid) ORDER BY 1",
      )
    ).rows;
    assert.deepEqual(
      catalogue
        .functions(undefined, "lower", 1, names)
        .map((f) => f.oid)
        .sort((a, b) => a - b),
      visible.map((row: { oid: number }) => row.oid),
    );
  }
  assert.equal(catalogue.qualified(["otherdb", "app", "customers"]), undefined);
  assert.deepEqual(catalogue.qualified([catalogue.data.database, "app", "customers"]), { schema: "app", name: "customers" });
}

test("the built-in catalogue is what a fresh PostgreSQL 18 has", async () => {
  await withDatabase(18, async (client) => {
    const { data } = await loadCatalogue(client);
    const ids = (d: CatalogueData): unknown => [
      d.functions.map((f) => [f.oid, f.schema, f.name, f.arguments, f.volatility]),
      d.types.map((t) => [t.oid, t.name]),
      d.operators,
      d.casts,
      d.relations.map((r) => [r.oid, r.schema, r.name, r.columns.map((c) => [c.name, c.type])]),
      d.schemas.map((s) => s.name),
    ];
    assert.deepEqual(ids(builtinCatalogue()), ids(data));
  });
});

test("DDL that is not understood is listed, and the rest applies", () => {
  const { catalogue, notUnderstood } = openCatalogue(builtinCatalogue()).withDdl(
    ["CREATE EXTENSION pgcrypto; CREATE TABLE a (id int)", "CREATE TABLE (", "DO $$ BEGIN END $$", "CREATE TABLE b AS SELECT * FROM a"],
    parseSync,
  );
  assert.deepEqual(notUnderstood, ["CREATE EXTENSION pgcrypto", "CREATE TABLE (", "DO $$ BEGIN END $$"]);
  const names = { searchPath: ["public"], temporary: [] };
  const [a, b] = ["a", "b"].map((name) => catalogue.relation(undefined, name, names));
  assert.ok(a && a !== "temporary" && a.columns[0]?.name === "id");
  assert.ok(b && b !== "temporary" && b.columnsUnknown);
});

test("a source sees each commit, keeps the version of unchanged content, and fails closed", async () => {
  await withDatabase(18, async (client, connectionString) => {
    const published: CatalogueData[] = [];
    const failures: string[] = [];
    let target = connectionString;
    const source = catalogueSource({
      connection: () => ({ connectionString: target }),
      clock: systemClock,
      nextVersion: versionCounter(),
      everyMs: 3_600_000,
      queryMsMax: 30_000,
      publish: (data) => void published.push(data),
      onFailure: (error) => void failures.push(error.message),
    });
    assert.equal(source.version, NO_CATALOGUE);
    const first = await source.refresh();
    assert.equal(await source.refresh(), first);
    const early = source.refresh();
    await client.query("CREATE TABLE fresh (id int)");
    const together = await Promise.all([source.refresh(), source.refresh(), source.refresh()]);
    await early;
    assert.equal(new Set(together).size, 1);
    assert.ok(published.find((data) => data.version === together[0])?.relations.some((relation) => relation.name === "fresh"));
    await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdfast catalogue'");
    target = connectionString.replace(/:\d+\//, ":1/");
    await assert.rejects(source.refresh(), /the catalogue cannot be read/);
    assert.equal(source.version, NO_CATALOGUE);
    assert.equal(failures.length, 1);
    target = connectionString;
    assert.equal(await source.refresh(), together[0], "the same content is the same version again");
    await source.close();
    await assert.rejects(source.refresh(), /closed/);
  });
});
