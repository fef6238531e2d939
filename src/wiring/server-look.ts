/**
 * What the server itself says of one target: whose rights agents would have, which doors lead out, what earlier runs left behind,
 * what provisioning would still change. One read-only transaction, and no judgement.
 */
import { leasedRolesSql, readMark } from "../credentials/lease-sql.ts";
import type { TargetConfig } from "../config/config.ts";
import { showPlan } from "../provision/apply.ts";
import { groupNames } from "../provision/names.ts";
import { type Reach, readReach } from "../provision/reach.ts";
import { adminAddress } from "./admin-client.ts";
import { tablesWithout } from "../provision/attach-journal.ts";
import { readJournal } from "../provision/undo-journal-state.ts";
import type { KeepRequest } from "../provision/undo-journal-triggers.ts";
import { keepRequest, requestOf } from "./provisioning.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";
import type { AdminClient } from "../provision/sql.ts";

export interface ServerLook {
  /** The role whose rights agents get: a group where each session has a role of its own, else the login they share. */
  readonly agentsRole: string;
  readonly reach: Reach;
  /** Relations that the shared login owns; zero where sessions have roles of their own. */
  readonly owned: number;
  readonly doors: readonly Door[];
  readonly leftovers: readonly Leftover[];
  /** `*`, `localhost` ...; `null` where the server does not say. */
  readonly listenAddresses: string | null;
  /** Lines of pg_hba.conf that let in without a secret; `null` where only a superuser may read them. */
  readonly trusted: readonly string[] | null;
  /** `ALTER ROLE`, `ALTER DATABASE` settings that change what a statement means, or whose code is loaded. */
  readonly settings: readonly string[];
  /** The server's clock minus ours. */
  readonly clockAheadMs: number;
  /** What `holdfast provision` would still run; `null` where sessions have no roles of their own. */
  readonly missing: readonly string[] | null;
  /** Tables whose changes by agents are not kept for undo, all of them where the database has no journal; `null` where `undo` is off. */
  readonly unkept: { readonly journal: boolean; readonly tables: readonly string[] } | null;
  readonly admin?: { readonly role: string; readonly superuser: boolean; readonly shared: boolean };
}

/** An extension or language that reaches files, programs or other servers. */
export interface Door {
  readonly name: string;
  readonly kind: "extension" | "language";
  readonly open: boolean;
}

export interface Leftover {
  readonly role: string;
  readonly target?: string;
  readonly instance?: string;
  readonly expired: boolean;
}

export interface LookOptions {
  readonly environment: EnvironmentVariables;
  readonly now: () => number;
}

/** Rejects with {@link WiringError}, or the server's own error. */
export async function lookAtServer(target: TargetConfig, { environment, now }: LookOptions): Promise<ServerLook> {
  const { roles } = target;
  const place = `target \`${target.name}\``;
  const upstream = adminAddress(target.upstream, undefined, environment, place);
  const ephemeral = roles?.mode === "ephemeral" && roles.admin !== undefined ? roles.admin : undefined;
  const address = ephemeral === undefined ? upstream : adminAddress(ephemeral, upstream.database, environment, `${place}, \`roles.admin\``);
  const client = await address.connect();
  client.on("error", () => undefined);
  try {
    const missing =
      ephemeral === undefined
        ? null
        : (await showPlan(client, requestOf(target, roles?.migrationRole ?? null, upstream.role, environment), "provision")).steps.map(
            ({ sql }) => sql,
          );
    const agentsRole = ephemeral === undefined ? upstream.role : groupNames(target.name).reader;
    const look = await lookWith(client, agentsRole, now);
    const unkept = target.undo.enabled ? await unkeptTables(client, keepRequest(target, upstream.role, environment)) : null;
    const [own] = await rowsOf<{ superuser: boolean }>(
      client,
      "SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user",
    );
    if (own === undefined) throw new WiringError(`${place}: the server does not know \`${address.role}\``);
    const admin = { role: address.role, superuser: own.superuser, shared: address.role === upstream.role };
    return { ...look, agentsRole, missing, unkept, ...(ephemeral === undefined ? {} : { admin }) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lookWith(
  client: AdminClient,
  agentsRole: string,
  now: () => number,
): Promise<Omit<ServerLook, "agentsRole" | "missing" | "unkept" | "admin">> {
  const known = await rowsOf(client, "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", [agentsRole]);
  const reach = known.length === 0 ? { changes: [], traces: [] } : await readReach(client, agentsRole);
  const [about] = await rowsOf<{ now: number; listen: string | null; owned: number }>(client, aboutSql, [agentsRole]);
  const clockAheadMs = (about?.now ?? 0) - now();
  return {
    reach,
    owned: about?.owned ?? 0,
    doors: known.length === 0 ? [] : await rowsOf<Door>(client, doorsSql, [agentsRole, doorNames]),
    leftovers: (await rowsOf<{ role: string; comment: string | null }>(client, leasedRolesSql)).map(({ role, comment }) => {
      const mark = readMark(comment ?? "");
      return mark === undefined
        ? { role, expired: true }
        : { role, target: mark.target, instance: mark.instance, expired: mark.expires < (about?.now ?? 0) };
    }),
    listenAddresses: about?.listen ?? null,
    trusted: await rowsOf<{ line: string }>(client, trustedSql).then(
      (lines) => lines.map(({ line }) => line),
      () => null,
    ),
    settings: (await rowsOf<{ text: string }>(client, settingsSql, [agentsRole])).map(({ text }) => text),
    clockAheadMs,
  };
}

async function unkeptTables(client: AdminClient, keep: KeepRequest): Promise<ServerLook["unkept"]> {
  const journal = await readJournal(client);
  const without = tablesWithout(journal, keep);
  return { journal: without !== null, tables: without ?? journal.tables.map(({ schema, name }) => `${schema}.${name}`) };
}

async function rowsOf<Row>(client: AdminClient, sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  return (await client.query(sql, [...values])).rows as readonly Row[];
}

const aboutSql = `SELECT (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::float8 AS now,
  pg_catalog.current_setting('listen_addresses', true) AS listen,
  (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   JOIN pg_catalog.pg_roles r ON r.rolname = $1
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     AND pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER') AND NOT r.rolsuper) AS owned`;

/** Extensions whose functions reach other servers, files or programs, or read pages past every right. */
const doorNames = [
  "dblink",
  "postgres_fdw",
  "file_fdw",
  "adminpack",
  "http",
  "pg_net",
  "aws_s3",
  "aws_lambda",
  "pg_cron",
  "pg_background",
  "pageinspect",
  "plsh",
];

/** Open: the agents' role may run one of its functions, use its wrapper, or write code in its language. */
const doorsSql = `SELECT e.extname::text AS name, 'extension' AS kind,
    EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.objid AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        AND p.prorettype NOT IN ('pg_catalog.fdw_handler'::pg_catalog.regtype, 'pg_catalog.trigger'::pg_catalog.regtype) AND p.proname !~ '_validator$|_disconnect$|_get_connections$'
        AND pg_catalog.has_schema_privilege($1, p.pronamespace, 'USAGE') AND pg_catalog.has_function_privilege($1, p.oid, 'EXECUTE'))
    OR EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = d.objid
        AND d.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        AND pg_catalog.has_foreign_data_wrapper_privilege($1, w.oid, 'USAGE')) AS open
  FROM pg_catalog.pg_extension e WHERE e.extname::text = ANY ($2)
UNION ALL SELECT l.lanname::text, 'language', pg_catalog.has_language_privilege($1, l.oid, 'USAGE')
  FROM pg_catalog.pg_language l WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c') ORDER BY 1`;

const trustedSql = `SELECT 'line ' || line_number || ': ' || type || ' ' || pg_catalog.array_to_string(database, ',') || ' '
    || pg_catalog.array_to_string(user_name, ',') || ' ' || coalesce(address || ' ', '') || auth_method AS line
  FROM pg_catalog.pg_hba_file_rules WHERE auth_method IN ('trust', 'password') ORDER BY line_number`;

const settingsSql = `SELECT coalesce('role ' || pg_catalog.pg_get_userbyid(nullif(s.setrole, 0)), 'every role')
    || coalesce(', database ' || d.datname, '') || ': ' || c.setting AS text
  FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) AS c(setting)
  WHERE (s.setrole = 0 OR s.setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1))
    AND (s.setdatabase = 0 OR d.datname = pg_catalog.current_database())
    AND c.setting ~* '^(standard_conforming_strings|backslash_quote|session_preload_libraries|local_preload_libraries|row_security|session_replication_role|client_encoding|role)='
  ORDER BY 1`;
