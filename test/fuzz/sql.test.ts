/**
 * Properties of the SQL analysis over any text: it never throws, spelling does not change effects, wrapping never hides them.
 * It does not time anything; text that breaks the parser itself is the pool's test.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Effect } from "../../src/model/effect.ts";
import type { Analysis } from "../../src/effects/analyse.ts";
import { analyseSql } from "../../src/effects/sql/script.ts";
import { corpusFiles, readCorpus } from "../corpus/sql/corpus.ts";
import { corpusCatalogue, corpusContext } from "../corpus/sql/judge.ts";

const catalogue = await corpusCatalogue();
const judge = (sql: string): Analysis => analyseSql(sql, corpusContext, catalogue);
const texts = corpusFiles().flatMap((file) => readCorpus(file).specimens.map((specimen) => specimen.sql));
const words = [...new Set(texts.flatMap((text) => text.split(/(\s+|[(),;'"$])/)))].filter((word) => word !== "");

function effectsOf(sql: string): readonly Effect[] | undefined {
  const analysis = judge(sql);
  return analysis.kind === "refused" ? undefined : analysis.statements.flatMap((statement) => statement.effects);
}

const key = (effect: Effect): string => JSON.stringify([effect.operation, effect.resource, effect.detail, effect.extent.kind]);

describe("any text", () => {
  test("words of the corpus in any order never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 30 }), (chosen) => void judge(chosen.join(" "))),
      { numRuns: 2_000 },
    );
  });
  test("any string never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (sql) => void judge(sql)),
      { numRuns: 2_000 },
    );
  });
  test("a corpus text cut, doubled or spliced anywhere never throws", () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.constantFrom(...texts), fc.nat(), fc.nat(), (a, b, i, j) => {
        judge(a.slice(0, i % (a.length + 1)) + b.slice(j % (b.length + 1)));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("spelling", () => {
  for (const [name, respell] of [
    // The parser refuses a comment where the grammar looks one word ahead (NOT IN, NULLS FIRST, WITH TIME): refused, never misread.
    ["comments between words", (sql: string) => sql.replace(/(?<!\b(?:NOT|NULLS|WITH|WITHOUT|FORMAT)) /gi, " /* x /* y */ */ ")],
    ["line ends between words", (sql: string) => sql.replace(/ /g, "\n\t ")],
    ["a comment and semicolons around", (sql: string) => `-- first\n;;${sql}\n;`],
  ] as const) {
    test(`same_act_same_effect: ${name}`, () => {
      for (const sql of texts) {
        if (/['"$]|--|\/\*|U&/.test(sql)) continue;
        assert.deepEqual(effectsOf(respell(sql))?.map(key), effectsOf(sql)?.map(key), sql);
      }
    });
  }
  test("same_act_same_effect: upper case", () => {
    for (const sql of texts) {
      if (/['"$]|--|U&/.test(sql)) continue;
      assert.deepEqual(effectsOf(sql.toUpperCase())?.map(key), effectsOf(sql)?.map(key), sql);
    }
  });
});

describe("wrapping never makes effects fewer", () => {
  const wraps: readonly (readonly [string, RegExp, (sql: string) => string])[] = [
    ["EXPLAIN ANALYZE", /^(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b/, (sql) => `EXPLAIN ANALYZE ${sql}`],
    ["PREPARE", /^(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES)\b/, (sql) => `PREPARE wrapped AS ${sql}`],
    [
      "a CTE",
      /^(SELECT|INSERT|UPDATE|DELETE|VALUES)\b/,
      (sql) => `WITH wrapped AS (${/^(INSERT|UPDATE|DELETE)/.test(sql) && !/RETURNING/.test(sql) ? `${sql} RETURNING 1` : sql}) SELECT 1`,
    ],
    ["COPY", /^(SELECT|VALUES)\b/, (sql) => `COPY (${sql}) TO STDOUT`],
    ["a cursor", /^(SELECT|VALUES)\b/, (sql) => `DECLARE wrapped CURSOR FOR ${sql}`],
    ["a sub-select", /^(SELECT|VALUES)\b/, (sql) => `SELECT * FROM (${sql}) AS wrapped`],
  ];
  for (const [name, fits, wrap] of wraps) {
    test(name, () => {
      let tried = 0;
      for (const sql of texts) {
        const bare = fits.test(sql) && !/;|--|\bINTO [a-z]+$|FOR (UPDATE|SHARE)/.test(sql) ? effectsOf(sql) : undefined;
        const wrapped = bare === undefined ? undefined : effectsOf(wrap(sql));
        if (bare === undefined || wrapped === undefined) continue;
        tried += 1;
        const kept = new Set(wrapped.map(key));
        assert.deepEqual(
          bare.map(key).filter((one) => !kept.has(one)),
          [],
          sql,
        );
      }
      assert.ok(tried > 50, `${tried}`);
    });
  }
});

describe("long and deep texts come to an end", { timeout: 120_000 }, () => {
  const many = (count: number, make: (index: number) => string, between: string): string =>
    Array.from({ length: count }, (_, index) => make(index)).join(between);
  const shapes: readonly (readonly [string, string])[] = [
    ["NOT in NOT", `DELETE FROM orders WHERE ${"NOT (".repeat(300)}id = 1${")".repeat(300)}`],
    ["AND in OR", `DELETE FROM orders WHERE ${"(id = 1 AND (status = 'x' OR ".repeat(400)}true${"))".repeat(400)}`],
    ["a long OR", `DELETE FROM orders WHERE ${many(3_000, (index) => `id = ${index}`, " OR ")}`],
    [
      "a chain of WITH",
      `WITH c0 AS (SELECT 1), ${many(500, (index) => `c${index + 1} AS (SELECT * FROM c${index})`, ", ")} SELECT * FROM c500`,
    ],
    ["EXISTS in EXISTS", `DELETE FROM orders WHERE ${"EXISTS (SELECT 1 FROM customers WHERE ".repeat(100)}id = 1${")".repeat(100)}`],
    [
      "functions that call the next one twice",
      `${many(40, (index) => `CREATE FUNCTION f${index + 1}() RETURNS int LANGUAGE sql AS 'SELECT ${index === 0 ? "1" : `f${index}() + f${index}()`}'`, ";")}; SELECT f40()`,
    ],
  ];
  for (const [name, sql] of shapes) test(name, () => assert.equal(judge(sql).kind, "understood"));
});
