/**
 * Numbers that are called free make no difference: every text whose analysis says so is analysed again with other numbers.
 * The corpus and texts put together at random give the texts; what looks free and is not is listed by hand.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { corpusFiles, readCorpus } from "../../../test/corpus/sql/corpus.ts";
import { analyseInCorpus, corpusCatalogue } from "../../../test/corpus/sql/judge.ts";
import type { Analysis } from "../analyse.ts";
import { numberShape } from "../numbers.ts";

await corpusCatalogue();

const isFree = (analysis: Analysis): boolean => analysis.kind === "understood" && analysis.numbersFree === true;

/** The text with each masked number replaced by one of as many digits. */
function withNumbers(sql: string, digit: (index: number) => number): string {
  const shape = numberShape(sql)?.shape ?? sql;
  let index = 0;
  return [...sql]
    .map((character, at) => (shape[at] === "0" && /\d/.test(character) && isMasked(sql, at) ? String(digit(index++)) : character))
    .join("");
}

/** A zero of the shape stands for a masked digit, or for a zero that was left alone: changing the digit tells. */
function isMasked(sql: string, at: number): boolean {
  const other = `${sql.slice(0, at)}${sql[at] === "7" ? "3" : "7"}${sql.slice(at + 1)}`;
  return numberShape(other)?.shape === numberShape(sql)?.shape;
}

async function demandSame(sql: string, digit: (index: number) => number): Promise<void> {
  const analysis = await analyseInCorpus(sql);
  const other = withNumbers(sql, digit);
  assert.deepEqual(await analyseInCorpus(other), analysis, `${sql}\n${other}`);
}

test("free numbers of the corpus make no difference", async () => {
  let free = 0;
  for (const { sql } of corpusFiles().flatMap((file) => readCorpus(file).specimens)) {
    if (!isFree(await analyseInCorpus(sql))) continue;
    free += 1;
    for (const digit of [() => 0, () => 1, (index: number) => (index * 7 + 3) % 10]) await demandSame(sql, digit);
  }
  assert.ok(free >= 20, `${free} statements of the corpus have free numbers`);
});

const number = fc.constantFrom("0", "1", "5", "10", "11", "404");
const column = fc.constantFrom("id", "customer_id", "total", "orders.id");
const operand = fc.oneof(
  { weight: 3, arbitrary: number },
  { weight: 2, arbitrary: column },
  { weight: 1, arbitrary: fc.constant("id + 0") },
);
const operator = fc.constantFrom("=", "<>", "<", ">", "<=", ">=");
const condition = fc.letrec<{ all: string; leaf: string }>((tie) => ({
  leaf: fc.tuple(operand, operator, operand).map((parts) => parts.join(" ")),
  all: fc.oneof(
    { weight: 3, arbitrary: tie("leaf") },
    fc.tuple(tie("all"), fc.constantFrom("AND", "OR"), tie("all")).map(([a, word, b]) => `(${a}) ${word} (${b})`),
    tie("all").map((inner) => `NOT (${inner})`),
    fc.tuple(column, number, number).map(([left, a, b]) => `${left} IN (${a}, ${b})`),
  ),
})).all;
const statement = fc.oneof(
  condition.map((where) => `SELECT total FROM orders WHERE ${where}`),
  fc.tuple(condition, number).map(([where, limit]) => `SELECT total FROM orders WHERE ${where} LIMIT ${limit}`),
  condition.map((where) => `DELETE FROM orders WHERE ${where}`),
  fc.tuple(operand, condition).map(([value, where]) => `UPDATE orders SET total = total + ${value} WHERE ${where}`),
  fc.tuple(operand, number).map(([value, row]) => `INSERT INTO orders (id, total) VALUES (${row}, ${value.replace(/[a-z_.]+/g, "1")})`),
);

test("free numbers of random texts make no difference", async () => {
  let free = 0;
  const property = fc.asyncProperty(statement, fc.infiniteStream(fc.nat(9)), async (sql, digits) => {
    if (!isFree(await analyseInCorpus(sql))) return;
    free += 1;
    await demandSame(sql, () => digits.next().value ?? 0);
  });
  await fc.assert(property, { numRuns: 1500 });
  assert.ok(free >= 100, `${free} of the random texts had free numbers`);
});

describe("numbers that could matter are not free", () => {
  const texts = [
    "DELETE FROM orders WHERE 1 = 1",
    "DELETE FROM orders WHERE id = 5 OR id <> 5",
    "DELETE FROM orders WHERE NOT (id = 5)",
    "DELETE FROM orders WHERE id + 0 = id",
    "DELETE FROM orders WHERE id = 5 AND 1 = 1",
    "DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT 5)",
    "SELECT total FROM orders WHERE id = 5 LIMIT 1",
    "SELECT total FROM orders WHERE id = 5 ORDER BY 1",
    "SELECT pg_terminate_backend(5)",
    "SELECT total FROM orders WHERE id = pg_backend_pid() + 5",
    "SELECT 1259::regclass",
    "SELECT total::numeric(9) FROM orders WHERE id = 5",
    "SET statement_timeout = 5",
    "SELECT total FROM orders WHERE id = 5; DELETE FROM orders WHERE id = 5",
    "UPDATE orders SET total = nextval(5) WHERE id = 5",
    "INSERT INTO orders (id) SELECT 5 LIMIT 5",
    "EXPLAIN DELETE FROM orders WHERE id = 5",
    "PREPARE a AS DELETE FROM orders WHERE id = 5",
  ];
  for (const sql of texts) test(sql, async () => assert.equal(isFree(await analyseInCorpus(sql)), false));
});

describe("what applications send in numbers is free", () => {
  const texts = [
    "SELECT total FROM orders WHERE id = 5;",
    "SELECT total FROM orders WHERE id >= 5 AND customer_id = 70",
    "UPDATE orders SET total = total + -5 WHERE id = 70;",
    "UPDATE orders SET total = 0 WHERE id = 0",
    "INSERT INTO orders (id, customer_id, total) VALUES (1, 2, 3), (4, 5, 6)",
    "DELETE FROM orders WHERE id = 5",
  ];
  for (const sql of texts) test(sql, async () => assert.equal(isFree(await analyseInCorpus(sql)), true));
});
