/**
 * What judging a statement for the first time adds: queries of TPC-H's size, each text new, through Holdfast and without it.
 * The tables are empty, so that the server's own time is little more than its planning.
 */
import { rawClient } from "../raw-client.ts";
import { percentile } from "../statistics.ts";
import type { Row, Run } from "./section.ts";
import { analyticQueries } from "./analytic-queries.ts";

export async function firstSight(run: Run): Promise<readonly Row[]> {
  const { stack } = run;
  run.note("first sight of a statement");
  const rounds = run.quick ? 40 : 250;
  const rows: Row[] = [];
  for (const [name, query] of analyticQueries) {
    const times = new Map<string, number[]>();
    for (const path of stack.paths) {
      const client = await rawClient(path, stack.database);
      const figures: number[] = [];
      for (let n = 0; n < rounds + 20; n++) {
        const sql = query(`${path.name} ${n}`);
        const before = performance.now();
        await client.run(sql);
        if (n >= 20) figures.push(performance.now() - before);
      }
      client.end();
      times.set(path.name, figures);
    }
    const at = (path: string, share: number): number | undefined => {
      const figures = times.get(path);
      return figures === undefined ? undefined : percentile(figures, share);
    };
    const added = (at("holdfast", 0.5) ?? Number.NaN) - (at("direct", 0.5) ?? Number.NaN);
    rows.push({
      section: "first sight",
      name: `${name} (${query("").length} bytes)`,
      figures: {
        "direct p50 ms": at("direct", 0.5),
        "pgb p50 ms": at("pgbouncer", 0.5),
        "hf p50 ms": at("holdfast", 0.5),
        "hf p99 ms": at("holdfast", 0.99),
        "added ms": added,
      },
      goal: { text: "added <= 1 ms", met: added <= 1 },
    });
  }
  return rows;
}
