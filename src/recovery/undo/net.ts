/**
 * Nets the kept images of several transactions, row by row as multisets, into the work table of one undo: what must be there now and goes,
 * and what comes back. The order of the changes does not matter. It looks at no row of the tables themselves.
 */
import { undoTable } from "../../model/undo-journal.ts";
import { type AdminClient, ident } from "../../provision/sql.ts";
import { ofTransactions } from "./read-shapes.ts";
import { comparedText, parsedRow, rowOfTable, wholeText } from "./row-text.ts";
import type { Layout, Shape } from "./shape.ts";

/** Lives as long as the transaction. A row's `side` is `-` for what goes and `+` for what comes back. */
export const work = "pg_temp.holdfast_undo_work";

const createWork = `
CREATE TEMPORARY TABLE holdfast_undo_work (
  n bigint GENERATED ALWAYS AS IDENTITY, tab int NOT NULL, side "char" NOT NULL, layout int NOT NULL,
  cmp text NOT NULL, whole text NOT NULL, key text, part oid, place tid, peer bigint, skip bool NOT NULL DEFAULT false
) ON COMMIT DROP`;

/** More rows than this and the planner is told what the work table holds. */
const ANALYSE_ROWS = 1_000;

export async function makeWork(client: AdminClient): Promise<void> {
  await client.query(createWork);
}

/** Of one table. */
export async function netImages(client: AdminClient, shape: Shape, transactions: readonly string[]): Promise<void> {
  const [sum] = (await client.query(netSql(shape), [transactions])).rows as readonly { n: string }[];
  if (Number(sum?.n ?? 0) > ANALYSE_ROWS) await client.query(`ANALYZE ${work}`);
}

/** Of images that differ in columns only that not all have, the latest tells most. */
function netSql(shape: Shape): string {
  const best = (what: string) => `(pg_catalog.array_agg(x.${what} ORDER BY pg_catalog.sign(x.n) DESC, x.last DESC))[1]`;
  const least = (what: string) => `(pg_catalog.array_agg(x.${what} ORDER BY pg_catalog.sign(x.n), x.last DESC))[1]`;
  const pick = (what: string) => `CASE WHEN sum(x.n) > 0 THEN ${best(what)} ELSE ${least(what)} END`;
  const row = `CAST(y.whole AS ${shape.name})`;
  const key =
    shape.key === undefined
      ? "NULL"
      : `pg_catalog.textin(pg_catalog.record_out(ROW(${shape.key.map(({ name }) => `(${row}).${ident(name)}`).join(", ")})))`;
  return `
WITH put AS (
  INSERT INTO ${work} (tab, side, layout, cmp, whole, key)
  SELECT ${shape.tab}, CASE WHEN y.s > 0 THEN '+' ELSE '-' END, y.layout, y.cmp, y.whole, ${key}
  FROM (
    SELECT x.cmp, sum(x.n)::bigint AS s, ${pick("layout")} AS layout, ${pick("whole")} AS whole
    FROM (${shape.layouts.map((layout) => imagesSql(shape, layout)).join(" UNION ALL ")}) x
    GROUP BY x.cmp HAVING sum(x.n) <> 0
  ) y CROSS JOIN LATERAL pg_catalog.generate_series(1, pg_catalog.abs(y.s)) ORDER BY y.cmp
  RETURNING 1
) SELECT count(*)::text AS n FROM put`;
}

/** Images of the transactions `$1`, netted once as they are written, so that only what is left is read: `n` is above 0 where rows went. */
export function imagesSql(shape: Shape, layout: Layout): string {
  const side = (which: "gone" | "came", sign: string) =>
    `SELECT c.id, pg_catalog.unnest(c.${which}) AS text, ${sign} AS n FROM ${undoTable} c WHERE ${ofTransactions} ` +
    `AND c.relation = ${layout.relation} AND c.columns = CAST('{${layout.attnums.join(",")}}' AS pg_catalog.int2[])`;
  return `
SELECT ${layout.id} AS layout, i.n, i.last, ${comparedText("(p.r)", shape.compared)} AS cmp, ${wholeText("p.r")} AS whole
FROM (SELECT j.text, sum(j.n) AS n, max(j.id) AS last FROM (${side("gone", "1")} UNION ALL ${side("came", "-1")}) j
  GROUP BY j.text HAVING sum(j.n) <> 0) i
CROSS JOIN LATERAL (SELECT ${rowOfTable(shape, layout, "q.r")} AS r FROM (SELECT ${parsedRow(layout, "i.text")} AS r OFFSET 0) q OFFSET 0) p`;
}

/** `row op other` for each column of the key. */
export function sameKey(shape: Shape, row: string, other: string): string {
  return (shape.key ?? []).map(({ name, equals }) => `${row}.${ident(name)} ${equals} ${other}.${ident(name)}`).join(" AND ");
}
