/**
 * The point that a drill replays to, taken of the living server: a position in its WAL and what its sampled tables hold there.
 * What changes while it looks is left out: only what stood still can be held against a copy.
 */
import type { AdminClient } from "../../provision/sql.ts";
import { messageOf } from "../../base/message-of.ts";
import { type Sample, sampleTables, type TableFigures, tableFigures } from "./figures.ts";

export interface DrillPoint {
  readonly lsn: string;
  readonly timeline: number;
  readonly atMs: number;
  readonly figures: readonly TableFigures[];
  /** Whether the segment with the position was ended, so that it is archived now; otherwise why not. */
  readonly switched: true | string;
}

export interface PointParts {
  readonly client: AdminClient;
  readonly database: string;
  readonly sample: Sample;
  /** Tables to look at whatever their size. */
  readonly named: readonly string[];
  readonly statementMs: number;
  readonly now: () => number;
}

/** Rejects where the server does not say its position, as a replica does not. */
export async function takePoint({ client, database, sample, named, statementMs, now }: PointParts): Promise<DrillPoint> {
  const tables = await sampleTables(client, sample, named);
  const before = await tableFigures(client, database, tables, statementMs);
  const [at] = (await client.query(positionText)).rows as readonly { lsn: string; timeline: string }[];
  if (at === undefined) throw new Error("the server does not say where its WAL is");
  const atMs = now();
  const behind = await tableFigures(client, database, tables, statementMs);
  const figures = before.filter((each, index): each is TableFigures => each !== null && each.digest === behind[index]?.digest);
  // A server that recovers stops in front of what begins at the position: on a quiet server something has to begin there.
  await client.query("SELECT pg_catalog.pg_logical_emit_message(false, 'holdfast', 'drill')").catch(() => undefined);
  const switched = await client.query("SELECT pg_catalog.pg_switch_wal()").then(
    () => true as const,
    (error: unknown) => messageOf(error),
  );
  return { lsn: at.lsn, timeline: Number(at.timeline), atMs, figures, switched };
}

const positionText = `
SELECT pg_catalog.pg_current_wal_insert_lsn()::text AS lsn,
  ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int::text AS timeline`;
