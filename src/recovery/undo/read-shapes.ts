/**
 * Reads what the tables of kept row images are today: columns, key, other unique indexes, foreign keys, triggers and rules.
 * It changes nothing, and judges no row.
 */
import { undoTable } from "../../model/undo-journal.ts";
import type { AdminClient } from "../../provision/sql.ts";
import type { Firing, ForeignKey, KeyColumn, Layout, Shape, ShapeColumn } from "./shape.ts";

export interface Shapes {
  readonly shapes: readonly Shape[];
  /** Images whose relation is not there any more, or is no table now: its number, with the rows that were kept. */
  readonly gone: readonly { readonly relation: string; readonly images: number }[];
  /** Tables that the current role may not act on: their names, with whose they are. */
  readonly foreign: readonly { readonly shown: string; readonly owner: string }[];
}

interface LayoutRow {
  readonly relation: string;
  readonly columns: readonly number[];
  readonly images: string;
  readonly root: string | null;
}

interface RelationRow {
  readonly oid: string;
  readonly name: string;
  readonly shown: string;
  readonly kind: string;
  readonly owner: string;
  readonly mine: boolean;
  readonly other_unique: number;
  readonly columns: readonly ShapeColumn[] | null;
  readonly keys: readonly (readonly KeyColumn[])[] | null;
}

/** The transactions' ids as the parameter `$1`, an array of texts. */
export const ofTransactions = "c.transaction = ANY (CAST($1 AS pg_catalog.int8[]))";

/** Tables of the images as `LOCK TABLE` takes them, ordered so that two undos never wait for each other; those in the bin left out. */
export async function readLocked(client: AdminClient, transactions: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query(lockedSql, [transactions]);
  return (rows as readonly { name: string }[]).map(({ name }) => name);
}

const lockedSql = `
SELECT CASE r.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) AS name
FROM (SELECT DISTINCT coalesce(CASE WHEN i.relispartition THEN pg_catalog.pg_partition_root(i.oid) END, i.oid)::oid AS oid
  FROM ${undoTable} c JOIN pg_catalog.pg_class i ON i.oid = c.relation WHERE ${ofTransactions} AND i.relkind IN ('r', 'p')) t
JOIN pg_catalog.pg_class r ON r.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname !~ '^holdfast_bin' AND pg_catalog.pg_has_role(r.relowner, 'USAGE') ORDER BY r.oid`;

/** `transactions` are the server's 64-bit ids. */
export async function readShapes(client: AdminClient, transactions: readonly string[]): Promise<Shapes> {
  const layouts = (await client.query(layoutsSql, [transactions])).rows as readonly LayoutRow[];
  const oids = [...new Set(layouts.flatMap(({ relation, root }) => (root === null ? [] : [relation, root])))];
  const relations = new Map(((await client.query(relationsSql, [oids])).rows as readonly RelationRow[]).map((row) => [row.oid, row]));
  const roots = [...new Set(layouts.flatMap(({ root }) => root ?? []))];
  const shapes: Shape[] = [];
  const foreign: { shown: string; owner: string }[] = [];
  let id = 0;
  for (const root of roots) {
    const relation = relations.get(root);
    if (relation === undefined) continue;
    if (!relation.mine) foreign.push({ shown: relation.shown, owner: relation.owner });
    const own = layouts.filter((layout) => layout.root === root);
    const kept = own.map(({ relation: oid, columns }) => layoutOf(id++, relations.get(oid) ?? relation, columns));
    shapes.push(shapeOf(shapes.length, relation, kept));
  }
  const gone = layouts.filter(({ root }) => root === null || !relations.has(root));
  return { shapes, gone: gone.map(({ relation, images }) => ({ relation, images: Number(images) })), foreign };
}

function layoutOf(id: number, { oid, name, columns }: RelationRow, attnums: readonly number[]): Layout {
  return { id, relation: oid, relationName: name, attnums, columns: columns ?? [] };
}

function shapeOf(tab: number, relation: RelationRow, layouts: readonly Layout[]): Shape {
  const columns = relation.columns ?? [];
  const inAll = ({ name }: ShapeColumn) => layouts.every((layout) => hasColumn(layout, name));
  const compared = columns.filter((column) => !column.generated && inAll(column));
  const known = new Set(compared.map(({ name }) => name));
  const keys = relation.keys ?? [];
  const key = keys.find((each) => each.every(({ name }) => known.has(name)));
  return {
    tab,
    oid: relation.oid,
    name: relation.name,
    shown: relation.shown,
    partitioned: relation.kind === "p",
    columns,
    compared,
    key,
    otherUnique: relation.other_unique > (key === undefined ? 0 : 1),
    layouts,
  };
}

/** Whether images of the layout tell a value of that column. */
export function hasColumn({ attnums, columns }: Layout, name: string): boolean {
  const found = columns.find((column) => column.name === name);
  return found !== undefined && attnums.includes(found.attnum);
}

const layoutsSql = `
SELECT c.relation::text AS relation, c.columns, sum(coalesce(cardinality(c.gone), 0) + coalesce(cardinality(c.came), 0))::text AS images,
  CASE WHEN r.relkind IN ('r', 'p') THEN coalesce(CASE WHEN r.relispartition THEN pg_catalog.pg_partition_root(r.oid) END, r.oid)::oid::text
  END AS root
FROM ${undoTable} c LEFT JOIN pg_catalog.pg_class r ON r.oid = c.relation
WHERE ${ofTransactions}
GROUP BY c.relation, c.columns, r.relkind, r.relispartition, r.oid ORDER BY r.oid, c.columns`;

/** The equality of a btree operator class, by its strategy number 3. */
const equality = (index: string, at: string) => `(
  SELECT 'OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'
  FROM pg_catalog.pg_opclass k
  JOIN pg_catalog.pg_amop s ON s.amopfamily = k.opcfamily AND s.amoplefttype = k.opcintype AND s.amoprighttype = k.opcintype
    AND s.amopstrategy = 3
  JOIN pg_catalog.pg_operator o ON o.oid = s.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  WHERE k.oid = ${index}.indclass[${at}])`;

const relationsSql = `
SELECT r.oid::text AS oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) AS name,
  r.oid::pg_catalog.regclass::text AS shown, r.relkind AS kind, pg_catalog.pg_get_userbyid(r.relowner) AS owner,
  pg_catalog.pg_has_role(r.relowner, 'USAGE') AS mine,
  (SELECT count(*)::int FROM pg_catalog.pg_index i WHERE i.indrelid = r.oid AND (i.indisunique OR i.indisexclusion)) AS other_unique,
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('attnum', a.attnum, 'name', a.attname, 'generated', a.attgenerated <> '',
      'identityAlways', a.attidentity = 'a', 'plainKey', a.atttypid = ANY ('{int2,int4,int8,uuid}'::pg_catalog.regtype[])
        AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = r.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)))
      ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT pg_catalog.json_agg(k.columns ORDER BY k.prime DESC, k.width, k.oid) FROM (
    SELECT i.indexrelid AS oid, i.indisprimary AS prime, i.indnkeyatts AS width,
      (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'equals', ${equality("i", "p.at - 1")}) ORDER BY p.at)
        FROM pg_catalog.generate_series(1, i.indnkeyatts) AS p(at)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = i.indkey[p.at - 1]) AS columns
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam
    WHERE i.indrelid = r.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND m.amname = 'btree'
      AND NOT EXISTS (SELECT FROM pg_catalog.generate_series(1, i.indnkeyatts) AS p(at)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = i.indkey[p.at - 1] WHERE NOT a.attnotnull)) k) AS keys
FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE r.oid = ANY (CAST($1 AS pg_catalog.oid[])) ORDER BY r.oid`;

interface ForeignKeyRow {
  readonly name: string;
  readonly equals: readonly string[];
  readonly period: boolean;
  readonly child: Omit<ForeignKey["child"], "tab">;
  readonly parent: Omit<ForeignKey["parent"], "tab">;
  readonly child_root: string;
  readonly parent_root: string;
}

/** In force, of or to the tables. `periods`: one of them is over periods, which only the server itself can hold rows against. */
export async function readForeignKeys(
  client: AdminClient,
  shapes: readonly Shape[],
): Promise<{ readonly keys: readonly ForeignKey[]; readonly periods: boolean }> {
  const rows = (await client.query(foreignKeysSql, [shapes.map(({ oid }) => oid)])).rows as readonly ForeignKeyRow[];
  const tabOf = (root: string) => shapes.find(({ oid }) => oid === root)?.tab;
  const keys = rows.map(({ name, equals, period, child, parent, child_root, parent_root }) => ({
    name,
    equals,
    period,
    child: { ...child, tab: tabOf(child_root) },
    parent: { ...parent, tab: tabOf(parent_root) },
  }));
  return { keys, periods: rows.some(({ period }) => period) };
}

const relationEnd = (oid: string, attnums: string) => `pg_catalog.json_build_object('oid', ${oid}::text, 'name',
  (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) FROM pg_catalog.pg_class r
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = ${oid}),
  'shown', ${oid}::pg_catalog.regclass::text, 'partitioned', (SELECT r.relkind = 'p' FROM pg_catalog.pg_class r WHERE r.oid = ${oid}),
  'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY k.at) FROM pg_catalog.unnest(${attnums}) WITH ORDINALITY AS k(attnum, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = ${oid} AND a.attnum = k.attnum))`;

const rootOf = (oid: string) => `coalesce(pg_catalog.pg_partition_root(${oid}), ${oid})::oid::text`;

/** What was never held against its foreign key (NOT VALID, NOT ENFORCED) may come back as it was. */
const foreignKeysSql = `
SELECT f.conname AS name, coalesce(pg_catalog.to_jsonb(f)->>'conperiod', 'false')::bool AS period,
  ${rootOf("f.conrelid")} AS child_root, ${rootOf("f.confrelid")} AS parent_root,
  ${relationEnd("f.conrelid", "f.conkey")} AS child, ${relationEnd("f.confrelid", "f.confkey")} AS parent,
  (SELECT pg_catalog.json_agg('OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')' ORDER BY e.at)
    FROM pg_catalog.unnest(f.conpfeqop) WITH ORDINALITY AS e(op, at) JOIN pg_catalog.pg_operator o ON o.oid = e.op
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace) AS equals
FROM pg_catalog.pg_constraint f
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.convalidated
  AND (${rootOf("f.conrelid")} = ANY ($1) OR ${rootOf("f.confrelid")} = ANY ($1))
ORDER BY f.oid`;

/** Those that would run: in replica mode the ones for every mode, else all. Holdfast's own keep what the undo does, and stay. */
export async function readFirings(client: AdminClient, shapes: readonly Shape[], replica: boolean): Promise<readonly Firing[]> {
  const states = replica ? ["A", "R"] : ["O", "A"];
  return (await client.query(firingsSql, [shapes.map(({ oid }) => oid), states])).rows as readonly Firing[];
}

const ofTree = `(r.oid::text = ANY ($1) OR (r.relispartition AND ${rootOf("r.oid")} = ANY ($1)))`;
const nameOf = "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname)";

const firingsSql = `
SELECT 'TRIGGER' AS kind, ${nameOf} AS "relationName", t.tgname AS name, t.tgenabled AS enabled
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class r ON r.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
WHERE ${ofTree} AND NOT t.tgisinternal AND t.tgenabled = ANY (CAST($2 AS "char"[])) AND pn.nspname <> 'holdfast_undo'
UNION ALL
SELECT 'RULE', ${nameOf}, w.rulename, w.ev_enabled
FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class r ON r.oid = w.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE ${ofTree} AND w.ev_type <> '1' AND w.ev_enabled = ANY (CAST($2 AS "char"[]))
ORDER BY 1, 2, 3`;

/** Tables whose row policies hold for their owner too, and for the current role: nothing is read or written past them. */
export async function readForced(client: AdminClient, oids: readonly string[]): Promise<readonly string[]> {
  const rows = (await client.query(forcedSql, [oids])).rows as readonly { name: string }[];
  return rows.map(({ name }) => name);
}

const forcedSql = `
SELECT ${nameOf} AS name FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE ${ofTree} AND r.relrowsecurity AND r.relforcerowsecurity
  AND NOT (SELECT u.rolsuper OR u.rolbypassrls FROM pg_catalog.pg_roles u WHERE u.rolname = current_user)
ORDER BY 1`;
