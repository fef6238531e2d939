/**
 * Which file knows which kind of statement. A kind that is not listed is not understood.
 */
import type { AlterOwnerStmt, CreateSchemaStmt, DefineStmt, Node, SelectStmt } from "@pgsql/types";
import { alterTable } from "./alter-table.ts";
import {
  alterPolicy,
  createEventTrigger,
  createIndex,
  createPolicy,
  createRule,
  createStatistics,
  createTrigger,
  createView,
} from "./attached.ts";
import { drop, rename, setSchema } from "./drop.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { existing, newRelationName, strings } from "./names.ts";
import { alterDomain, createBase, createDomain, createEnum, createRange } from "./new-types.ts";
import { alterFunction, createAggregate, createCast, createFunction, createOperator } from "./routines.ts";
import { addSequence, alterSequence } from "./sequences.ts";
import type { Statement } from "./statement.ts";
import { createComposite, createTable, createTableAs, queryTable } from "./tables.ts";

/**
 * Statements that make, change or drop nothing that a snapshot holds. Those that change rows may run triggers: the analysis sees
 * them itself.
 */
const noMatter: ReadonlySet<string> = new Set([
  "CommentStmt",
  "GrantStmt",
  "GrantRoleStmt",
  "AlterDefaultPrivilegesStmt",
  "VariableShowStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "LockStmt",
  "NotifyStmt",
  "ListenStmt",
  "UnlistenStmt",
  "ExplainStmt",
  "VacuumStmt",
  "ClusterStmt",
  "ReindexStmt",
  "RefreshMatViewStmt",
  "CheckPointStmt",
  "SecLabelStmt",
  "CreateForeignServerStmt",
  "AlterForeignServerStmt",
  "CreateFdwStmt",
  "AlterFdwStmt",
  "CreateUserMappingStmt",
  "AlterUserMappingStmt",
  "DropUserMappingStmt",
  "CreatePublicationStmt",
  "AlterPublicationStmt",
  "CreateConversionStmt",
  "CreateOpClassStmt",
  "CreateOpFamilyStmt",
  "AlterOpFamilyStmt",
  "CreateAmStmt",
  "CreatePLangStmt",
  "CreateTransformStmt",
  "AlterTSDictionaryStmt",
  "AlterTSConfigurationStmt",
  "AlterCollationStmt",
  "AlterStatsStmt",
  "AlterObjectDependsStmt",
  "AlterEnumStmt",
  "AlterOperatorStmt",
  "AlterTypeStmt",
  "TruncateStmt",
  "PrepareStmt",
  "DeallocateStmt",
  "DeclareCursorStmt",
  "FetchStmt",
  "ClosePortalStmt",
  "ConstraintsSetStmt",
  "AlterDatabaseSetStmt",
  "AlterRoleSetStmt",
  "CreateRoleStmt",
  "AlterRoleStmt",
  "AlterDatabaseStmt",
  "CreateTableSpaceStmt",
]);

type Apply<K extends string> =
  Extract<Node, Record<K, unknown>> extends Record<K, infer S> ? (draft: Draft, tree: S, statement: Statement) => void : never;
type Kind = Node extends infer N ? (N extends N ? keyof N : never) : never;

const appliers: { readonly [K in Kind]?: Apply<K> } = {
  CreateSchemaStmt: createSchema,
  CreateStmt: (draft, tree, statement) => createTable(draft, statement, tree, "table"),
  CreateForeignTableStmt: (draft, tree, statement) => createTable(draft, statement, tree.base ?? {}, "foreign_table"),
  CreateTableAsStmt: (draft, tree, statement) => createTableAs(draft, statement, tree),
  CompositeTypeStmt: (draft, tree, statement) => createComposite(draft, statement, tree),
  SelectStmt: selectInto,
  ViewStmt: (draft, tree, statement) => createView(draft, statement, tree),
  CreateTrigStmt: (draft, tree, statement) => createTrigger(draft, statement, tree),
  RuleStmt: (draft, tree, statement) => createRule(draft, statement, tree),
  CreatePolicyStmt: (draft, tree, statement) => createPolicy(draft, statement, tree),
  AlterPolicyStmt: (draft, tree, statement) => alterPolicy(draft, statement, tree),
  IndexStmt: (draft, tree, statement) => createIndex(draft, statement, tree),
  CreateStatsStmt: (_, tree) => createStatistics(tree),
  CreateEventTrigStmt: createEventTrigger,
  AlterEventTrigStmt: (draft, tree) => {
    draft.eventTriggers = draft.eventTriggers.map((t) => (t.name === tree.trigname ? { ...t, enabled: tree.tgenabled !== "D" } : t));
  },
  CreateSeqStmt: (draft, tree) => {
    addSequence(draft, newRelationName(draft, tree.sequence), 0);
    alterSequence(draft, { ...(tree.sequence ? { sequence: tree.sequence } : {}), options: tree.options ?? [] });
  },
  AlterSeqStmt: alterSequence,
  CreateFunctionStmt: (draft, tree, statement) => createFunction(draft, statement, tree),
  AlterFunctionStmt: alterFunction,
  DefineStmt: define,
  CreateCastStmt: createCast,
  CreateEnumStmt: (draft, tree) => createEnum(draft, strings(tree.typeName)),
  CreateDomainStmt: (draft, tree, statement) => createDomain(draft, statement, tree),
  AlterDomainStmt: (draft, tree, statement) => alterDomain(draft, statement, tree),
  CreateRangeStmt: createRange,
  CreateExtensionStmt: (draft, tree) => {
    const name = tree.extname ?? "";
    if (draft.extensions.some((extension) => extension.name === name)) return;
    draft.extensions = [...draft.extensions, { name, schema: draft.hasSchema("public") ? "public" : "pg_catalog" }];
    throw new NotUnderstood("what an extension brings is not known");
  },
  AlterTableStmt: (draft, tree, statement) => alterTable(draft, statement, tree),
  RenameStmt: rename,
  AlterObjectSchemaStmt: setSchema,
  AlterOwnerStmt: owner,
  DropStmt: drop,
  TransactionStmt: (_, tree) => {
    if (tree.kind?.startsWith("TRANS_STMT_ROLLBACK")) throw new NotUnderstood("what was made before a ROLLBACK may be gone");
  },
  DiscardStmt: (draft, tree) => {
    if (tree.target !== "DISCARD_TEMP" && tree.target !== "DISCARD_ALL") return;
    for (const relation of draft.relations.all()) if (relation.temporary) draft.removeRelation(relation);
  },
};

/** Throws NotUnderstood. */
export function applyStatement(draft: Draft, statement: Statement): void {
  const [kind, tree] = Object.entries(statement.node)[0] ?? ["", undefined];
  if (noMatter.has(kind)) return;
  const apply = Object.hasOwn(appliers, kind)
    ? (appliers[kind as Kind] as ((d: Draft, t: unknown, s: Statement) => void) | undefined)
    : undefined;
  if (!apply) throw new NotUnderstood(kind);
  apply(draft, tree, statement);
}

function createSchema(draft: Draft, create: CreateSchemaStmt): void {
  const name = create.schemaname ?? create.authrole?.rolename ?? "";
  if (!draft.hasSchema(name)) draft.schemas = [...draft.schemas, { name, owner: create.authrole?.rolename ?? draft.owner }];
  if (create.schemaElts?.length) throw new NotUnderstood("CREATE SCHEMA with the objects inside it");
}

function selectInto(draft: Draft, select: SelectStmt): void {
  if (select.intoClause) queryTable(draft, select.intoClause.rel, "table", [], null, false);
}

function define(draft: Draft, tree: DefineStmt): void {
  switch (tree.kind) {
    case "OBJECT_AGGREGATE":
      createAggregate(draft, tree);
      return;
    case "OBJECT_OPERATOR":
      createOperator(draft, tree);
      return;
    case "OBJECT_TYPE":
      createBase(draft, tree);
      return;
    case "OBJECT_COLLATION":
    case "OBJECT_TSPARSER":
    case "OBJECT_TSDICTIONARY":
    case "OBJECT_TSTEMPLATE":
    case "OBJECT_TSCONFIGURATION":
      return;
    default:
      throw new NotUnderstood(`CREATE of ${tree.kind ?? "nothing"}`);
  }
}

/** Owners of relations come as ALTER TABLE; whose right a function of SECURITY DEFINER uses is worth keeping. */
function owner(draft: Draft, alter: AlterOwnerStmt): void {
  const name = alter.newowner?.rolename;
  if (name === undefined) return;
  if (alter.object && "ObjectWithArgs" in alter.object && alter.objectType !== "OBJECT_OPERATOR") {
    const { objname } = alter.object.ObjectWithArgs;
    for (const f of draft.findFunctions(strings(objname).at(-2), strings(objname).at(-1) ?? "")) draft.functions.put({ ...f, owner: name });
  }
  if (alter.relation) draft.putRelation({ ...existing(draft, alter.relation), owner: name });
}
