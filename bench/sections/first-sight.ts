/**
 * What judging a statement for the first time adds: queries of TPC-H's size, each text new, through Holdfast and without it.
 * The tables are empty, so that the server's own time is little more than its planning.
 */
import { rawClient } from "../raw-client.ts";
import type { PathName, Stack } from "../stack/open-stack.ts";
import { percentile } from "../statistics.ts";
import type { Row, Run } from "./section.ts";
import { analyticQueries } from "./analytic-queries.ts";

export async function firstSight(run: Run): Promise<readonly Row[]> {
  run.note("first sight of a statement");
  const rounds = run.quick ? 40 : 300;
  const rows: Row[] = [];
  for (const [name, query] of analyticQueries) {
    const times = await measured(run.stack, query, rounds);
    const at = (path: PathName, share: number): number | undefined => {
      const figures = times.get(path);
      return figures === undefined ? undefined : percentile(figures, share);
    };
    const added = (at("holdfast", 0.5) ?? Number.NaN) - (at("direct", 0.5) ?? Number.NaN);
    const figures = {
      "direct p50 ms": at("direct", 0.5),
      "pgb p50 ms": at("pgbouncer", 0.5),
      "hf p50 ms": at("holdfast", 0.5),
      "hf p99 ms": at("holdfast", 0.99),
      "added ms": added,
    };
    rows.push({
      section: "first sight",
      name: `${name} (${query("").length} bytes)`,
      figures,
      goal: { text: "added <= 1 ms", met: added <= 1 },
    });
  }
  return rows;
}

const WARM_UP = 20;

/** Milliseconds of each query by path; the paths take turns at every query. */
async function measured(stack: Stack, query: (word: string) => string, rounds: number): Promise<ReadonlyMap<PathName, readonly number[]>> {
  const lanes = await Promise.all(stack.paths.map(async (path) => ({ path, client: await rawClient(path, stack.database) })));
  const times = new Map<PathName, number[]>(stack.paths.map(({ name }) => [name, []]));
  for (let n = 0; n < rounds + WARM_UP; n++) {
    for (const { path, client } of lanes) {
      const sql = query(`${path.name} ${n}`);
      const before = performance.now();
      await client.run(sql);
      if (n >= WARM_UP) times.get(path.name)?.push(performance.now() - before);
    }
  }
  for (const { client } of lanes) client.end();
  return times;
}
