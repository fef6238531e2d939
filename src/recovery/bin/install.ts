/**
 * All of `holdfast_bin` as statements in the order that they run in, and one mark by which a server's copy is known to be this one.
 * It runs nothing: provisioning does, as the owner executor's group.
 */
import { digestOf } from "../../base/canonical.ts";
import { binCatalogue, binTables } from "./base-sql.ts";
import { binCarryOut } from "./carry-out-sql.ts";
import { columnKeep, columnTables } from "./column-keep.ts";
import { columnRestore } from "./column-restore.ts";
import { binMove } from "./move-sql.ts";
import { binRecipe } from "./recipe-sql.ts";
import { binSort } from "./sort-sql.ts";
import { binTrial } from "./trial-sql.ts";
import { tableTexts } from "./truncate-ddl.ts";
import { truncateKeep, truncateTables } from "./truncate-keep.ts";
import { truncateExchange, truncateHindrance } from "./truncate-move.ts";
import { truncateRestore } from "./truncate-restore.ts";

const texts: readonly string[] = [
  binTables,
  truncateTables,
  columnTables,
  binCatalogue,
  binTrial,
  binSort,
  binRecipe,
  binMove,
  tableTexts,
  truncateHindrance,
  truncateExchange,
  truncateKeep,
  truncateRestore,
  columnKeep,
  columnRestore,
  binCarryOut,
];

/** Functions of the bin are nobody's to run but the executor's. Sessions have one door, which opens to tickets alone. */
const rights = `
DO $do$
DECLARE
  f record;
BEGIN
  FOR f IN SELECT p.oid::pg_catalog.regprocedure AS name FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'holdfast_bin'::pg_catalog.regnamespace LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f.name);
  END LOOP;
END
$do$;
GRANT EXECUTE ON PROCEDURE holdfast_bin.carry_out(text) TO PUBLIC;
GRANT USAGE ON SCHEMA holdfast_bin TO PUBLIC;
`;

/** Several statements a text; to be run in one transaction, in a schema `holdfast_bin` that is there, names meaning the system's alone. */
export const binStatements: readonly string[] = [
  // They name each other.
  "SET LOCAL check_function_bodies = off",
  ...texts,
  "SET LOCAL check_function_bodies = on",
  rights,
];

/** Another text is another version: what is there is replaced, tables stay. */
export const binVersion: string = digestOf(binStatements).slice(0, 16);
