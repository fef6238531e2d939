/**
 * What the meter costs a writing transaction: the same transactions through one relay, with and without a limit on rows changed,
 * in turns. Policy and analysis are the tests' stand-in, so that nothing else differs. Run it by itself: `node bench/meter.ts`.
 */
import pg from "pg";
import { startServer } from "../test/support/servers.ts";
import { startThrough } from "../test/e2e/postgres-session/through.ts";
import { median } from "./statistics.ts";

type Transaction = (client: pg.Client, i: number) => Promise<unknown>;

const update = (i: number): string => `UPDATE meter_rows SET n = n + 1 WHERE id = ${(i % 1000) + 1}`;
const extended = (client: pg.Client, text: string): Promise<unknown> =>
  client.query({ text, queryMode: "extended" } as unknown as pg.QueryConfig);

const transactions: Readonly<Record<string, Transaction>> = {
  "autocommit, simple": (client, i) => client.query(update(i)),
  "autocommit, extended": (client, i) => extended(client, update(i)),
  "one text": (client, i) => client.query(`BEGIN; ${update(i)}; COMMIT`),
  "block of 1 change, simple": (client, i) => block(client, i, 1),
  "block of 5 changes, simple": (client, i) => block(client, i, 5),
  "block of reads": async (client) => {
    for (const text of ["BEGIN", "SELECT 1", "COMMIT"]) await client.query(text);
  },
};

async function block(client: pg.Client, i: number, changes: number): Promise<void> {
  await client.query("BEGIN");
  for (let k = 0; k < changes; k++) await client.query(update(i + k));
  await client.query("COMMIT");
}

const ROUNDS = 12;
const EACH = 60;
/** A schema of this many tables stands beside the one that is changed. */
const schemas = [1, 2000] as const;

const server = await startServer({ version: 18, settings: { fsync: true } });
await server.asSuperuser("CREATE TABLE meter_rows (id int PRIMARY KEY, n int); INSERT INTO meter_rows SELECT generate_series(1, 1000), 0");
const through = await startThrough(server);
for (const tables of schemas) {
  if (tables > 1)
    await server.asSuperuser(
      `DO $$ BEGIN FOR i IN 1..${tables} LOOP EXECUTE 'CREATE TABLE other_' || i || ' (id int PRIMARY KEY)'; END LOOP; END $$`,
    );
  process.stdout.write(`${tables} tables, microseconds a transaction (median of ${ROUNDS} rounds of ${EACH})\n`);
  for (const [name, transaction] of Object.entries(transactions)) await measure(name, transaction);
}
await through.listener.stop();
await server.stop();

async function measure(name: string, transaction: Transaction): Promise<void> {
  const client = new pg.Client({ connectionString: through.url() });
  const direct = new pg.Client({ connectionString: server.url() });
  await client.connect();
  await direct.connect();
  const took: Record<"direct" | "without" | "with", number[]> = { direct: [], without: [], with: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const path of ["direct", "without", "with"] as const) {
      through.guard.obligations =
        path === "with"
          ? [
              { kind: "rows_changed_max", rows: 100 },
              { kind: "rows_changed_per_transaction_max", rows: 1000 },
            ]
          : [];
      const before = performance.now();
      for (let i = 0; i < EACH; i++) await transaction(path === "direct" ? direct : client, round * EACH + i);
      // The first round only warms up.
      if (round > 0) took[path].push(((performance.now() - before) * 1000) / EACH);
    }
  }
  await client.end();
  await direct.end();
  const [straight, without, metered] = [median(took.direct), median(took.without), median(took.with)];
  const figures = [`direct ${straight.toFixed(0)}`, `relay ${without.toFixed(0)}`, `metered ${metered.toFixed(0)}`];
  process.stdout.write(`  ${name.padEnd(28)}${figures.join("  ")}  metered/relay ${(metered / without).toFixed(2)}\n`);
}
