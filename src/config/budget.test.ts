import assert from "node:assert/strict";
import { test } from "node:test";
import { noBudget, strictestBudget } from "../model/run.ts";
import { parseBudget } from "./budget.ts";

test("a budget on the command line is read figure by figure", () => {
  assert.deepEqual(parseBudget("statements=5, rows_read=10,rows_changed=3,bytes=2KiB,held=1,wall=90s"), {
    budget: { statements: 5, rowsRead: 10, rowsChanged: 3, bytes: 2048, held: 1, wallMs: 90_000 },
  });
  assert.deepEqual(parseBudget("wall=1h"), { budget: { ...noBudget, wallMs: 3_600_000 } });
});

for (const [text, message] of [
  ["row_read=5", "no budget is named `row_read`: did you mean `rows_read`?"],
  ["statements", "`statements` is not `statements=figure`"],
  ["statements=many", "`statements` takes a whole number from 1"],
  ["statements=0", "`statements` takes a whole number from 1"],
  ["bytes=5", "`bytes` takes an amount such as 64MiB"],
  ["wall=soon", "`wall` takes a time such as 2h"],
] as const) {
  test(`\`${text}\` is refused with what it takes`, () => assert.deepEqual(parseBudget(text), { message }));
}

test("of two budgets each figure is the lower one, whichever says it", () => {
  const target = { ...noBudget, statements: 10, rowsRead: 5 };
  assert.deepEqual(strictestBudget(target, { statements: 20, rowsRead: 3, rowsChanged: 7 }), { ...target, rowsRead: 3, rowsChanged: 7 });
  assert.deepEqual(strictestBudget(target, { statements: null }), target);
  assert.deepEqual(strictestBudget(undefined, {}), noBudget);
});
