/** Which queries a read replica may answer: only those that any server with the same rows answers alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadModule, parseSync } from "libpg-query";
import { builtinCatalogue } from "../../catalogue/builtin/builtin.ts";
import { openCatalogue } from "../../catalogue/snapshot.ts";
import { analyseSql } from "./script.ts";

await loadModule();
const schema = `
  CREATE TABLE orders (id int PRIMARY KEY, note text, made timestamptz);
  CREATE SEQUENCE numbers;
  CREATE VIEW open_orders AS SELECT id, upper(note) AS note FROM orders;
  CREATE VIEW telling AS SELECT id, pg_backend_pid() AS pid FROM orders;
  CREATE VIEW telling_too AS SELECT * FROM telling;
  CREATE TABLE guarded (id int, tenant text);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON guarded USING (tenant = current_setting('app.tenant'));
  CREATE TABLE walled (id int, tenant text);
  ALTER TABLE walled ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON walled USING (tenant = 'a');
  CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
  CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN INSERT INTO orders VALUES (1); RETURN 1; END $$;
`;
const { catalogue, notUnderstood } = openCatalogue(builtinCatalogue()).withDdl([schema], parseSync);
const context = {
  role: "app",
  sessionRole: "app",
  searchPath: ["pg_catalog", "public"],
  temporary: ["scratch"],
  catalogueVersion: 1,
  pendingDdl: [],
};

function replicable(sql: string): boolean {
  const analysis = analyseSql(sql, context, catalogue);
  assert.equal(analysis.kind, "understood", sql);
  return analysis.kind === "understood" && analysis.statements.every((statement) => statement.replicable === true);
}

test("the schema is understood", () => assert.deepEqual(notUnderstood, []));

for (const sql of [
  "SELECT * FROM orders",
  "TABLE orders",
  "SELECT count(*), max(note) FROM orders WHERE id > $1 GROUP BY note ORDER BY 1 LIMIT 3",
  "SELECT date_trunc('day', made), json_agg(o) FROM orders o WHERE made > now() - interval '1 day' AND note ~ 'x' GROUP BY 1",
  "WITH recent AS (SELECT * FROM orders) SELECT * FROM recent JOIN open_orders USING (id)",
  "SELECT substring(note from 1 for 2), trim(note), position('a' in note), coalesce(note, ''), CURRENT_DATE FROM orders",
  "SELECT id FROM walled",
]) {
  test(`a replica may answer: ${sql}`, () => assert.equal(replicable(sql), true));
}

for (const sql of [
  "SELECT 1",
  "SELECT now()",
  "SELECT id, pg_backend_pid() FROM orders",
  "SELECT id, random() FROM orders",
  "SELECT id, txid_current() FROM orders",
  "SELECT id, pg_current_xact_id() FROM orders",
  "SELECT id, current_setting('port') FROM orders",
  "SELECT id, pg_is_in_recovery() FROM orders",
  "SELECT id, nextval('numbers') FROM orders",
  "SELECT id, currval('numbers') FROM orders",
  "SELECT id, set_config('a.b', 'c', false) FROM orders",
  "SELECT id, pg_advisory_lock(id) FROM orders",
  "SELECT id, pg_notify('a', note) FROM orders",
  "SELECT id, inet_server_port() FROM orders",
  "SELECT id, pg_sleep(1) FROM orders",
  "SELECT (SELECT pg_backend_pid()) FROM orders",
  "SELECT id FROM orders WHERE id IN (SELECT pid FROM pg_stat_activity)",
  "SELECT id, twice(id) FROM orders",
  "SELECT id, writes() FROM orders",
  "SELECT * FROM telling",
  "SELECT * FROM telling_too",
  "SELECT * FROM guarded",
  "SELECT * FROM orders FOR UPDATE",
  "SELECT * FROM (SELECT * FROM orders FOR SHARE) o",
  "SELECT * INTO copied FROM orders",
  "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
  "SELECT last_value FROM numbers",
  "SELECT * FROM scratch",
  "SELECT * FROM orders, nowhere",
  "SELECT * FROM orders TABLESAMPLE system (10)",
  "SELECT relname FROM pg_class",
  "SELECT * FROM information_schema.tables",
  "EXPLAIN SELECT * FROM orders",
  "COPY orders TO STDOUT",
  "SHOW port",
  "EXECUTE x",
  "DECLARE c CURSOR FOR SELECT * FROM orders",
  "INSERT INTO orders VALUES (1)",
]) {
  test(`only the primary may answer: ${sql}`, () => assert.equal(replicable(sql), false));
}
