/**
 * Looks at what an undo has put back before it is committed: every row is there as it was kept; counts, and a digest of all of it.
 * It changes nothing.
 */
import type { UndoConflict, UndoTable } from "../../model/recovery.ts";
import { digestOf } from "../../base/canonical.ts";
import type { AdminClient } from "../../provision/sql.ts";
import { imagesSql, sameKey, work } from "./net.ts";
import { readShapes } from "./read-shapes.ts";
import { comparedText } from "./row-text.ts";
import { from, type Shape } from "./shape.ts";

/** The server made something else of it than was to be. */
export class OtherRows extends Error {
  override readonly name = "OtherRows";
}

/** Rejects where the server made something else of a row: nothing of it may stay. */
export async function demandBack(client: AdminClient, shapes: readonly Shape[]): Promise<void> {
  for (const shape of shapes) {
    const { rows } = await client.query(missingSql(shape));
    const missing = Number((rows as readonly { n: string }[])[0]?.n ?? 0);
    if (missing > 0)
      throw new OtherRows(`${missing} rows of ${shape.shown} did not come back as they were: the server made other rows of them`);
  }
}

function missingSql(shape: Shape): string {
  const back = `w.tab = ${shape.tab} AND w.side = '+' AND NOT w.skip`;
  const text = comparedText("t", shape.compared);
  if (shape.key !== undefined) {
    const same = sameKey(shape, "t", `(CAST(w.whole AS ${shape.name}))`);
    return `SELECT count(*)::text AS n FROM ${work} w WHERE ${back}
      AND NOT EXISTS (SELECT FROM ${from(shape)} AS t WHERE ${same} AND ${text} = w.cmp)`;
  }
  return `WITH wanted AS (SELECT w.cmp, count(*) AS n FROM ${work} w WHERE ${back} GROUP BY w.cmp),
    there AS (SELECT h.cmp, count(*) AS n FROM (SELECT ${text} AS cmp FROM ${from(shape)} AS t) h GROUP BY h.cmp)
    SELECT count(*)::text AS n FROM wanted a LEFT JOIN there b ON b.cmp = a.cmp WHERE coalesce(b.n, 0) < a.n`;
}

/**
 * Where the server acts on foreign keys itself, rows that nobody named could go along. What the undo's own transaction has done, by the
 * images that are kept of it too, must be what was to be done, and nothing else. Without images nothing is known, and nothing demanded.
 */
export async function demandNothingElse(client: AdminClient, shapes: readonly Shape[]): Promise<void> {
  const { rows: ids } = await client.query("SELECT pg_catalog.pg_current_xact_id_if_assigned()::text AS id");
  const own = (ids as readonly { id: string | null }[])[0]?.id ?? null;
  if (own === null) return;
  const { shapes: done } = await readShapes(client, [own]);
  for (const seen of done) {
    const shape = shapes.find(({ oid }) => oid === seen.oid);
    if (shape === undefined) throw new OtherRows(`rows of ${seen.shown} would go along, by a foreign key or a rule`);
    const { rows } = await client.query(otherwiseSql(shape, seen), [[own]]);
    const n = Number((rows as readonly { n: string }[])[0]?.n ?? 0);
    if (n > 0) throw new OtherRows(`${n} rows of ${shape.shown} would become other than they were, by a foreign key or a rule`);
  }
}

function otherwiseSql(shape: Shape, { layouts }: Shape): string {
  const images = layouts.map((layout) => imagesSql(shape, layout)).join(" UNION ALL ");
  const planned = `SELECT w.cmp, CASE w.side WHEN '+' THEN 1 ELSE -1 END AS n FROM ${work} w WHERE w.tab = ${shape.tab} AND NOT w.skip`;
  return `SELECT count(*)::text AS n FROM (SELECT u.cmp FROM (SELECT x.cmp, x.n FROM (${images}) x UNION ALL ${planned}) u
    GROUP BY u.cmp HAVING sum(u.n) <> 0) odd`;
}

interface CountRow {
  readonly tab: number;
  readonly inserted: string;
  readonly updated: string;
  readonly deleted: string;
  readonly skipped: string;
}

export async function countTables(
  client: AdminClient,
  shapes: readonly Shape[],
): Promise<{ readonly tables: readonly UndoTable[]; readonly skipped: number }> {
  const rows = (
    await client.query(
      `SELECT w.tab, count(*) FILTER (WHERE w.side = '+' AND w.peer IS NULL AND NOT w.skip)::text AS inserted,
         count(*) FILTER (WHERE w.side = '+' AND w.peer IS NOT NULL AND NOT w.skip)::text AS updated,
         count(*) FILTER (WHERE w.side = '-' AND w.peer IS NULL AND NOT w.skip)::text AS deleted,
         count(*) FILTER (WHERE w.skip AND (w.side = '-' OR w.peer IS NULL))::text AS skipped
       FROM ${work} w GROUP BY w.tab ORDER BY w.tab`,
    )
  ).rows as readonly CountRow[];
  const tables = rows.map(({ tab, inserted, updated, deleted }) => ({
    table: shapes.find((shape) => shape.tab === tab)?.shown ?? "",
    inserted: Number(inserted),
    updated: Number(updated),
    deleted: Number(deleted),
  }));
  return { tables, skipped: rows.reduce((sum, { skipped }) => sum + Number(skipped), 0) };
}

export interface Digested {
  readonly transactions: readonly string[];
  readonly tables: readonly UndoTable[];
  readonly conflicts: readonly UndoConflict[];
}

/** Of every row on both sides with whether it is left out, and of what is told. */
export async function digestSql(client: AdminClient, told: Digested): Promise<string> {
  const { rows } = await client.query(
    `SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(pg_catalog.string_agg(
       w.tab || w.side || w.skip::text || pg_catalog.encode(pg_catalog.sha256(pg_catalog.textsend(w.cmp)), 'hex'), ','
       ORDER BY w.tab, w.side, w.cmp, w.skip), ''), 'UTF8')), 'hex') AS digest FROM ${work} w`,
  );
  const [row] = rows as readonly { digest: string }[];
  return digestOf({ rows: row?.digest ?? "", ...told });
}
