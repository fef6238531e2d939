/**
 * ALTER TABLE and its kin (views, foreign tables, composite types): one sub-command after the other.
 */
import type { AlterTableCmd, AlterTableStmt, Node, RangeVar } from "@pgsql/types";
import type { Column, Relation } from "../types.ts";
import { addSequences, newColumn, sequenceName } from "./columns.ts";
import { addConstraint, joinPartition, setNotNull } from "./constraints.ts";
import { NotUnderstood, type Draft } from "./draft.ts";
import { existing, typeOid } from "./names.ts";
import { addSequence, sequenceOption } from "./sequences.ts";
import type { Statement } from "./statement.ts";

/** Sub-commands that change nothing a snapshot holds. */
const noMatter: ReadonlySet<string> = new Set([
  "AT_SetStatistics",
  "AT_SetOptions",
  "AT_ResetOptions",
  "AT_SetStorage",
  "AT_SetCompression",
  "AT_ValidateConstraint",
  "AT_ChangeOwner",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_SetLogged",
  "AT_SetUnLogged",
  "AT_DropOids",
  "AT_SetAccessMethod",
  "AT_SetTableSpace",
  "AT_SetRelOptions",
  "AT_ResetRelOptions",
  "AT_ReplaceRelOptions",
  "AT_ReplicaIdentity",
  "AT_ForceRowSecurity",
  "AT_NoForceRowSecurity",
  "AT_GenericOptions",
  "AT_AlterColumnGenericOptions",
  "AT_EnableRule",
  "AT_EnableAlwaysRule",
  "AT_EnableReplicaRule",
]);

export function alterTable(draft: Draft, statement: Statement, alter: AlterTableStmt): void {
  if (alter.missing_ok && !draft.findRelation(alter.relation?.schemaname, alter.relation?.relname ?? "")) return;
  const { oid } = existing(draft, alter.relation);
  const commands = (alter.cmds ?? []).flatMap((node) => ("AlterTableCmd" in node ? [node.AlterTableCmd] : []));
  let defaultsSet = 0;
  for (const command of commands) {
    if (command.subtype === "AT_ColumnDefault" && command.def) {
      const text = statement.nthAfter(["set", "default"], defaultsSet++, ["delete", "update"], command.def);
      changeColumn(draft, oid, command.name, (column) => ({ ...column, default: text }), true);
    } else {
      apply(draft, statement, oid, command);
    }
  }
}

function apply(draft: Draft, statement: Statement, oid: number, command: AlterTableCmd): void {
  const kind = command.subtype ?? "";
  if (noMatter.has(kind)) return;
  if (kind.includes("Trig")) {
    switchTriggers(draft, oid, command);
    return;
  }
  switch (kind) {
    case "AT_AddColumn":
      addColumn(draft, statement, oid, command);
      return;
    case "AT_DropColumn":
      dropColumn(draft, oid, command.name ?? "");
      return;
    case "AT_ColumnDefault":
      changeColumn(draft, oid, command.name, (column) => ({ ...column, default: null }), true);
      return;
    case "AT_DropNotNull":
      setNotNull(draft, oid, command.name ?? "", false);
      return;
    case "AT_SetNotNull":
      setNotNull(draft, oid, command.name ?? "", true);
      return;
    case "AT_DropExpression":
      changeColumn(draft, oid, command.name, (column) => ({ ...column, default: null, generated: false }), true);
      return;
    case "AT_AlterColumnType":
      columnType(draft, oid, command);
      return;
    case "AT_AddConstraint":
      constraint(draft, statement, oid, command);
      return;
    case "AT_DropConstraint":
      dropConstraint(draft, oid, command.name ?? "");
      return;
    case "AT_AddIdentity":
    case "AT_SetIdentity":
      identity(draft, oid, command);
      return;
    case "AT_DropIdentity":
      changeColumn(draft, oid, command.name, (column) => ({ ...column, identity: null }), false);
      return;
    case "AT_EnableRowSecurity":
      update(draft, oid, () => ({ rowSecurity: true }));
      return;
    case "AT_DisableRowSecurity":
      update(draft, oid, () => ({ rowSecurity: false }));
      return;
    case "AT_AttachPartition":
    case "AT_AddInherit":
      join(draft, oid, command);
      return;
    case "AT_DetachPartition":
    case "AT_DropInherit":
      leave(draft, oid, command);
      return;
    default:
      throw new NotUnderstood(`ALTER TABLE ${kind}`);
  }
}

function update(draft: Draft, oid: number, change: (relation: Relation) => Partial<Relation>): void {
  const relation = draft.relations.get(oid);
  if (relation) draft.putRelation({ ...relation, ...change(relation) });
}

function changeColumn(draft: Draft, oid: number, name: string | undefined, change: (column: Column) => Column, family: boolean): void {
  for (const member of family ? draft.family(oid) : draft.family(oid).slice(0, 1)) {
    if (member.oid === oid && !member.columns.some((column) => column.name === name) && !member.columnsUnknown)
      throw new NotUnderstood("no such column");
    update(draft, member.oid, ({ columns }) => ({ columns: columns.map((column) => (column.name === name ? change(column) : column)) }));
  }
}

function addColumn(draft: Draft, statement: Statement, oid: number, command: AlterTableCmd): void {
  const table = draft.relations.get(oid);
  if (!table || !command.def || !("ColumnDef" in command.def)) throw new NotUnderstood("a column without a definition");
  const def = command.def.ColumnDef;
  if (command.missing_ok && table.columns.some((column) => column.name === def.colname)) return;
  const made = newColumn(draft, statement, table, def);
  for (const member of draft.family(oid)) {
    if (member.columns.some((column) => column.name === made.column.name)) continue;
    update(draft, member.oid, ({ columns }) => ({ columns: [...columns, made.column] }));
  }
  addSequences(draft, table, [made]);
  for (const one of made.constraints) addConstraint(draft, statement, oid, one, made.column.name);
}

/** Keys and foreign keys over the column go with it, and so may expressions: those that name it as a word are dropped. */
function dropColumn(draft: Draft, oid: number, name: string): void {
  const mentions = (text: string): boolean => new RegExp(`(?<![\\w"])"?${name.replace(/[^\w]/g, "\\$&")}"?(?![\\w"])`).test(text);
  for (const member of draft.family(oid)) {
    update(draft, member.oid, (relation) => ({
      columns: relation.columns.filter((column) => column.name !== name),
      keys: relation.keys.filter((key) => !key.columns.includes(name)),
      expressions: relation.expressions.filter((expression) => !mentions(expression.text)),
    }));
    draft.foreignKeys = draft.foreignKeys.filter(
      (key) => !(key.from === member.oid && key.fromColumns.includes(name)) && !(key.to === member.oid && key.toColumns.includes(name)),
    );
  }
}

function columnType(draft: Draft, oid: number, command: AlterTableCmd): void {
  const def = command.def;
  if (!def || !("ColumnDef" in def)) throw new NotUnderstood("a column type without a definition");
  const type = typeOid(draft, def.ColumnDef.typeName);
  changeColumn(draft, oid, command.name, (column) => ({ ...column, type }), true);
}

function constraint(draft: Draft, statement: Statement, oid: number, command: AlterTableCmd): void {
  if (!command.def || !("Constraint" in command.def)) throw new NotUnderstood("a constraint without a definition");
  addConstraint(draft, statement, oid, command.def.Constraint, null);
}

/**
 * Names of keys are kept as their indexes' names, names of checks are not kept: such a check stays, which errs on the side of doing
 * more.
 */
function dropConstraint(draft: Draft, oid: number, name: string): void {
  const foreign = draft.foreignKeys.filter((key) => key.from === oid && key.name === name);
  if (foreign.length > 0) {
    const family = new Set(draft.family(oid).map((member) => member.oid));
    draft.foreignKeys = draft.foreignKeys.filter((key) => !(key.name === name && family.has(key.from)));
    return;
  }
  const table = draft.relations.get(oid);
  const index = table && draft.relations.named(table.schema, name).find((relation) => relation.of === oid);
  if (!table || !index) throw new NotUnderstood("a constraint whose name is not known");
  draft.relations.remove(index.oid);
  // Which key it was is only certain when there is one, or the name says it is the primary key: otherwise none is believed.
  const keys = table.keys.length === 1 ? [] : name === `${table.name}_pkey` ? table.keys.filter((key) => !key.primary) : [];
  update(draft, oid, () => ({ keys }));
}

function identity(draft: Draft, oid: number, command: AlterTableCmd): void {
  const options: readonly Node[] = command.def && "List" in command.def ? (command.def.List.items ?? []) : command.def ? [command.def] : [];
  const set = options.flatMap((node) => ("DefElem" in node && node.DefElem.defname === "generated" ? [node.DefElem.arg] : []))[0];
  const how =
    command.def && "Constraint" in command.def
      ? command.def.Constraint.generated_when
      : set && "Integer" in set
        ? String.fromCharCode(set.Integer.ival ?? 0)
        : undefined;
  if (how === undefined) return;
  if (command.subtype === "AT_AddIdentity") identitySequence(draft, oid, command);
  changeColumn(
    draft,
    oid,
    command.name,
    (column) => ({ ...column, identity: how === "a" ? "always" : "by_default", notNull: true }),
    false,
  );
}

function identitySequence(draft: Draft, oid: number, command: AlterTableCmd): void {
  const table = draft.relations.get(oid);
  if (!table || !command.def || !("Constraint" in command.def)) return;
  const given = sequenceOption(command.def.Constraint.options, "sequence_name");
  const name = given?.at(-1) ?? sequenceName(draft, table, command.name ?? "");
  addSequence(draft, { schema: given?.at(-2) ?? table.schema, name, temporary: table.temporary }, oid);
}

function otherTable(draft: Draft, command: AlterTableCmd): Relation {
  const def = command.def;
  const range: RangeVar | undefined =
    def && "PartitionCmd" in def ? def.PartitionCmd.name : def && "RangeVar" in def ? def.RangeVar : undefined;
  return existing(draft, range);
}

function join(draft: Draft, oid: number, command: AlterTableCmd): void {
  const other = otherTable(draft, command);
  // ATTACH is said to an index too (pg_dump does): the table's own ATTACH has said all that matters.
  if (other.kind === "index") return;
  const [parent, child] = command.subtype === "AT_AttachPartition" ? [oid, other.oid] : [other.oid, oid];
  update(draft, child, ({ parents }) => ({ parents: [...parents, parent] }));
  if (command.subtype === "AT_AttachPartition") joinPartition(draft, parent, child);
}

function leave(draft: Draft, oid: number, command: AlterTableCmd): void {
  const other = otherTable(draft, command);
  const [parent, child] = command.subtype === "AT_DetachPartition" ? [oid, other.oid] : [other.oid, oid];
  update(draft, child, ({ parents }) => ({ parents: parents.filter((one) => one !== parent) }));
}

const firing = {
  AT_EnableTrig: "origin",
  AT_EnableAlwaysTrig: "always",
  AT_EnableReplicaTrig: "replica",
  AT_DisableTrig: "disabled",
  AT_EnableTrigAll: "origin",
  AT_EnableTrigUser: "origin",
  AT_DisableTrigAll: "disabled",
  AT_DisableTrigUser: "disabled",
} as const;

function switchTriggers(draft: Draft, oid: number, command: AlterTableCmd): void {
  const enabled = firing[command.subtype as keyof typeof firing];
  const all = command.name === undefined;
  for (const member of draft.family(oid)) {
    update(draft, member.oid, ({ triggers }) => ({
      triggers: triggers.map((t) => (all || t.name === command.name ? { ...t, enabled } : t)),
    }));
  }
}
