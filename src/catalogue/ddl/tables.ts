/**
 * CREATE TABLE in all its forms, foreign tables and composite types included, and tables made by queries.
 */
import type { CompositeTypeStmt, CreateStmt, CreateTableAsStmt, Node, RangeVar, TableLikeClause } from "@pgsql/types";
import type { Column, Relation } from "../types.ts";
import { addSequences, newColumn, type NewColumn } from "./columns.ts";
import { addConstraint, joinPartition } from "./constraints.ts";
import type { Draft } from "./draft.ts";
import { existing, newRelationName, strings, typeOid } from "./names.ts";
import { addIndex, emptyRelation } from "./sequences.ts";
import type { Statement } from "./statement.ts";

/** Puts a relation that has rows, with the composite type of its rows. */
export function putWithRowType(draft: Draft, relation: Relation): Relation {
  const type = draft.addType({
    schema: relation.schema,
    name: relation.name,
    kind: "composite",
    baseType: 0,
    notNull: false,
    checks: [],
    inputFunction: builtIn(draft, "record_in"),
    outputFunction: builtIn(draft, "record_out"),
  });
  const made = { ...relation, rowType: type.oid };
  draft.putRelation(made);
  return made;
}

export function builtIn(draft: Draft, name: string): number {
  return draft.functions.named("pg_catalog", name)[0]?.oid ?? 0;
}

export function createTable(draft: Draft, statement: Statement, create: CreateStmt, kind: "table" | "foreign_table"): void {
  const named = newRelationName(draft, create.relation);
  if (create.if_not_exists && draft.relations.named(named.schema, named.name).length > 0) return;
  const parents = (create.inhRelations ?? []).flatMap((node) => ("RangeVar" in node ? [existing(draft, node.RangeVar)] : []));
  for (const parent of parents) draft.demandSamePath(parent);
  const elements = [...(create.tableElts ?? []), ...(create.constraints ?? [])];
  const columns = new Map<string, Column>();
  for (const parent of parents) for (const column of parent.columns) columns.set(column.name, merged(columns.get(column.name), column));
  for (const column of ofType(draft, create)) columns.set(column.name, column);
  const made: NewColumn[] = [];
  let columnsUnknown = parents.some((parent) => parent.columnsUnknown);
  for (const element of elements) {
    if ("TableLikeClause" in element) {
      const source = existing(draft, element.TableLikeClause.relation);
      draft.demandSamePath(source);
      if (source.columnsUnknown) columnsUnknown = true;
      for (const column of likeColumns(source, element.TableLikeClause)) columns.set(column.name, column);
    } else if ("ColumnDef" in element) {
      const column = newColumn(draft, statement, named, element.ColumnDef);
      made.push(column);
      columns.set(column.column.name, merged(columns.get(column.column.name), column.column));
    }
  }
  const table = putWithRowType(draft, {
    ...emptyRelation(draft, named, create.partspec && kind === "table" ? "partitioned_table" : kind),
    columns: [...columns.values()],
    parents: parents.map((parent) => parent.oid),
    expressions: [
      ...parents.flatMap((parent) => parent.expressions.filter((e) => e.kind === "check")),
      ...partitionExpressions(statement, create),
    ],
    ...(columnsUnknown ? { columnsUnknown: true as const } : {}),
  });
  addSequences(draft, table, made);
  applyConstraints(draft, statement, table.oid, elements, made);
  for (const element of elements)
    if ("TableLikeClause" in element)
      likeRest(draft, table.oid, existing(draft, element.TableLikeClause.relation), element.TableLikeClause);
  if (create.partbound) for (const parent of parents) joinPartition(draft, parent.oid, table.oid);
}

/** Foreign keys last: they may point at the table's own key. */
function applyConstraints(draft: Draft, statement: Statement, oid: number, elements: readonly Node[], columns: readonly NewColumn[]): void {
  const all = [
    ...columns.flatMap(({ column, constraints }) =>
      constraints.map((constraint) => ({ constraint, column: column.name as string | null })),
    ),
    ...elements.flatMap((node) => ("Constraint" in node ? [{ constraint: node.Constraint, column: null }] : [])),
  ];
  const foreign = all.filter(({ constraint }) => constraint.contype === "CONSTR_FOREIGN");
  for (const { constraint, column } of [...all.filter((one) => !foreign.includes(one)), ...foreign]) {
    // A column of PARTITION OF or OF repeats a name only to add a constraint to it.
    addConstraint(draft, statement, oid, constraint, column);
  }
}

/** A column that parents and the table both name is one column: the later default wins, NOT NULL of any holds. */
function merged(before: Column | undefined, column: Column): Column {
  if (!before) return column;
  return {
    ...before,
    notNull: before.notNull || column.notNull,
    default: column.default ?? before.default,
    identity: column.identity ?? before.identity,
    generated: column.generated || before.generated,
    type: column.type === 0 ? before.type : column.type,
  };
}

function ofType(draft: Draft, create: CreateStmt): readonly Column[] {
  if (!create.ofTypename) return [];
  const type = typeOid(draft, create.ofTypename);
  return draft.relations.all().find((relation) => relation.rowType === type && relation.kind === "composite")?.columns ?? [];
}

function partitionExpressions(statement: Statement, create: CreateStmt): Relation["expressions"] {
  const params = create.partspec?.partParams ?? [];
  const texts = params.length === 0 ? [] : statement.elements(create.partspec?.location ?? 0);
  return params.flatMap((node, i) => {
    if (!("PartitionElem" in node) || !node.PartitionElem.expr) return [];
    return [{ kind: "partition" as const, text: elementExpression(statement, texts[i] ?? "", node.PartitionElem.expr) }];
  });
}

/** An element of an index or partition key: `(expression) opclass` or `f(x) opclass`. */
export function elementExpression(statement: Statement, text: string, tree: Node): string {
  const words = text.split(/(?=\s)/);
  // The expression is followed by at most a collation, an operator class with options and an order: shorten until it fits.
  const candidates = words.map((_, i) =>
    words
      .slice(0, words.length - i)
      .join("")
      .trim(),
  );
  const closes = [...text.matchAll(/\)/g)].map((match) => text.slice(0, match.index + 1)).reverse();
  return statement.firstExpression([...candidates, ...closes], tree);
}

/** Bits of TableLikeOption in the server's parsenodes.h. */
const LIKE = { constraints: 4, defaults: 8, generated: 16, identity: 32, indexes: 64 } as const;

function likeColumns(source: Relation, { options = 0 }: TableLikeClause): readonly Column[] {
  return source.columns.map((column) => {
    const keepsDefault = (options & (column.generated ? LIKE.generated : LIKE.defaults)) !== 0;
    return {
      ...column,
      default: keepsDefault ? column.default : null,
      generated: column.generated && keepsDefault,
      identity: (options & LIKE.identity) !== 0 ? column.identity : null,
    };
  });
}

function likeRest(draft: Draft, oid: number, source: Relation, { options = 0 }: TableLikeClause): void {
  const table = draft.relations.get(oid);
  if (!table) return;
  const indexes = (options & LIKE.indexes) !== 0;
  const taken = source.expressions.filter(
    (e) => (e.kind === "check" && (options & LIKE.constraints) !== 0) || (e.kind === "index" && indexes),
  );
  draft.putRelation({ ...table, keys: [...table.keys, ...(indexes ? source.keys : [])], expressions: [...table.expressions, ...taken] });
  if (!indexes) return;
  for (const index of draft.relations.all().filter((relation) => relation.of === source.oid && relation.kind === "index")) {
    addIndex(draft, table, index.name.replace(source.name, table.name));
  }
}

/** CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW: only the server can tell the types, and often the names, of the columns. */
export function createTableAs(draft: Draft, statement: Statement, create: CreateTableAsStmt): void {
  const materialized = create.objtype === "OBJECT_MATVIEW";
  const definition = materialized
    ? statement.rest(["as"], false, [
        ["with", "data"],
        ["with", "no", "data"],
      ])
    : null;
  queryTable(
    draft,
    create.into?.rel,
    materialized ? "materialized_view" : "table",
    strings(create.into?.colNames),
    definition,
    create.if_not_exists === true,
  );
}

export function queryTable(
  draft: Draft,
  range: RangeVar | undefined,
  kind: "table" | "view" | "materialized_view",
  columnNames: readonly string[],
  definition: string | null,
  ifNotExists: boolean,
): void {
  const named = newRelationName(draft, range);
  const before = draft.relations.named(named.schema, named.name)[0];
  if (before && ifNotExists) return;
  const columns = columnNames.map((name) => ({ name, type: 0, notNull: false, default: null, generated: false, identity: null }));
  if (before && kind === "view") {
    draft.putRelation({ ...before, definition, columns, columnsUnknown: true });
    return;
  }
  putWithRowType(draft, { ...emptyRelation(draft, named, kind), columns, definition, columnsUnknown: true });
}

export function createComposite(draft: Draft, statement: Statement, create: CompositeTypeStmt): void {
  const named = newRelationName(draft, create.typevar);
  const columns = (create.coldeflist ?? []).flatMap((node) =>
    "ColumnDef" in node ? [newColumn(draft, statement, named, node.ColumnDef).column] : [],
  );
  putWithRowType(draft, { ...emptyRelation(draft, named, "composite"), columns });
}
