import assert from "node:assert/strict";
import { test } from "node:test";
import { figureOf, strictest } from "./obligations.ts";

test("the strictest of two limits of each table wins, whatever their order", () => {
  const permit = [
    { kind: "rows_changed_share_max", percent: 50 },
    { kind: "rows_changed_per_table_max", rows: 10 },
  ] as const;
  const policy = [
    { kind: "rows_changed_per_table_max", rows: 200 },
    { kind: "rows_changed_share_max", percent: 5 },
    { kind: "rows_changed_per_transaction_max", rows: 1000 },
  ] as const;
  const expected = [
    { kind: "rows_changed_per_transaction_max", rows: 1000 },
    { kind: "rows_changed_per_table_max", rows: 10 },
    { kind: "rows_changed_share_max", percent: 5 },
  ];
  assert.deepEqual(strictest([...permit, ...policy]), expected);
  assert.deepEqual(strictest([...policy, ...permit]), expected);
  assert.deepEqual(strictest([...permit, ...policy]).map(figureOf), [1000, 10, 5]);
});
