/**
 * The shape of a catalogue snapshot: what the names of one database mean, as plain data that can cross threads.
 * It does not resolve anything (`snapshot.ts`) or load it (`adapters/postgres/catalogue.ts`).
 */

export interface CatalogueData {
  /** Counts up at every change of content; part of the key of each cached decision. */
  readonly version: number;
  /** `server_version_num`, for example 180004. */
  readonly serverVersion: number;
  readonly database: string;
  readonly schemas: readonly { readonly name: string; readonly owner: string }[];
  readonly relations: readonly Relation[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly functions: readonly FunctionInfo[];
  readonly operators: readonly OperatorInfo[];
  readonly casts: readonly CastInfo[];
  readonly types: readonly TypeInfo[];
  readonly extensions: readonly { readonly name: string; readonly schema: string }[];
  readonly roles: readonly {
    readonly name: string;
    readonly superuser: boolean;
    readonly bypassRls: boolean;
    readonly memberOf: readonly string[];
  }[];
  /**
   * Operator classes with functions that did not come with the server: the type each is for, and the OIDs of those functions, whether
   * they support the class or stand behind its operators.
   */
  readonly operatorClasses?: readonly { readonly name: string; readonly type: number; readonly functions: readonly number[] }[];
  /** Event triggers fire on DDL: name and function. */
  readonly eventTriggers: readonly { readonly name: string; readonly functionOid: number; readonly enabled: boolean }[];
}

/** pg_class.relkind, spelt out. */
export type RelationKind =
  | "table"
  | "partitioned_table"
  | "view"
  | "materialized_view"
  | "foreign_table"
  | "sequence"
  | "index"
  | "composite";

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: string;
  readonly temporary: boolean;
  /** pg_class.reltuples; -1 when never analysed. An estimate: shown as such, never used as a limit. */
  readonly rowsEstimate: number;
  readonly columns: readonly Column[];
  /** Column sets that are unique, not partial, not deferrable, all NOT NULL for the primary key. */
  readonly keys: readonly { readonly columns: readonly string[]; readonly primary: boolean }[];
  readonly triggers: readonly Trigger[];
  /** Rewrite rules other than a view's own _RETURN. `definition` is pg_get_ruledef. */
  readonly rules: readonly {
    readonly name: string;
    readonly event: "select" | "insert" | "update" | "delete";
    readonly instead: boolean;
    readonly definition: string;
  }[];
  /** pg_get_viewdef for views and materialized views; null for the server's own views (`isBuiltIn`). */
  readonly definition: string | null;
  readonly rowSecurity: boolean;
  readonly policies: readonly {
    readonly name: string;
    readonly command: "all" | "select" | "insert" | "update" | "delete";
    readonly using: string | null;
    readonly check: string | null;
  }[];
  /** Expressions of CHECK constraints, index expressions and predicates, partition keys, as SQL text. */
  readonly expressions: readonly { readonly kind: "check" | "index" | "partition"; readonly text: string }[];
  /** OIDs of parents by inheritance or partitioning. */
  readonly parents: readonly number[];
  /** For an index: OID of its table. For a sequence owned by a column (serial, identity): OID of that table. */
  readonly of?: number;
  /** OID of the composite type of its rows; 0 or absent where there is none. */
  readonly rowType?: number;
  /**
   * Present when `columns` is not the whole truth: made by DDL whose columns only the server can name (`SELECT *`, LIKE of an
   * unknown table).
   */
  readonly columnsUnknown?: true;
  /** The search path under which DDL wrote its expressions. Absent: the server printed them, which names everything in full. */
  readonly path?: readonly string[];
}

export interface Column {
  readonly name: string;
  /** OID of pg_type. */
  readonly type: number;
  readonly notNull: boolean;
  /** SQL text of the default or of the generation expression. */
  readonly default: string | null;
  readonly generated: boolean;
  readonly identity: "always" | "by_default" | null;
}

export interface Trigger {
  readonly name: string;
  readonly functionOid: number;
  readonly timing: "before" | "after" | "instead_of";
  readonly level: "row" | "statement";
  readonly events: readonly ("insert" | "update" | "delete" | "truncate")[];
  /** pg_trigger.tgenabled: `always` and `origin` fire in an ordinary session. */
  readonly enabled: "origin" | "always" | "replica" | "disabled";
  readonly when: string | null;
  /** It may fire as late as COMMIT. */
  readonly deferrable?: true;
}

export interface ForeignKey {
  readonly name: string;
  readonly from: number;
  readonly fromColumns: readonly string[];
  readonly to: number;
  readonly toColumns: readonly string[];
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
}
export type ForeignKeyAction = "no_action" | "restrict" | "cascade" | "set_null" | "set_default";

export interface FunctionInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: "function" | "procedure" | "aggregate" | "window";
  /** OIDs of the input arguments' types. 0: a type that is not known (only after DDL that names one). */
  readonly arguments: readonly number[];
  /** For procedures: OUT arguments, which CALL lists too (PostgreSQL 14 and later). */
  readonly outputs?: number;
  readonly variadic: boolean;
  /** Input arguments that have a default. */
  readonly defaults: number;
  /** SQL text of those defaults, separated by commas: a call that leaves arguments out runs them. */
  readonly defaultExpressions?: string;
  readonly returns: number;
  readonly returnsSet: boolean;
  readonly language: string;
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly securityDefiner: boolean;
  readonly owner: string;
  /**
   * prosrc for sql and plpgsql; for `BEGIN ATOMIC` bodies the text of pg_get_function_sqlbody; for internal ones that did not come
   * with the server the name of the server's routine behind them; null otherwise.
   */
  readonly body: string | null;
  /** True when `body` came from pg_get_function_sqlbody. */
  readonly bodyIsAtomic: boolean;
  /** `SET name = value` clauses of the function, as `name=value`. */
  readonly settings: readonly string[];
  /** For aggregates: the OIDs of transition, final, combine and other support functions. */
  readonly support: readonly number[];
  /** pg_get_functiondef, only for plpgsql: what parsePlPgSQL needs. */
  readonly definition: string | null;
  /** The search path under which DDL wrote its argument defaults and its body of bound names; as for a relation. */
  readonly path?: readonly string[];
}

export interface OperatorInfo {
  readonly schema: string;
  readonly name: string;
  /** 0 for a prefix operator. */
  readonly left: number;
  readonly right: number;
  readonly functionOid: number;
}

export interface CastInfo {
  readonly source: number;
  readonly target: number;
  /** 0 when the cast needs no function. */
  readonly functionOid: number;
  readonly context: "implicit" | "assignment" | "explicit";
}

export interface TypeInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: "base" | "composite" | "domain" | "enum" | "pseudo" | "range" | "multirange";
  /** For domains. */
  readonly baseType: number;
  readonly notNull: boolean;
  readonly checks: readonly string[];
  /** Input and output functions: user-made base types may run anything. */
  readonly inputFunction: number;
  readonly outputFunction: number;
  /** For array types: the element's OID; else 0. */
  readonly element: number;
  /** For domains: SQL text of the default, which stands where a column has none. */
  readonly default?: string | null;
  /**
   * For ranges and base types: the OIDs of the other functions the type runs that are not built in (canonical, difference, receive,
   * send, type modifier).
   */
  readonly support?: readonly number[];
  /** The search path under which DDL wrote its checks and its default; as for a relation. */
  readonly path?: readonly string[];
}

/** First OID of objects that initdb did not make (FirstNormalObjectId in the server's transam.h). */
const FIRST_NORMAL_OID = 16384;

/** Whether an object came with the server itself. OID 0 (none) counts as built in: there is nothing to look at. */
export function isBuiltIn(oid: number): boolean {
  return oid < FIRST_NORMAL_OID;
}
