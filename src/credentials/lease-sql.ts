/**
 * The statements that make, find and remove session roles, per server version.
 * It runs none of them.
 */
import type { SessionLimits } from "../model/session-limits.ts";
import { sessionRolePrefix } from "../model/session-role.ts";
import { ident, literal } from "../provision/sql.ts";

const MARK = "holdfast lease ";

/** What a session role's comment says, so that any gateway can tell whose it is and when it is over. */
export interface LeaseMark {
  readonly target: string;
  /** The gateway that made it: the same over its restarts. */
  readonly instance: string;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly expires: number;
}

export function markText({ target, instance, expires }: LeaseMark): string {
  return MARK + JSON.stringify({ target, instance, expires });
}

/** `undefined` when the comment is none of ours. Only who may make roles can write one. */
export function readMark(comment: string): LeaseMark | undefined {
  if (!comment.startsWith(MARK)) return undefined;
  try {
    const { target, instance, expires } = JSON.parse(comment.slice(MARK.length)) as Partial<LeaseMark>;
    if (typeof target !== "string" || typeof instance !== "string" || typeof expires !== "number") return undefined;
    return { target, instance, expires };
  } catch {
    return undefined;
  }
}

export interface NewRole {
  readonly role: string;
  /** `SCRAM-SHA-256$...`: the password itself never reaches the server or its log. */
  readonly verifier: string;
  readonly group: string;
  /** It may SET ROLE to the group; before 16 every member may. */
  readonly actsAsGroup: boolean;
  readonly readOnly: boolean;
  readonly connectionsMax: number;
  readonly limits: SessionLimits;
  readonly mark: LeaseMark;
}

const MEMBERSHIP_OPTIONS_SINCE = 160_000;
const TRANSACTION_TIMEOUT_SINCE = 170_000;

/** One text, one transaction: a role that exists is marked, limited and a member of its group. */
export function createRoleSql(wanted: NewRole, version: number): string {
  const role = ident(wanted.role);
  const perMembership = version >= MEMBERSHIP_OPTIONS_SINCE;
  // Where each membership says itself that it is inherited, nothing else ever is; before that the role's attribute is all there is.
  const attributes = `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE ${perMembership ? "NOINHERIT" : "INHERIT"} NOREPLICATION NOBYPASSRLS`;
  const until = literal(new Date(wanted.mark.expires).toISOString());
  return [
    "BEGIN",
    `CREATE ROLE ${role} ${attributes} CONNECTION LIMIT ${wanted.connectionsMax} VALID UNTIL ${until} PASSWORD ${literal(wanted.verifier)}`,
    `COMMENT ON ROLE ${role} IS ${literal(markText(wanted.mark))}`,
    ...Object.entries(settings(wanted, version)).map(([name, value]) => `ALTER ROLE ${role} SET ${name} = ${literal(value)}`),
    // SET FALSE: a session cannot take the group's place, where it would be one with other sessions.
    `GRANT ${ident(wanted.group)} TO ${role}${perMembership ? ` WITH INHERIT TRUE, SET ${wanted.actsAsGroup ? "TRUE" : "FALSE"}` : ""}`,
    "COMMIT",
  ].join(";\n");
}

/** How later logins of the role begin their transactions; sessions that run keep what they have. */
export function readOnlySql(role: string, readOnly: boolean): string {
  return `ALTER ROLE ${ident(role)} SET default_transaction_read_only = ${readOnly ? "on" : "off"}`;
}

function settings({ limits, readOnly }: NewRole, version: number): Readonly<Record<string, string>> {
  const { statementMsMax, idleInTransactionMsMax, transactionMsMax } = limits;
  return {
    ...(statementMsMax === null ? {} : { statement_timeout: String(statementMsMax) }),
    ...(idleInTransactionMsMax === null ? {} : { idle_in_transaction_session_timeout: String(idleInTransactionMsMax) }),
    ...(transactionMsMax === null || version < TRANSACTION_TIMEOUT_SINCE ? {} : { transaction_timeout: String(transactionMsMax) }),
    ...(readOnly ? { default_transaction_read_only: "on" } : {}),
  };
}

/** After it nobody logs in as the role any more, and the admin may act as it. */
export function lockRoleSql(role: string, version: number, superuser: boolean): string {
  const membership = `GRANT ${ident(role)} TO CURRENT_USER${version >= MEMBERSHIP_OPTIONS_SINCE ? " WITH INHERIT TRUE, SET TRUE" : ""}`;
  return ["BEGIN", `ALTER ROLE ${ident(role)} NOLOGIN`, ...(superuser ? [] : [membership]), "COMMIT"].join("; ");
}

/** As the role itself, which works for an admin that does not inherit too. Returns how many are left. */
export function terminateSql(role: string): string {
  const name = literal(role);
  return `BEGIN; SET LOCAL ROLE ${ident(role)}; SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = ${name}; COMMIT`;
}

export function connectionsSql(role: string): string {
  return `SELECT pg_catalog.count(*)::int AS left FROM pg_catalog.pg_stat_activity WHERE usename = ${literal(role)}`;
}

/** A prepared transaction outlives its session, and holds what it locked. */
export function preparedSql(role: string): string {
  return `SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE owner = ${literal(role)} AND database = pg_catalog.current_database()`;
}

/** Run outside a transaction, as ROLLBACK PREPARED demands. */
export function rollbackPreparedSql(role: string, gid: string): readonly string[] {
  return [`SET ROLE ${ident(role)}`, `ROLLBACK PREPARED ${literal(gid)}`, "RESET ROLE"];
}

/** What was granted on tables of this database to the role itself, with the owners, who may take it back. */
export function grantsSql(role: string): string {
  return `SELECT DISTINCT c.oid::pg_catalog.regclass::text AS relation, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS has
  FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  WHERE d.deptype = 'a' AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND d.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)})`;
}

/** What it owns goes; what it was granted by others was taken back before. */
export function dropRoleSql(role: string, revokes: readonly string[]): string {
  const own = `SET LOCAL ROLE ${ident(role)}; DROP OWNED BY ${ident(role)}; RESET ROLE`;
  return ["BEGIN", ...revokes, own, `DROP ROLE ${ident(role)}`, "COMMIT"].join("; ");
}

export const leasedRolesSql = `SELECT r.rolname::text AS role, pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment
FROM pg_catalog.pg_roles r WHERE pg_catalog.starts_with(r.rolname::text, ${literal(sessionRolePrefix)})
  AND pg_catalog.starts_with(pg_catalog.shobj_description(r.oid, 'pg_authid'), ${literal(MARK)})`;

export const aboutSql = `SELECT pg_catalog.current_setting('server_version_num')::int AS version,
  (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::float8 AS now,
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser`;
