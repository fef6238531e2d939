/**
 * The queries that read a server's catalogue, PostgreSQL 12 to 18, and the shape of their rows.
 * They name everything with pg_catalog and run with an empty search_path, so that no schema of the database can answer in
 * pg_catalog's place. They read nothing that an ordinary role may not read (pg_roles, never pg_authid).
 */
import { sessionRolePrefix } from "../../model/session-role.ts";

/** Objects of initdb have OIDs below this (FirstNormalObjectId). Their texts are not fetched: the analysis knows them by name. */
const NORMAL = 16384;

/** Which objects are read: those that came with the server, which hardly ever change, or those made since. */
export type Side = "ground" | "own";

function on(side: Side, column: string): string {
  return `${column} ${side === "ground" ? "<" : ">="} ${NORMAL}`;
}

/** A session's own temporary schema and the schemas of TOAST tables are nobody else's business. */
const SHARED_SCHEMA = `n.nspname !~ '^pg_(temp|toast)'`;

export type SchemaRow = readonly [name: string, owner: string];
export type RelationRow = readonly [
  oid: number,
  schema: string,
  name: string,
  kind: string,
  owner: string,
  rows: number,
  definition: string | null,
  rowSecurity: boolean,
  rowType: number,
  of: number,
];
export type ColumnRow = readonly [
  relation: number,
  attnum: number,
  name: string,
  type: number,
  notNull: boolean,
  default_: string | null,
  generated: string,
  identity: string,
];
export type KeyRow = readonly [
  relation: number,
  attnums: readonly number[] | null,
  primary: boolean,
  unique: boolean,
  expressions: string | null,
  predicate: string | null,
];
export type TriggerRow = readonly [
  relation: number,
  name: string,
  functionOid: number,
  type: number,
  enabled: string,
  definition: string | null,
  deferrable: boolean,
];
export type RuleRow = readonly [relation: number, name: string, event: string, instead: boolean, definition: string];
export type PolicyRow = readonly [relation: number, name: string, command: string, using: string | null, check: string | null];
export type ExpressionRow = readonly [relation: number, kind: "check" | "partition" | "index", text: string];
export type ParentRow = readonly [child: number, parent: number];
export type ForeignKeyRow = readonly [
  name: string,
  from: number,
  fromColumns: readonly number[],
  to: number,
  toColumns: readonly number[],
  onDelete: string,
  onUpdate: string,
];
export type FunctionRow = readonly [
  oid: number,
  schema: string,
  name: string,
  kind: string,
  arguments_: string,
  variadic: boolean,
  defaults: number,
  returns: number,
  set: boolean,
  language: string,
  volatility: string,
  definer: boolean,
  owner: string,
  body: string | null,
  atomic: boolean,
  settings: readonly string[] | null,
  definition: string | null,
  outputs: number,
  defaultExpressions: string | null,
];
export type AggregateRow = readonly [oid: number, ...support: number[]];
export type OperatorRow = readonly [schema: string, name: string, left: number, right: number, functionOid: number];
export type CastRow = readonly [source: number, target: number, functionOid: number, context: string];
export type TypeRow = readonly [
  oid: number,
  schema: string,
  name: string,
  kind: string,
  base: number,
  notNull: boolean,
  input: number,
  output: number,
  element: number,
  default_: string | null,
  support: string,
];
export type DomainCheckRow = readonly [type: number, text: string];
export type ExtensionRow = readonly [name: string, schema: string];
export type RoleRow = readonly [name: string, superuser: boolean, bypassRls: boolean, memberOf: readonly string[]];
export type OperatorClassRow = readonly [name: string, type: number, functions: readonly number[]];
export type EventTriggerRow = readonly [name: string, functionOid: number, enabled: boolean];

export const sessionQuery = `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4, pg_catalog.current_database()::pg_catalog.text`;

export const schemasQuery = `SELECT n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n
  WHERE ${SHARED_SCHEMA} ORDER BY n.nspname`;

export const relationsQuery = (
  side: Side,
): string => `SELECT c.oid, n.nspname, c.relname, c.relkind::pg_catalog.text, pg_catalog.pg_get_userbyid(c.relowner), c.reltuples,
    CASE WHEN c.relkind IN ('v', 'm') AND c.oid >= ${NORMAL} THEN pg_catalog.pg_get_viewdef(c.oid) END, c.relrowsecurity, c.reltype,
    COALESCE(o.owner, 0)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (SELECT i.indrelid AS owner FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid AND c.relkind IN ('i', 'I')
    UNION ALL SELECT d.refobjid FROM pg_catalog.pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')) o ON true
  WHERE c.relkind <> 't' AND ${on(side, "c.oid")} AND ${SHARED_SCHEMA} ORDER BY c.oid`;

export const columnsQuery = (
  side: Side,
): string => `SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    a.attgenerated::pg_catalog.text, a.attidentity::pg_catalog.text
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    AND ${on(side, "a.attrelid")} AND ${SHARED_SCHEMA} ORDER BY a.attrelid, a.attnum`;

/** Unique indexes that are valid, immediate and whole bound what an equality can hit; all others only matter for what they evaluate. */
export const keysQuery = (side: Side): string => `SELECT i.indrelid,
    CASE WHEN i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      THEN (SELECT pg_catalog.array_agg(k.attnum::pg_catalog.int4 ORDER BY k.place)
        FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY k(attnum, place) WHERE k.place <= i.indnkeyatts) END,
    i.indisprimary, i.indisunique, pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid)
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind <> 't' AND ${on(side, "i.indrelid")} AND ${SHARED_SCHEMA} AND (i.indisunique OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) ORDER BY i.indexrelid`;

/** Internal triggers enforce constraints, except the clones that versions before 15 mark internal on partitions. */
export const triggersQuery = (side: Side): string => `SELECT t.tgrelid, t.tgname, t.tgfoid, t.tgtype, t.tgenabled::pg_catalog.text,
    CASE WHEN t.tgqual IS NOT NULL THEN pg_catalog.pg_get_triggerdef(t.oid, false) END, t.tgdeferrable
  FROM pg_catalog.pg_trigger t LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
  WHERE ${on(side, "t.tgrelid")} AND (NOT t.tgisinternal OR t.tgconstraint = 0 OR k.contype = 't') ORDER BY t.tgrelid, t.tgname`;

export const rulesQuery = (
  side: Side,
): string => `SELECT r.ev_class, r.rulename, r.ev_type::pg_catalog.text, r.is_instead, pg_catalog.pg_get_ruledef(r.oid)
  FROM pg_catalog.pg_rewrite r WHERE r.rulename <> '_RETURN' AND r.oid >= ${NORMAL} AND ${on(side, "r.ev_class")} ORDER BY r.ev_class, r.rulename`;

export const policiesQuery = (
  side: Side,
): string => `SELECT p.polrelid, p.polname, p.polcmd::pg_catalog.text, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_catalog.pg_policy p WHERE ${on(side, "p.polrelid")} ORDER BY p.polrelid, p.polname`;

/** Statistics expressions run in ANALYZE as index expressions do, so they count as such; they exist since version 14. */
export function expressionsQuery(side: Side, serverVersion: number): string {
  const statistics =
    serverVersion < 140000
      ? ""
      : `
  UNION ALL SELECT s.stxrelid, 'index', e.text, s.stxname FROM pg_catalog.pg_statistic_ext s,
    pg_catalog.unnest(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid)) e(text)`;
  return `SELECT x.rel, x.kind, x.text FROM (
  SELECT k.conrelid AS rel, 'check' AS kind, pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS text, k.conname AS name
    FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.conrelid <> 0
  UNION ALL SELECT p.partrelid, 'partition', pg_catalog.pg_get_expr(p.partexprs, p.partrelid), ''
    FROM pg_catalog.pg_partitioned_table p WHERE p.partexprs IS NOT NULL${statistics}
  ) x WHERE x.text IS NOT NULL AND ${on(side, "x.rel")} ORDER BY x.rel, x.kind, x.name, x.text`;
}

export const parentsQuery = (
  side: Side,
): string => `SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i WHERE ${on(side, "i.inhrelid")}
  ORDER BY i.inhrelid, i.inhseqno`;

export const foreignKeysQuery = (
  side: Side,
): string => `SELECT k.conname, k.conrelid, k.conkey::pg_catalog.int4[], k.confrelid, k.confkey::pg_catalog.int4[],
    k.confdeltype::pg_catalog.text, k.confupdtype::pg_catalog.text
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' AND ${on(side, "k.conrelid")} AND ${SHARED_SCHEMA} ORDER BY k.conrelid, k.conname, k.confrelid`;

/** `BEGIN ATOMIC` bodies exist since version 14. */
export function functionsQuery(side: Side, serverVersion: number): string {
  const atomic = serverVersion >= 140000;
  return `SELECT p.oid, n.nspname, p.proname, p.prokind::pg_catalog.text, p.proargtypes::pg_catalog.text, p.provariadic <> 0, p.pronargdefaults,
    p.prorettype, p.proretset, l.lanname, p.provolatile::pg_catalog.text, p.prosecdef, pg_catalog.pg_get_userbyid(p.proowner),
    CASE WHEN ${atomic ? "p.prosqlbody IS NOT NULL THEN pg_catalog.pg_get_function_sqlbody(p.oid) WHEN" : ""}
      l.lanname IN ('sql', 'plpgsql') OR l.lanname = 'internal' AND p.prokind <> 'a' AND p.oid >= ${NORMAL} THEN p.prosrc END,
    ${atomic ? "p.prosqlbody IS NOT NULL" : "false"}, p.proconfig, CASE WHEN l.lanname = 'plpgsql' THEN pg_catalog.pg_get_functiondef(p.oid) END,
    CASE WHEN p.prokind = 'p' THEN COALESCE((SELECT pg_catalog.count(*)::pg_catalog.int4 FROM pg_catalog.unnest(p.proargmodes) m(mode)
      WHERE m.mode = 'o'), 0) ELSE 0 END, CASE WHEN p.oid >= ${NORMAL} THEN pg_catalog.pg_get_expr(p.proargdefaults, 0) END
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE ${on(side, "p.oid")} AND ${SHARED_SCHEMA} ORDER BY p.oid`;
}

export const aggregatesQuery = (
  side: Side,
): string => `SELECT a.aggfnoid::pg_catalog.oid, a.aggtransfn::pg_catalog.oid, a.aggfinalfn::pg_catalog.oid,
    a.aggcombinefn::pg_catalog.oid, a.aggserialfn::pg_catalog.oid, a.aggdeserialfn::pg_catalog.oid, a.aggmtransfn::pg_catalog.oid,
    a.aggminvtransfn::pg_catalog.oid, a.aggmfinalfn::pg_catalog.oid FROM pg_catalog.pg_aggregate a
  WHERE ${on(side, "a.aggfnoid::pg_catalog.oid")} ORDER BY 1`;

export const operatorsQuery = (side: Side): string => `SELECT n.nspname, o.oprname, o.oprleft, o.oprright, o.oprcode::pg_catalog.oid
  FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  WHERE ${on(side, "o.oid")} AND ${SHARED_SCHEMA} ORDER BY o.oid`;

export const castsQuery = (
  side: Side,
): string => `SELECT c.castsource, c.casttarget, c.castfunc, c.castcontext::pg_catalog.text FROM pg_catalog.pg_cast c
  WHERE ${on(side, "c.oid")} ORDER BY c.castsource, c.casttarget`;

/** An array type is one that its element names as such: `name` and `point` have an element too, but are no arrays. */
export const typesQuery = (
  side: Side,
): string => `SELECT t.oid, n.nspname, t.typname, t.typtype::pg_catalog.text, t.typbasetype, t.typnotnull, t.typinput::pg_catalog.oid,
    t.typoutput::pg_catalog.oid, CASE WHEN e.oid IS NULL THEN 0::pg_catalog.oid ELSE t.typelem END,
    CASE WHEN t.typtype = 'd' THEN pg_catalog.pg_get_expr(t.typdefaultbin, 0) END,
    CASE WHEN t.oid < ${NORMAL} OR t.typtype NOT IN ('b', 'r') THEN '' ELSE pg_catalog.concat_ws(' ', t.typreceive::pg_catalog.oid,
      t.typsend::pg_catalog.oid, t.typmodin::pg_catalog.oid, t.typmodout::pg_catalog.oid, t.typanalyze::pg_catalog.oid,
      r.rngcanonical::pg_catalog.oid, r.rngsubdiff::pg_catalog.oid) END
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
  WHERE ${on(side, "t.oid")} AND ${SHARED_SCHEMA} ORDER BY t.oid`;

export const domainChecksQuery = (
  side: Side,
): string => `SELECT k.contypid, pg_catalog.pg_get_expr(k.conbin, 0) FROM pg_catalog.pg_constraint k
  WHERE k.contype = 'c' AND k.contypid <> 0 AND ${on(side, "k.contypid")} ORDER BY k.contypid, k.conname`;

export const extensionsQuery = `SELECT e.extname, n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  ORDER BY e.extname`;

/**
 * Session roles come and go with sessions, under their group's rights: none of them is a definition that judgements rest on, and neither is
 * that whoever makes them becomes a member of each (since PostgreSQL 16).
 */
const lasting = (role: string): string => `NOT pg_catalog.starts_with(${role}.rolname::pg_catalog.text, '${sessionRolePrefix}')`;
const LASTING = lasting("r");

export const rolesQuery = `SELECT r.rolname, r.rolsuper, r.rolbypassrls, ARRAY(SELECT g.rolname::pg_catalog.text FROM pg_catalog.pg_auth_members m
    JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
    WHERE m.member = r.oid AND ${lasting("g")} ORDER BY g.rolname) FROM pg_catalog.pg_roles r WHERE ${LASTING} ORDER BY r.rolname`;

/** A class has the functions of its family that take its type. A family that came with the server may have been given more. */
export const operatorClassesQuery = `SELECT c.opcname, c.opcintype, pg_catalog.array_agg(DISTINCT f.oid::pg_catalog.int8) FROM pg_catalog.pg_opclass c,
  LATERAL (SELECT p.amproc::pg_catalog.oid AS oid FROM pg_catalog.pg_amproc p
    WHERE p.amprocfamily = c.opcfamily AND (p.amproclefttype = c.opcintype OR p.amprocrighttype = c.opcintype)
    UNION ALL SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_amop a JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr
    WHERE a.amopfamily = c.opcfamily AND (a.amoplefttype = c.opcintype OR a.amoprighttype = c.opcintype)) f
  WHERE f.oid >= ${NORMAL} GROUP BY c.oid, c.opcname, c.opcintype ORDER BY c.oid`;

export const eventTriggersQuery = `SELECT e.evtname, e.evtfoid, e.evtenabled <> 'D' FROM pg_catalog.pg_event_trigger e ORDER BY e.evtname`;

/**
 * The transactions that are done, as far as a snapshot shows it. Two equal answers: nothing was committed between them, whatever it
 * were, as every change of a catalogue needs a transaction id and its end changes the answer. The name is the one that all versions have.
 */
export const snapshotQuery = `SELECT pg_catalog.txid_current_snapshot()::pg_catalog.text`;

/**
 * Every catalogue whose change changes a snapshot, with what tells its rows apart and the object that a row belongs to: each is of
 * the ground when that is.
 */
const probed: readonly (readonly [table: string, key: string, of?: string])[] = [
  ["pg_namespace", "oid"],
  ["pg_class", "oid"],
  ["pg_attrdef", "oid", "adrelid"],
  ["pg_index", "indexrelid", "indrelid"],
  ["pg_trigger", "oid", "tgrelid"],
  ["pg_rewrite", "oid", "ev_class"],
  ["pg_policy", "oid", "polrelid"],
  ["pg_constraint", "oid"],
  ["pg_inherits", "inhrelid"],
  ["pg_proc", "oid"],
  ["pg_aggregate", "aggfnoid::pg_catalog.oid"],
  ["pg_operator", "oid"],
  ["pg_cast", "oid"],
  ["pg_type", "oid"],
  ["pg_extension", "oid"],
  ["pg_event_trigger", "oid"],
  ["pg_partitioned_table", "partrelid"],
  ["pg_statistic_ext", "oid", "stxrelid"],
  ["pg_auth_members", "roleid"],
  ["pg_attribute", "attrelid"],
  ["pg_opclass", "oid"],
  ["pg_amop", "oid"],
  ["pg_amproc", "oid"],
];

/**
 * One row per catalogue, of the ground and of the rest, that differs whenever a row was inserted, updated or deleted: every row version
 * carries the transaction that made it (xmin), and the sum of hashes over (row, xmin) is independent of order. Updates in place
 * (VACUUM's row estimates) do not show, and need not. Roles are compared by content: pg_authid is not readable.
 */
export const probeQuery = `${probed
  .map(([table, key, of = key]) => {
    const sum = (side: Side): string => `pg_catalog.sum(pg_catalog.hashint8extended(x.xmin::pg_catalog.text::pg_catalog.int8,
  x.${key}::pg_catalog.int8)) FILTER (WHERE ${on(side, `x.${of}`)})::pg_catalog.text`;
    const members = ` JOIN pg_catalog.pg_roles r ON r.oid = x.member JOIN pg_catalog.pg_roles g ON g.oid = x.roleid
  WHERE ${LASTING} AND ${lasting("g")}`;
    const narrowed = table === "pg_auth_members" ? members : "";
    return `SELECT '${table}', pg_catalog.count(*)::pg_catalog.text, ${sum("own")}, ${sum("ground")} FROM pg_catalog.${table} x${narrowed}`;
  })
  .join("\nUNION ALL ")}
UNION ALL SELECT 'pg_roles', pg_catalog.count(*)::pg_catalog.text, pg_catalog.sum(pg_catalog.hashtextextended(
  pg_catalog.concat_ws(' ', r.oid, r.rolname, r.rolsuper, r.rolbypassrls), 0))::pg_catalog.text, NULL FROM pg_catalog.pg_roles r WHERE ${LASTING}`;
