/**
 * Whatever is judged to leave nothing behind is run: the server must not have given its transaction an id, counted a changed row or
 * moved a sequence. Statements are the corpus's own and random ones over its schema.
 * It does not judge policy, and not what is refused.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { loadCatalogue } from "../../src/adapters/postgres/catalogue.ts";
import { openCatalogue } from "../../src/catalogue/snapshot.ts";
import { analyseSql } from "../../src/effects/sql/script.ts";
import { corpusFiles, readCorpus, schemaText } from "../corpus/sql/corpus.ts";
import { corpusCatalogue, corpusContext } from "../corpus/sql/judge.ts";
import { testServer } from "../support/servers.ts";

const server = await testServer(18);
await corpusCatalogue();
const database = await server.scratchDatabase("CREATE EXTENSION postgres_fdw");
let client = await server.connect(database.name);
after(() => client.end());
// PL/Python is not among the server's binaries, and its function is not needed here.
await client.query(schemaText().replace(/^.*plpython3u.*$/gm, ""));
await client.query(`INSERT INTO customers SELECT i, 'e' || i, 'n', NULL, now() FROM generate_series(1, 9) i;
  INSERT INTO orders (id, customer_id, total) SELECT i, i, i FROM generate_series(1, 9) i`);
// The traps of these tables delete rows, so the rows that they delete come last.
await client.query(`INSERT INTO computed SELECT i, i FROM generate_series(1, 9) i;
  INSERT INTO traps (id, plain, kept) SELECT i, i, i FROM generate_series(1, 9) i`);
await client.query("INSERT INTO order_items SELECT i, 1, NULL, 1 FROM generate_series(1, 9) i");
const catalogue = openCatalogue((await loadCatalogue(client)).data);

/** Waits, and what ends the transaction or the session under the test. */
const UNFIT = /pg_sleep|\b(begin|start|commit|end|abort|rollback|savepoint|release|prepare transaction|discard|statement_timeout)\b/i;
/**
 * They ask for a transaction id and change nothing with it: a strong lock is told to standbys under one, a row lock is noted in the
 * row.
 */
const ASKS_FOR_ID = /txid_current|pg_current_xact_id|pg_export_snapshot|^lock |\bfor (no key )?(update|share|key share)\b/i;

const marks = `SELECT pg_catalog.pg_current_xact_id_if_assigned()::text AS id,
  (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_catalog.pg_stat_xact_all_tables) AS rows,
  (SELECT string_agg(coalesce(last_value::text, ''), ',' ORDER BY schemaname, sequencename) FROM pg_catalog.pg_sequences) AS sequences`;

type Answer = "not judged read-only" | "failed" | "clean";

/** Runs the text in a transaction of its own when it is judged to leave nothing. */
async function probe(text: string): Promise<Answer> {
  const analysis = analyseSql(text, corpusContext, catalogue);
  if (analysis.kind === "refused" || !analysis.statements.every((one) => one.readOnly)) return "not judged read-only";
  await client.query("BEGIN; SET LOCAL statement_timeout = '3s'; SET LOCAL search_path = public");
  const before = (await client.query(marks)).rows;
  const failed = await client.query(text).then(
    () => false,
    () => true,
  );
  const afterwards = failed ? before : (await client.query(marks)).rows;
  await client.query("ROLLBACK").catch(async () => {
    client = await server.connect(database.name);
  });
  if (failed) return "failed";
  if (!ASKS_FOR_ID.test(text)) assert.deepEqual(afterwards, before, text);
  return "clean";
}

test("the oracle sees a change", async () => {
  await client.query("BEGIN; SET LOCAL search_path = public");
  const before = (await client.query(marks)).rows;
  await client.query("SELECT hidden_write(1)");
  assert.notDeepEqual((await client.query(marks)).rows, before);
  await client.query("ROLLBACK");
});

test("what_is_judged_to_read_only_reads: the corpus", async () => {
  let clean = 0;
  for (const file of corpusFiles())
    for (const { sql } of readCorpus(file).specimens) if (!UNFIT.test(sql) && (await probe(sql)) === "clean") clean += 1;
  assert.ok(clean > 60, `${clean} specimens were run`);
});

const functions = [
  "purge",
  "twice",
  "path_bound",
  "order_total",
  "add_tax",
  "log_it",
  "run_any",
  "run_fixed",
  "hidden_write",
  "hidden_plus",
  "bad_sum",
  "hidden_index",
  "renamed_end",
  "quicker_equal",
  "price_range",
  "checked",
  "nextval",
  "currval",
  "setval",
  "lower",
  "abs",
  "count",
  "max",
  "query_to_xml",
  "set_config",
  "current_setting",
  "pg_advisory_lock",
  "lo_create",
  "coalesce",
  "to_json",
  "row_to_json",
  "wipe_customer",
];
const tables = [
  "customers",
  "orders",
  "order_items",
  "traps",
  "computed",
  "open_orders",
  "every_order",
  "bad_view",
  "sales",
  "events",
  "secrets",
  "animals",
  "audit.log",
];
const types = [
  "int",
  "bigint",
  "text",
  "checked",
  "checked[]",
  "traps",
  "orders",
  "price_range",
  "numeric(3,1)",
  "regclass",
  "jsonb",
  "bool",
];
const operators = ["+", "=", "<", "OPERATOR(evil.===)", "===", "||", "<>", "IS DISTINCT FROM", "LIKE"];

const { query } = fc.letrec<{ value: string; query: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "sql" },
    fc.constantFrom(
      "1",
      "'1'",
      "'(1,2,3,4)'",
      "'public.order_number'",
      "NULL",
      "'SELECT purge()'",
      "id",
      "t.id",
      "t",
      "t.kept",
      "t.purge",
      "t.wipe_customer",
      "ARRAY[1, 2]",
      "$$x$$",
    ),
    fc.tuple(fc.constantFrom(...functions), fc.array(tie("value"), { maxLength: 3 })).map(([name, args]) => `${name}(${args.join(", ")})`),
    fc.tuple(tie("value"), fc.constantFrom(...types)).map(([value, type]) => `(${value})::${type}`),
    fc.tuple(tie("value"), fc.constantFrom(...operators), tie("value")).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    tie("query").map((inner) => `(${inner} LIMIT 1)`),
    fc.tuple(tie("value"), tie("value")).map(([a, b]) => `CASE WHEN (${a})::text = '1' THEN ${b} END`),
    fc.tuple(fc.constantFrom("bad_sum", "count", "max"), tie("value")).map(([name, value]) => `${name}(${value}) OVER (ORDER BY 1)`),
  ),
  query: fc.oneof(
    { maxDepth: 3, depthIdentifier: "sql" },
    fc.tuple(tie("value"), fc.constantFrom(...tables)).map(([value, table]) => `SELECT ${value} FROM ${table} t`),
    fc
      .tuple(tie("value"), fc.constantFrom(...tables), tie("value"))
      .map(([value, table, order]) => `SELECT ${value} FROM ${table} t ORDER BY ${order}`),
    fc.tuple(tie("value"), tie("query")).map(([value, inner]) => `SELECT ${value} FROM (${inner}) t`),
    fc.tuple(tie("query"), tie("query")).map(([first, second]) => `WITH w AS (${first}) ${second}`),
    fc.tuple(tie("value"), tie("value")).map(([a, b]) => `SELECT ${a} WHERE (${b}) IS NOT NULL`),
    fc.constantFrom(...tables).map((table) => `WITH w AS (DELETE FROM ${table} RETURNING *) SELECT * FROM w`),
    tie("value").map((value) => `SELECT * FROM json_populate_record(NULL::traps, to_json(${value}))`),
    tie("value").map((value) => `VALUES (${value})`),
  ),
}));
const statement = fc.oneof(
  { weight: 6, arbitrary: query },
  { weight: 1, arbitrary: query.map((inner) => `EXPLAIN (ANALYZE) ${inner}`) },
  { weight: 1, arbitrary: query.map((inner) => `DO $do$ DECLARE r record := (${inner} LIMIT 1); BEGIN PERFORM 1; END $do$`) },
  { weight: 1, arbitrary: query.map((inner) => `DO $do$ DECLARE r record; BEGIN FOR r IN ${inner} LOOP END LOOP; END $do$`) },
  { weight: 1, arbitrary: query.map((inner) => `COPY (${inner}) TO STDOUT`) },
);

test("what_is_judged_to_read_only_reads: random statements", async () => {
  const answers = { "not judged read-only": 0, failed: 0, clean: 0 };
  await fc.assert(
    fc.asyncProperty(statement, async (text) => {
      answers[await probe(text)] += 1;
    }),
    { numRuns: 1500 },
  );
  assert.ok(answers.clean > 100 && answers["not judged read-only"] > 100, JSON.stringify(answers));
});
