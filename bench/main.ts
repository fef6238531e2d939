/**
 * `npm run bench`: starts its own servers, measures each goal of docs/performance.md and prints ratios of the same run.
 * Options: --quick (a smoke test), --json (JSON Lines: each row as soon as it is measured, the machine last), --only <section>[,<section>].
 * Exit code 0 when everything was measured, whether or not every goal was met; a missed goal is printed as missed.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { fill } from "./pgbench.ts";
import { goalsLine, rendered } from "./report.ts";
import { analyticSchema } from "./sections/analytic-queries.ts";
import { audit } from "./sections/audit.ts";
import { bulk, fillRows } from "./sections/bulk.ts";
import { explain } from "./sections/explain.ts";
import { firstSight } from "./sections/first-sight.ts";
import { meter } from "./sections/meter.ts";
import { http } from "./sections/http.ts";
import { idle } from "./sections/idle.ts";
import { plan } from "./sections/plan.ts";
import type { Row, Run } from "./sections/section.ts";
import { sessions } from "./sections/sessions.ts";
import { throughput } from "./sections/throughput.ts";
import { undo } from "./sections/undo.ts";
import { openStack } from "./stack/open-stack.ts";

type Measure = (run: Run) => AsyncIterable<Row> | Promise<readonly Row[]>;

const sections: readonly (readonly [name: string, measure: Measure])[] = [
  ["idle", idle],
  ["select", (run) => throughput(run, "select")],
  ["tpcb", (run) => throughput(run, "tpcb")],
  ["sessions", sessions],
  ["meter", meter],
  ["bulk", bulk],
  ["first-sight", firstSight],
  ["explain", explain],
  ["audit", audit],
  ["plan", plan],
  ["http", http],
  ["undo", undo],
];

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false }, only: { type: "string" } },
});
const wanted = options.only === undefined ? sections.map(([name]) => name) : options.only.split(",");
const unknown = wanted.find((name) => !sections.some(([known]) => known === name));
if (unknown !== undefined) {
  process.stderr.write(`\`${unknown}\` is no section: give some of ${sections.map(([name]) => name).join(", ")}\n`);
  process.exit(2);
}

const note = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
};
note("starting servers");
const stack = await openStack(async (direct, server, database) => {
  if (["select", "tpcb", "sessions"].some((name) => wanted.includes(name))) await fill(direct, database, options.quick ? 10 : 32);
  if (wanted.includes("bulk")) await fillRows(server, database);
  if (wanted.includes("first-sight")) await server.asSuperuser(analyticSchema, database);
});
// Stopped in the middle, it leaves no server behind.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    note("");
    void stack.close().finally(() => process.exit(1));
  });
}
const rows: Row[] = [];
try {
  for (const [name, measure] of sections) {
    if (!wanted.includes(name)) continue;
    const measured = measure({ stack, quick: options.quick, note });
    for await (const row of measured instanceof Promise ? await measured : measured) {
      rows.push(row);
      if (options.json) process.stdout.write(`${JSON.stringify(row)}\n`);
    }
  }
} finally {
  await stack.close();
}
note("");
const machine = { node: process.version, processors: cpus().length, processor: cpus()[0]?.model ?? "", quick: options.quick };
if (options.json) {
  process.stdout.write(`${JSON.stringify({ machine })}\n`);
} else {
  process.stdout.write(`Node ${machine.node}, ${machine.processors} processors (${machine.processor})\n`);
  process.stdout.write("latencies in microseconds; added/pgb: added p50 latency over PgBouncer's\n\n");
  process.stdout.write(`${rendered(rows)}\n${goalsLine(rows)}`);
}
