/**
 * The presets against the real analysis: every rule's own examples, and a table of statements with the answer of each preset.
 * No server: what the server does with the statements that pass is tested in e2e/.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadModule, parseSync } from "libpg-query";
import { builtinCatalogue } from "../src/catalogue/builtin/builtin.ts";
import { openCatalogue } from "../src/catalogue/snapshot.ts";
import { compilePolicy } from "../src/config/compile-policy.ts";
import { presetDocument, presetNames, type PresetName } from "../src/config/presets.ts";
import type { SqlAnalyser } from "../src/effects/analyse.ts";
import { analyseCall, analyseSql } from "../src/effects/sql/script.ts";
import type { SqlContext } from "../src/model/action.ts";
import type { Facts } from "../src/model/facts.ts";
import type { Environment } from "../src/model/principal.ts";
import { tryExamples } from "../src/pipeline/rule-examples.ts";
import { decide } from "../src/policy/decide.ts";
import { factsOf } from "./support/policy-parts.ts";

await loadModule();

const context: SqlContext = {
  role: "app",
  sessionRole: "app",
  searchPath: ["pg_catalog", "public"],
  temporary: [],
  catalogueVersion: 0,
  pendingDdl: [],
};

function catalogueOf(ddl: readonly string[]) {
  const { catalogue, notUnderstood } = openCatalogue(builtinCatalogue()).withDdl(ddl, parseSync);
  assert.deepEqual(notUnderstood, [], "the schema of the test is understood");
  return catalogue;
}

function analyserOf(ddl: readonly string[]): SqlAnalyser {
  const catalogue = catalogueOf(ddl);
  return {
    analyse: async (payload) =>
      payload.kind === "sql" ? analyseSql(payload.text, payload.context, catalogue) : analyseCall(payload, catalogue),
  };
}

function factsIn(environment: Environment): Facts {
  return factsOf({ environment, approvals: true });
}

describe("every example of every rule", () => {
  for (const preset of presetNames) {
    test(preset, async () => {
      for (const environment of ["staging", "development"] as const) {
        const policy = compilePolicy(presetDocument(preset), { environment });
        const parts = { analyser: analyserOf(policy.examplesSchema ?? []), decide, policy, facts: factsIn(environment), context };
        const wrong: string[] = [];
        let tried = 0;
        for await (const result of tryExamples(parts)) {
          tried++;
          const elsewhere = policy.rules.find((rule) => rule.id === result.rule)?.match.environment;
          if (elsewhere !== undefined && !elsewhere.includes(environment)) continue;
          if (!result.ok) wrong.push(`${result.rule} ${result.kind}: ${result.sql}: ${result.problem}`);
        }
        assert.deepEqual(wrong, []);
        assert(tried > 40);
      }
    });
  }
});

const SCHEMA = `
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, email text UNIQUE);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE, status text, created timestamptz DEFAULT now());
CREATE TABLE order_items (id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, price numeric);
CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM order_items; END';
`;

// statement | read-only | guarded-writes | migrations, all in staging
const TABLE = `
SELECT * FROM orders                                                                             | allow allow allow
SELECT 'DELETE FROM orders'                                                                      | allow allow allow
WITH update AS (SELECT 1 AS update_at) SELECT update_at FROM update                              | allow allow allow
SELECT count(*) FROM orders JOIN customers c ON c.id = customer_id WHERE c.name LIKE '%SET ROLE%' | allow allow allow
EXPLAIN DELETE FROM orders                                                                       | allow allow allow
EXPLAIN ANALYZE DELETE FROM orders                                                               | deny  hold  hold
SELECT version()                                                                                 | allow allow allow
SELECT current_setting('server_version')                                                         | allow allow allow
SELECT has_table_privilege('orders', 'select')                                                   | allow allow allow
SELECT pg_table_size('orders'), now(), current_user                                              | allow allow allow
SELECT set_config('search_path', '', false)                                                      | allow allow allow
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p') AND pg_catalog.pg_table_is_visible(c.oid) | allow allow allow
SELECT pg_catalog.pg_get_userbyid(d.datdba) FROM pg_catalog.pg_database d                        | allow allow allow
SELECT r.rolname FROM pg_catalog.pg_roles r                                                      | allow allow allow
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid WHERE a.attrelid = '16384'::regclass | allow allow allow
SELECT table_name, column_name FROM information_schema.columns                                   | allow allow allow
SELECT b.oid, b.typarray FROM pg_catalog.pg_type a LEFT JOIN pg_catalog.pg_type b ON b.oid = a.typelem WHERE a.typcategory = 'A' GROUP BY b.oid, b.typarray ORDER BY b.oid | allow allow allow
SHOW TRANSACTION ISOLATION LEVEL                                                                 | allow allow allow
SET client_encoding TO 'UTF8'                                                                    | allow allow allow
SET extra_float_digits = 3                                                                       | allow allow allow
SET application_name = 'app'                                                                     | allow allow allow
SET search_path TO public                                                                        | allow allow allow
SET datestyle TO ISO                                                                             | allow allow allow
SET TIME ZONE 'UTC'                                                                              | allow allow allow
BEGIN; SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE SAVEPOINT a; COMMIT                         | allow allow allow
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY                                                  | allow allow allow
BEGIN READ WRITE                                                                                 | deny  allow allow
DISCARD ALL                                                                                      | allow allow allow
DEALLOCATE ALL                                                                                   | allow allow allow
DECLARE c CURSOR FOR SELECT * FROM orders                                                        | allow allow allow
COPY orders TO STDOUT                                                                            | allow allow allow
LISTEN news                                                                                      | allow allow allow
SELECT rolpassword FROM pg_authid                                                                | deny  deny  deny
SELECT query FROM pg_stat_activity                                                               | deny  deny  deny
UPDATE pgbench_accounts SET abalance = abalance + 5 WHERE aid = 7                                | deny  allow allow
SELECT abalance FROM pgbench_accounts WHERE aid = 7                                              | allow allow allow
UPDATE pgbench_tellers SET tbalance = tbalance + 5 WHERE tid = 7                                 | deny  allow allow
UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2                              | deny  allow allow
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 1, 5, CURRENT_TIMESTAMP) | deny  allow allow
INSERT INTO customers (name, email) VALUES ($1, $2) RETURNING "customers"."id"                   | deny  allow allow
INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name | deny  allow allow
UPDATE orders SET status = 'paid' WHERE id = 7 RETURNING *                                       | deny  allow allow
UPDATE orders SET status = 'late' WHERE created < now() - interval '30 days'                     | deny  allow allow
DELETE FROM order_items WHERE id = 7                                                             | deny  allow allow
DELETE FROM order_items WHERE order_id IN (1, 2)                                                 | deny  allow allow
SELECT * FROM orders WHERE id = 7 FOR UPDATE                                                     | deny  allow allow
SELECT pg_advisory_lock(1)                                                                       | deny  allow allow
SELECT nextval('orders_id_seq')                                                                  | deny  allow allow
COPY order_items FROM STDIN                                                                      | deny  allow allow
CREATE TEMP TABLE scratch (id int)                                                               | deny  allow allow
CREATE TEMP TABLE scratch (id int); INSERT INTO scratch VALUES (1); DELETE FROM scratch; DROP TABLE scratch | deny allow allow
CREATE TABLE notes (id serial PRIMARY KEY, body text, made timestamptz DEFAULT now())            | deny  allow allow
CREATE TABLE IF NOT EXISTS "_prisma_migrations" (id varchar(36) PRIMARY KEY NOT NULL)            | deny  allow allow
CREATE INDEX CONCURRENTLY ON orders (created)                                                    | deny  allow allow
CREATE VIEW late AS SELECT * FROM orders WHERE status = 'late'                                   | deny  allow allow
ALTER TABLE orders ADD COLUMN note text                                                          | deny  allow allow
ANALYZE orders                                                                                   | deny  allow allow
VACUUM orders                                                                                    | deny  allow allow
DELETE FROM orders WHERE id = 7                                                                  | deny  hold  hold
DELETE FROM order_items                                                                          | deny  hold  hold
DELETE FROM order_items WHERE true                                                               | deny  hold  hold
DELETE FROM order_items WHERE 1 = 1                                                              | deny  hold  hold
DELETE FROM order_items WHERE id = id                                                            | deny  hold  hold
DELETE FROM order_items WHERE id IS NOT NULL                                                     | deny  hold  hold
UPDATE orders SET status = 'x'                                                                   | deny  hold  hold
WITH gone AS (DELETE FROM order_items RETURNING *) SELECT count(*) FROM gone                     | deny  hold  hold
DO $$ BEGIN DELETE FROM order_items; END $$                                                      | deny  hold  hold
SELECT wipe()                                                                                    | deny  hold  hold
TRUNCATE orders CASCADE                                                                          | deny  hold  hold
DROP TABLE orders CASCADE                                                                        | deny  hold  hold
COMMIT; DROP SCHEMA public CASCADE                                                               | deny  hold  hold
ALTER TABLE orders DROP COLUMN status                                                            | deny  hold  hold
ALTER TABLE orders ALTER COLUMN status TYPE varchar(3)                                           | deny  hold  hold
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'new'                                         | deny  hold  allow
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'                                     | deny  hold  allow
DROP DATABASE shop                                                                               | deny  hold  hold
GRANT SELECT ON orders TO reporting                                                              | deny  deny  hold
GRANT pg_read_server_files TO app                                                                | deny  deny  deny
ALTER ROLE app SUPERUSER                                                                         | deny  deny  deny
ALTER TABLE orders DISABLE ROW LEVEL SECURITY                                                    | deny  deny  deny
ALTER TABLE orders DISABLE TRIGGER ALL                                                           | deny  deny  deny
SET ROLE postgres                                                                                | deny  deny  deny
SELECT set_config('role', 'postgres', false)                                                     | deny  deny  deny
SET standard_conforming_strings = off                                                            | deny  deny  deny
SET statement_timeout = 0                                                                        | deny  deny  deny
SET session_replication_role = replica                                                           | deny  deny  deny
SELECT pg_read_file('/etc/hostname')                                                             | deny  deny  deny
COPY orders TO PROGRAM 'cat'                                                                     | deny  deny  deny
COPY orders FROM '/tmp/x'                                                                        | deny  deny  deny
ALTER SYSTEM SET work_mem = '1GB'                                                                | deny  deny  deny
SELECT pg_terminate_backend(1)                                                                   | deny  deny  deny
SELECT pg_create_physical_replication_slot('x')                                                  | deny  deny  deny
DO $$ BEGIN EXECUTE 'DR' || 'OP TABLE orders'; END $$                                            | deny  deny  deny
SELECT no_such_function(1)                                                                       | deny  deny  deny
UPDATE pg_catalog.pg_class SET relname = 'x' WHERE oid = 1                                       | deny  deny  deny
`;

describe("statements, preset by preset", () => {
  const catalogue = catalogueOf([SCHEMA]);
  const presets: readonly PresetName[] = ["read-only", "guarded-writes", "migrations"];
  const policies = presets.map((preset) => compilePolicy(presetDocument(preset), { environment: "staging" }));
  for (const line of TABLE.trim().split("\n")) {
    const at = line.lastIndexOf("|");
    const sql = line.slice(0, at).trim();
    const expected = line
      .slice(at + 1)
      .trim()
      .split(/ +/);
    test(sql, () => {
      const analysis = analyseSql(sql, context, catalogue);
      assert(analysis.kind === "understood", JSON.stringify(analysis));
      const effects = analysis.statements.flatMap((statement) => statement.effects);
      const got = policies.map((policy) => decide(effects, factsIn("staging"), policy));
      const shown = effects
        .map((e) => `${e.operation}/${e.detail} ${e.resource.type}:${e.resource.name} ${e.extent.kind} ${e.cause}`)
        .join("; ");
      assert.deepEqual(
        got.map((decision) => decision.kind),
        expected,
        shown,
      );
    });
  }
});
