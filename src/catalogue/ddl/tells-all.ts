/**
 * Which statements' texts tell all that they do to a catalogue, so that nothing need be read from the server when they are done.
 * It does not apply them; those it leaves out are applied as well as can be while their transaction is open.
 */
import type { Node } from "@pgsql/types";

/** ALTER TABLE's commands whose effect on what else there is does not depend on what the server finds. */
const ALTERATIONS: ReadonlySet<string> = new Set([
  "AT_AddColumn",
  "AT_ColumnDefault",
  "AT_DropNotNull",
  "AT_SetNotNull",
  "AT_SetStatistics",
  "AT_SetOptions",
  "AT_ResetOptions",
  "AT_SetStorage",
  "AT_SetCompression",
  "AT_AddConstraint",
  "AT_ValidateConstraint",
  "AT_ChangeOwner",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_SetRelOptions",
  "AT_ResetRelOptions",
  "AT_ReplicaIdentity",
  "AT_EnableRowSecurity",
  "AT_ForceRowSecurity",
  "AT_NoForceRowSecurity",
  "AT_AddIdentity",
  "AT_AttachPartition",
]);

const KINDS: ReadonlySet<string> = new Set([
  "CreateStmt",
  "CreateSeqStmt",
  "AlterSeqStmt",
  "IndexStmt",
  "ViewStmt",
  "CompositeTypeStmt",
  "CreateEnumStmt",
  "AlterEnumStmt",
  "CreateDomainStmt",
  "CreateFunctionStmt",
  "CreateTrigStmt",
  "CreatePolicyStmt",
  "CreateExtensionStmt",
  "AlterOwnerStmt",
  "CommentStmt",
]);

/** Kinds of objects that nothing else goes with, when nothing depends on them. */
const DROPPED: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_SEQUENCE",
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_TYPE",
  "OBJECT_DOMAIN",
]);

/** False for every kind that is not known. */
export function tellsAll(node: Node): boolean {
  if ("AlterTableStmt" in node)
    return (node.AlterTableStmt.cmds ?? []).every((cmd) => "AlterTableCmd" in cmd && ALTERATIONS.has(cmd.AlterTableCmd.subtype ?? ""));
  if ("DropStmt" in node) return node.DropStmt.behavior !== "DROP_CASCADE" && DROPPED.has(node.DropStmt.removeType ?? "");
  if ("CreateSchemaStmt" in node) return (node.CreateSchemaStmt.schemaElts ?? []).length === 0;
  return Object.keys(node).every((kind) => KINDS.has(kind));
}
