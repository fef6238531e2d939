/**
 * Rows of the catalogue queries in, the catalogue's own types out.
 * Pure. A code that the server does not document is a defect of ours and stops the load: it is never read as harmless.
 */
import { Defect } from "../../base/assert.ts";
import type {
  CastInfo,
  Column,
  ForeignKey,
  ForeignKeyAction,
  FunctionInfo,
  OperatorInfo,
  Relation,
  RelationKind,
  Trigger,
  TypeInfo,
} from "../../catalogue/types.ts";
import { isBuiltIn } from "../../catalogue/types.ts";
import type {
  AggregateRow,
  CastRow,
  ColumnRow,
  DomainCheckRow,
  ExpressionRow,
  ForeignKeyRow,
  FunctionRow,
  KeyRow,
  OperatorRow,
  ParentRow,
  PolicyRow,
  RelationRow,
  RuleRow,
  TriggerRow,
  TypeRow,
} from "./catalogue-queries.ts";

type Grouped<R> = ReadonlyMap<number, readonly R[]>;

/** Everything that hangs on a relation, by the relation's OID. */
export interface RelationParts {
  readonly columns: Grouped<ColumnRow>;
  readonly keys: Grouped<KeyRow>;
  readonly triggers: Grouped<TriggerRow>;
  readonly rules: Grouped<RuleRow>;
  readonly policies: Grouped<PolicyRow>;
  readonly expressions: Grouped<ExpressionRow>;
  readonly parents: Grouped<ParentRow>;
  /** The WHEN expression inside the text of a CREATE TRIGGER. */
  readonly triggerCondition: (definition: string) => string | null;
}

export function groupByFirst<R extends readonly [number, ...unknown[]]>(rows: readonly R[]): Grouped<R> {
  const groups = new Map<number, R[]>();
  for (const row of rows) {
    const group = groups.get(row[0]);
    if (group) group.push(row);
    else groups.set(row[0], [row]);
  }
  return groups;
}

function from<V>(codes: Readonly<Record<string, V>>, code: string, what: string): V {
  if (!Object.hasOwn(codes, code)) throw new Defect(`unexpected ${what} in the server's catalogue: \`${code}\``);
  return codes[code] as V;
}

const relationKinds: Readonly<Record<string, RelationKind>> = {
  r: "table",
  p: "partitioned_table",
  v: "view",
  m: "materialized_view",
  f: "foreign_table",
  S: "sequence",
  i: "index",
  I: "index",
  c: "composite",
};
const commands = { "*": "all", r: "select", a: "insert", w: "update", d: "delete" } as const;
const ruleEvents = { "1": "select", "2": "update", "3": "insert", "4": "delete" } as const;
const firing = { O: "origin", A: "always", R: "replica", D: "disabled" } as const;
const actions: Readonly<Record<string, ForeignKeyAction>> = {
  a: "no_action",
  r: "restrict",
  c: "cascade",
  n: "set_null",
  d: "set_default",
};

export function attributeName(parts: RelationParts, relation: number, attnum: number): string {
  const columns = parts.columns.get(relation) ?? [];
  // Without dropped columns the position is the number; otherwise search.
  const guess = columns[attnum - 1];
  const found = guess?.[1] === attnum ? guess : columns.find((column) => column[1] === attnum);
  if (!found) throw new Defect(`relation ${relation} has no attribute ${attnum}`);
  return found[2];
}

export function relation(row: RelationRow, parts: RelationParts): Relation {
  const [oid, schema, name, kind, owner, rowsEstimate, definition, rowSecurity, rowType, of] = row;
  const indexes = parts.keys.get(oid) ?? [];
  const expressions = (parts.expressions.get(oid) ?? []).map(([, of_, text]) => ({ kind: of_, text }));
  for (const [, , , , columns, predicate] of indexes) {
    if (columns !== null) expressions.push({ kind: "index", text: columns });
    if (predicate !== null) expressions.push({ kind: "index", text: predicate });
  }
  return {
    oid,
    schema,
    name,
    kind: from(relationKinds, kind, "relkind"),
    owner,
    temporary: false,
    rowsEstimate,
    columns: (parts.columns.get(oid) ?? []).map(column),
    keys: indexes.flatMap(([, attnums, primary]) =>
      attnums === null ? [] : [{ columns: attnums.map((attnum) => attributeName(parts, oid, attnum)), primary }],
    ),
    triggers: (parts.triggers.get(oid) ?? []).map((t) => trigger(t, parts.triggerCondition)),
    rules: (parts.rules.get(oid) ?? []).map(([, rule, event, instead, text]) => ({
      name: rule,
      event: from(ruleEvents, event, "ev_type"),
      instead,
      definition: text,
    })),
    definition,
    rowSecurity,
    policies: (parts.policies.get(oid) ?? []).map(([, policy, command, using, check]) => ({
      name: policy,
      command: from(commands, command, "polcmd"),
      using,
      check,
    })),
    expressions,
    // Indexes of partitions inherit too, but rows reach tables only.
    parents: kind === "i" || kind === "I" ? [] : (parts.parents.get(oid) ?? []).map(([, parent]) => parent),
    ...(of === 0 ? {} : { of }),
    ...(rowType === 0 ? {} : { rowType }),
  };
}

function column([, , name, type, notNull, default_, generated, identity]: ColumnRow): Column {
  return {
    name,
    type,
    notNull,
    default: default_,
    generated: generated !== "",
    identity: identity === "a" ? "always" : identity === "d" ? "by_default" : null,
  };
}

/** Bits of pg_trigger.tgtype, from the server's pg_trigger.h. */
const ROW = 1,
  BEFORE = 2,
  INSERT = 4,
  DELETE = 8,
  UPDATE = 16,
  TRUNCATE = 32,
  INSTEAD = 64;

function trigger(
  [, name, functionOid, type, enabled, definition, deferrable]: TriggerRow,
  condition: RelationParts["triggerCondition"],
): Trigger {
  const events = (
    [
      ["insert", INSERT],
      ["update", UPDATE],
      ["delete", DELETE],
      ["truncate", TRUNCATE],
    ] as const
  ).flatMap(([event, bit]) => ((type & bit) !== 0 ? [event] : []));
  return {
    name,
    functionOid,
    events,
    timing: (type & INSTEAD) !== 0 ? "instead_of" : (type & BEFORE) !== 0 ? "before" : "after",
    level: (type & ROW) !== 0 ? "row" : "statement",
    enabled: from(firing, enabled, "tgenabled"),
    when: definition === null ? null : condition(definition),
    ...(deferrable ? { deferrable: true as const } : {}),
  };
}

export function foreignKey(row: ForeignKeyRow, nameOf: (relation: number, attnum: number) => string): ForeignKey {
  const [name, child, childColumns, parent, parentColumns, onDelete, onUpdate] = row;
  return {
    name,
    from: child,
    fromColumns: childColumns.map((attnum) => nameOf(child, attnum)),
    to: parent,
    toColumns: parentColumns.map((attnum) => nameOf(parent, attnum)),
    onDelete: from(actions, onDelete, "confdeltype"),
    onUpdate: from(actions, onUpdate, "confupdtype"),
  };
}

/** OIDs as `oidvector` prints them. */
function oids(vector: string): readonly number[] {
  return vector === "" ? [] : vector.split(" ").map(Number);
}

const functionKinds = { f: "function", p: "procedure", a: "aggregate", w: "window" } as const;
const volatilities = { i: "immutable", s: "stable", v: "volatile" } as const;

export function functions(rows: readonly FunctionRow[], aggregates: readonly AggregateRow[]): readonly FunctionInfo[] {
  const support = new Map(aggregates.map(([oid, ...functions_]) => [oid, functions_.filter((f) => f !== 0)]));
  return rows.map((row) => {
    const [
      oid,
      schema,
      name,
      kind,
      arguments_,
      variadic,
      defaults,
      returns,
      returnsSet,
      language,
      volatility,
      securityDefiner,
      owner,
      body,
      bodyIsAtomic,
      settings,
      definition,
      outputs,
      defaultExpressions,
    ] = row;
    return {
      oid,
      schema,
      name,
      kind: from(functionKinds, kind, "prokind"),
      arguments: oids(arguments_),
      ...(outputs === 0 ? {} : { outputs }),
      variadic,
      defaults,
      ...(defaultExpressions === null ? {} : { defaultExpressions }),
      returns,
      returnsSet,
      language,
      volatility: from(volatilities, volatility, "provolatile"),
      securityDefiner,
      owner,
      body,
      bodyIsAtomic,
      settings: settings ?? [],
      support: support.get(oid) ?? [],
      definition,
    };
  });
}

export function operator([schema, name, left, right, functionOid]: OperatorRow): OperatorInfo {
  return { schema, name, left, right, functionOid };
}

const castContexts = { i: "implicit", a: "assignment", e: "explicit" } as const;

export function cast([source, target, functionOid, context]: CastRow): CastInfo {
  return { source, target, functionOid, context: from(castContexts, context, "castcontext") };
}

const typeKinds = { b: "base", c: "composite", d: "domain", e: "enum", p: "pseudo", r: "range", m: "multirange" } as const;

export function types(rows: readonly TypeRow[], domainChecks: readonly DomainCheckRow[]): readonly TypeInfo[] {
  const checks = groupByFirst(domainChecks);
  return rows.map(([oid, schema, name, kind, baseType, notNull, inputFunction, outputFunction, element, default_, support]) => {
    const others = oids(support).filter((f) => !isBuiltIn(f));
    return {
      oid,
      schema,
      name,
      kind: from(typeKinds, kind, "typtype"),
      baseType,
      notNull,
      checks: (checks.get(oid) ?? []).map(([, text]) => text),
      inputFunction,
      outputFunction,
      element,
      ...(default_ === null ? {} : { default: default_ }),
      ...(others.length === 0 ? {} : { support: others }),
    };
  });
}
