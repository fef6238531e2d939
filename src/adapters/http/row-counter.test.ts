/** Rows are counted as JSON.parse would count them, wherever the answer is cut; what cannot be counted does not go on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RowCounter } from "./row-counter.ts";

const NEON = ["rows", "results.rows"];
const answers: readonly (readonly [paths: readonly string[], answer: unknown, rows: number])[] = [
  [[""], [{ a: 1 }, { a: [1, 2, 3] }, null], 3],
  [[""], [], 0],
  [[""], { message: "an error" }, 0],
  [NEON, { fields: [{ name: "a" }], rows: [{ a: "x]," }, { a: '\\"[' }], rowCount: 2 }, 2],
  [
    NEON,
    {
      results: [
        {
          rows: [
            [1, [2]],
            [3, null],
          ],
        },
        { rows: [[true, "rows"]] },
      ],
    },
    3,
  ],
  [["records"], { records: [[{ stringValue: "{" }], [{ isNull: true }]], numberOfRecordsUpdated: 0 }, 2],
  [["results.rows"], { results: [{ rows: [{ values: [{ value: "1" }] }] }] }, 1],
];

function counted(counter: RowCounter, text: string, size: number): string | undefined {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    const problem = counter.step(bytes.subarray(at, at + size));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

describe("rows of an answer", () => {
  for (const [paths, answer, rows] of answers)
    test(`${JSON.stringify(answer)}: ${rows}`, () => {
      for (const text of [JSON.stringify(answer), `\n${JSON.stringify(answer, null, 2)}\n`])
        for (const size of [1, 2, 7, 4_096]) {
          const counter = new RowCounter(paths, 100);
          assert.equal(counted(counter, text, size), undefined, text);
          assert.equal(counter.rows, rows);
        }
    });

  test("one more than permitted does not go on, in one list or in several", () => {
    const rows = (count: number): object[] => Array.from({ length: count }, (_, at) => ({ at }));
    assert.equal(counted(new RowCounter(NEON, 4), JSON.stringify({ rows: rows(4) }), 3), undefined);
    assert.match(counted(new RowCounter(NEON, 4), JSON.stringify({ rows: rows(5) }), 3) ?? "", /more than the 4 rows/);
    const both = JSON.stringify({ results: [{ rows: rows(3) }, { rows: rows(2) }] });
    assert.match(counted(new RowCounter(NEON, 4), both, 3) ?? "", /more than the 4 rows/);
  });

  test("a list at a place that nobody named is held to it as well", () =>
    assert.match(counted(new RowCounter(["rows"], 4), JSON.stringify({ data: { records: [1, 2, 3, 4, 5] } }), 3) ?? "", /more than/));

  for (const text of ["a,b\n1,2\n", '"rows"', "[1][2]", '{"rows":[1}', "1"])
    test(`no rows can be counted in ${JSON.stringify(text)}`, () => assert.ok(counted(new RowCounter(["rows"], 4), text, 1) !== undefined));
});
