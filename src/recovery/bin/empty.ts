/**
 * Entries that go for good, by a person's word or because they are old or too many: what rests is dropped, and nothing besides.
 * It asks nobody.
 */
import { type AdminClient, ident } from "../../provision/sql.ts";
import { BinRefusal, type EntryRow } from "./entries.ts";

/** Within the caller's transaction. Rejects with {@link BinRefusal} where something that is not in these entries needs what they hold. */
export async function emptyEntries(client: AdminClient, entries: readonly EntryRow[]): Promise<void> {
  const ids = entries.map(({ id }) => id);
  const { rows } = await client.query("SELECT name FROM holdfast_bin.entry WHERE id = ANY ($1) AND state = 'kept' ORDER BY id FOR UPDATE", [
    ids,
  ]);
  const kept = new Set((rows as readonly { name: string }[]).map(({ name }) => name));
  for (const { name } of entries) if (!kept.has(name)) throw new BinRefusal(`\`${name}\` does not rest in the bin any more`);
  const needed = await neededBy(client, ids);
  if (needed !== undefined)
    throw new BinRefusal(
      needed.entry === null
        ? `${needed.what} needs ${needed.needs}, which is in the bin: drop it first`
        : `${needed.what} in \`${needed.entry}\` needs ${needed.needs}: empty \`${needed.entry}\` first, or both at once`,
    );
  const places = await client.query("SELECT resting::text FROM holdfast_bin.place WHERE entry = ANY ($1) ORDER BY 1", [ids]);
  const names = (places.rows as readonly { resting: string }[]).map(({ resting }) => ident(resting));
  await client.query("SET LOCAL client_min_messages = error");
  // In one statement: they may need each other.
  if (names.length > 0) await client.query(`DROP SCHEMA IF EXISTS ${names.join(", ")} CASCADE`);
  await client.query("DELETE FROM holdfast_bin.place WHERE entry = ANY ($1)", [ids]);
  for (const table of ["emptied", "emptied_sequence", "lost_column", "lost_values"])
    await client.query(`DELETE FROM holdfast_bin.${table} WHERE entry = ANY ($1)`, [ids]);
  await client.query("UPDATE holdfast_bin.entry SET state = 'emptied', leans = false WHERE id = ANY ($1)", [ids]);
}

/** Whoever needs what rests would go along without a word. */
async function neededBy(
  client: AdminClient,
  ids: readonly string[],
): Promise<{ readonly what: string; readonly needs: string; readonly entry: string | null } | undefined> {
  const { rows } = await client.query(
    `WITH resting AS (SELECT n.oid FROM holdfast_bin.place p JOIN pg_catalog.pg_namespace n ON n.nspname = p.resting WHERE p.entry = ANY ($1)),
     held AS (
       SELECT 'pg_catalog.pg_class'::regclass::oid AS class, c.oid FROM pg_catalog.pg_class c JOIN resting r ON r.oid = c.relnamespace
       UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid FROM pg_catalog.pg_type t JOIN resting r ON r.oid = t.typnamespace
       UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, p.oid FROM pg_catalog.pg_proc p JOIN resting r ON r.oid = p.pronamespace
     )
     SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS what, pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) AS needs,
       (SELECT e.name FROM holdfast_bin.place p JOIN holdfast_bin.entry e ON e.id = p.entry WHERE p.resting = coalesce(i.schema, i.name)) AS entry
     FROM held h JOIN pg_catalog.pg_depend d ON d.refclassid = h.class AND d.refobjid = h.oid, LATERAL holdfast_bin.holder(d.classid, d.objid) AS o,
       LATERAL pg_catalog.pg_identify_object(o.of_class, o.of_object, 0) AS i
     WHERE d.deptype IN ('n', 'a') AND i.identity IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN resting r ON r.oid = n.oid WHERE n.nspname = coalesce(i.schema, i.name))
     LIMIT 1`,
    [ids],
  );
  return rows[0] as { what: string; needs: string; entry: string | null } | undefined;
}

/** The oldest entries that are too old, or more than fits. */
export function overdue(
  entries: readonly EntryRow[],
  { nowMs, keepMs, sizeMax }: { nowMs: number; keepMs: number; sizeMax: number },
): readonly Overdue[] {
  const kept = [...entries].sort((a, b) => Number(a.id) - Number(b.id));
  let size = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const going: Overdue[] = [];
  for (const entry of kept) {
    const old = nowMs - entry.at_ms > keepMs;
    const large = size > sizeMax;
    // What is young and small would free nothing.
    if (!old && (!large || entry.bytes === 0)) continue;
    going.push({ entry, because: old ? "it rested as long as bin.keep says" : "there is more in the bin than bin.size says" });
    size -= entry.bytes;
  }
  return going;
}

export interface Overdue {
  readonly entry: EntryRow;
  readonly because: string;
}
