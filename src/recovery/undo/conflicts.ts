/**
 * Conflicts of one undo: marks their rows, and with them what cannot come without them, and tells them to people with masked keys.
 * It puts nothing back.
 */
import type { UndoConflict } from "../../model/recovery.ts";
import { undoTable } from "../../model/undo-journal.ts";
import { type AdminClient, ident } from "../../provision/sql.ts";
import type { Found } from "./find.ts";
import { staysAwayWith } from "./foreign-keys.ts";
import { work } from "./net.ts";
import type { ForeignKey, Shape } from "./shape.ts";

/** Whether a column's values may be shown to people: `table` as the server writes it. */
export type MayShow = (table: string, column: string) => boolean;

/** More are counted, and not told one by one. */
const TOLD_MAX = 200;
/** Transactions that are named for conflicts. */
const LATER_MAX = 5;

/** What was found, each row once; the first finding about a row is the one that is told. */
export class Conflicts {
  readonly #found = new Map<string, Found>();
  /** Of whole tables. */
  readonly tables: UndoConflict[] = [];

  get size(): number {
    return this.#found.size + this.tables.length;
  }

  /** Rows that stay as they are: `skip` is set for each, and for what hangs on it. */
  async mark(client: AdminClient, found: readonly Found[], shapes: readonly Shape[], keys: readonly ForeignKey[]): Promise<void> {
    if (found.length === 0) return;
    for (const each of found) if (!this.#found.has(each.n)) this.#found.set(each.n, each);
    const all = [...this.#found.keys()];
    await client.query(`UPDATE ${work} SET skip = true WHERE n = ANY (CAST($1 AS pg_catalog.int8[])) AND NOT skip`, [all]);
    const along = staysAwayWith(keys, shapes);
    for (let more = true; more; ) {
      const peers = await client.query(
        `UPDATE ${work} w SET skip = true FROM ${work} p WHERE w.peer = p.n AND p.skip AND NOT w.skip RETURNING 1`,
      );
      // Where nothing tells which former row belongs to which, one that cannot change keeps all as they are.
      const alike = await client.query(
        `UPDATE ${work} w SET skip = true WHERE NOT w.skip AND w.tab = ANY (CAST($1 AS int4[]))
         AND w.tab IN (SELECT s.tab FROM ${work} s WHERE s.skip) RETURNING 1`,
        [shapes.filter(({ key }) => key === undefined).map(({ tab }) => tab)],
      );
      more = peers.rows.length + alike.rows.length > 0;
      for (const text of along) {
        const { rows } = await client.query(text);
        for (const { n } of rows as readonly { n: string }[])
          if (!this.#found.has(n)) this.#found.set(n, { n, kind: "parent_gone", because: "the row that it refers to stays away" });
        more ||= rows.length > 0;
      }
    }
  }

  async told(client: AdminClient, shapes: readonly Shape[], mayShow: MayShow): Promise<readonly UndoConflict[]> {
    if (this.#found.size === 0) return this.tables;
    const listed = [...this.#found.values()].slice(0, TOLD_MAX);
    const keys = new Map<string, { table: string; key: string | null }>();
    for (const shape of shapes) {
      const numbers = listed.map(({ n }) => n);
      const { rows } = await client.query(keysSql(shape, mayShow), [numbers]);
      for (const { n, key } of rows as readonly { n: string; key: string | null }[]) keys.set(n, { table: shape.shown, key });
    }
    const told = listed.map(({ n, kind, because }) => {
      const { table = "", key } = keys.get(n) ?? {};
      return { table, kind, ...(key === null || key === undefined ? {} : { key }), because };
    });
    const rest = this.#found.size - listed.length;
    const more: UndoConflict[] =
      rest <= 0 ? [] : [{ table: told.at(-1)?.table ?? "", kind: "changed", because: `and ${rest} more rows with a conflict` }];
    return [...this.tables, ...told, ...more];
  }
}

/** The key's values with commas between; a column that is not to be shown is `***`. */
function keysSql({ tab, key, name, columns, shown }: Shape, mayShow: MayShow): string {
  const open = (column: string) => (columns.find((each) => each.name === column)?.plainKey ?? false) || mayShow(shown, column);
  const values = key?.map((column) =>
    open(column.name) ? `CAST((CAST(w.whole AS ${name})).${ident(column.name)} AS pg_catalog.text)` : "'***'",
  );
  const text = values === undefined ? "NULL" : `pg_catalog.left(pg_catalog.concat_ws(', ', ${values.join(", ")}), 200)`;
  return `SELECT w.n::text AS n, ${text} AS key FROM ${work} w WHERE w.tab = ${tab} AND w.n = ANY (CAST($1 AS pg_catalog.int8[]))`;
}

/** Other transactions whose images begin where these end: kept ones that can be undone along. */
export async function laterTransactions(
  client: AdminClient,
  shapes: readonly Shape[],
  undone: readonly string[],
): Promise<readonly string[]> {
  const relations = shapes.flatMap(({ layouts }) => layouts.map(({ relation }) => relation));
  const { rows } = await client.query(
    `SELECT DISTINCT c.transaction::text AS id, min(c.id) AS first FROM ${undoTable} c
     WHERE c.relation = ANY (CAST($2 AS pg_catalog.oid[])) AND NOT c.transaction = ANY (CAST($1 AS pg_catalog.int8[]))
       AND c.id > (SELECT min(o.id) FROM ${undoTable} o WHERE o.transaction = ANY (CAST($1 AS pg_catalog.int8[])))
       AND c.gone && (SELECT pg_catalog.array_agg(v.whole) FROM (SELECT w.whole FROM ${work} w WHERE w.side = '-' AND w.place IS NULL LIMIT 200) v)
     GROUP BY c.transaction ORDER BY 2 LIMIT ${LATER_MAX}`,
    [undone, relations],
  );
  return (rows as readonly { id: string }[]).map(({ id }) => id);
}
