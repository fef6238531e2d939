/**
 * Whether an expression looks at the row that a change is about, through sub-selects that hide names of their own.
 * It does not resolve types; where a name could be either, the caller says which answer is the careful one.
 */
import type { Relation } from "../../catalogue/types.ts";
import { as, flag, list, nameParts, part, stringOf, tagged, text, type Fields } from "./tree.ts";

/** Columns of a table named in FROM, or `undefined` when they are not known. */
export type ColumnsOf = (rangeVar: Fields) => ReadonlySet<string> | undefined;
/** Whether a function called by this name may answer differently for each row. */
export type VolatileTest = (name: readonly string[], argumentCount: number) => boolean;

export interface RowSubject {
  readonly relation: Relation | undefined;
  readonly alias: string;
  readonly joined: readonly { readonly alias: string; readonly columns: ReadonlySet<string> | undefined }[];
  readonly columnsOf: ColumnsOf;
}

interface Hiding {
  readonly aliases: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
  /** Some table in this FROM has columns that are not known. */
  readonly unsure: boolean;
}

/** Whether any part of `node` looks at the subject's row. `doubt` is the answer where that is not certain. */
export function mentionsRow(node: unknown, subject: RowSubject, doubt: boolean, hidden: readonly Hiding[] = []): boolean {
  if (Array.isArray(node)) return node.some((item) => mentionsRow(item, subject, doubt, hidden));
  if (node === null || typeof node !== "object") return false;
  const found = tagged(node);
  if (found?.tag === "ColumnRef") return referenceMentions(found.fields, subject, doubt, hidden);
  if (found?.tag === "CurrentOfExpr") return true;
  if (found?.tag === "SelectStmt") return selectMentions(found.fields, subject, doubt, hidden);
  return Object.values(node).some((item) => mentionsRow(item, subject, doubt, hidden));
}

function referenceMentions(ref: Fields, subject: RowSubject, doubt: boolean, hidden: readonly Hiding[]): boolean {
  const names = list(ref, "fields")
    .map(stringOf)
    .filter((name) => name !== undefined);
  const [first] = names;
  if (first === undefined) return hidden.length === 0;
  if (names.length > 1 || list(ref, "fields").length > 1) {
    if (hidden.some((scope) => names.some((name) => scope.aliases.has(name)))) return names.slice(1).includes(subject.alias) && doubt;
    return names.includes(subject.alias) || (doubt && subject.joined.every((other) => !names.includes(other.alias)));
  }
  if (hidden.some((scope) => scope.columns.has(first) || scope.aliases.has(first))) return false;
  const subjects = first === subject.alias || subject.relation === undefined || hasColumn(subject.relation, first);
  if (hidden.some((scope) => scope.unsure)) return subjects && doubt;
  if (!subjects) return doubt && subject.joined.every((other) => other.columns !== undefined && !other.columns.has(first));
  return true;
}

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"]);

function hasColumn(relation: Relation, name: string): boolean {
  return SYSTEM_COLUMNS.has(name) || relation.columns.some((column) => column.name === name);
}

function selectMentions(select: Fields, subject: RowSubject, doubt: boolean, hidden: readonly Hiding[]): boolean {
  const from = list(select, "fromClause");
  const inner = from.length === 0 ? hidden : [...hidden, hidingOf(from, subject.columnsOf)];
  for (const key in select) {
    const value = select[key];
    if (key === "larg" || key === "rarg") {
      if (selectMentions(part(select, key) ?? {}, subject, doubt, hidden)) return true;
    } else if (key === "fromClause") {
      if (from.some((item) => fromMentions(item, subject, doubt, hidden, inner))) return true;
    } else if (mentionsRow(value, subject, doubt, key === "withClause" ? hidden : inner)) {
      return true;
    }
  }
  return false;
}

/** A sub-select in FROM does not see its neighbours unless LATERAL; functions and join conditions do. */
function fromMentions(item: unknown, subject: RowSubject, doubt: boolean, hidden: readonly Hiding[], inner: readonly Hiding[]): boolean {
  const join = as(item, "JoinExpr");
  if (join !== undefined) {
    return (
      mentionsRow(join["quals"], subject, doubt, inner) ||
      fromMentions(join["larg"], subject, doubt, hidden, inner) ||
      fromMentions(join["rarg"], subject, doubt, hidden, inner)
    );
  }
  const subselect = as(item, "RangeSubselect");
  if (subselect !== undefined && !flag(subselect, "lateral")) return mentionsRow(subselect["subquery"], subject, doubt, hidden);
  return mentionsRow(item, subject, doubt, inner);
}

function hidingOf(from: readonly unknown[], columnsOf: ColumnsOf): Hiding {
  const aliases = new Set<string>();
  const columns = new Set<string>();
  let unsure = false;
  const take = (item: unknown): void => {
    const found = tagged(item);
    if (found === undefined) return;
    const alias = part(found.fields, "alias");
    if (alias !== undefined) aliases.add(text(alias, "aliasname"));
    else if (found.tag === "RangeVar") aliases.add(text(found.fields, "relname"));
    if (found.tag === "JoinExpr") {
      take(found.fields["larg"]);
      take(found.fields["rarg"]);
      return;
    }
    const renamed = nameParts(list(alias ?? {}, "colnames")) ?? [];
    for (const name of renamed) columns.add(name);
    const known = renamed.length > 0 ? undefined : found.tag === "RangeVar" ? columnsOf(found.fields) : outputColumns(found.fields);
    if (known === undefined) unsure = true;
    else for (const name of known) columns.add(name);
  };
  for (const item of from) take(item);
  return { aliases, columns, unsure };
}

/** Output names of a sub-select in FROM when each is written down. */
export function outputColumns(rangeSubselect: Fields): ReadonlySet<string> | undefined {
  const select = as(rangeSubselect["subquery"], "SelectStmt");
  if (select === undefined || select["larg"] !== undefined || list(select, "valuesLists").length > 0) return undefined;
  const names = new Set<string>();
  for (const item of list(select, "targetList")) {
    const target = as(item, "ResTarget");
    const ref = as(target?.["val"], "ColumnRef");
    const name = target === undefined ? "" : text(target, "name") || stringOf(list(ref ?? {}, "fields").at(-1)) || "";
    if (name === "") return undefined;
    names.add(name);
  }
  return names;
}

/** Whether any function in the expression may answer differently for each row. */
export function callsVolatile(node: unknown, isVolatile: VolatileTest): boolean {
  if (Array.isArray(node)) return node.some((item) => callsVolatile(item, isVolatile));
  if (node === null || typeof node !== "object") return false;
  const call = as(node, "FuncCall");
  if (call !== undefined) {
    const name = nameParts(list(call, "funcname"));
    if (name === undefined || isVolatile(name, list(call, "args").length)) return true;
  }
  return Object.values(node).some((item) => callsVolatile(item, isVolatile));
}
