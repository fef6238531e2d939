/**
 * How fast SQL is judged: distinct texts in one thread, through the pool, and the first sight of a TPC-H-size query.
 * It prints figures and asserts nothing: the machine's load is not ours to judge.
 */
import { loadModule } from "libpg-query";
import { systemClock } from "../src/base/clock.ts";
import { builtinCatalogue } from "../src/catalogue/builtin/builtin.ts";
import { analyseSql } from "../src/effects/sql/script.ts";
import { createSqlAnalyser } from "../src/effects/sql/pool/pool.ts";
import { corpusFiles, readCorpus } from "../test/corpus/sql/corpus.ts";
import { corpusCatalogue, corpusContext } from "../test/corpus/sql/judge.ts";

/** TPC-H query 21, over the corpus's tables so that every name resolves. */
const LARGE = `SELECT c.name, count(*) AS numwait FROM customers c, order_items l1, orders o, products n
WHERE c.id = o.customer_id AND o.id = l1.order_id AND o.status = 'F' AND l1.quantity > l1.line
AND EXISTS (SELECT * FROM order_items l2 WHERE l2.order_id = l1.order_id AND l2.product_id <> l1.product_id)
AND NOT EXISTS (SELECT * FROM order_items l3 WHERE l3.order_id = l1.order_id AND l3.product_id <> l1.product_id AND l3.quantity > l3.line)
AND l1.product_id = n.id AND n.title = 'SAUDI ARABIA' GROUP BY c.name ORDER BY numwait DESC, c.name LIMIT 100`;

await loadModule();
const catalogue = await corpusCatalogue();
const texts = corpusFiles().flatMap((file) => readCorpus(file).specimens.map((specimen) => specimen.sql));
const distinct = Array.from({ length: 20_000 }, (_, index) => `${texts[index % texts.length] ?? ""} -- ${index}`);

function report(what: string, count: number, ms: number): void {
  process.stdout.write(
    `${what.padEnd(46)} ${String(Math.round((count / ms) * 1000)).padStart(8)} /s ${((ms / count) * 1000).toFixed(1).padStart(9)} us\n`,
  );
}

for (const round of ["first pass", "second pass"]) {
  const started = systemClock.monotonic();
  for (const sql of distinct) analyseSql(sql, corpusContext, catalogue);
  report(`distinct corpus texts, one thread, ${round}`, distinct.length, systemClock.monotonic() - started);
}

const tries: number[] = [];
for (let index = 0; index < 200; index += 1) {
  const started = systemClock.monotonic();
  analyseSql(`${LARGE} -- ${index}`, corpusContext, catalogue);
  tries.push(systemClock.monotonic() - started);
}
tries.sort((a, b) => a - b);
report("TPC-H Q21 in size, median of 200", 1, tries[100] ?? 0);
report("TPC-H Q21 in size, 99th of 100", 1, tries[198] ?? 0);

const pool = createSqlAnalyser({ workers: 1 });
pool.publish(builtinCatalogue());
const context = { ...corpusContext, catalogueVersion: builtinCatalogue().version };
await pool.analyse({ kind: "sql", text: "SELECT 1", door: "simple", context });
const started = systemClock.monotonic();
for (let from = 0; from < 10_000; from += 100) {
  await Promise.all(distinct.slice(from, from + 100).map((text) => pool.analyse({ kind: "sql", text, door: "simple", context })));
}
report("distinct texts through one worker, 100 in flight", 10_000, systemClock.monotonic() - started);
await pool.close();
