import assert from "node:assert/strict";
import { test } from "node:test";
import { numberShape } from "./numbers.ts";

const shapes: readonly (readonly [sql: string, shape: string | undefined])[] = [
  ["SELECT a FROM t WHERE id = 4711;", "SELECT a FROM t WHERE id = 0000;"],
  ["UPDATE t SET a = a + -12 WHERE id = 3", "UPDATE t SET a = a + -00 WHERE id = 0"],
  ["INSERT INTO t VALUES (1,22,333)", "INSERT INTO t VALUES (0,00,000)"],
  ["SELECT 999999999", "SELECT 000000000"],
  // Not whole numbers, or not numbers at all.
  ["SELECT a FROM t", undefined],
  ["SELECT 1234567890", undefined],
  ["SELECT 1.5, .5, 5., 1e5, 0x1F, 1_000, 12a FROM t1 WHERE a2b = c3", undefined],
  // More than single characters would have to be understood.
  ["SELECT 1 -- 2", undefined],
  ["SELECT 1 /* 2 */", undefined],
  ["SELECT '1'", undefined],
  ['SELECT "a1", 1', undefined],
  ["SELECT $1, 1", undefined],
  ["SELECT 1\\2", undefined],
  ["SELECT 1 AS é", undefined],
  ["SELECT 1é", undefined],
  [`SELECT 1${" ".repeat(3000)}`, undefined],
];

for (const [sql, shape] of shapes) {
  test(`the shape of \`${sql.slice(0, 70)}\``, () => assert.equal(numberShape(sql)?.shape, shape));
}

test("a shape has the length of its text, and is its own shape", () => {
  for (const [sql] of shapes) {
    const found = numberShape(sql);
    if (found === undefined) continue;
    assert.equal(found.shape.length, sql.length);
    assert.equal(numberShape(found.shape)?.shape, found.shape);
  }
});
