/** Parameters by name: which colons are one, each as PostgreSQL's own grammar would read the text without it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aws } from "../../packs/aws.ts";
import { sqlTextsIn } from "./sql-in-body.ts";
import { numberedParameters } from "./sql-parameters.ts";

const rows: readonly (readonly [text: string, wanted: string | undefined])[] = [
  ["SELECT * FROM t WHERE a = :a AND b=:b OR a <> :a", "SELECT * FROM t WHERE a = $1 AND b=$2 OR a <> $1"],
  ["SELECT ':a', \":a\", $$:a$$, $x$ :a $$ $x$", "SELECT ':a', \":a\", $$:a$$, $x$ :a $$ $x$"],
  ["SELECT 'it''s :a', E'it\\'s :a', :b", "SELECT 'it''s :a', E'it\\'s :a', $1"],
  ["SELECT :a::int, b::text, '1'::date -- :c\n, :d", "SELECT $1::int, b::text, '1'::date -- :c\n, $2"],
  ["SELECT /* :a /* :b */ :c */ :d", "SELECT /* :a /* :b */ :c */ $1"],
  ["SELECT x[1:2], f(a := :v)", "SELECT x[1:2], f(a := $1)"],
  ["SELECT a$b$, :c", "SELECT a$b$, $1"],
  ["SELECT name'x:y' ", "SELECT name'x:y' "],
  ["SELECT /* open :a", undefined],
  ["SELECT $$ open :a", undefined],
  ["SELECT E'open :a", undefined],
];

for (const [text, wanted] of rows) test(text, () => assert.equal(numberedParameters(text), wanted));

test("RDS Data's texts are judged so, and one without an end is not read", () => {
  const sql = aws.operations.find(({ id }) => id === "sqlexec-rds")?.sql;
  assert.ok(sql !== undefined);
  assert.deepEqual(sqlTextsIn(sql, new Map([["sql", "DELETE FROM t WHERE id = :id::int"]])), ["DELETE FROM t WHERE id = $1::int"]);
  assert.ok("problem" in sqlTextsIn(sql, new Map([["sql", "SELECT $$ :id"]])));
});
