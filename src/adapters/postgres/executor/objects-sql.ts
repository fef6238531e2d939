/**
 * Queries that tell by the marks of transactions on catalogue rows what one transaction has dropped, changed and made.
 * They run on connections whose search_path is the server's own, and change nothing.
 */
import { quoted } from "./transaction.ts";

/** Each kind of object that people know by a name: its catalogue, and what tells its table and whether it is only a part of another. */
const KINDS: readonly { readonly catalogue: string; readonly table?: string; readonly part?: string; readonly only?: string }[] = [
  {
    catalogue: "pg_class",
    table: "(SELECT x.indrelid FROM pg_index x WHERE x.indexrelid = o.oid)",
    part: "o.relkind = 'i'",
    only: "o.relnamespace <> 'pg_toast'::regnamespace AND o.relkind <> 't'",
  },
  { catalogue: "pg_proc" },
  // Each table has a type of its own, and each type one for its arrays.
  { catalogue: "pg_type", only: "o.typrelid = 0 AND o.typelem = 0 AND o.typtype <> 'm'" },
  // A foreign key binds two tables: it is told although one of them goes.
  { catalogue: "pg_constraint", table: "NULLIF(o.conrelid, 0)", part: "o.contype <> 'f'" },
  { catalogue: "pg_trigger", table: "o.tgrelid", only: "NOT o.tgisinternal" },
  { catalogue: "pg_policy", table: "o.polrelid" },
  { catalogue: "pg_rewrite", table: "o.ev_class", only: "o.rulename <> '_RETURN'" },
  { catalogue: "pg_namespace", only: "o.nspname !~ '^pg_(toast_)?temp_'" },
  { catalogue: "pg_extension" },
  { catalogue: "pg_statistic_ext", table: "o.stxrelid" },
  { catalogue: "pg_event_trigger" },
  { catalogue: "pg_publication" },
  { catalogue: "pg_collation" },
  { catalogue: "pg_operator" },
  { catalogue: "pg_cast" },
  { catalogue: "pg_ts_config" },
  { catalogue: "pg_ts_dict" },
  { catalogue: "pg_foreign_server" },
];

const NO_TABLE = "CAST(NULL AS oid)";

/** Rows of all catalogues whose `mark` (xmin or xmax) is the transaction's, or one inside it, or one that began later. */
function marked(mark: "xmin" | "xmax", xid: string): string {
  const since = `age(o.${mark}) <= age(CAST(${quoted(xid)} AS xid))`;
  const each = KINDS.map(({ catalogue, table = NO_TABLE, part = "false", only = "true" }) => {
    return `SELECT CAST('${catalogue}' AS regclass)::oid AS classid, o.oid AS objid, 0 AS sub, ${table} AS relation, ${part} AS part
     FROM ${catalogue} o WHERE ${since} AND ${only}`;
  });
  const columns = `SELECT CAST('pg_class' AS regclass)::oid, o.attrelid, o.attnum::int, o.attrelid, true
   FROM pg_attribute o JOIN pg_class t ON t.oid = o.attrelid
   WHERE ${since} AND o.attnum > 0 AND NOT o.attisdropped AND t.relkind IN ('r', 'p', 'f', 'c')`;
  return [...each, columns].join("\nUNION ALL ");
}

/** More is not shown to anybody in whole. */
export const OBJECTS_MAX = 2_000;

/** One row an object: class, id, column, type, name, its table, whether it is a part of that. */
export function markedSql(mark: "xmin" | "xmax", xid: string): string {
  return `SELECT m.classid, m.objid, m.sub, i.type, i.identity, m.relation, m.part
   FROM (${marked(mark, xid)}) m, LATERAL pg_identify_object(m.classid, m.objid, m.sub) i
   WHERE i.identity IS NOT NULL LIMIT ${OBJECTS_MAX + 1}`;
}

export type Address = readonly [classid: string, objid: string, sub: string];

function addresses(of: readonly Address[]): string {
  return of.map(([classid, objid, sub]) => `(${Number(classid)}::oid, ${Number(objid)}::oid, ${Number(sub)})`).join(", ");
}

/** Those of the objects that are there for whoever asks. */
export function thereSql(of: readonly Address[]): string {
  return `SELECT v.classid, v.objid, v.sub FROM (VALUES ${addresses(of)}) v (classid, objid, sub),
   LATERAL pg_identify_object(v.classid, v.objid, v.sub) i WHERE i.identity IS NOT NULL
   AND NOT (v.sub > 0 AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = v.objid AND a.attnum = v.sub AND a.attisdropped))`;
}

/** What hangs on what among the objects; a view hangs by its rule. */
export function hangingSql(of: readonly Address[]): string {
  return `WITH v (classid, objid, sub) AS (VALUES ${addresses(of)})
   SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass::oid END, COALESCE(r.ev_class, d.objid), d.objsubid,
    d.refclassid, d.refobjid, d.refobjsubid
   FROM pg_depend d LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
   WHERE (d.refclassid, d.refobjid) IN (SELECT v.classid, v.objid FROM v)`;
}

/** Rights of others on what is dropped: object, grantee, privileges. An owner's own rights are no grant. */
export function grantsSql(of: readonly Address[]): string {
  return `WITH v (classid, objid, sub) AS (VALUES ${addresses(of)}), acls (objid, owner, acl, identity) AS (
    SELECT c.oid, c.relowner, c.relacl, i.identity FROM v JOIN pg_class c ON c.oid = v.objid,
     LATERAL pg_identify_object(v.classid, v.objid, 0) i WHERE v.classid = 'pg_class'::regclass AND v.sub = 0
    UNION ALL SELECT p.oid, p.proowner, p.proacl, i.identity FROM v JOIN pg_proc p ON p.oid = v.objid,
     LATERAL pg_identify_object(v.classid, v.objid, 0) i WHERE v.classid = 'pg_proc'::regclass
    UNION ALL SELECT n.oid, n.nspowner, n.nspacl, i.identity FROM v JOIN pg_namespace n ON n.oid = v.objid,
     LATERAL pg_identify_object(v.classid, v.objid, 0) i WHERE v.classid = 'pg_namespace'::regclass)
   SELECT a.identity, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END,
    string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)
   FROM acls a, LATERAL aclexplode(a.acl) x WHERE x.grantee <> a.owner GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${OBJECTS_MAX + 1}`;
}

/** Tables by `schema.name` without quotes, and as the server writes them. */
export function identitiesSql(plain: readonly string[]): string {
  return `SELECT n.nspname || '.' || c.relname, i.identity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
   LATERAL pg_identify_object(1259, c.oid, 0) i WHERE n.nspname || '.' || c.relname = ANY (ARRAY[${plain.map(quoted).join(", ")}])`;
}
