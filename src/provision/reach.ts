/**
 * What a role could change at a server if nothing stood before it: asked of the server, over anybody's connection.
 * It changes nothing and judges nothing.
 */
import { markPrefix } from "./names.ts";
import { writingFunctions } from "./plan-public.ts";
import { type AdminClient, literal } from "./sql.ts";

export interface Reach {
  /** Ways to destroy or change what is there, a clause each: "may delete from `public.t`". Empty: the server refuses it all. */
  readonly changes: readonly string[];
  /** Ways to leave something behind that harms nobody's data: large objects, messages in the WAL, temporary tables. */
  readonly traces: readonly string[];
}

/** Rows per question; a role that could change more is as bad. */
const SHOWN_MAX = 20;

const POWERS = [
  "pg_write_all_data",
  "pg_write_server_files",
  "pg_read_server_files",
  "pg_execute_server_program",
  "pg_signal_backend",
  "pg_create_subscription",
  "pg_maintain",
  "pg_database_owner",
];

/** Rejects with the server's error, also when there is no such role. */
export async function readReach(client: AdminClient, role: string): Promise<Reach> {
  const ask = async (sql: string): Promise<readonly string[]> => {
    const { rows } = await client.query(`SELECT DISTINCT clause FROM (${sql}) AS found ORDER BY clause LIMIT ${SHOWN_MAX}`);
    return (rows as readonly { clause: string }[]).map(({ clause }) => clause);
  };
  const who = literal(role);
  await client.query(`SELECT pg_catalog.has_database_privilege(${who}, pg_catalog.current_database(), 'CONNECT')`);
  const changes: string[] = [];
  for (const sql of questions(who)) changes.push(...(await ask(sql)));
  return { changes, traces: await ask(tracesSql(who)) };
}

/** Schemas of the server's own are left out: nobody but superusers changes what is in them. */
const USERS = `n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'`;

/** The bin's one procedure runs as the owners, and does nothing without a ticket that a gateway wrote for the session that calls. */
const OUR_DOOR = `(n.nspname OPERATOR(pg_catalog.=) 'holdfast_bin' AND p.proname OPERATOR(pg_catalog.=) 'carry_out'
  AND pg_catalog.starts_with(pg_catalog.obj_description(n.oid, 'pg_namespace'), '${markPrefix}'))`;

function questions(who: string): readonly string[] {
  const relation = "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)";
  const at = `FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ${USERS}`;
  return [
    `SELECT 'is ' || a.word AS clause FROM pg_catalog.pg_roles r, LATERAL (VALUES ('a superuser', r.rolsuper), ('allowed to make roles', r.rolcreaterole),
      ('allowed to make databases', r.rolcreatedb), ('a replication role', r.rolreplication), ('past row security', r.rolbypassrls)) a(word, has)
     WHERE r.rolname = ${who} AND a.has`,
    `SELECT 'is a member of ' || r.rolname AS clause FROM pg_catalog.pg_roles r
     WHERE r.rolname IN (${POWERS.map(literal).join(", ")}) AND pg_catalog.pg_has_role(${who}, r.oid, 'MEMBER')`,
    `SELECT 'may ' || pg_catalog.lower(p.word) || ' ' || ${relation} AS clause FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) p(word)
     WHERE ${USERS} AND c.relkind IN ('r', 'p', 'v', 'f') AND (pg_catalog.has_table_privilege(${who}, c.oid, p.word)
       OR p.word IN ('INSERT', 'UPDATE') AND pg_catalog.has_any_column_privilege(${who}, c.oid, p.word))`,
    `SELECT 'owns ' || ${relation} AS clause ${at} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND pg_catalog.pg_has_role(${who}, c.relowner, 'MEMBER')`,
    `SELECT 'may advance sequence ' || ${relation} AS clause ${at} AND c.relkind = 'S'
       AND (pg_catalog.has_sequence_privilege(${who}, c.oid, 'USAGE') OR pg_catalog.has_sequence_privilege(${who}, c.oid, 'UPDATE'))`,
    `SELECT 'may make objects in schema ' || pg_catalog.quote_ident(n.nspname) AS clause FROM pg_catalog.pg_namespace n
     WHERE ${USERS} AND pg_catalog.has_schema_privilege(${who}, n.oid, 'CREATE')`,
    `SELECT 'may make schemas' AS clause WHERE pg_catalog.has_database_privilege(${who}, pg_catalog.current_database(), 'CREATE')`,
    `SELECT 'may run ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || ' with the rights of '
       || pg_catalog.pg_get_userbyid(p.proowner) AS clause
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE ${USERS} AND NOT ${OUR_DOOR} AND p.prosecdef AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
       AND pg_catalog.has_schema_privilege(${who}, n.oid, 'USAGE') AND pg_catalog.has_function_privilege(${who}, p.oid, 'EXECUTE')`,
    `SELECT 'may reach other servers by extension ' || e.extname AS clause FROM pg_catalog.pg_extension e
     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
       AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
     WHERE e.extname IN ('dblink', 'http', 'pg_net', 'pg_cron', 'pg_background') AND pg_catalog.has_function_privilege(${who}, d.objid, 'EXECUTE')`,
  ];
}

function tracesSql(who: string): string {
  return `SELECT 'may run ' || p.proname AS clause FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname IN (${writingFunctions.map(literal).join(", ")})
       AND pg_catalog.has_function_privilege(${who}, p.oid, 'EXECUTE')
   UNION ALL SELECT 'may make temporary tables'
     WHERE pg_catalog.has_database_privilege(${who}, pg_catalog.current_database(), 'TEMPORARY')`;
}
