/**
 * Ways round the analysis that were once open, through the real gateway with a superuser upstream; the server's rows are the judge.
 * What the analysis says of each text is in the corpus.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { openGate, type Gate, type Preset } from "./gate.ts";

interface Way {
  readonly name: string;
  readonly texts: readonly string[];
  /** Presets under which it is tried; all of them must keep every row. */
  readonly presets?: readonly Preset[];
}

const writing: readonly Preset[] = ["guarded-writes"];
const schema: readonly Preset[] = ["guarded-writes", "migrations"];
const every: readonly Preset[] = ["read-only", ...schema];

const ways: readonly Way[] = [
  { name: "a temporary view passes a delete on", texts: ["CREATE TEMP VIEW v AS SELECT * FROM orders", "DELETE FROM v"], presets: schema },
  { name: "the same in one text", texts: ["CREATE TEMP VIEW v AS SELECT * FROM orders; DELETE FROM v"], presets: schema },
  { name: "a temporary view calls", texts: ["CREATE TEMP VIEW v AS SELECT purge() AS p", "SELECT * FROM v"], presets: schema },
  {
    name: "a view over a temporary table is temporary",
    texts: [
      "CREATE TEMP TABLE x (a int)",
      "CREATE VIEW v AS SELECT * FROM orders WHERE NOT EXISTS (SELECT FROM x)",
      "DELETE FROM v",
      "SELECT 1",
      "DELETE FROM v",
    ],
    presets: schema,
  },
  {
    name: "a view that shadows a table from inside a transaction",
    texts: [
      "CREATE TEMP TABLE x (a int)",
      "BEGIN",
      "CREATE VIEW orders AS SELECT * FROM customers WHERE NOT EXISTS (SELECT FROM x)",
      "DELETE FROM orders WHERE id = 1",
      "COMMIT",
    ],
    presets: schema,
  },
  { name: "a temporary default", texts: ["CREATE TEMP TABLE x (a int DEFAULT purge())", "INSERT INTO x DEFAULT VALUES"], presets: schema },
  { name: "a temporary check", texts: ["CREATE TEMP TABLE x (a int CHECK (purge() > 0))", "INSERT INTO x VALUES (1)"], presets: schema },
  {
    name: "a temporary domain",
    texts: ["CREATE DOMAIN pg_temp.d AS int CHECK (purge(VALUE) > 0)", "SELECT '5'::pg_temp.d"],
    presets: schema,
  },
  { name: "a domain inside a row", texts: ["SELECT '(1,5)'::traps"] },
  { name: "a domain inside JSON", texts: [`SELECT * FROM json_populate_record(NULL::traps, '{"kept": 5}')`] },
  {
    name: "a cast to json that everything takes that makes JSON",
    texts: [
      "SELECT to_json(kept) FROM grades",
      "SELECT json_agg(kept) FROM grades",
      "SELECT row_to_json(g) FROM grades g",
      "SELECT jsonb_build_object('x', kept) FROM grades",
    ],
  },
  {
    name: "a function that a body replaces before it calls it",
    texts: [
      `DO $do$ BEGIN
         CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'DELETE FROM public.orders; SELECT 1::bigint';
         PERFORM total();
       END $do$`,
    ],
    presets: ["migrations"],
  },
  {
    name: "a trigger that a body makes before it inserts",
    texts: [
      `DO $do$ BEGIN
         CREATE FUNCTION wipes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.orders; RETURN NULL; END';
         CREATE TRIGGER w AFTER INSERT ON customers FOR EACH STATEMENT EXECUTE FUNCTION wipes();
         INSERT INTO customers VALUES (900, 'x');
       END $do$`,
    ],
    presets: ["migrations"],
  },
  { name: "a domain of a PL/pgSQL variable", texts: ["DO $$ DECLARE v trapped; BEGIN v := 5; END $$"] },
  { name: "a domain in a row variable", texts: ["DO $$ DECLARE v traps%ROWTYPE; BEGIN v.kept := 5; END $$"] },
  { name: "a record's first value", texts: ["DO $$ DECLARE r record := (SELECT row(purge())); BEGIN END $$"] },
  {
    name: "a named argument",
    texts: ["SELECT query_to_xml(targetns => 'SELECT 1', query => 'SELECT purge()', nulls => true, tableforest => false)"],
  },
  { name: "a shortened literal", texts: ["SELECT query_to_xml('SELECT purge() WHERE false'::varchar(14), true, false, '')"] },
  { name: "search_path moves inside a statement", texts: ["SELECT set_config('search_path', 'other, public', false), report()"] },
  {
    name: "search_path moves inside a block",
    texts: ["DO $$ BEGIN PERFORM set_config('search_path', 'other, public', true); PERFORM total(); END $$"],
  },
  {
    name: "search_path comes back with a savepoint",
    texts: [
      "SET search_path = other, public",
      "BEGIN",
      "SAVEPOINT a",
      "SET search_path = public",
      "ROLLBACK TO a; SELECT total()",
      "COMMIT",
    ],
  },
  {
    name: "search_path comes back with the transaction",
    texts: ["SET search_path = other, public", "BEGIN", "SET LOCAL search_path = public", "COMMIT; SELECT total()"],
  },
  {
    name: "a prepared statement meets another search_path",
    texts: ["PREPARE p AS SELECT total()", "SET search_path = other, public", "EXPLAIN ANALYZE EXECUTE p", "EXECUTE p"],
  },
  { name: "a name longer than the server keeps", texts: [`SELECT ${"p".repeat(70)}()`, `SELECT "${"p".repeat(64)}"()`] },
  { name: "two literals that a cast makes unequal", texts: ["DELETE FROM orders WHERE 'ab' <> 'ab'::varchar(1)"], presets: writing },
  {
    name: "two numbers that a cast makes equal",
    texts: ["DELETE FROM orders WHERE 16777217::float4 = 16777216::float4"],
    presets: writing,
  },
  { name: "a number that a cast makes large", texts: ["DELETE FROM orders WHERE (-1)::oid > 1"], presets: writing },
  {
    name: "a function that a savepoint brings back",
    texts: [
      "BEGIN",
      "SAVEPOINT a",
      "CREATE OR REPLACE FUNCTION purge(x int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "ROLLBACK TO a",
      "SELECT purge()",
      "COMMIT",
    ],
    presets: ["migrations"],
  },
  {
    name: "a function replaced while a temporary table is there",
    texts: [
      "CREATE TEMP TABLE x (a int)",
      "BEGIN",
      "CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'DELETE FROM public.orders; SELECT 1::bigint'",
      "SELECT total()",
      "ROLLBACK",
    ],
    presets: ["migrations"],
  },
  {
    name: "a trigger of a temporary table",
    texts: [
      "CREATE FUNCTION on_x() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.orders; RETURN NULL; END'",
      "CREATE TEMP TABLE x (a int)",
      "CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW EXECUTE FUNCTION on_x()",
      "INSERT INTO x VALUES (1)",
    ],
    presets: ["migrations"],
  },
];

/** Sends each text; an error is an answer. Returns what was answered. */
async function send(gate: Gate, preset: Preset, texts: readonly string[]): Promise<readonly string[]> {
  const client = await gate.connect(preset);
  const answers: string[] = [];
  for (const text of texts) {
    await client.query(text).then(
      () => answers.push("done"),
      (error: { code?: string; message: string }) => answers.push(`${error.code}: ${error.message}`),
    );
  }
  await client.query("ROLLBACK").catch(() => undefined);
  await client.end();
  return answers;
}

for (const version of serverVersions) {
  describe(`ways round, PostgreSQL ${version}`, async () => {
    const gate = await openGate(version);
    after(() => gate.close());
    const full = await gate.held();

    test("the fixture's traps are real", async () => {
      for (const text of ["SELECT purge()", "SELECT '(1,5)'::traps", "SELECT to_json(kept) FROM grades", `SELECT ${"p".repeat(70)}()`]) {
        const client = await gate.connect("read-only");
        await assert.rejects(client.query(text), { code: "42501" });
        await client.end();
        await gate.direct(text);
        assert.notEqual(await gate.held(), full, text);
        await gate.refill();
      }
      assert.equal(full, "20 20 20");
    });

    for (const { name, texts, presets } of ways) {
      for (const preset of presets ?? every) {
        test(`${name}: ${preset}`, async () => {
          const answers = await send(gate, preset, texts);
          const held = await gate.held();
          if (held !== full) await gate.refill();
          assert.equal(held, full, answers.join("\n"));
          assert.ok(
            answers.some((answer) => answer.startsWith("42501")),
            `nothing was refused: ${answers.join("\n")}`,
          );
        });
      }
    }
  });
}
