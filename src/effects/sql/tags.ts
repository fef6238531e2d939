/**
 * The name the server's CommandComplete gives a statement, and which statements it refuses inside a transaction block. Two differ on
 * purpose: CREATE TABLE AS and SELECT INTO say so, where the server says SELECT; EXECUTE says so, where the server names what ran.
 */
import { isOn } from "./maintain.ts";
import { objectKind } from "./objects.ts";
import { as, flag, list, part, tagged, text, type Fields } from "./tree.ts";

/** Statements whose tag does not follow from their node's name. */
const FIXED: Readonly<Record<string, string>> = {
  SelectStmt: "SELECT",
  InsertStmt: "INSERT",
  UpdateStmt: "UPDATE",
  DeleteStmt: "DELETE",
  MergeStmt: "MERGE",
  CopyStmt: "COPY",
  VariableShowStmt: "SHOW",
  CreateStmt: "CREATE TABLE",
  IndexStmt: "CREATE INDEX",
  ViewStmt: "CREATE VIEW",
  CreateTrigStmt: "CREATE TRIGGER",
  CreateEventTrigStmt: "CREATE EVENT TRIGGER",
  AlterEventTrigStmt: "ALTER EVENT TRIGGER",
  CreatePLangStmt: "CREATE LANGUAGE",
  RuleStmt: "CREATE RULE",
  CreateSeqStmt: "CREATE SEQUENCE",
  AlterSeqStmt: "ALTER SEQUENCE",
  CompositeTypeStmt: "CREATE TYPE",
  CreateEnumStmt: "CREATE TYPE",
  CreateRangeStmt: "CREATE TYPE",
  AlterEnumStmt: "ALTER TYPE",
  CreatedbStmt: "CREATE DATABASE",
  DropdbStmt: "DROP DATABASE",
  AlterDatabaseSetStmt: "ALTER DATABASE",
  AlterDatabaseRefreshCollStmt: "ALTER DATABASE",
  AlterRoleSetStmt: "ALTER ROLE",
  CreateFdwStmt: "CREATE FOREIGN DATA WRAPPER",
  AlterFdwStmt: "ALTER FOREIGN DATA WRAPPER",
  CreateForeignServerStmt: "CREATE SERVER",
  AlterForeignServerStmt: "ALTER SERVER",
  CheckPointStmt: "CHECKPOINT",
  ConstraintsSetStmt: "SET CONSTRAINTS",
  LockStmt: "LOCK TABLE",
  ClusterStmt: "CLUSTER",
  ReindexStmt: "REINDEX",
  RefreshMatViewStmt: "REFRESH MATERIALIZED VIEW",
  CreateAmStmt: "CREATE ACCESS METHOD",
  CreateStatsStmt: "CREATE STATISTICS",
  AlterStatsStmt: "ALTER STATISTICS",
  CreateOpClassStmt: "CREATE OPERATOR CLASS",
  CreateOpFamilyStmt: "CREATE OPERATOR FAMILY",
  AlterOpFamilyStmt: "ALTER OPERATOR FAMILY",
  SecLabelStmt: "SECURITY LABEL",
  AlterTSDictionaryStmt: "ALTER TEXT SEARCH DICTIONARY",
  AlterTSConfigurationStmt: "ALTER TEXT SEARCH CONFIGURATION",
  CreateTableSpaceStmt: "CREATE TABLESPACE",
  DropTableSpaceStmt: "DROP TABLESPACE",
  AlterTableSpaceOptionsStmt: "ALTER TABLESPACE",
  AlterTableMoveAllStmt: "ALTER TABLESPACE",
  TruncateStmt: "TRUNCATE TABLE",
  AlterExtensionContentsStmt: "ALTER EXTENSION",
  AlterFunctionStmt: "ALTER FUNCTION",
  DeclareCursorStmt: "DECLARE CURSOR",
};

export function tagOf(tag: string, fields: Fields): string {
  const fixed = FIXED[tag];
  if (tag === "SelectStmt" && part(fields, "intoClause") !== undefined) return "SELECT INTO";
  if (fixed !== undefined) return fixed;
  switch (tag) {
    case "TransactionStmt":
      return TRANSACTION_TAGS[text(fields, "kind")] ?? "TRANSACTION";
    case "VariableSetStmt":
      return text(fields, "kind").startsWith("VAR_RESET") ? "RESET" : "SET";
    case "DiscardStmt":
      return text(fields, "target").replace("_", " ");
    case "FetchStmt":
      return flag(fields, "ismove") ? "MOVE" : "FETCH";
    case "ClosePortalStmt":
      return "CLOSE CURSOR";
    case "DeallocateStmt":
      return flag(fields, "isall") ? "DEALLOCATE ALL" : "DEALLOCATE";
    case "DropStmt":
      return `DROP ${objectKind(text(fields, "removeType")).words}`;
    case "AlterTableStmt":
      return `ALTER ${objectKind(text(fields, "objtype")).words}`;
    case "RenameStmt":
      return `ALTER ${objectKind(text(fields, "renameType") === "OBJECT_COLUMN" ? text(fields, "relationType") : text(fields, "renameType")).words}`;
    case "AlterOwnerStmt":
    case "AlterObjectDependsStmt":
    case "AlterObjectSchemaStmt":
      return `ALTER ${objectKind(text(fields, "objectType")).words}`;
    case "DefineStmt":
      return `CREATE ${objectKind(text(fields, "kind")).words}`;
    case "GrantStmt":
      return flag(fields, "is_grant") ? "GRANT" : "REVOKE";
    case "GrantRoleStmt":
      return flag(fields, "is_grant") ? "GRANT ROLE" : "REVOKE ROLE";
    case "CreateFunctionStmt":
      return flag(fields, "is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
    case "CreateTableAsStmt":
      return text(fields, "objtype") === "OBJECT_MATVIEW"
        ? "CREATE MATERIALIZED VIEW"
        : flag(fields, "is_select_into")
          ? "SELECT INTO"
          : "CREATE TABLE AS";
    case "VacuumStmt":
      return flag(fields, "is_vacuumcmd") ? "VACUUM" : "ANALYZE";
    default:
      return tag
        .replace(/Stmt$/, "")
        .replace(/([a-z])([A-Z])/g, "$1 $2")
        .replace("Table Space", "Tablespace")
        .toUpperCase();
  }
}

const TRANSACTION_TAGS: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: "BEGIN",
  TRANS_STMT_START: "START TRANSACTION",
  TRANS_STMT_COMMIT: "COMMIT",
  TRANS_STMT_ROLLBACK: "ROLLBACK",
  TRANS_STMT_SAVEPOINT: "SAVEPOINT",
  TRANS_STMT_RELEASE: "RELEASE",
  TRANS_STMT_ROLLBACK_TO: "ROLLBACK",
  TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
  TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
  TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
};

/** PreventInTransactionBlock in the server: these take effect at once, whatever becomes of the transaction. */
export function isImmediate(tag: string, fields: Fields): boolean {
  switch (tag) {
    case "CreatedbStmt":
    case "DropdbStmt":
    case "CreateTableSpaceStmt":
    case "DropTableSpaceStmt":
    case "AlterSystemStmt":
    case "CheckPointStmt":
    case "CreateSubscriptionStmt":
    case "DropSubscriptionStmt":
      return true;
    case "VacuumStmt":
      return flag(fields, "is_vacuumcmd");
    case "ClusterStmt":
      return part(fields, "relation") === undefined;
    case "ReindexStmt":
      return !["REINDEX_OBJECT_INDEX", "REINDEX_OBJECT_TABLE"].includes(text(fields, "kind")) || concurrently(fields, "params");
    case "IndexStmt":
    case "DropStmt":
      return flag(fields, "concurrent");
    case "TransactionStmt":
      return ["TRANS_STMT_COMMIT_PREPARED", "TRANS_STMT_ROLLBACK_PREPARED"].includes(text(fields, "kind"));
    case "AlterSubscriptionStmt":
      return text(fields, "kind") !== "ALTER_SUBSCRIPTION_OPTIONS";
    case "AlterDatabaseStmt":
      return list(fields, "options").some((option) => text(as(option, "DefElem") ?? {}, "defname") === "tablespace");
    case "AlterTableStmt":
      return list(fields, "cmds").some((cmd) => flag(as(tagged(cmd)?.fields["def"], "PartitionCmd") ?? {}, "concurrent"));
    default:
      return false;
  }
}

function concurrently(fields: Fields, key: string): boolean {
  return list(fields, key).some((item) => {
    const element = as(item, "DefElem");
    return element !== undefined && text(element, "defname") === "concurrently" && isOn(element["arg"]);
  });
}

const DEFINING = /^(CREATE|ALTER|DROP|SELECT INTO|IMPORT|REASSIGN|COMMENT)/;

/** DDL: the catalogue is stale once it commits. */
export function isDefinition(tag: string): boolean {
  return DEFINING.test(tag);
}
