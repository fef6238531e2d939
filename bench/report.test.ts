import assert from "node:assert/strict";
import { test } from "node:test";
import { goalsLine, rendered } from "./report.ts";
import type { Row } from "./sections/section.ts";
import { median, percentile } from "./statistics.ts";

const figures = Object.fromEntries(Array.from({ length: 13 }, (_, n) => [`figure ${n}`, 10 ** (n - 3)]));
const rows: readonly Row[] = [
  { section: "throughput", name: "-S prepared 32", figures, goal: { text: "hf/pgb >= 1", met: true } },
  {
    section: "throughput",
    name: "TPC-B simple 1",
    figures: { ...figures, "figure 0": undefined },
    goal: { text: "hf/pgb >= 1", met: false },
  },
  { section: "audit", name: "append", figures: { us: Number.NaN } },
];

test("the report fits 100 columns and holds every figure", () => {
  const text = rendered(rows);
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
  for (const name of Object.keys(figures)) assert.ok(text.includes(name), name);
  assert.match(text, /1,000,000,000/);
  assert.match(text, /append +-\n/);
});

test("a missed goal is named", () => {
  assert.match(rendered(rows), /-S prepared 32 .* met\n/);
  assert.match(rendered(rows), /TPC-B simple 1 .* MISSED\n/);
  assert.equal(goalsLine(rows), "1 of 2 goals met\n  missed: throughput: TPC-B simple 1 (hf/pgb >= 1)\n");
});

test("percentiles do not depend on the order", () => {
  const figuresOfTen = [9, 3, 1, 7, 5, 2, 8, 4, 10, 6];
  assert.equal(median(figuresOfTen), 6);
  assert.equal(percentile(figuresOfTen, 0.99), 10);
  assert.equal(percentile(figuresOfTen, 0), 1);
  assert.deepEqual(figuresOfTen.slice(0, 2), [9, 3]);
  assert.ok(Number.isNaN(median([])));
});
