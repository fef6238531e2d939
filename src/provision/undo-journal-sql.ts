/**
 * The journal of row images at the server: its schema, its table, and the functions that triggers call in the agent's own transaction.
 * It plans nothing and runs nothing; `plan-undo-journal.ts` says when.
 */
import { sha256Hex } from "../base/canonical.ts";
import { sessionRolePrefix } from "../model/session-role.ts";
import { imageSettings, undoSchema, undoTable } from "../model/undo-journal.ts";
import { markPrefix } from "./names.ts";
import { ident, literal } from "./sql.ts";

const settings = Object.entries(imageSettings)
  .map(([name, value]) => `SET ${name} = ${literal(value)}`)
  .join(" ");

// has_column_privilege looks at the table as it is now, as the rows do, and answers null where there is no such column. A snapshot that
// is older than the transaction's first look at the table could miss a column that was added in between.
const liveColumns = `SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum`;
const columns = `CASE WHEN current_setting('transaction_isolation') = 'read committed' THEN ARRAY(${liveColumns})
    ELSE ARRAY(SELECT n::int2 FROM generate_series(1, 1600) n WHERE has_column_privilege(TG_RELID, n::int2, 'SELECT') IS NOT NULL ORDER BY n)
    END`;

// Its statements would show rows of its heirs with the parent's columns alone.
const parent = "SELECT c.relkind = 'r' AND c.relhassubclass FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID";

const kept = `INSERT INTO ${undoTable} (transaction, relation, op, at, role, pid, columns, gone, came)`;
const kind = 'left(TG_OP, 1)::"char"';
const whose = (op: string): string =>
  `pg_current_xact_id()::text::int8, TG_RELID, ${op}, clock_timestamp(), session_user, pg_backend_pid()`;

// `r.*` and not `r`, which would be a column of that name where there is one.
const rowText = (row: string): string => `textin(record_out(${row}))`;

/**
 * Where just one row was changed, as most statements do, its image by one statement, which says in FOUND that it was so. Each further
 * statement or subquery costs a transaction of few changes more than the rows do: code and plans that have left the caches.
 */
const keepOne = (op: string, side: "gone" | "came", other?: "gone"): string => {
  const image = (table: string | undefined) =>
    table === undefined ? "NULL::text[]" : `ARRAY(SELECT ${rowText("r.*")} FROM ${table} r LIMIT 2)`;
  const [gone, came] = side === "gone" ? [image("gone"), image(undefined)] : [image(other), image("came")];
  const single = [side, ...(other === undefined ? [] : [other])].map((table) => `cardinality(k.${table}) = 1 AND `).join("");
  return `
      ${kept} SELECT ${whose(`'${op}'::"char"`)}, ARRAY(${liveColumns}), k.gone, k.came
      FROM (SELECT ${gone} AS gone, ${came} AS came OFFSET 0) k WHERE ${single}NOT (${parent});
      IF FOUND THEN RETURN NULL; END IF;
      PERFORM FROM ${other ?? side} LIMIT 1;
      IF NOT FOUND THEN RETURN NULL; END IF;`;
};

/**
 * All of them, by one statement: a loop in PL/pgSQL took half as long again. A batch is what the server writes the texts of within ten
 * milliseconds: a key that costs next to nothing, and rises, so that hash aggregation holds few batches in memory at a time. It bounds
 * their bytes by itself, as no server writes hundreds of megabytes of text in that time; the last row of one may be as large as any.
 * Where the clock is set back, some batches are larger. Nothing is sorted: batches are sets.
 */
const keepAll = (table: "gone" | "came"): string => `
      ${kept} SELECT ${whose(kind)}, live, ${table === "gone" ? "array_agg(q.image), NULL" : "NULL, array_agg(q.image)"}
      FROM (SELECT ${rowText("r.*")} AS image, clock_timestamp()::timestamptz(2) AS written FROM ${table} r OFFSET 0) q
      GROUP BY q.written;`;

/** After a statement. A function sees only the transition tables of its own trigger, so that no expression may name both. */
const keepBody = `
DECLARE
  live int2[];
BEGIN
  IF current_setting('transaction_isolation') = 'read committed' THEN
    IF TG_OP = 'INSERT' THEN${keepOne("I", "came")}
    ELSIF TG_OP = 'UPDATE' THEN${keepOne("U", "came", "gone")}
    ELSE${keepOne("D", "gone")}
    END IF;
  END IF;
  IF (${parent}) AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = TG_RELID) THEN
    RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('changes of %I.%I cannot be kept for undo: a table inherits from it since it was provisioned', TG_TABLE_SCHEMA, TG_TABLE_NAME),
      HINT = 'run holdfast provision again';
  END IF;
  live := ${columns};
  IF TG_OP <> 'DELETE' THEN${keepAll("came")}
  END IF;
  IF TG_OP <> 'INSERT' THEN${keepAll("gone")}
  END IF;
  RETURN NULL;
END`;

/** For each row: tables that inherit or are inherited from, whose transition tables would hold the parent's columns alone. */
const keepRowBody = `
DECLARE
  live int2[] := ${columns};
BEGIN
  ${kept} VALUES (${whose(kind)}, live,
    CASE WHEN TG_OP <> 'INSERT' THEN ARRAY[${rowText("OLD")}] END, CASE WHEN TG_OP <> 'DELETE' THEN ARRAY[${rowText("NEW")}] END);
  RETURN NULL;
END`;

/**
 * Before each row that a statement on a partitioned table inserts, and never called, as its condition is false. That it is there keeps
 * the server from remembering the inserted row: within one MERGE, PostgreSQL 15 to 18 hand that row to a statement's trigger once more
 * in place of the new values of the row that is updated next (`tcs_original_insert_tuple`, which only INSERT resets).
 */
const passFunction = `CREATE OR REPLACE FUNCTION ${undoSchema}.pass() RETURNS trigger LANGUAGE plpgsql
  AS $keep$BEGIN RETURN NEW; END$keep$`;

const createFunction = (name: string, body: string): string =>
  `CREATE OR REPLACE FUNCTION ${undoSchema}.${name}() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER ${settings} AS $keep$${body}$keep$`;

/** `lz4`: the server can compress so. */
export function journalStatements(lz4: boolean): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${undoTable} (id bigint GENERATED ALWAYS AS IDENTITY, transaction bigint NOT NULL, ` +
      `relation oid NOT NULL, columns int2[] NOT NULL, op "char" NOT NULL, at timestamptz NOT NULL, role name NOT NULL, pid int4 NOT NULL, gone text[], came text[])`,
    // pglz costs as much time as the DELETE itself: where it is all there is, images take the disk that their texts are long.
    ["gone", "came"]
      .map((side) => (lz4 ? `ALTER ${side} SET STORAGE EXTENDED, ALTER ${side} SET COMPRESSION lz4` : `ALTER ${side} SET STORAGE EXTERNAL`))
      .reduce((sql, each, at) => `${sql}${at === 0 ? " " : ", "}${each}`, `ALTER TABLE ${undoTable}`),
    `CREATE INDEX IF NOT EXISTS change_transaction ON ${undoTable} USING brin (transaction, at) WITH (pages_per_range = 16, autosummarize = on)`,
    createFunction("keep", keepBody),
    createFunction("keep_row", keepRowBody),
    passFunction,
    `REVOKE ALL ON FUNCTION ${undoSchema}.keep(), ${undoSchema}.keep_row() FROM PUBLIC`,
    // Whoever makes a partition gives it the trigger, and is asked for this right; without one in the schema nobody can name the function.
    `GRANT EXECUTE ON FUNCTION ${undoSchema}.pass() TO PUBLIC`,
  ];
}

/** The comment of the schema, by which a later version knows that the functions are another's. */
export function journalComment(lz4: boolean): string {
  return `${markPrefix}images of the rows that agents changed, ${sha256Hex(journalStatements(lz4).join(";")).slice(0, 16)}`;
}

/** How a table's changes are seen: by statement (where it is partitioned, of all partitions), or by row where tables inherit. */
export type KeepBy = "statement" | "partitioned" | "row";

export interface KeepTrigger {
  readonly name: string;
  readonly sql: (table: string) => string;
}

/** Begins the names of all triggers of ours; a digest of what they are ends them. */
export const triggerPrefix = "holdfast_undo_";

/** `logins` are agents' beside the session roles. Applications' own changes are not kept. `oid` is the table's. */
export function keepTriggers(
  { by, oid }: { readonly by: KeepBy; readonly oid: string },
  logins: readonly string[],
): readonly KeepTrigger[] {
  const others = [...new Set(logins)].sort().map((login) => ` OR session_user OPERATOR(pg_catalog.=) ${literal(login)}::pg_catalog.name`);
  const when = `WHEN (pg_catalog.starts_with(session_user::pg_catalog.text, ${literal(sessionRolePrefix)})${others.join("")})`;
  const trigger = (what: string, events: string, how: string, calls: string): KeepTrigger => {
    const rest = `${how} ${when} EXECUTE FUNCTION ${undoSchema}.${calls}()`;
    const name = `${triggerPrefix}${what}_${sha256Hex(`${events} ${rest}`).slice(0, 8)}`;
    return { name, sql: (table) => `CREATE TRIGGER ${ident(name)} AFTER ${events} ON ${table} ${rest}` };
  };
  if (by === "row") return [trigger("row", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW", "keep_row")];
  const statement = (what: string, tables: string) => trigger(what, what.toUpperCase(), `REFERENCING ${tables} FOR EACH STATEMENT`, "keep");
  // The server puts it on each partition too, those that are attached later as well: a name that two tables have would keep one from being
  // attached to the other.
  const pass = (table: string) =>
    `CREATE TRIGGER ${ident(`${triggerPrefix}pass_${oid}`)} BEFORE INSERT ON ${table} FOR EACH ROW WHEN (false) EXECUTE FUNCTION ${undoSchema}.pass()`;
  return [
    ...(by === "partitioned" ? [{ name: `${triggerPrefix}pass_${oid}`, sql: pass }] : []),
    statement("insert", "NEW TABLE AS came"),
    statement("update", "OLD TABLE AS gone NEW TABLE AS came"),
    statement("delete", "OLD TABLE AS gone"),
  ];
}
