/**
 * Keys, checks and foreign keys of tables, and how they pass down to partitions and children.
 */
import type { Constraint } from "@pgsql/types";
import type { ForeignKeyAction, Relation } from "../types.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { existing, objectName, strings } from "./names.ts";
import { addIndex } from "./sequences.ts";
import type { Statement } from "./statement.ts";

/** `column` is the column that the constraint was written at. */
export function addConstraint(draft: Draft, statement: Statement, oid: number, constraint: Constraint, column: string | null): void {
  const table = draft.relations.get(oid);
  if (!table) throw new NotUnderstood("the table of a constraint is gone");
  switch (constraint.contype) {
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
      addKey(draft, table, constraint, column);
      return;
    case "CONSTR_CHECK":
      addCheck(
        draft,
        table,
        statement.group("check", constraint.location ?? 0, constraint.raw_expr ?? ({} as never)),
        constraint.is_no_inherit === true,
      );
      return;
    case "CONSTR_FOREIGN":
      addForeignKey(draft, table, constraint, column);
      return;
    case "CONSTR_NOTNULL":
      for (const name of column === null ? strings(constraint.keys) : [column]) setNotNull(draft, table.oid, name, true);
      return;
    case "CONSTR_EXCLUSION":
      addIndex(draft, table, constraint.conname ?? indexName(draft, table, [], "excl"));
      exclusionExpressions(draft, statement, table, constraint);
      return;
    default:
      throw new NotUnderstood(`a constraint of kind ${constraint.contype ?? "none"}`);
  }
}

function indexName(draft: Draft, table: Relation, columns: readonly string[], label: string): string {
  return objectName([table.name, columns.join("_")], label, (name) => draft.relations.named(table.schema, name).length > 0);
}

function addKey(draft: Draft, table: Relation, constraint: Constraint, column: string | null): void {
  const primary = constraint.contype === "CONSTR_PRIMARY";
  if (constraint.indexname !== undefined) {
    keyFromIndex(draft, table, constraint, primary);
    return;
  }
  const columns = column === null ? strings(constraint.keys) : [column];
  const name = constraint.conname ?? indexName(draft, table, primary ? [] : columns, primary ? "pkey" : "key");
  if (primary) for (const key of columns) setNotNull(draft, table.oid, key, true);
  for (const member of table.kind === "partitioned_table" ? draft.family(table.oid) : [draft.relations.get(table.oid) ?? table]) {
    // pg_dump gives the key to the partitioned table alone (ONLY) and to each partition: once is enough.
    if (member.keys.some((key) => key.primary === primary && key.columns.join() === columns.join())) continue;
    addIndex(draft, member, member.oid === table.oid ? name : indexName(draft, member, primary ? [] : columns, primary ? "pkey" : "key"));
    if (!constraint.deferrable) draft.putRelation({ ...member, keys: [...member.keys, { columns, primary }] });
  }
}

/** `ADD PRIMARY KEY USING INDEX`: the index has been counted as a unique key already. */
function keyFromIndex(draft: Draft, table: Relation, constraint: Constraint, primary: boolean): void {
  if (constraint.deferrable) throw new NotUnderstood("a deferrable key from an index");
  if (!primary) return;
  if (table.keys.length !== 1 || !table.keys[0]) throw new NotUnderstood("a primary key from one of several indexes");
  const columns = table.keys[0].columns;
  draft.putRelation({ ...table, keys: [{ columns, primary: true }] });
  for (const column of columns) setNotNull(draft, table.oid, column, true);
}

function addCheck(draft: Draft, table: Relation, text: string, noInherit: boolean): void {
  for (const member of noInherit ? [table] : draft.family(table.oid)) {
    draft.putRelation({ ...member, expressions: [...member.expressions, { kind: "check", text }] });
  }
}

function exclusionExpressions(draft: Draft, statement: Statement, table: Relation, constraint: Constraint): void {
  const where = constraint.where_clause;
  const expressions = (constraint.exclusions ?? [])
    .flatMap((item) => ("List" in item ? (item.List.items ?? []) : []))
    .flatMap((item) => ("IndexElem" in item && item.IndexElem.expr ? [item.IndexElem.expr] : []));
  if (expressions.length > 0) throw new NotUnderstood("an exclusion constraint over expressions");
  if (!where) return;
  const text = statement.group("where", constraint.location ?? 0, where);
  draft.putRelation({ ...(draft.relations.get(table.oid) ?? table), expressions: [...table.expressions, { kind: "index", text }] });
}

const actions: Readonly<Record<string, ForeignKeyAction>> = {
  a: "no_action",
  r: "restrict",
  c: "cascade",
  n: "set_null",
  d: "set_default",
};

function addForeignKey(draft: Draft, table: Relation, constraint: Constraint, column: string | null): void {
  const target = existing(draft, constraint.pktable);
  const fromColumns = column === null ? strings(constraint.fk_attrs) : [column];
  const named = strings(constraint.pk_attrs);
  const toColumns = named.length > 0 ? named : (target.keys.find((key) => key.primary)?.columns ?? []);
  const name =
    constraint.conname ??
    objectName([table.name, fromColumns.join("_")], "fkey", (candidate) =>
      draft.foreignKeys.some((key) => key.name === candidate && key.from === table.oid),
    );
  const key = {
    fromColumns,
    toColumns,
    onDelete: actions[constraint.fk_del_action ?? "a"] ?? "no_action",
    onUpdate: actions[constraint.fk_upd_action ?? "a"] ?? "no_action",
  };
  // Partitions carry the key themselves, on both sides: deleting from a partition fires it too.
  const from = table.kind === "partitioned_table" ? draft.family(table.oid) : [table];
  const to = target.kind === "partitioned_table" ? draft.family(target.oid) : [target];
  const made = from.flatMap((member) => to.map((parent) => ({ ...key, name, from: member.oid, to: parent.oid })));
  draft.foreignKeys = [...draft.foreignKeys, ...made];
}

/** NOT NULL passes to everything below; dropping it too, as partitions cannot differ. */
export function setNotNull(draft: Draft, oid: number, column: string, notNull: boolean): void {
  for (const member of draft.family(oid)) {
    draft.putRelation({ ...member, columns: member.columns.map((c) => (c.name === column ? { ...c, notNull } : c)) });
  }
}

/** What a table takes over when it becomes a partition: keys, row triggers, and foreign keys on both sides. */
export function joinPartition(draft: Draft, parentOid: number, partitionOid: number): void {
  const parent = draft.relations.get(parentOid);
  if (!parent) return;
  draft.demandSamePath(parent);
  for (const member of draft.family(partitionOid)) {
    const missing = parent.keys.filter(
      (key) => !member.keys.some((own) => own.primary === key.primary && own.columns.join() === key.columns.join()),
    );
    for (const key of missing)
      addIndex(draft, member, indexName(draft, member, key.primary ? [] : key.columns, key.primary ? "pkey" : "key"));
    const triggers = parent.triggers.filter((t) => t.level === "row" && !member.triggers.some((own) => own.name === t.name));
    draft.putRelation({ ...member, keys: [...member.keys, ...missing], triggers: [...member.triggers, ...triggers] });
    const same = (a: { readonly fromColumns: readonly string[]; readonly toColumns: readonly string[] }, b: typeof a): boolean =>
      a.fromColumns.join() === b.fromColumns.join() && a.toColumns.join() === b.toColumns.join();
    const keys = [...draft.foreignKeys];
    for (const key of draft.foreignKeys) {
      if (key.from === parentOid && !keys.some((own) => own.from === member.oid && own.to === key.to && same(own, key))) {
        keys.push({ ...key, from: member.oid });
      }
      if (key.to === parentOid) keys.push({ ...key, to: member.oid });
    }
    draft.foreignKeys = keys;
  }
}
