/**
 * A stand-in for the journal that provisioning installs: the same table, filled by plain triggers on the tables that are named.
 * It is for trying undo alone; whole-program tests use the real one.
 */
import type pg from "pg";
import { undoTable } from "../../src/model/undo-journal.ts";

/** Makes the journal's schema. As a superuser. */
export async function makePlainJournal(client: pg.Client): Promise<void> {
  await client.query(`
CREATE SCHEMA holdfast_undo;
CREATE TABLE ${undoTable} (id bigint GENERATED ALWAYS AS IDENTITY, transaction bigint, relation oid, columns int2[], op "char",
  at timestamptz, role name, pid int4, gone text[], came text[]);
CREATE FUNCTION holdfast_undo.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET DateStyle = 'ISO, YMD'
  SET IntervalStyle = postgres SET TimeZone = 'UTC' SET extra_float_digits = 1 SET bytea_output = hex SET lc_monetary = 'C' AS $$
DECLARE was text[]; made text[];
BEGIN
  IF TG_LEVEL = 'ROW' THEN
    IF TG_OP <> 'INSERT' THEN was := ARRAY[pg_catalog.textin(pg_catalog.record_out(OLD))]; END IF;
    IF TG_OP <> 'DELETE' THEN made := ARRAY[pg_catalog.textin(pg_catalog.record_out(NEW))]; END IF;
  ELSE
    IF TG_OP <> 'INSERT' THEN SELECT pg_catalog.array_agg(pg_catalog.textin(pg_catalog.record_out(o))) INTO was FROM o; END IF;
    IF TG_OP <> 'DELETE' THEN SELECT pg_catalog.array_agg(pg_catalog.textin(pg_catalog.record_out(n))) INTO made FROM n; END IF;
  END IF;
  IF was IS NOT NULL OR made IS NOT NULL THEN
    INSERT INTO ${undoTable} (transaction, relation, columns, op, at, role, pid, gone, came)
    SELECT pg_catalog.pg_current_xact_id()::text::bigint, TG_RELID, coalesce(pg_catalog.array_agg(a.attnum ORDER BY a.attnum), '{}'),
      pg_catalog.left(TG_OP, 1)::"char", pg_catalog.clock_timestamp(), session_user, pg_catalog.pg_backend_pid(), was, made
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped;
  END IF;
  RETURN NULL;
END $$`);
}

/** `row`: for tables in hierarchies of inheritance. */
export async function keepPlainly(client: pg.Client, table: string, level: "statement" | "row" = "statement"): Promise<void> {
  const transitions = { INSERT: "NEW TABLE AS n", UPDATE: "OLD TABLE AS o NEW TABLE AS n", DELETE: "OLD TABLE AS o" };
  for (const [operation, referencing] of Object.entries(transitions)) {
    const name = `keep_${operation.toLowerCase()}`;
    const how = level === "row" ? "FOR EACH ROW" : `REFERENCING ${referencing} FOR EACH STATEMENT`;
    await client.query(`CREATE TRIGGER ${name} AFTER ${operation} ON ${table} ${how} EXECUTE FUNCTION holdfast_undo.keep();
      ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name}`);
  }
}
