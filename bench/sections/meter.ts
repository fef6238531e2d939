/**
 * What the meter costs a writing transaction: the same transactions through one relay, with and without a limit on rows changed,
 * in turns. Policy and analysis are the tests' stand-in, so that nothing else differs. Many tables stand beside the one that is changed.
 */
import pg from "pg";
import { startThrough, type Through } from "../../test/e2e/postgres-session/through.ts";
import { median } from "../statistics.ts";
import type { Row, Run } from "./section.ts";

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

const TABLES = 2000;
const EACH = 40;

export async function* meter({ stack, quick, note }: Run): AsyncGenerator<Row> {
  note("meter");
  const { server } = stack;
  await server.asSuperuser(
    `CREATE TABLE meter_rows (id int PRIMARY KEY, n int); INSERT INTO meter_rows SELECT generate_series(1, 1000), 0;
     DO $$ BEGIN FOR i IN 1..${TABLES} LOOP EXECUTE 'CREATE TABLE other_' || i || ' (id int)'; END LOOP; END $$`,
  );
  const through = await startThrough(server);
  try {
    for (const [name, transaction] of Object.entries(transactions)) {
      note(`meter: ${name}`);
      yield await measured(through, server.url(), { name, transaction, rounds: quick ? 2 : 8 });
    }
  } finally {
    await through.listener.stop();
  }
}

interface Measured {
  readonly name: string;
  readonly transaction: Transaction;
  readonly rounds: number;
}

async function measured(through: Through, directUrl: string, { name, transaction, rounds }: Measured): Promise<Row> {
  const client = new pg.Client({ connectionString: through.url() });
  const direct = new pg.Client({ connectionString: directUrl });
  await client.connect();
  await direct.connect();
  const took: Record<"direct" | "without" | "with", number[]> = { direct: [], without: [], with: [] };
  for (let round = 0; round <= rounds; round++) {
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
  return {
    section: "meter",
    name,
    figures: { "direct us": straight, "relay us": without, "metered us": metered, "adds us": metered - without },
  };
}
