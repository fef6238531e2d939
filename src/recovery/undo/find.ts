/**
 * Finds the rows that the acts left, pairs them with those that come back, and names what is not as it was left.
 * It changes nothing but the work table.
 */
import type { UndoConflictKind } from "../../model/recovery.ts";
import type { AdminClient } from "../../provision/sql.ts";
import { sameKey, work } from "./net.ts";
import { comparedText } from "./row-text.ts";
import { from, type Shape } from "./shape.ts";

/** One row of the work table that cannot be as it is to be. */
export interface Found {
  readonly n: string;
  readonly kind: UndoConflictKind;
  readonly because: string;
}

export async function findRows(client: AdminClient, shapes: readonly Shape[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const shape of shapes) found.push(...(shape.key === undefined ? await byWholeRow(client, shape) : await byKey(client, shape)));
  return found;
}

/** The first that is told of a row is the one that counts. */
const reasons = {
  twice: { kind: "changed", because: "others changed it between these acts: undo from the latest act on, or leave it" },
  changed: { kind: "changed", because: "it is no longer as the act left it" },
  gone: { kind: "gone", because: "it is not there any more" },
  taken: { kind: "taken", because: "another row has its key now" },
  lost: { kind: "gone", because: "no row is as the act left it: it was changed since, or is gone" },
} as const;

async function byKey(client: AdminClient, shape: Shape): Promise<readonly Found[]> {
  const { tab } = shape;
  const row = `(CAST(w.whole AS ${shape.name}))`;
  const other = `(CAST(m.whole AS ${shape.name}))`;
  const table = `${from(shape)} AS t`;
  const mine = `w.tab = ${tab}`;
  await client.query(
    `UPDATE ${work} w SET part = t.tableoid, place = t.ctid FROM ${table}
     WHERE ${mine} AND w.side = '-' AND ${sameKey(shape, "t", row)} AND ${comparedText("t", shape.compared)} = w.cmp`,
  );
  await client.query(
    `WITH pairs AS (SELECT w.n AS back, m.n AS away FROM ${work} w JOIN ${work} m ON ${sameKey(shape, row, other)}
       WHERE ${mine} AND m.tab = ${tab} AND w.side = '+' AND m.side = '-')
     UPDATE ${work} w SET peer = p.peer FROM (SELECT back AS n, away AS peer FROM pairs UNION ALL SELECT away, back FROM pairs) p WHERE w.n = p.n`,
  );
  const { rows } = await client.query(
    `SELECT w.n::text AS n, 'twice' AS how FROM ${work} w WHERE ${mine} AND (w.side, w.key) IN
       (SELECT d.side, d.key FROM ${work} d WHERE d.tab = ${tab} GROUP BY d.side, d.key HAVING count(*) > 1)
     UNION ALL SELECT w.n::text, CASE WHEN EXISTS (SELECT FROM ${table} WHERE ${sameKey(shape, "t", row)}) THEN 'changed' ELSE 'gone' END
       FROM ${work} w WHERE ${mine} AND w.side = '-' AND w.place IS NULL
     UNION ALL SELECT w.n::text, 'taken' FROM ${work} w JOIN ${table} ON ${sameKey(shape, "t", row)}
       WHERE ${mine} AND w.side = '+' AND w.peer IS NULL`,
  );
  return (rows as readonly { n: string; how: keyof typeof reasons }[]).map(({ n, how }) => ({ n, ...reasons[how] }));
}

/** Rows that nothing tells apart: as many as went or came. Which of equal rows goes is the same to everybody. */
async function byWholeRow(client: AdminClient, shape: Shape): Promise<readonly Found[]> {
  const { tab } = shape;
  const text = comparedText("t", shape.compared);
  await client.query(
    `WITH there AS (
       SELECT t.tableoid AS part, t.ctid AS place, ${text} AS cmp FROM ${from(shape)} AS t
     ), counted AS (
       SELECT h.part, h.place, h.cmp, pg_catalog.row_number() OVER (PARTITION BY h.cmp ORDER BY h.part, h.place) AS copy FROM there h
       WHERE h.cmp IN (SELECT v.cmp FROM ${work} v WHERE v.tab = ${tab} AND v.side = '-')
     ), wanted AS (
       SELECT v.n, v.cmp, pg_catalog.row_number() OVER (PARTITION BY v.cmp ORDER BY v.n) AS copy FROM ${work} v
       WHERE v.tab = ${tab} AND v.side = '-'
     )
     UPDATE ${work} w SET part = c.part, place = c.place FROM wanted a JOIN counted c ON c.cmp = a.cmp AND c.copy = a.copy WHERE w.n = a.n`,
  );
  const { rows } = await client.query(`SELECT w.n::text AS n FROM ${work} w WHERE w.tab = ${tab} AND w.side = '-' AND w.place IS NULL`);
  return (rows as readonly { n: string }[]).map(({ n }) => ({ n, ...reasons.lost }));
}
