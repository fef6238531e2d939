/**
 * Whether the names that entries had are free, and what is needed first; another name in their place.
 * It moves nothing but what has to make way for another name.
 */
import { type AdminClient, ident } from "../../provision/sql.ts";
import { BinRefusal, type EntryRow } from "./entries.ts";
import type { RestingObject } from "./restore.ts";

export interface Renaming {
  /** `nr` of the object that gets the name; everything that went along with it keeps its own. */
  readonly of: string;
  readonly schema: string;
  readonly name: string;
}

/** What has a name that something of an entry would have again. */
export interface Taken {
  readonly kind: string;
  readonly identity: string;
  readonly type: string;
}

/** Rejects with {@link BinRefusal} when a name is taken, a schema is gone, or another entry has what is needed. */
export async function examineRestore(
  client: AdminClient,
  entry: EntryRow,
  objects: readonly RestingObject[],
  as: string | undefined,
): Promise<Renaming | undefined> {
  const needed = await neededEntry(client, entry.id);
  if (needed !== undefined)
    throw new BinRefusal(
      `${needed.what} in \`${entry.name}\` needs ${needed.needs}, which rests in \`${needed.entry}\`: restore both at once`,
    );
  if (as !== undefined) return renamingOf(objects, as);
  const [taken] = await takenNames(client, entry.id);
  if (taken !== undefined)
    throw new BinRefusal(
      `${taken.type} ${taken.identity} is there again: restore \`${entry.name}\` under another name with \`--to\`, or with \`--replace\`, which puts it into the bin`,
    );
  for (const schema of new Set(objects.filter(({ how }) => how === "moved").map((object) => object.schema ?? ""))) {
    const { rows } = await client.query("SELECT pg_catalog.to_regnamespace($1) IS NOT NULL AS there", [ident(schema)]);
    if (!(rows[0] as { there: boolean }).there)
      throw new BinRefusal(`schema \`${schema}\` is not there: restore the entry that has it too, or create it`);
  }
  return undefined;
}

function renamingOf(objects: readonly RestingObject[], as: string): Renaming {
  const column = objects.find(({ how }) => how === "column");
  if (column !== undefined) return { of: column.nr, schema: "", name: as };
  const named = objects.filter(({ how, direct }) => direct && (how === "renamed" || how === "emptied" || how === "moved"));
  const [only] = named;
  if (only === undefined || named.length > 1) throw new BinRefusal("`--to` is for an entry of one table, view, sequence or schema");
  const parts = /^(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/.exec(as);
  if (parts === null) throw new BinRefusal(`\`${as}\` is no name such as \`users_old\` or \`archive.users\``);
  const plain = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
  const schema = parts[1] === undefined ? (only.schema ?? "") : plain(parts[1]);
  return { of: only.nr, schema, name: plain(parts[2] ?? "") };
}

/** Names of an entry that are in use where it came from. */
export async function takenNames(client: AdminClient, entry: string): Promise<readonly Taken[]> {
  const { rows } = await client.query(
    `WITH place AS (
       SELECT p.schema, r.oid AS resting, h.oid AS home, p.renamed FROM holdfast_bin.place p
       JOIN pg_catalog.pg_namespace r ON r.nspname = p.resting LEFT JOIN pg_catalog.pg_namespace h ON h.nspname = p.schema WHERE p.entry = $1
     ), taken AS (
       SELECT 0 AS turn, 'pg_catalog.pg_namespace'::regclass AS class, p.home AS oid FROM place p WHERE p.renamed AND p.home IS NOT NULL
       UNION ALL SELECT CASE n.relkind WHEN 'i' THEN 3 WHEN 'S' THEN 2 ELSE 1 END, 'pg_catalog.pg_class'::regclass, n.oid FROM place p
         JOIN pg_catalog.pg_class o ON o.relnamespace = p.resting JOIN pg_catalog.pg_class n ON n.relnamespace = p.home AND n.relname = o.relname
         WHERE NOT p.renamed AND EXISTS (SELECT FROM holdfast_bin.object x WHERE x.entry = $1 AND x.how = 'moved')
           AND o.relname NOT LIKE 'rows\\_%'
       UNION ALL SELECT 1, 'pg_catalog.pg_type'::regclass, n.oid FROM place p JOIN pg_catalog.pg_type o ON o.typnamespace = p.resting
         JOIN pg_catalog.pg_type n ON n.typnamespace = p.home AND n.typname = o.typname AND n.typrelid = 0 AND n.typcategory <> 'A' WHERE NOT p.renamed
       UNION ALL SELECT 1, 'pg_catalog.pg_proc'::regclass, n.oid FROM place p JOIN pg_catalog.pg_proc o ON o.pronamespace = p.resting
         JOIN pg_catalog.pg_proc n ON n.pronamespace = p.home AND n.proname = o.proname AND n.proargtypes = o.proargtypes WHERE NOT p.renamed
       UNION ALL SELECT 1, 'pg_catalog.pg_class'::regclass, n.oid FROM holdfast_bin.object x JOIN pg_catalog.pg_class n ON n.relname = x.bare
         JOIN pg_catalog.pg_namespace h ON h.oid = n.relnamespace AND h.nspname = x.schema
         WHERE x.entry = $1 AND x.how = 'made' AND x.type IN ('view', 'materialized view')
       UNION ALL SELECT 1, 'pg_catalog.pg_proc'::regclass, p.oid FROM holdfast_bin.object x JOIN pg_catalog.pg_namespace h ON h.nspname = x.schema
         JOIN pg_catalog.pg_proc p ON p.pronamespace = h.oid, LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_proc'::regclass, p.oid, 0) AS i
         WHERE x.entry = $1 AND x.how = 'made' AND x.type IN ('function', 'procedure') AND i.identity = x.name
     )
     SELECT holdfast_bin.kind_word(i.type) AS kind, i.identity, i.type FROM taken t, LATERAL holdfast_bin.holder(t.class, t.oid) AS h,
       LATERAL pg_catalog.pg_identify_object(h.of_class, h.of_object, 0) AS i GROUP BY 1, 2, 3 ORDER BY min(t.turn), 2`,
    [entry],
  );
  return rows as readonly Taken[];
}

/** Something of the entry that needs what rests in another one. */
async function neededEntry(
  client: AdminClient,
  entry: string,
): Promise<{ readonly what: string; readonly needs: string; readonly entry: string } | undefined> {
  const { rows } = await client.query(
    `SELECT i.type || ' ' || x.name AS what, pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) AS needs, e.name AS entry
     FROM holdfast_bin.object x, LATERAL pg_catalog.pg_identify_object(x.class, x.object, 0) AS i, pg_catalog.pg_depend d,
       LATERAL pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0) AS r JOIN holdfast_bin.place p ON p.resting = r.schema
       JOIN holdfast_bin.entry e ON e.id = p.entry
     WHERE x.entry = $1 AND x.how IN ('moved', 'inside') AND d.classid = x.class AND d.objid = x.object AND d.deptype IN ('n', 'a')
       AND d.refclassid <> 'pg_catalog.pg_namespace'::regclass AND d.refobjid >= 16384 AND p.entry <> x.entry LIMIT 1`,
    [entry],
  );
  return rows[0] as { what: string; needs: string; entry: string } | undefined;
}

/** Gives a resting relation its other name, and other names to its indexes and sequences whose own are taken. */
export async function freeNames(
  client: AdminClient,
  object: RestingObject,
  { schema, name, mayDiffer }: Omit<Renaming, "of"> & { readonly mayDiffer: boolean },
): Promise<void> {
  const { rows } = await client.query(
    `SELECT holdfast_bin.kind_word(i.type) AS kind, i.identity, c.relname::text AS name, c.oid = $2::oid AS itself FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
     LEFT JOIN pg_catalog.pg_depend d ON d.classid = c.tableoid AND d.objid = c.oid AND d.refclassid = c.tableoid AND d.deptype IN ('a', 'i') AND c.relkind = 'S',
       LATERAL pg_catalog.pg_identify_object(c.tableoid, c.oid, 0) AS i
     WHERE $1::oid = 'pg_catalog.pg_class'::regclass AND (c.oid = $2::oid OR x.indrelid = $2::oid OR d.refobjid = $2::oid)`,
    [object.class, object.object],
  );
  for (const each of rows as readonly { kind: string; identity: string; name: string; itself: boolean }[]) {
    const free = each.itself && !mayDiffer ? name : await freeName(client, schema, each.name, name);
    if (free !== each.name) await client.query(`ALTER ${each.kind} ${each.identity} RENAME TO ${ident(free)}`);
  }
}

async function freeName(client: AdminClient, schema: string, own: string, beside: string): Promise<string> {
  for (let turn = 0; ; turn++) {
    // Names end after 63 bytes; ours is cut so that what tells it apart is not.
    const wanted =
      turn === 0
        ? own
        : `${Buffer.from(`${beside}_${own}`)
            .subarray(0, 55)
            .toString("utf8")
            .replace(/\uFFFD+$/, "")}_${turn}`;
    const { rows } = await client.query(
      "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace " +
        "WHERE n.nspname = $1 AND c.relname = $2",
      [schema, wanted],
    );
    if (rows.length === 0) return wanted;
  }
}
