/**
 * Holds rows that were put back against foreign keys, in both directions, where the server did not.
 * It changes nothing; what it finds must not stay.
 */
import { type AdminClient, ident } from "../../provision/sql.ts";
import type { Found } from "./find.ts";
import { work } from "./net.ts";
import { comparedText } from "./row-text.ts";
import { type ForeignKey, from, type Shape } from "./shape.ts";

/** After the rows were put back, in the same transaction. */
export async function foreignKeyConflicts(
  client: AdminClient,
  shapes: readonly Shape[],
  keys: readonly ForeignKey[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const key of keys.filter(({ period }) => !period)) {
    const child = shapes.find(({ tab }) => tab === key.child.tab);
    const parent = shapes.find(({ tab }) => tab === key.parent.tab);
    if (child !== undefined) found.push(...(await parentGone(client, key, child)));
    if (parent !== undefined) found.push(...(await referenced(client, key, parent)));
  }
  return found;
}

/** A parent that nobody locks could go until we commit: it is locked before it is looked for. */
async function parentGone(client: AdminClient, key: ForeignKey, child: Shape): Promise<readonly Found[]> {
  const { parent } = key;
  const about = `w.tab = ${child.tab} AND w.side = '+' AND NOT w.skip AND ${key.child.columns.map((name) => `(p.r).${ident(name)} IS NOT NULL`).join(" AND ")}`;
  const row = `CROSS JOIN LATERAL (SELECT CAST(w.whole AS ${child.name}) AS r OFFSET 0) p`;
  const same = pairs(key, "q", "(p.r)");
  // A key of one partition alone binds the rows that are in that partition.
  const inside =
    key.child.oid === child.oid ? "" : `AND EXISTS (SELECT FROM ${key.child.name} AS c WHERE ${comparedText("c", child.compared)} = w.cmp)`;
  if (parent.tab === undefined)
    await client.query(
      `SELECT count(*) FROM (SELECT 1 FROM ${from(parent)} AS q WHERE EXISTS (SELECT FROM ${work} w ${row} WHERE ${about} AND ${same})
       FOR KEY SHARE OF q) locked`,
    );
  const { rows } = await client.query(
    `SELECT w.n::text AS n FROM ${work} w ${row} WHERE ${about} ${inside} AND NOT EXISTS (SELECT FROM ${from(parent)} AS q WHERE ${same})`,
  );
  const because = `the row of ${parent.shown} that it refers to by \`${key.name}\` is not there`;
  return (rows as readonly { n: string }[]).map(({ n }) => ({ n, kind: "parent_gone", because }));
}

/** Rows of the child that refer to one that goes, without another in its place among what is there then. */
function referenced(client: AdminClient, key: ForeignKey, parent: Shape): Promise<readonly Found[]> {
  return referring(client, key, parent, `AND NOT EXISTS (SELECT FROM ${from(key.parent)} AS q WHERE ${pairs(key, "q", "c")})`);
}

/** `unless` narrows down rows `w` that go and rows `c` that refer to them. */
async function referring(client: AdminClient, key: ForeignKey, parent: Shape, unless: string): Promise<readonly Found[]> {
  const { rows } = await client.query(
    `SELECT DISTINCT w.n::text AS n FROM ${work} w CROSS JOIN LATERAL (SELECT CAST(w.whole AS ${parent.name}) AS r OFFSET 0) p
     JOIN ${from(key.child)} AS c ON ${pairs(key, "(p.r)", "c")}
     WHERE w.tab = ${parent.tab} AND w.side = '-' AND NOT w.skip ${unless}`,
  );
  const because = `rows of ${key.child.shown} refer to it by \`${key.name}\``;
  return (rows as readonly { n: string }[]).map(({ n }) => ({ n, kind: "referenced", because }));
}

/**
 * Before anything goes, where the server itself acts on foreign keys: rows of others must neither hold it up nor be taken along by a
 * cascade.
 */
export async function referencedBefore(
  client: AdminClient,
  shapes: readonly Shape[],
  keys: readonly ForeignKey[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const key of keys.filter(({ period }) => !period)) {
    const parent = shapes.find(({ tab }) => tab === key.parent.tab);
    if (parent === undefined) continue;
    const unless = `AND NOT EXISTS (SELECT FROM ${work} k WHERE k.part = c.tableoid AND k.place = c.ctid AND NOT k.skip)
       AND NOT EXISTS (SELECT FROM ${work} b CROSS JOIN LATERAL (SELECT CAST(b.whole AS ${parent.name}) AS r OFFSET 0) e
         WHERE b.tab = ${parent.tab} AND b.side = '+' AND NOT b.skip AND ${pairs(key, "(e.r)", "c")})`;
    found.push(...(await referring(client, key, parent, unless)));
  }
  return found;
}

/** What refers to a row that stays away, because another has its place, stays away with it: it would refer to the other one. */
export function staysAwayWith(keys: readonly ForeignKey[], shapes: readonly Shape[]): readonly string[] {
  return keys.flatMap((key) => {
    const child = shapes.find(({ tab }) => tab === key.child.tab);
    const parent = shapes.find(({ tab }) => tab === key.parent.tab);
    if (child === undefined || parent === undefined) return [];
    const same = pairs(key, `(CAST(u.whole AS ${parent.name}))`, `(CAST(w.whole AS ${child.name}))`);
    return [
      `UPDATE ${work} w SET skip = true FROM ${work} u WHERE w.tab = ${child.tab} AND w.side = '+' AND NOT w.skip
       AND u.tab = ${parent.tab} AND u.side = '+' AND u.skip AND u.peer IS NULL AND ${same} RETURNING w.n::text AS n`,
    ];
  });
}

function pairs({ parent, child, equals }: ForeignKey, parentRow: string, childRow: string): string {
  return parent.columns
    .map((name, at) => `${parentRow}.${ident(name)} ${equals[at] ?? ""} ${childRow}.${ident(child.columns[at] ?? "")}`)
    .join(" AND ");
}
