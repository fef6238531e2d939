/**
 * DROP DATABASE into the bin: the database gets another name and takes no connections, and its comment says what it was.
 * One transaction does all of it, so a crash leaves it done or not begun. Nothing in the database is touched or looked at.
 */
import { assert } from "../../base/assert.ts";
import type { ActionId, BinEntryId } from "../../base/ids.ts";
import type { BinEntry } from "../../model/recovery.ts";
import { type AdminClient, ident, literal } from "../../provision/sql.ts";
import { databaseRefusal, type ServerError } from "./database-refusal.ts";
import { binDatabasePrefix, type DatabaseNote, readNote } from "./database-note.ts";

export interface DropDatabase {
  readonly target: string;
  /** As the statement names it, folded and unquoted. */
  readonly name: string;
  readonly ifExists: boolean;
  readonly force: boolean;
  /** The database that the client is connected to: the server never drops that one. */
  readonly current: string;
  /** Of the session that asked. */
  readonly role: string;
  readonly entry: BinEntryId;
  readonly action?: ActionId;
  readonly atMs: number;
  /** Logins whose connections named `holdfast...` are our own and give way: the client was promised the server's answers, not ours. */
  readonly ownLogins: readonly string[];
}

export type DatabaseAnswer =
  | { readonly kind: "kept"; readonly bytes: number }
  /** IF EXISTS, and there is none: the notice that the server gives. */
  | { readonly kind: "skipped"; readonly notice: string }
  | { readonly kind: "refused"; readonly error: ServerError };

/** `client` is connected to another database, outside of a transaction. Errors that are not the act's own are thrown. */
export async function keepDatabase(client: AdminClient, act: DropDatabase): Promise<DatabaseAnswer> {
  await client.query("BEGIN");
  try {
    // Locked against two at once, and against whoever would connect in between.
    const answer = await keep(client, act);
    await client.query(answer.kind === "kept" ? "COMMIT" : "ROLLBACK");
    return answer;
  } catch (error) {
    await client.query("ROLLBACK");
    const refusal = databaseRefusal(error, act.name);
    if (refusal === undefined) throw error;
    return { kind: "refused", error: refusal };
  }
}

/** Whether the bin would take it, as things are; nothing was tried, and whoever is connected then may still hold it up. */
export type DatabaseLook =
  | { readonly kind: "takes"; readonly bytes: number }
  | { readonly kind: "skipped" }
  /** The server would refuse the DROP itself. */
  | { readonly kind: "refused"; readonly error: ServerError }
  /** The DROP could be carried out, and the bin could not hold it. */
  | { readonly kind: "unfit"; readonly because: string };

/** As {@link keepDatabase} would find it. It changes nothing and ends nobody's connection. */
export async function lookAtDatabase(client: AdminClient, act: Omit<DropDatabase, "entry" | "ownLogins">): Promise<DatabaseLook> {
  const { rows } = await client.query(LOOK, [act.name]);
  const found = rows[0] as Found | undefined;
  if (found === undefined && act.ifExists) return { kind: "skipped" };
  const { error } = refusalOf(found, act) ?? {};
  if (error !== undefined) return { kind: "refused", error };
  if (found?.renames === true) return { kind: "takes", bytes: Number(found.bytes ?? 0) };
  return { kind: "unfit", because: "the login that Holdfast uses may not rename databases: give that role CREATEDB" };
}

interface Found {
  readonly may: boolean;
  readonly template: boolean;
  readonly connections: boolean;
  readonly limit: number;
  readonly comment: string | null;
  readonly bytes: string | null;
  readonly slots: boolean;
  readonly subscriptions: number;
  readonly renames: boolean;
}

const LOOK = `
  SELECT pg_has_role(d.datdba, 'USAGE') AS may, d.datistemplate AS template, d.datallowconn AS connections, d.datconnlimit AS "limit",
    shobj_description(d.oid, 'pg_database') AS comment,
    CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_database_size(d.oid)::text END AS bytes,
    EXISTS (SELECT FROM pg_replication_slots s WHERE s.database = d.datname AND s.active) AS slots,
    (SELECT count(*)::int FROM pg_subscription s WHERE s.subdbid = d.oid) AS subscriptions,
    (SELECT u.rolsuper OR u.rolcreatedb FROM pg_roles u WHERE u.rolname = current_user) AS renames
  FROM pg_database d WHERE d.datname = $1`;

async function keep(client: AdminClient, act: DropDatabase): Promise<DatabaseAnswer> {
  const { rows } = await client.query(LOOK, [act.name]);
  const found = rows[0] as Found | undefined;
  if (found === undefined && act.ifExists) return { kind: "skipped", notice: `database "${act.name}" does not exist, skipping` };
  const refusal = refusalOf(found, act);
  if (refusal !== undefined) return refusal;
  assert(found !== undefined, "one that is not there is refused");
  const note: DatabaseNote = {
    entry: act.entry,
    target: act.target,
    name: act.name,
    role: act.role,
    action: act.action ?? null,
    atMs: act.atMs,
    connections: found.connections,
    limit: found.limit,
    comment: found.comment,
    bytes: Number(found.bytes ?? 0),
    told: false,
  };
  await makeRoom(client, act);
  const resting = `${binDatabasePrefix}${act.entry}`;
  await client.query(`ALTER DATABASE ${ident(act.name)} RENAME TO ${ident(resting)}`);
  await client.query(`ALTER DATABASE ${ident(resting)} WITH ALLOW_CONNECTIONS false CONNECTION LIMIT 0`);
  await client.query(`COMMENT ON DATABASE ${ident(resting)} IS ${literal(JSON.stringify({ holdfastBin: note }))}`);
  return { kind: "kept", bytes: note.bytes };
}

/** In the order and the words of the server's own DROP DATABASE. */
function refusalOf(
  found: Found | undefined,
  { name, current }: Pick<DropDatabase, "name" | "current">,
): Extract<DatabaseAnswer, { kind: "refused" }> | undefined {
  if (found === undefined) return refused("3D000", `database "${name}" does not exist`);
  if (!found.may) return refused("42501", `must be owner of database ${name}`);
  if (found.template) return refused("42809", "cannot drop a template database");
  if (name === current) return refused("55006", "cannot drop the currently open database");
  if (found.slots) return refused("55006", `database "${name}" is used by an active logical replication slot`);
  if (found.subscriptions > 0) {
    const [are, ending] = found.subscriptions === 1 ? ["is", ""] : ["are", "s"];
    return refused(
      "55006",
      `database "${name}" is being used by logical replication subscription`,
      `There ${are} ${found.subscriptions} subscription${ending}.`,
    );
  }
  if (name.startsWith(binDatabasePrefix)) return refused("42501", `database "${name}" rests in the bin: a person empties it`);
  return undefined;
}

/** FORCE ends everybody's connections, as the server does. Ours always go: without Holdfast they would not be there. */
async function makeRoom(client: AdminClient, { name, force, ownLogins }: DropDatabase): Promise<void> {
  await client.query(
    `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.datname = $1 AND a.pid <> pg_backend_pid()
       AND ($2::boolean OR a.application_name LIKE 'holdfast%' AND a.usename = ANY ($3::text[]))`,
    [name, force, ownLogins],
  );
}

function refused(code: string, message: string, detail?: string): Extract<DatabaseAnswer, { kind: "refused" }> {
  return { kind: "refused", error: { severity: "ERROR", code, message, ...(detail === undefined ? {} : { detail }) } };
}

/** The target's databases that rest at this server; another target's at the same server are none of its. */
export async function listDatabases(client: AdminClient, target: string): Promise<readonly (BinEntry & { readonly told: boolean })[]> {
  const { rows } = await client.query(
    `SELECT d.datname AS resting, shobj_description(d.oid, 'pg_database') AS comment FROM pg_database d
     WHERE starts_with(d.datname::text, $1) ORDER BY d.oid`,
    [binDatabasePrefix],
  );
  return (rows as { resting: string; comment: string | null }[]).flatMap(({ resting, comment }) => {
    const note = readNote(comment);
    if (note === undefined || note.target !== target || resting !== `${binDatabasePrefix}${note.entry}`) return [];
    const { entry, name, role, action, atMs, bytes, told } = note;
    return [
      {
        id: entry as BinEntryId,
        target,
        database: name,
        atMs,
        tag: "DROP DATABASE",
        role,
        ...(action === null ? {} : { action: action as ActionId }),
        objects: [{ type: "database", name, direct: true }],
        bytes,
        state: "kept" as const,
        told,
      },
    ];
  });
}

/** Under its old name, or another one; everything else as it was. Throws the server's error where the name is taken. */
export async function restoreDatabase(client: AdminClient, entry: BinEntryId, as?: string): Promise<string> {
  return changing(client, entry, async (resting, note) => {
    const name = as ?? note.name;
    await client.query(`ALTER DATABASE ${ident(resting)} RENAME TO ${ident(name)}`);
    await client.query(
      `ALTER DATABASE ${ident(name)} WITH ALLOW_CONNECTIONS ${note.connections ? "true" : "false"} CONNECTION LIMIT ${Math.trunc(note.limit)}`,
    );
    await client.query(`COMMENT ON DATABASE ${ident(name)} IS ${note.comment === null ? "NULL" : literal(note.comment)}`);
    return name;
  });
}

/** For good. A crash in it leaves what is there or not, never half: it is the server's own DROP DATABASE. */
export async function emptyDatabase(client: AdminClient, entry: BinEntryId): Promise<void> {
  const resting = `${binDatabasePrefix}${entry}`;
  if ((await noteOf(client, resting)) === undefined) throw new Error(`\`${entry}\` does not rest in the bin`);
  await client.query(`DROP DATABASE ${ident(resting)}`);
}

/** The audit log has it: said once it does, so that what a crash kept from being told is told at the next look. */
export async function markDatabaseTold(client: AdminClient, entry: BinEntryId): Promise<void> {
  await changing(client, entry, async (resting, note) => {
    const told: DatabaseNote = { ...note, told: true };
    await client.query(`COMMENT ON DATABASE ${ident(resting)} IS ${literal(JSON.stringify({ holdfastBin: told }))}`);
  });
}

async function changing<T>(client: AdminClient, entry: BinEntryId, work: (resting: string, note: DatabaseNote) => Promise<T>): Promise<T> {
  const resting = `${binDatabasePrefix}${entry}`;
  await client.query("BEGIN");
  try {
    const note = await noteOf(client, resting);
    if (note === undefined) throw new Error(`\`${entry}\` does not rest in the bin`);
    const result = await work(resting, note);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function noteOf(client: AdminClient, resting: string): Promise<DatabaseNote | undefined> {
  const { rows } = await client.query("SELECT shobj_description(d.oid, 'pg_database') AS comment FROM pg_database d WHERE d.datname = $1", [
    resting,
  ]);
  const row = rows[0] as { comment: string | null } | undefined;
  return row === undefined ? undefined : readNote(row.comment);
}
