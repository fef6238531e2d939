/**
 * Makes anew what was written down when it was dropped. What belongs to a table that stayed is made as that table's owner, so that code of
 * the owner's in it (a check's function) has no more rights than before.
 */
import { messageOf } from "../../base/message-of.ts";
import { type AdminClient, ident } from "../../provision/sql.ts";
import { BinRefusal } from "./entries.ts";
import type { RecipePart, RestingObject } from "./restore.ts";

/** Steps from here on hang on a relation. */
const ON_RELATIONS = 50;

/** Gives what was left out, where that was asked for. Rejects with {@link BinRefusal} otherwise. */
export async function runRecipe(client: AdminClient, object: RestingObject, mayLeaveOut: boolean): Promise<string | undefined> {
  if (object.recipe.length === 0) return undefined;
  const relation = await relationOf(client, object);
  await client.query("SAVEPOINT made");
  try {
    try {
      await runAs(client, object, relation, object.step >= ON_RELATIONS ? object.owner : null);
    } catch (error) {
      // A foreign key may point at a table of another owner's, which only the executor may do; no code of anybody's runs for it.
      if ((error as { code?: string }).code !== "42501" || !mayRunAsExecutor(object)) throw error;
      await client.query("ROLLBACK TO made");
      await runAs(client, object, relation, null);
    }
  } catch (error) {
    const because = `${object.type} ${object.name} cannot come back: ${messageOf(error)}`;
    if (!object.type.endsWith("constraint")) throw new BinRefusal(because);
    if (!mayLeaveOut) throw new BinRefusal(`${because}; without it: --without-constraint`);
    await client.query("ROLLBACK TO made");
    return because;
  }
  await client.query("RELEASE made");
  return undefined;
}

function mayRunAsExecutor({ step, type }: RestingObject): boolean {
  return (step === 54 && type === "table constraint") || type === "inheritance" || type === "publication relation";
}

async function runAs(client: AdminClient, object: RestingObject, relation: string, owner: string | null): Promise<void> {
  for (const part of object.recipe) {
    if ("clear" in part) await clear(client, part);
    else {
      const role = part.as ?? owner;
      const sql = part.sql.replace(/%1\$s|%%/g, (mark) => (mark === "%%" ? "%" : relation));
      await client.query(role === null ? sql : `${taking(role)}; ${sql}; ${await backTo(client)}`);
    }
  }
}

function taking(role: string): string {
  return `SET LOCAL ROLE ${ident(role)}`;
}

/** The role that the transaction works as. */
async function backTo(client: AdminClient): Promise<string> {
  const { rows } = await client.query("SELECT pg_catalog.current_setting('role') AS role");
  const { role } = rows[0] as { role: string };
  return role === "none" ? "SET LOCAL ROLE NONE" : taking(role);
}

async function relationOf(client: AdminClient, { of_class, of_object }: RestingObject): Promise<string> {
  const { rows } = await client.query(
    "SELECT c.oid::pg_catalog.regclass::text AS name FROM pg_catalog.pg_class c WHERE c.oid = $2::oid AND $1::oid = 'pg_catalog.pg_class'::pg_catalog.regclass",
    [of_class, of_object],
  );
  return (rows[0] as { name: string } | undefined)?.name ?? "";
}

/** Takes away every right that making it gave by default. */
async function clear(client: AdminClient, { clear: kind, name }: Extract<RecipePart, { clear: string }>): Promise<void> {
  const acl = {
    TABLE: "SELECT c.relacl FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.regclass",
    ROUTINE: "SELECT p.proacl FROM pg_catalog.pg_proc p WHERE p.oid = $1::pg_catalog.regprocedure",
    SCHEMA: "SELECT n.nspacl FROM pg_catalog.pg_namespace n WHERE n.oid = $1::pg_catalog.regnamespace",
  }[kind];
  const { rows } = await client.query(
    `SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END AS grantee
     FROM pg_catalog.aclexplode((${acl})) a`,
    [name],
  );
  const grantees = new Set([...(rows as readonly { grantee: string }[]).map(({ grantee }) => grantee), "PUBLIC"]);
  for (const grantee of grantees) await client.query(`REVOKE ALL ON ${kind} ${name} FROM ${grantee} CASCADE`);
}
