/**
 * The walk is exhaustive: the table of node types equals the parser's own, and a function planted in any field of any node type,
 * or in place of any expression of the corpus, is found.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { loadModule, parseSync } from "libpg-query";
import { corpusCatalogue, corpusContext } from "../../../test/corpus/sql/judge.ts";
import { corpusFiles, readCorpus } from "../../../test/corpus/sql/corpus.ts";
import { noCuts, Sink, type Place } from "./engine.ts";
import { nodeTypes } from "./nodes.ts";
import { engine, visitors } from "./statements.ts";
import { tagged, type Fields } from "./tree.ts";

await loadModule();
const catalogue = await corpusCatalogue();
const SENTINEL = {
  FuncCall: { funcname: [{ String: { sval: "public" } }, { String: { sval: "purge" } }], funcformat: "COERCE_EXPLICIT_CALL" },
};

function found(walk: (at: Place) => void): boolean {
  const sink = new Sink();
  walk({
    engine,
    catalogue,
    names: { searchPath: corpusContext.searchPath, temporary: [] },
    role: "app",
    sink,
    cause: "direct",
    repeated: false,
    stored: false,
    planned: false,
    made: new Set(),
    madeViews: new Set(),
    cuts: noCuts(),
    expanding: [],
    depth: 0,
    scope: undefined,
  });
  return sink.effects.some((effect) => effect.resource.name === "public.purge" || effect.operation === "unknown");
}

/** Fields that the server never evaluates: why, and which. */
const NOT_EVALUATED: Readonly<Record<string, string>> = {
  "names of objects, columns and types": `A_Expr.name ColumnRef.fields Alias.colnames AlterCollationStmt.collname AlterDomainStmt.typeName AlterEnumStmt.typeName
    AlterTypeStmt.typeName AlterOperatorStmt.opername AlterOpFamilyStmt.opfamilyname AlterStatsStmt.defnames AlterTSConfigurationStmt.cfgname
    AlterTSConfigurationStmt.dicts AlterTSConfigurationStmt.tokentype AlterTSDictionaryStmt.dictname CopyStmt.attlist CreateAmStmt.handler_name
    CreateConversionStmt.conversion_name CreateConversionStmt.func_name CreateDomainStmt.domainname CreateEnumStmt.typeName CreateEnumStmt.vals
    CreateEventTrigStmt.funcname CreateFunctionStmt.funcname CreateOpClassStmt.opclassname CreateOpClassStmt.opfamilyname CreateOpFamilyStmt.opfamilyname
    CreatePLangStmt.plhandler CreatePLangStmt.plinline CreatePLangStmt.plvalidator CreateRangeStmt.typeName CreateStatsStmt.defnames
    CreateStatsStmt.stat_types CreateStatsStmt.relations CreateStmt.inhRelations CreateSubscriptionStmt.publication AlterSubscriptionStmt.publication
    CreateTrigStmt.columns CreateTrigStmt.funcname CreateTrigStmt.args DefineStmt.defnames ViewStmt.aliases FuncCall.funcname ObjectWithArgs.objname
    RangeTableSample.method TypeName.names PublicationTable.columns LockingClause.lockedRels`,
  "the object of a definition, named but not run": `AlterExtensionContentsStmt.object AlterObjectDependsStmt.object AlterObjectSchemaStmt.object
    AlterOwnerStmt.object CommentStmt.object RenameStmt.object SecLabelStmt.object DropStmt.objects GrantStmt.objects TruncateStmt.relations
    LockStmt.relations VacuumStmt.rels ConstraintsSetStmt.constraints ImportForeignSchemaStmt.table_list CreateOpClassStmt.items
    AlterOpFamilyStmt.items CompositeTypeStmt.coldeflist DefineStmt.args AlterFunctionStmt.func CreateCastStmt.func CreateCastStmt.sourcetype
    CreateCastStmt.targettype CreateTransformStmt.fromsql CreateTransformStmt.tosql CreateTransformStmt.type_name CreateOpClassStmt.datatype
    AlterOperatorStmt.opername PublicationTable.relation AlterDefaultPrivilegesStmt.action RangeVar.alias TableLikeClause.relation
    CopyStmt.relation Constraint.pktable`,
  roles: `AlterPolicyStmt.roles CreatePolicyStmt.roles AlterTableMoveAllStmt.roles DropOwnedStmt.roles DropRoleStmt.roles GrantRoleStmt.granted_roles
    GrantRoleStmt.grantee_roles GrantStmt.grantees GrantStmt.privileges ReassignOwnedStmt.roles`,
  "options: words and literals": `AlterDatabaseStmt.options AlterDefaultPrivilegesStmt.options AlterExtensionStmt.options AlterFdwStmt.func_options
    AlterFdwStmt.options AlterForeignServerStmt.options AlterFunctionStmt.actions AlterOperatorStmt.options AlterPublicationStmt.options AlterRoleStmt.options
    AlterSeqStmt.options AlterSubscriptionStmt.options AlterTSDictionaryStmt.options AlterTableSpaceOptionsStmt.options AlterTypeStmt.options
    AlterUserMappingStmt.options AlterStatsStmt.stxstattarget ClusterStmt.params CreateEventTrigStmt.whenclause CreateExtensionStmt.options
    CreateFdwStmt.func_options CreateFdwStmt.options CreateForeignServerStmt.options CreateForeignTableStmt.options CreatePublicationStmt.options
    CreateRangeStmt.params CreateRoleStmt.options CreateSeqStmt.options CreateSubscriptionStmt.options CreateTableSpaceStmt.options
    CreateUserMappingStmt.options CreatedbStmt.options DefineStmt.definition DropdbStmt.options ExplainStmt.options GrantRoleStmt.opt
    ImportForeignSchemaStmt.options ReindexStmt.params TransactionStmt.options VacuumStmt.options VariableSetStmt.args AlterSystemStmt.setstmt
    DeclareCursorStmt.options DoStmt.args AlterRoleSetStmt.setstmt AlterDatabaseSetStmt.setstmt`,
  "bodies, judged when they are called": "CreateFunctionStmt.sql_body CreateFunctionStmt.options",
  "planned, not run": "ExplainStmt.query",
};
const exemptions: ReadonlySet<string> = new Set(Object.values(NOT_EVALUATED).flatMap((names) => names.split(/\s+/)));

function exempt(type: string, field: string): boolean {
  return exemptions.has(`${type}.${field}`);
}

describe("a function planted in any field of any node type is found", () => {
  for (const [type, fields] of nodeTypes) {
    for (const [field, kind] of fields) {
      if (kind !== "nodes" || exempt(type, field)) continue;
      // One node or a list, as the field holds them: the table does not tell the two apart.
      test(`${type}.${field}`, () =>
        assert.ok([SENTINEL, [SENTINEL]].some((value) => found((at) => engine.visit(type, { [field]: value }, at)))));
    }
  }
});

/** A value of this type with the sentinel somewhere inside it, where one is found at all. */
function holding(type: string, depth = 0): Fields | undefined {
  for (const [field, kind] of nodeTypes.get(type) ?? []) {
    if (kind === "nodes" && !exempt(type, field)) return { [field]: [SENTINEL] };
    if (typeof kind === "object" && depth < 3) {
      const inner = holding(kind.embedded, depth + 1);
      if (inner !== undefined && !exempt(type, field)) return { [field]: inner };
    }
  }
  return undefined;
}

describe("a function planted in any embedded message is found", () => {
  for (const [type, fields] of nodeTypes) {
    for (const [field, kind] of fields) {
      if (typeof kind !== "object" || exempt(type, field)) continue;
      const inner = holding(kind.embedded);
      if (inner === undefined) continue;
      test(`${type}.${field}`, () => assert.ok(found((at) => engine.visit(type, { [field]: inner }, at))));
    }
  }
});

/** Tags that stand where an expression stands. */
const EXPRESSIONS = new Set([
  "A_Const",
  "ColumnRef",
  "FuncCall",
  "A_Expr",
  "BoolExpr",
  "ParamRef",
  "TypeCast",
  "SubLink",
  "CaseExpr",
  "CoalesceExpr",
  "MinMaxExpr",
  "NullTest",
  "BooleanTest",
  "A_ArrayExpr",
  "RowExpr",
  "A_Indirection",
  "SQLValueFunction",
  "XmlExpr",
  "CollateClause",
  "JsonObjectConstructor",
  "JsonArrayConstructor",
  "JsonObjectAgg",
  "JsonArrayAgg",
  "JsonFuncExpr",
  "SetToDefault",
  "GroupingFunc",
]);
/** Where a literal is an option or a name, not an expression. */
const OPTION_HOLDERS = new Set([
  "DefElem",
  "VariableSetStmt",
  "TypeName",
  "RangeVar",
  "A_Const",
  "ExplainStmt",
  "CommentStmt",
  "PartitionBoundSpec",
]);

/** Calls `replaced` with a copy of the statement for each expression in it, that expression being the sentinel. */
function eachReplacement(
  node: unknown,
  copyWith: (value: unknown) => unknown,
  inside: string,
  replaced: (statement: unknown) => void,
): void {
  if (Array.isArray(node)) {
    node.forEach((item, index) =>
      eachReplacement(item, (value) => copyWith(node.map((old, at) => (at === index ? value : old))), inside, replaced),
    );
    return;
  }
  if (node === null || typeof node !== "object") return;
  const here = tagged(node);
  const type = here !== undefined && nodeTypes.has(here.tag) ? here.tag : inside;
  if (OPTION_HOLDERS.has(type)) return;
  if (here !== undefined && EXPRESSIONS.has(here.tag)) replaced(copyWith(SENTINEL));
  for (const [key, value] of Object.entries(node)) eachReplacement(value, (inner) => copyWith({ ...node, [key]: inner }), type, replaced);
}

describe("a function in place of any expression of the corpus is found", () => {
  let planted = 0;
  for (const file of corpusFiles()) {
    for (const { sql } of readCorpus(file).specimens) {
      const statements = parsed(sql);
      if (statements === undefined || /^\s*EXPLAIN/i.test(sql)) continue;
      test(sql.slice(0, 100), () => {
        for (const raw of statements) {
          eachReplacement(
            raw["stmt"],
            (value) => value,
            "RawStmt",
            (statement) => {
              planted += 1;
              assert.ok(
                found((at) => engine.statement(statement, at)),
                JSON.stringify(statement),
              );
            },
          );
        }
      });
    }
  }
  test("over a thousand positions were tried", () => assert.ok(planted > 1_000, `${planted}`));
});

function parsed(sql: string): readonly Fields[] | undefined {
  try {
    return parseSync(sql).stmts as unknown as readonly Fields[];
  } catch {
    return undefined;
  }
}

test("the table of node types equals the parser's definitions", () => {
  const source = readFileSync(new URL("../../../node_modules/@pgsql/types/types.d.ts", import.meta.url), "utf8");
  const enums = readFileSync(new URL("../../../node_modules/@pgsql/types/enums.d.ts", import.meta.url), "utf8");
  for (const [, name = "", body = ""] of source.matchAll(/export interface (\w+) \{([^}]*)\}/g)) {
    const known = nodeTypes.get(name);
    if (known === undefined) continue;
    const fields = [...body.matchAll(/(\w+)\??: ([\w[\]]+);/g)].map(([, field = "", type = ""]) => {
      const bare = type.replace("[]", "");
      const scalar = /^(number|string|boolean|bigint)$/.test(bare) || enums.includes(`type ${bare} =`);
      return [field, bare === "Node" ? "nodes" : scalar ? "scalar" : { embedded: bare }];
    });
    assert.deepEqual([...known], fields, name);
  }
});

test("every statement type of the grammar has a visitor, or consists of expressions", () => {
  const statements = [...nodeTypes.keys()].filter((name) => name.endsWith("Stmt"));
  assert.ok(statements.length > 110);
  const without = statements.filter((name) => !visitors.has(name));
  assert.deepEqual(without, ["ReturnStmt", "PLAssignStmt", "ReplicaIdentityStmt"]);
});

test("a type or a field that the table lacks is unknown", () => {
  assert.ok(found((at) => engine.nodes({ FancyNewExpr: {} }, at)));
  assert.ok(found((at) => engine.visit("FuncCall", { funcname: [{ String: { sval: "now" } }], surprise: [1, {}] }, at)));
});
