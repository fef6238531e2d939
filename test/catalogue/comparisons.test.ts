/** Code that runs when values are compared: each text does damage when it is sent directly, and is refused; what compares others passes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { serverVersions, testServer } from "../support/servers.ts";
import { openGate, type Gate } from "./gate.ts";

const deletes = (name: string, args: string, returns: string, value: string): string =>
  `CREATE FUNCTION public.${name}(${args}) RETURNS ${returns} LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.kept; RETURN ${value}; END';`;

/** A type whose operator class deletes when it compares, and an operator named as a server's own that deletes for another type. */
const setup = `CREATE TABLE public.kept (id int PRIMARY KEY, note text); INSERT INTO kept SELECT g, 'x' FROM generate_series(1, 50) g;
  CREATE TYPE public.tag AS (v int); CREATE TYPE public.mark AS ENUM ('a', 'b');
  ${deletes("tag_cmp", "a public.tag, b public.tag", "int", "0")}
  ${deletes("mark_eq", "a public.mark, b int", "boolean", "true")}
  ${["lt", "le", "eq", "ge", "gt"]
    .map((name) => `CREATE FUNCTION public.tag_${name}(public.tag, public.tag) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';`)
    .join("\n")}
  ${["<", "<=", "=", ">=", ">"]
    .map((name, at) => {
      const fn = ["lt", "le", "eq", "ge", "gt"][at];
      return `CREATE OPERATOR public.${name} (FUNCTION = public.tag_${fn}, LEFTARG = public.tag, RIGHTARG = public.tag);`;
    })
    .join("\n")}
  CREATE OPERATOR CLASS public.tag_ops DEFAULT FOR TYPE public.tag USING btree AS OPERATOR 1 public.<, OPERATOR 2 public.<=,
    OPERATOR 3 public.=, OPERATOR 4 public.>=, OPERATOR 5 public.>, FUNCTION 1 public.tag_cmp(public.tag, public.tag);
  CREATE OPERATOR public.= (FUNCTION = public.mark_eq, LEFTARG = public.mark, RIGHTARG = int);
  CREATE TABLE public.tagged (t public.tag, m public.mark, n int);
  INSERT INTO tagged VALUES (ROW(1)::public.tag, 'a', 1), (ROW(2)::public.tag, 'b', 2), (ROW(3)::public.tag, 'b', 3);
  CREATE TABLE public.indexed (t public.tag); CREATE INDEX ON public.indexed (t); INSERT INTO public.indexed VALUES (ROW(1)::public.tag);
  TRUNCATE public.kept; INSERT INTO kept SELECT g, 'x' FROM generate_series(1, 50) g`;

const harmful = `
SELECT n FROM public.tagged ORDER BY t
SELECT n FROM public.tagged ORDER BY t USING OPERATOR(public.<)
SELECT DISTINCT t FROM public.tagged
SELECT count(DISTINCT t) FROM public.tagged
SELECT t FROM public.tagged GROUP BY t
SELECT row_number() OVER (PARTITION BY t) FROM public.tagged
SELECT t FROM public.tagged UNION SELECT t FROM public.tagged
SELECT array_agg(n ORDER BY t) FROM public.tagged
CREATE INDEX ON public.tagged (t)
INSERT INTO public.indexed VALUES (ROW(2)::public.tag)
SELECT n FROM public.tagged WHERE m = 1
SELECT n FROM public.tagged WHERE m = n
SELECT m = 1 FROM public.tagged
SELECT n FROM public.tagged WHERE m OPERATOR(public.=) 1
`
  .trim()
  .split("\n");

const harmless = `
SELECT note FROM public.kept WHERE id = 1
SELECT note FROM public.kept WHERE note = 'x'
SELECT k.note FROM public.kept k JOIN public.tagged x ON k.id = x.n
UPDATE public.kept SET note = 'y' WHERE id = 1
UPDATE public.kept SET note = 'x' WHERE public.kept.id = 1::bigint
SELECT count(*) FROM public.tagged WHERE n = 2
SELECT char_length(note) = 1 FROM public.kept WHERE note LIKE 'x%'
`
  .trim()
  .split("\n");

for (const version of serverVersions) {
  describe(`comparisons before PostgreSQL ${version}`, () => {
    let gate: Gate;
    let client: pg.Client;
    before(async () => {
      gate = await openGate(await testServer(version), setup);
      client = await gate.connect("guarded-writes");
    });
    after(async () => {
      await client?.end();
      await gate?.close();
    });

    for (const sql of harmful) {
      test(`refused: ${sql}`, async () => {
        const [row] = await gate.direct(`BEGIN; SET LOCAL enable_hashagg = off; ${sql}; SELECT count(*)::int AS n FROM public.kept`);
        assert.equal(row?.["n"], 0, "it does damage when nobody stands in between");
        await assert.rejects(client.query(sql), { code: "42501" });
      });
    }

    for (const sql of harmless) test(`passes: ${sql}`, async () => void (await client.query(sql)));

    test("nothing was lost", async () => {
      assert.deepEqual(await gate.direct("SELECT count(*)::int AS n FROM public.kept"), [{ n: 50 }]);
    });
  });
}
