/**
 * Reads the state of rights from a server's catalogue over an administrator's connection.
 * It changes nothing; the caller's transaction gives all queries one snapshot.
 */
import { markPrefix, ownSchema } from "./names.ts";
import type { ServerState, UndoEntry } from "./state.ts";
import { type AdminClient, literal, qualified } from "./sql.ts";
import { readSilencers } from "./plan-undo-rights.ts";
import { readBin } from "./plan-bin.ts";
import { ownSchemasPattern, readJournal } from "./undo-journal-state.ts";

/** Grants of an acl column, the built-in ones where it is null. `kind` is an SQL expression for acldefault. */
function grants(column: string, kind: string, owner: string): string {
  return `(SELECT coalesce(json_agg(json_build_object('grantee', CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END,
    'privilege', a.privilege_type)), '[]') FROM aclexplode(coalesce(${column}, acldefault(${kind}, ${owner}))) a)`;
}

const extensionOf = (table: string, oid: string): string =>
  `(SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = '${table}'::regclass
    AND d.objid = ${oid} AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass LIMIT 1)`;

const notSystem = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname !~ ${literal(ownSchemasPattern)}`;

const serverSql = `SELECT current_setting('server_version_num')::int AS version, d.datname::text AS database,
  pg_get_userbyid(d.datdba)::text AS "databaseOwner", ${grants("d.datacl", "'d'", "d.datdba")} AS "databaseAcl",
  json_build_object('name', r.rolname, 'superuser', r.rolsuper, 'createRole', r.rolcreaterole OR r.rolsuper,
    'createsSchemas', has_database_privilege(d.oid, 'CREATE')) AS admin
FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user`;

/** 16 counts SET apart from membership; before it every member could take the role. */
const rolesSql = (version: number): string => `SELECT r.rolname::text AS name, r.rolcanlogin AS login, r.rolsuper AS superuser,
  shobj_description(r.oid, 'pg_authid') AS comment,
  CASE WHEN pg_has_role(r.oid, 'USAGE') THEN 'has' WHEN pg_has_role(r.oid, ${version >= 160_000 ? "'SET'" : "'MEMBER'"}) THEN 'can_set'
    ELSE 'none' END AS reach,
  pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') AND (r.rolname <> current_user OR a.rolsuper)
    OR a.rolsuper ${version >= 160_000 ? "" : "OR a.rolcreaterole AND NOT r.rolsuper"} AS grantable
FROM pg_roles r, pg_roles a WHERE a.rolname = current_user AND r.rolname !~ '^pg_' ORDER BY 1`;

const membershipsSql = `SELECT pg_get_userbyid(roleid)::text AS role, pg_get_userbyid(member)::text AS member, bool_or(admin_option) AS admin
FROM pg_auth_members GROUP BY 1, 2 ORDER BY 1, 2`;

const schemasSql = `SELECT n.nspname::text AS name, pg_get_userbyid(n.nspowner)::text AS owner, ${grants("n.nspacl", "'n'", "n.nspowner")} AS acl,
  obj_description(n.oid, 'pg_namespace') AS comment
FROM pg_namespace n WHERE ${notSystem} OR n.nspname = ${literal(ownSchema)} ORDER BY 1`;

/** The system's own relations leave no dependency behind, so the stored query is asked for their numbers. */
const revealing = `EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_action::text ~ (':relid (' || concat_ws('|', 'pg_authid'::regclass::oid,
  'pg_shadow'::regclass::oid, 'pg_user_mapping'::regclass::oid, 'pg_user_mappings'::regclass::oid, 'pg_largeobject'::regclass::oid,
  'pg_statistic'::regclass::oid, 'pg_stats'::regclass::oid, 'pg_subscription'::regclass::oid, 'pg_hba_file_rules'::regclass::oid,
  'pg_file_settings'::regclass::oid, 'pg_stat_activity'::regclass::oid) || ') '))`;

/** Ways on which rows of one relation are read through another. */
const shows = `ARRAY(SELECT DISTINCT rn.nspname || '.' || rc.relname FROM pg_rewrite w
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class rc ON rc.oid = d.refobjid JOIN pg_namespace rn ON rn.oid = rc.relnamespace
    WHERE w.ev_class = c.oid AND rc.oid <> c.oid AND c.relkind IN ('v', 'm')
  UNION SELECT rn.nspname || '.' || rc.relname FROM pg_inherits i JOIN pg_class rc ON rc.oid = i.inhparent
    JOIN pg_namespace rn ON rn.oid = rc.relnamespace WHERE i.inhrelid = c.oid)`;

const relationsSql = `SELECT n.nspname::text AS schema, c.relname::text AS name, pg_get_userbyid(c.relowner)::text AS owner,
  CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'f' THEN 'foreign_table' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
  ${grants("c.relacl", `CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char"`, "c.relowner")} AS acl,
  (SELECT coalesce(json_agg(json_build_object('column', t.attname, 'grantee', CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END,
    'privilege', a.privilege_type)), '[]') FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid AND NOT t.attisdropped) AS "columnAcl",
  ${extensionOf("pg_class", "c.oid")} AS extension, c.relkind IN ('v', 'm') AND ${revealing} AS revealing, c.relrowsecurity AS "rowSecurity",
  coalesce(c.reloptions::text ~ 'security_invoker=(true|on|1|yes)', false) AS invoker, ${shows} AS shows,
  (SELECT tn.nspname || '.' || tc.relname FROM pg_depend d JOIN pg_class tc ON tc.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
   WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
   AND d.deptype IN ('a', 'i') LIMIT 1) AS feeds
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' AND ${notSystem} ORDER BY 1, 2`;

/** Of the system's own functions only those that somebody may want to withhold. */
const functionsSql = (system: readonly string[]): string => `SELECT n.nspname::text AS schema, p.proname::text AS name,
  quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS signature,
  CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind, p.prosecdef AS definer, p.prorettype = 'trigger'::regtype AS trigger,
  pg_get_userbyid(p.proowner)::text AS owner, ${grants("p.proacl", "'f'", "p.proowner")} AS acl, ${extensionOf("pg_proc", "p.oid")} AS extension,
  NOT l.lanpltrusted AND l.lanname NOT IN ('c', 'internal') AS untrusted
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE ${notSystem} OR n.nspname = 'pg_catalog' AND p.proname IN (${system.map(literal).join(", ")}) ORDER BY 3`;

const defaultsSql = `SELECT pg_get_userbyid(d.defaclrole)::text AS owner, n.nspname::text AS schema,
  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
    ELSE 'LARGE OBJECTS' END AS objects,
  (SELECT coalesce(json_agg(json_build_object('grantee', CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END,
    'privilege', a.privilege_type)), '[]') FROM aclexplode(d.defaclacl) a) AS acl
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace ORDER BY 1, 2, 3`;

const policiesSql = `SELECT n.nspname::text AS schema, c.relname::text AS table, p.polname::text AS name, p.polpermissive AS permissive,
  ARRAY(SELECT CASE WHEN r = 0 THEN '' ELSE pg_get_userbyid(r)::text END FROM unnest(p.polroles) r) AS roles,
  obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2, 3`;

const foreignSql = `SELECT 'FOREIGN SERVER' AS what, s.srvname::text AS name, pg_get_userbyid(s.srvowner)::text AS owner,
  ${grants("s.srvacl", "'S'", "s.srvowner")} AS acl FROM pg_foreign_server s
UNION ALL SELECT 'FOREIGN DATA WRAPPER', w.fdwname::text, pg_get_userbyid(w.fdwowner)::text, ${grants("w.fdwacl", "'F'", "w.fdwowner")} FROM pg_foreign_data_wrapper w
UNION ALL SELECT 'LARGE OBJECT', l.oid::text, pg_get_userbyid(l.lomowner)::text, ${grants("l.lomacl", "'L'", "l.lomowner")}
FROM pg_largeobject_metadata l WHERE l.lomacl IS NOT NULL AND EXISTS (SELECT FROM aclexplode(l.lomacl) a WHERE a.grantee = 0)`;

/** Names are resolved in the system's schema alone while this runs; a caller's transaction bounds the setting. */
export async function readState(client: AdminClient, target: string, systemFunctions: readonly string[]): Promise<ServerState> {
  await client.query("SET LOCAL search_path = pg_catalog, pg_temp");
  const all = async <K extends keyof ServerState>(sql: string): Promise<ServerState[K]> => (await client.query(sql)).rows as ServerState[K];
  const [server] = await all<"roles">(serverSql);
  const about = server as unknown as Pick<ServerState, "version" | "database" | "databaseOwner" | "databaseAcl" | "admin">;
  return {
    ...about,
    roles: await all<"roles">(rolesSql(about.version)),
    memberships: await all<"memberships">(membershipsSql),
    schemas: await all<"schemas">(schemasSql),
    relations: await all<"relations">(relationsSql),
    functions: await all<"functions">(functionsSql(systemFunctions)),
    defaults: await all<"defaults">(defaultsSql),
    policies: await all<"policies">(policiesSql),
    foreign: await all<"foreign">(foreignSql),
    journal: await readJournal(client),
    bin: await readBin(client),
    silencers: await readSilencers(client, about.version),
    record: await readRecord(client, target),
  };
}

export const recordTable = qualified(ownSchema, "provisioned");

async function readRecord(client: AdminClient, target: string): Promise<readonly UndoEntry[]> {
  const { rows } = await client.query(
    `SELECT FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE n.nspname = $1 AND c.relname = 'provisioned'
     AND obj_description(n.oid, 'pg_namespace') LIKE $2 || '%' AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')`,
    [ownSchema, markPrefix],
  );
  if (rows.length === 0) return [];
  const record = await client.query(`SELECT as_role AS "as", undo AS sql FROM ${recordTable} WHERE target = $1 ORDER BY id`, [target]);
  return record.rows as readonly UndoEntry[];
}
