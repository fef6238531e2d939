/**
 * `holdfast explain sql` as a process, fed with distinct lines: lines a second, the program's start included.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { analyticSchema } from "./analytic-queries.ts";
import type { Row, Run } from "./section.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "holdfast.js");

/** What an application sends: each text differs from all others in more than a number. */
const shapes: readonly ((n: number) => string)[] = [
  (n) =>
    `SELECT i.i_price, s.s_date FROM analytic.item i JOIN analytic.sale s ON s.s_key = i.i_sale WHERE s.s_clerk = 'clerk ${n}' AND i.i_line < ${n}`,
  (n) => `UPDATE analytic.sale SET s_status = 'state ${n}' WHERE s_key = ${n}`,
  (n) => `INSERT INTO analytic.region (r_key, r_name) VALUES (${n}, 'region ${n}')`,
  (n) => `DELETE FROM analytic.item WHERE i_sale = ${n} AND i_line = 1`,
  (n) =>
    `SELECT b_name AS name_${n}, sum(s_total) FROM analytic.buyer LEFT JOIN analytic.sale ON s_buyer = b_key GROUP BY b_name HAVING sum(s_total) > ${n}`,
];

export async function explain(run: Run): Promise<readonly Row[]> {
  run.note("explain");
  const lines = run.quick ? 4_000 : 40_000;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-explain-"));
  try {
    const schema = join(folder, "schema.sql");
    writeFileSync(schema, analyticSchema);
    const text = Array.from({ length: lines }, (_, n) => `${JSON.stringify({ sql: shapes[n % shapes.length]?.(n) })}\n`).join("");
    const before = performance.now();
    const answered = await answers(schema, text);
    const seconds = (performance.now() - before) / 1000;
    if (answered.lines !== lines || answered.allowed === 0) throw new Error(`explain answered ${answered.lines} of ${lines} lines`);
    const rate = lines / seconds;
    const figures = { lines, seconds, "lines/s": rate, "first answer s": answered.firstSeconds };
    return [
      { section: "explain", name: "holdfast explain sql, distinct lines", figures, goal: { text: ">= 2,000 lines/s", met: rate >= 2000 } },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answers(schema: string, text: string): Promise<{ lines: number; allowed: number; firstSeconds: number }> {
  const child = spawn(process.execPath, [program, "explain", "sql", "-e", "staging", "--schema", schema], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const before = performance.now();
  const result = { lines: 0, allowed: 0, firstSeconds: Number.NaN };
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (result.lines === 0) result.firstSeconds = (performance.now() - before) / 1000;
    const parts = (rest + chunk.toString("utf8")).split("\n");
    rest = parts.pop() ?? "";
    result.lines += parts.length;
    for (const line of parts) if (line.startsWith('{"decision":"allow"')) result.allowed += 1;
  });
  child.stdin.end(text);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(result));
  });
}
