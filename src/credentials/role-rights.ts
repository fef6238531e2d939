/**
 * Rights that a session role has beside its group's: made at the server what a list says, through the owner executor and within its reach.
 * It reads the server's own ACLs, so that what a former gateway or a lost answer left behind goes too.
 */
import { assert } from "../base/assert.ts";
import { ident, literal, qualified } from "../provision/sql.ts";
import type { AdminClient } from "../provision/sql.ts";
import type { Admin } from "./admin-connection.ts";

export type TablePrivilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** Tables and sequences by their resolved names, `schema.name`. */
export interface RoleRights {
  readonly tables: readonly string[];
  readonly privileges: readonly TablePrivilege[];
  readonly sequences: readonly string[];
}

/** The server or the names do not allow it: nothing was changed. */
export class RightsRefused extends Error {
  override readonly name = "RightsRefused";
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly owner: string;
  /** The owner executor may act for its owner. */
  readonly within: boolean;
}

const USERS = `n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'`;

/** The tables that are named, with the sequences of their own that inserting moves. Rejects with {@link RightsRefused}. */
export async function resolveTables(
  client: AdminClient,
  executor: string,
  names: readonly string[],
): Promise<{ readonly tables: readonly string[]; readonly sequences: readonly string[] }> {
  const found = await relationsNamed(client, executor, names, "'r', 'p'");
  for (const name of names) {
    const fits = found.filter((relation) => fullName(relation) === name);
    if (fits.length === 0) throw new RightsRefused(`no table is named \`${name}\``);
    if (fits.length > 1) throw new RightsRefused(`\`${name}\` names several tables`);
  }
  const beyond = found.find(({ within }) => !within);
  if (beyond !== undefined)
    throw new RightsRefused(
      `\`${fullName(beyond)}\` belongs to \`${beyond.owner}\`, for whom \`${executor}\` may not act: see what \`holdfast provision\` says of it`,
    );
  // A serial column's sequence hangs on the column (deptype a); an identity column's needs no right of the one who inserts.
  const { rows } = await client.query(
    `SELECT DISTINCT n.nspname::text || '.' || s.relname::text AS name FROM pg_catalog.pg_depend d
     JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
     JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
     WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
       AND d.deptype = 'a' AND cn.nspname::text || '.' || c.relname::text = ANY ($1) ORDER BY 1`,
    [names],
  );
  return { tables: [...new Set(names)], sequences: (rows as readonly { name: string }[]).map(({ name }) => name) };
}

/**
 * Leaves the role with exactly these rights of its own in this database, in one transaction. Rejects with {@link RightsRefused} when the
 * server gives less than was asked for, and with the server's error otherwise; nothing has changed then.
 */
export async function settleRights(admin: Admin, role: string, executor: string, wanted: readonly RoleRights[]): Promise<void> {
  const { client } = admin;
  const want = wantedRights(wanted);
  const have = await heldRights(client, role);
  const extra = [...have].filter((right) => !want.has(right));
  const lacked = [...want].filter((right) => !have.has(right));
  if (lacked.length === 0 && extra.length === 0) return;
  const relations = await relationsNamed(client, executor, [...lacked, ...extra].map(nameOf), "'r', 'p', 'S'");
  const places = new Map(relations.map((relation) => [fullName(relation), relation]));
  // What was dropped since it was named cannot be touched, and nobody is kept out for it.
  const missing = lacked.filter((right) => places.has(nameOf(right)));
  const say = (verb: "GRANT" | "REVOKE", right: string): string => {
    const place = places.get(nameOf(right));
    assert(place !== undefined, "a right is on a relation that was found");
    const what = `${right.slice(0, right.indexOf(" "))} ON ${place.kind === "S" ? "SEQUENCE" : "TABLE"} ${qualified(place.schema, place.name)}`;
    return verb === "GRANT" ? `GRANT ${what} TO ${ident(role)}` : `REVOKE ${what} FROM ${ident(role)}`;
  };
  const statements = [...extra.map((right) => say("REVOKE", right)), ...missing.map((right) => say("GRANT", right))];
  try {
    await client.query(`BEGIN; ${await asExecutor(admin, executor, statements)}`);
    // A grantor without the right to grant is only warned by the server.
    const now = await heldRights(client, role);
    const lacking = missing.find((right) => !now.has(right));
    if (lacking !== undefined) throw new RightsRefused(`the server did not give ${lacking.replace(" ", " on ")}`);
    const left = extra.find((right) => now.has(right));
    if (left !== undefined) throw new RightsRefused(`the server did not take back ${left.replace(" ", " on ")}`);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

const MEMBERSHIP_OPTIONS_SINCE = 160_000;

/** The statements under the executor's name. An administrator that may make itself a member is one for just this transaction. */
async function asExecutor({ client, version, superuser }: Admin, executor: string, statements: readonly string[]): Promise<string> {
  const perMembership = version >= MEMBERSHIP_OPTIONS_SINCE;
  const { rows } = await client.query(
    `SELECT pg_catalog.pg_has_role(current_user, ${literal(executor)}, '${perMembership ? "SET" : "MEMBER"}') AS may`,
  );
  const acting = [`SET LOCAL ROLE ${ident(executor)}`, ...statements, "RESET ROLE"];
  if (superuser || (rows[0] as { may: boolean }).may) return acting.join("; ");
  const join = `GRANT ${ident(executor)} TO CURRENT_USER${perMembership ? " WITH INHERIT FALSE, SET TRUE" : ""}`;
  return [join, ...acting, `REVOKE ${ident(executor)} FROM CURRENT_USER`].join("; ");
}

function wantedRights(wanted: readonly RoleRights[]): ReadonlySet<string> {
  const rights = new Set<string>();
  for (const { tables, privileges, sequences } of wanted) {
    for (const table of tables) for (const privilege of privileges) rights.add(`${privilege} ${table}`);
    if (privileges.includes("INSERT")) for (const sequence of sequences) rights.add(`USAGE ${sequence}`);
  }
  return rights;
}

/** The role's own entries in the ACLs of this database's relations, as `PRIVILEGE schema.name`. */
async function heldRights(client: AdminClient, role: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query(
    `SELECT DISTINCT a.privilege_type || ' ' || n.nspname::text || '.' || c.relname::text AS held
     FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_shdepend d ON d.refobjid = r.oid AND d.deptype = 'a'
     JOIN pg_catalog.pg_class c ON c.oid = d.objid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL pg_catalog.aclexplode(c.relacl) a
     WHERE r.rolname = ${literal(role)} AND a.grantee = r.oid
       AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`,
  );
  return new Set((rows as readonly { held: string }[]).map(({ held }) => held));
}

async function relationsNamed(
  client: AdminClient,
  executor: string,
  names: readonly string[],
  kinds: string,
): Promise<readonly Relation[]> {
  const { rows } = await client.query(
    `SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
       pg_catalog.pg_has_role(${literal(executor)}, c.relowner, 'USAGE') AS within
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname::text || '.' || c.relname::text = ANY ($1) AND c.relkind IN (${kinds}) AND ${USERS}`,
    [names],
  );
  return rows as readonly Relation[];
}

/** Of `PRIVILEGE schema.name`. */
function nameOf(right: string): string {
  return right.slice(right.indexOf(" ") + 1);
}

function fullName({ schema, name }: Relation): string {
  return `${schema}.${name}`;
}
