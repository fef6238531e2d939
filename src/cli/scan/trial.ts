/**
 * Tries one PostgreSQL login and asks the server what its holder could do: one read-only transaction, short time limits, then gone.
 * What the server or the system says goes no further than a word of ours: their messages may hold pieces of the login.
 */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import pg from "pg";
import { isLoopback } from "../../config/address.ts";
import type { PostgresLogin } from "../../scan/credential.ts";
import type { Reach, Rights } from "../../scan/rights.ts";

/** `refused`: this login opens nothing there. `unknown`: it may still, for someone else, from elsewhere or later. */
export type Trial =
  | { readonly outcome: "open"; readonly rights: Rights }
  | { readonly outcome: "refused" | "unknown"; readonly why: string };

const connectMsMax = 5_000;
const answerMsMax = 10_000;

/** Never rejects. */
export async function tryLogin(login: PostgresLogin): Promise<Trial> {
  const encrypted = await attempt(login, login.tls !== "disable");
  // As libpq's `prefer` does, and as an agent's own client would.
  const again = login.tls === "prefer" && "code" in encrypted && encrypted.code === "NO_TLS";
  const trial = again ? await attempt(login, false) : encrypted;
  return "code" in trial
    ? { outcome: /^28/.test(trial.code) ? "refused" : "unknown", why: whyShut(trial.code) }
    : { outcome: "open", rights: trial };
}

async function attempt(login: PostgresLogin, tls: boolean): Promise<Rights | { readonly code: string }> {
  const client = new pg.Client({
    host: login.host,
    port: login.port,
    user: login.role,
    database: login.database,
    password: login.password(),
    ssl: tls ? { rejectUnauthorized: false } : false,
    connectionTimeoutMillis: connectMsMax,
    query_timeout: answerMsMax,
    application_name: "holdfast scan",
  });
  client.on("error", () => {});
  refuseCleartext(client, login.host);
  try {
    await client.connect();
    return await ask(client);
  } catch (error) {
    return { code: codeOf(error) };
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * No certificate was verified, so whoever is in between could ask for the password as it is: only this machine's own server gets it so.
 * Runs before the client's own listener, whose answer then has no socket left to go to.
 */
function refuseCleartext(client: pg.Client, host: string): void {
  if (isLoopback(host) || host.startsWith("/")) return;
  const { connection } = client as unknown as { readonly connection: EventEmitter & { readonly stream: Socket } };
  connection.prependListener("authenticationCleartextPassword", () => {
    connection.stream.destroy(Object.assign(new Error("asked for the password in clear"), { code: "CLEARTEXT" }));
  });
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string") return code;
  const text = String(message);
  if (text.includes("does not support SSL")) return "NO_TLS";
  return /timeout/i.test(text) ? "ETIMEDOUT" : "";
}

function whyShut(code: string): string {
  if (/^28/.test(code)) return "the server refuses this login";
  if (code === "3D000") return "the server has no such database";
  if (code === "53300") return "the server has no free connection";
  if (code === "42501") return "the server refuses the questions: some rights are not known";
  if (code === "57014" || code === "ETIMEDOUT") return "no answer in time";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host's name is not known here";
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "NO_TLS") return "the server offers no TLS, and the login asks for it";
  if (code === "CLEARTEXT") return "the server asks for the password in clear, and it was not given";
  if (/^E[A-Z]+$/.test(code)) return `not reachable from here (${code})`;
  return /^[0-9A-Z]{5}$/.test(code) ? `the server refuses (SQLSTATE ${code})` : "the connection failed";
}

/** BEGIN and SET resolve no names, so nothing that a search_path of the role's own could bend runs before it is pinned. */
const pinned = `BEGIN TRANSACTION READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = '8s';
SET LOCAL lock_timeout = '1s'; SET LOCAL idle_in_transaction_session_timeout = '15s'`;

/** Roles it is or may become. From PostgreSQL 16 on a membership may withhold SET; one that inherits counts as well. */
const reachableSql = (
  version: number,
) => `SELECT r.oid, r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolbypassrls, r.rolreplication
  FROM pg_roles r WHERE ${
    version >= 160_000
      ? "pg_has_role(current_user, r.oid, 'SET') OR pg_has_role(current_user, r.oid, 'USAGE')"
      : "pg_has_role(current_user, r.oid, 'MEMBER')"
  }`;

/** Extensions whose functions reach other servers, files or programs, or read pages past every right. */
const doors =
  "dblink|postgres_fdw|file_fdw|adminpack|plpython[23]?u|plperlu|pltclu|plsh|pljava|plr|http|pg_net|aws_s3|aws_lambda|pg_cron|" +
  "pg_background|pageinspect|xml2";

const ours = "nspname !~ '^pg_' AND nspname <> 'information_schema'";
const attribute = (column: string, name: string) => `(SELECT CASE WHEN bool_or(${column}) THEN '${name}' END FROM reachable)`;

const roleSql = (reachable: string) => `WITH reachable AS MATERIALIZED (${reachable})
  SELECT current_setting('server_version') AS version, current_user::text AS role, current_database()::text AS database,
    pg_is_in_recovery() AS standby,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    EXISTS (SELECT FROM reachable WHERE rolsuper) AS "superuserByMembership",
    array_remove(ARRAY[${attribute("rolcreatedb", "CREATEDB")}, ${attribute("rolcreaterole", "CREATEROLE")},
      ${attribute("rolbypassrls", "BYPASSRLS")}, ${attribute("rolreplication", "REPLICATION")}], NULL) AS attributes,
    ARRAY(SELECT rolname::text FROM reachable WHERE rolname ~ '^pg_' ORDER BY 1) AS predefined,
    ARRAY(SELECT datname::text FROM pg_database d JOIN reachable r ON r.oid = d.datdba WHERE NOT datistemplate ORDER BY 1)
      AS "databasesOwned",
    (SELECT count(*) FROM pg_database WHERE NOT datistemplate)::int AS databases,
    ARRAY(SELECT nspname::text FROM pg_namespace n JOIN reachable r ON r.oid = n.nspowner WHERE ${ours} ORDER BY 1) AS "schemasOwned",
    EXISTS (SELECT FROM reachable r WHERE has_table_privilege(r.oid, 'pg_authid', 'SELECT')) AS "readsPasswords",
    ARRAY(SELECT extname::text FROM pg_extension WHERE extname ~ '^(${doors})$'
      UNION SELECT lanname::text FROM pg_language l WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c')
        AND EXISTS (SELECT FROM reachable r WHERE has_language_privilege(r.oid, l.oid, 'USAGE')) ORDER BY 1) AS doors`;

/** UPDATE and INSERT may be given for single columns. */
const reached = (right: "TRUNCATE" | "DELETE" | "UPDATE" | "INSERT") => {
  const asked = right === "UPDATE" || right === "INSERT" ? "has_any_column_privilege" : "has_table_privilege";
  return `EXISTS (SELECT FROM reachable r WHERE has_schema_privilege(r.oid, n.oid, 'USAGE')
     AND ${asked}(r.oid, c.oid, '${right}')) AS "${right}"`;
};

const tablesSql = (reachable: string) => `WITH reachable AS MATERIALIZED (${reachable})
  SELECT n.nspname || '.' || c.relname AS name, greatest(c.reltuples, 0)::float8 AS rows,
    EXISTS (SELECT FROM reachable r WHERE r.oid = c.relowner) AS owned,
    ${reached("TRUNCATE")}, ${reached("DELETE")}, ${reached("UPDATE")}, ${reached("INSERT")}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f') AND ${ours} ORDER BY 2 DESC, 1 LIMIT 50000`;

async function ask(client: pg.Client): Promise<Rights> {
  await client.query(pinned);
  const version = Number((await client.query<{ n: string }>("SELECT current_setting('server_version_num') AS n")).rows[0]?.n);
  const reachable = reachableSql(version);
  const { rows: roles } = await client.query<Omit<Rights, ReachName | "tables">>(roleSql(reachable));
  const { rows: tables } = await client.query<TableRow>(tablesSql(reachable));
  await client.query("ROLLBACK");
  const [role] = roles;
  if (role === undefined) throw new Error("the server said nothing about the role");
  return {
    ...role,
    tables: tables.length,
    owned: reachOf(tables, "owned"),
    truncatable: reachOf(tables, "TRUNCATE"),
    deletable: reachOf(tables, "DELETE"),
    updatable: reachOf(tables, "UPDATE"),
    insertable: reachOf(tables, "INSERT"),
  };
}

type ReachName = "owned" | "truncatable" | "deletable" | "updatable" | "insertable";

interface TableRow {
  readonly name: string;
  readonly rows: number;
  readonly owned: boolean;
  readonly TRUNCATE: boolean;
  readonly DELETE: boolean;
  readonly UPDATE: boolean;
  readonly INSERT: boolean;
}

const namesKept = 50;

function reachOf(tables: readonly TableRow[], right: Exclude<keyof TableRow, "name" | "rows">): Reach {
  const reached = tables.filter((table) => table[right]);
  return {
    tables: reached.length,
    rows: Math.round(reached.reduce((sum, { rows }) => sum + rows, 0)),
    names: reached.slice(0, namesKept).map(({ name }) => name),
  };
}
