/**
 * A million rows out, by COPY and by SELECT, over all paths in turn; the client drops them unread so that it does not hide the difference.
 */
import { rawClient } from "../raw-client.ts";
import { median } from "../statistics.ts";
import type { TestServer } from "../../test/support/servers.ts";
import type { PathName } from "../stack/open-stack.ts";
import type { Row, Run } from "./section.ts";

const statements = [
  ["COPY out", "COPY bench_rows TO STDOUT"],
  ["SELECT", "SELECT * FROM bench_rows"],
] as const;
const rows = 1_000_000;

export async function bulk(run: Run): Promise<readonly Row[]> {
  const results: Row[] = [];
  for (const [name, sql] of statements) {
    run.note(`${name} of ${rows} rows`);
    results.push(await compared(run, name, sql));
  }
  return results;
}

/** The table that is read. */
export async function fillRows(server: TestServer, database: string): Promise<void> {
  await server.asSuperuser("CREATE TABLE bench_rows (id bigint PRIMARY KEY, owner int, note text)", database);
  await server.asSuperuser(
    `INSERT INTO bench_rows SELECT i, i % 977, repeat('row ' || i || ' ', 6) FROM generate_series(1, ${rows}) i`,
    database,
  );
  await server.asSuperuser("GRANT SELECT ON bench_rows TO PUBLIC", database);
  await server.asSuperuser("VACUUM ANALYZE bench_rows", database);
}

async function compared({ stack, quick }: Run, name: string, sql: string): Promise<Row> {
  const seconds = new Map<PathName, number[]>();
  let bytes = 0;
  for (let round = 0; round < (quick ? 2 : 7); round++) {
    for (const path of stack.paths) {
      const client = await rawClient(path, stack.database);
      const before = performance.now();
      bytes = await client.run(sql);
      const took = (performance.now() - before) / 1000;
      client.end();
      // The first round only warms the server's cache and the compilers.
      if (round > 0) seconds.set(path.name, [...(seconds.get(path.name) ?? []), took]);
    }
  }
  const of = (path: PathName): number | undefined => {
    const all = seconds.get(path);
    return all === undefined ? undefined : median(all);
  };
  const [bouncer, holdfast] = [of("pgbouncer"), of("holdfast")];
  const ratio = bouncer === undefined || holdfast === undefined ? undefined : bouncer / holdfast;
  const base = {
    section: "bulk",
    name: `${name}, 1,000,000 rows`,
    figures: { MiB: bytes / 2 ** 20, "direct s": of("direct"), "pgb s": bouncer, "hf s": holdfast, "hf/pgb": ratio },
  };
  return ratio === undefined ? base : { ...base, goal: { text: "hf/pgb >= 0.9", met: ratio >= 0.9 } };
}
