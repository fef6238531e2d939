/**
 * Brings back what rests in the bin: objects get their schema again, what was written down is made anew, what was cut is tied again.
 * All of what is asked for in one transaction, or nothing.
 */
import { messageOf } from "../../base/message-of.ts";
import { type AdminClient, ident, literal } from "../../provision/sql.ts";
import { BinRefusal, type EntryRow } from "./entries.ts";
import { runRecipe } from "./recipe.ts";
import { examineRestore, freeNames, type Renaming } from "./restore-names.ts";

export interface RestoreOptions {
  /** Under this name, or `schema.name`, in place of its own; for one entry of one object. */
  readonly as?: string;
  /** Constraints that do not hold any more are left out and told. */
  readonly withoutConstraints?: boolean;
  /** Called for each entry before its names are looked at: whatever has them may be put away. */
  readonly makeRoom?: (entry: EntryRow) => Promise<void>;
}

export interface Restored {
  /** What stays as it is and why, a sentence each. */
  readonly leftOut: readonly string[];
}

export interface RestingObject {
  readonly nr: string;
  readonly class: number;
  readonly object: number;
  readonly type: string;
  readonly schema: string | null;
  readonly name: string;
  readonly bare: string | null;
  readonly how: "renamed" | "moved" | "made" | "inside" | "column" | "emptied";
  readonly of_object: number;
  readonly of_class: number;
  readonly owner: string | null;
  readonly step: number;
  /** Whether the act named it. */
  readonly direct: boolean;
  readonly recipe: readonly RecipePart[];
}

export type RecipePart =
  | { readonly sql: string; readonly as?: string | null }
  | { readonly clear: "TABLE" | "ROUTINE" | "SCHEMA"; readonly name: string };

/** Within the caller's transaction, the newest first. Rejects with {@link BinRefusal}: the transaction is then of no use. */
export async function restoreEntries(client: AdminClient, entries: readonly EntryRow[], options: RestoreOptions): Promise<Restored> {
  const leftOut: string[] = [];
  const order = [...entries].sort((a, b) => Number(b.id) - Number(a.id));
  if (options.as !== undefined && order.length !== 1) throw new BinRefusal("`--to` gives one entry another name: name that entry alone");
  await client.query("SET LOCAL check_function_bodies = off; SET LOCAL client_min_messages = error");
  for (const entry of order) leftOut.push(...(await restoreEntry(client, entry, options)));
  return { leftOut };
}

async function restoreEntry(client: AdminClient, entry: EntryRow, options: RestoreOptions): Promise<readonly string[]> {
  const { rows } = await client.query("SELECT state FROM holdfast_bin.entry WHERE id = $1 FOR UPDATE", [entry.id]);
  const state = (rows[0] as { state: string } | undefined)?.state;
  if (state !== "kept") throw new BinRefusal(`\`${entry.name}\` does not rest in the bin: ${state ?? "it is not there"}`);
  await options.makeRoom?.(entry);
  const objects = await objectsOf(client, entry.id);
  const renaming = await examineRestore(client, entry, objects, options.as);
  const leftOut: string[] = [];
  let columnsBack = false;
  for (const object of objects) {
    // Defaults and identities of columns come when functions and sequences are there, and before what is built on the columns.
    if (object.step >= 50 && objects.some(({ how }) => how === "column") && !columnsBack) {
      columnsBack = true;
      leftOut.push(...(await finishColumns(client, entry)));
    }
    const left = await restoreObject(client, entry, object, { objects, renaming, options });
    if (left !== undefined) leftOut.push(left);
  }
  if (!columnsBack && objects.some(({ how }) => how === "column")) leftOut.push(...(await finishColumns(client, entry)));
  await closeEntry(client, entry);
  return leftOut;
}

async function finishColumns(client: AdminClient, entry: EntryRow): Promise<readonly string[]> {
  const { rows } = await client.query("SELECT holdfast_bin.column_finish($1) AS said", [entry.id]);
  return (rows[0] as { said: readonly string[] }).said;
}

interface Situation {
  readonly objects: readonly RestingObject[];
  readonly renaming: Renaming | undefined;
  readonly options: RestoreOptions;
}

async function restoreObject(
  client: AdminClient,
  entry: EntryRow,
  object: RestingObject,
  { objects, renaming, options }: Situation,
): Promise<string | undefined> {
  switch (object.how) {
    case "inside":
      return undefined;
    case "renamed":
      return renameBack(client, entry, object, renaming);
    case "moved":
      await moveBack(client, object, renaming);
      return renaming === undefined ? runRecipe(client, object, false) : undefined;
    case "column": {
      if (object !== objects.find(({ how }) => how === "column")) return undefined;
      const { rows } = await client.query("SELECT gone::float8 FROM holdfast_bin.column_restore($1, $2)", [entry.id, options.as ?? null]);
      const { gone } = rows[0] as { gone: number };
      return gone > 0 ? `${gone} rows have gone since, and the values that they had in the column stay gone` : undefined;
    }
    case "emptied":
      if (object !== objects.find(({ how }) => how === "emptied")) return undefined;
      await client.query("SELECT holdfast_bin.truncate_restore($1, $2, $3)", [entry.id, renaming?.schema ?? null, renaming?.name ?? null]);
      return undefined;
    case "made":
      // Under another name only what the object brings itself comes along.
      if (renaming !== undefined && !(object.type === "table constraint" && isMoved(objects, object)))
        return `${object.type} ${object.name}: it belongs to the old name`;
      return runRecipe(client, object, options.withoutConstraints ?? false);
  }
}

function isMoved(objects: readonly RestingObject[], { of_object }: RestingObject): boolean {
  return objects.some(({ how, object }) => how === "moved" && object === of_object);
}

async function objectsOf(client: AdminClient, entry: string): Promise<readonly RestingObject[]> {
  const { rows } = await client.query(
    `SELECT nr::text, class::int8::float8 AS class, object::int8::float8 AS object, type, schema::text, name, bare::text, how,
       of_class::int8::float8 AS of_class, of_object::int8::float8 AS of_object, owner::text, step::float8 AS step, direct, recipe
     FROM holdfast_bin.object WHERE entry = $1 ORDER BY step, object.nr`,
    [entry],
  );
  return rows as readonly RestingObject[];
}

async function moveBack(client: AdminClient, object: RestingObject, renaming: Renaming | undefined): Promise<void> {
  const own = { schema: object.schema ?? "", name: object.bare ?? "" };
  // What came along keeps its name where that is free.
  const wanted = renaming === undefined || renaming.of === object.nr ? (renaming ?? own) : own;
  const target = wanted.schema;
  if (renaming !== undefined) await freeNames(client, object, { ...wanted, mayDiffer: renaming.of !== object.nr });
  const { rows } = await client.query(
    "SELECT holdfast_bin.kind_word(i.type) AS kind, i.identity, i.schema::text FROM pg_catalog.pg_identify_object($1::oid, $2::oid, 0) i",
    [object.class, object.object],
  );
  const found = rows[0] as { kind: string; identity: string | null; schema: string | null } | undefined;
  if (found?.identity === null || found === undefined)
    throw new BinRefusal(`${object.type} ${object.name} is no longer in the bin: somebody has dropped it there`);
  // It came along with another one already.
  if (found.schema === target) return;
  await refused(object, () => client.query(`ALTER ${found.kind} ${found.identity} SET SCHEMA ${ident(target)}`));
}

async function renameBack(
  client: AdminClient,
  entry: EntryRow,
  object: RestingObject,
  renaming: Renaming | undefined,
): Promise<string | undefined> {
  const { rows } = await client.query("SELECT resting::text FROM holdfast_bin.place WHERE entry = $1 AND schema = $2 AND renamed", [
    entry.id,
    object.bare,
  ]);
  const { resting } = rows[0] as { resting: string };
  const name = renaming?.name ?? object.bare ?? "";
  await refused(object, async () => {
    await client.query(`ALTER SCHEMA ${ident(resting)} RENAME TO ${ident(name)}`);
    await client.query(`ALTER SCHEMA ${ident(name)} OWNER TO ${ident(object.owner ?? "")}`);
  });
  // Its rights come back under any name; what else was written down about it knows the old one.
  const under = (part: RecipePart): RecipePart =>
    "clear" in part
      ? { ...part, name: ident(name) }
      : { ...part, sql: part.sql.replace(` ON SCHEMA ${ident(object.bare ?? "")} `, ` ON SCHEMA ${ident(name)} `) };
  return runRecipe(client, { ...object, recipe: object.recipe.map(under) }, false);
}

async function refused(object: RestingObject, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw new BinRefusal(`${object.type} ${object.name} cannot come back: ${messageOf(error)}`);
  }
}

async function closeEntry(client: AdminClient, entry: EntryRow): Promise<void> {
  const { rows } = await client.query("SELECT resting::text FROM holdfast_bin.place WHERE entry = $1 AND NOT renamed ORDER BY 1", [
    entry.id,
  ]);
  const left = await client.query(
    `SELECT i.type, i.identity FROM holdfast_bin.object x, LATERAL pg_catalog.pg_identify_object(x.class, x.object, 0) AS i
     WHERE x.entry = $1 AND x.how IN ('moved', 'renamed') AND i.schema IN (SELECT p.resting FROM holdfast_bin.place p WHERE p.entry = $1 AND NOT p.renamed) LIMIT 1`,
    [entry.id],
  );
  const [one] = left.rows as readonly { type: string; identity: string }[];
  if (one !== undefined) throw new BinRefusal(`${one.type} ${one.identity} could not be brought back`);
  for (const { resting } of rows as readonly { resting: string }[]) {
    // What is still in it are copies of values that are back.
    await client.query(`DROP SCHEMA IF EXISTS ${ident(resting)} CASCADE`);
  }
  await client.query(`DELETE FROM holdfast_bin.place WHERE entry = $1`, [entry.id]);
  await client.query(`UPDATE holdfast_bin.entry SET state = 'restored', leans = false WHERE name = ${literal(entry.name)}`);
}
