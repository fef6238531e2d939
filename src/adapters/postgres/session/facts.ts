/**
 * What the session must know of an allowed text and of its obligations, worked out once and kept by the identity of the
 * guard's own objects.
 * It does not decide.
 */
import type { Obligation, StatementSummary } from "../../../model/decision.ts";
import type { Capabilities } from "../../../pipeline/guard.ts";

export interface TextFacts {
  /** Some statement ends or begins a transaction (savepoints do not count). */
  readonly control: boolean;
  /** Some statement makes earlier effects durable: the record must be durable before it is sent. */
  readonly commits: boolean;
  /** Some statement ends a transaction, whichever way. */
  readonly ends: boolean;
  readonly savepoints: boolean;
  /** Some statement may commit by itself when it stands outside a block: a procedure, or a block of code. */
  readonly procedural: boolean;
  readonly twoPhase: boolean;
  /** Effects that no rollback takes back: the record must be durable before the first byte goes out. */
  readonly sealBefore: boolean;
  readonly immediate: boolean;
  readonly changesContext: boolean;
  readonly definesObjects: boolean;
  readonly copyIn: boolean;
  readonly fetches: boolean;
  /** It calls functions of the users' own: run in pieces, they run later. */
  readonly calls: boolean;
  /** Names of prepared statements that it runs. */
  readonly executes: readonly string[];
  /** PREPARE or DEALLOCATE stands in it. */
  readonly names: boolean;
  /** One query that any server with the same rows answers alike. */
  readonly replicable: boolean;
  /** It may drop prepared statements, those of ours among them. */
  readonly forgetsNames: boolean;
}

/** Reached by effects outside the transaction: a rollback does not take them back. */
const OUTSIDE: ReadonlySet<string> = new Set(["file", "program", "server", "foreign_table", "subscription", "session"]);

/** A text that was let through without being understood (the policy only observes): anything may have happened. */
export const notUnderstood: TextFacts = {
  control: true,
  commits: true,
  ends: true,
  savepoints: false,
  procedural: true,
  twoPhase: false,
  sealBefore: true,
  immediate: true,
  changesContext: true,
  definesObjects: false,
  copyIn: true,
  fetches: false,
  calls: true,
  executes: [],
  names: false,
  replicable: false,
  forgetsNames: true,
};

const factsOf = new WeakMap<readonly StatementSummary[], TextFacts>();

export function textFacts(statements: readonly StatementSummary[]): TextFacts {
  const known = factsOf.get(statements);
  if (known !== undefined) return known;
  const some = (test: (s: StatementSummary) => boolean): boolean => statements.some(test);
  const facts: TextFacts = {
    control: some((s) => isControl(s)),
    commits: some((s) => ["commit", "prepare_transaction", "commit_prepared", "rollback_prepared"].includes(s.transaction)),
    ends: some((s) => ["commit", "rollback", "prepare_transaction"].includes(s.transaction)),
    savepoints: some((s) => ["savepoint", "release", "rollback_to"].includes(s.transaction)),
    procedural: some((s) => s.tag === "DO" || s.tag === "CALL"),
    twoPhase: some((s) => s.transaction === "prepare_transaction"),
    sealBefore: some((s) => !s.readOnly && (s.immediate || ["DO", "CALL"].includes(s.tag) || reachesOutside(s))),
    immediate: some((s) => s.immediate),
    changesContext: some((s) => s.changesContext),
    definesObjects: some((s) => s.definesObjects),
    copyIn: some((s) => s.copy === "in"),
    calls: some((s) => s.effects.some(({ detail }) => detail === "call")),
    fetches: some((s) => s.tag === "FETCH"),
    executes: statements.flatMap((s) => (s.prepared?.kind === "execute" ? [s.prepared.name ?? ""] : [])),
    names: some((s) => s.prepared !== undefined && s.prepared.kind !== "execute"),
    replicable: statements.length === 1 && statements[0]?.replicable === true,
    forgetsNames: some((s) => s.prepared?.kind === "deallocate" || s.tag.startsWith("DISCARD") || s.tag === "DO" || s.tag === "CALL"),
  };
  factsOf.set(statements, facts);
  return facts;
}

function isControl(summary: StatementSummary): boolean {
  const kind = summary.transaction;
  return kind !== "none" && kind !== "savepoint" && kind !== "release" && kind !== "rollback_to";
}

function reachesOutside(summary: StatementSummary): boolean {
  // What setval did stays after a rollback.
  return summary.effects.some(
    (effect) => effect.operation !== "read" && (OUTSIDE.has(effect.resource.type) || effect.detail === "sequence_set"),
  );
}

/** The obligations of one act as figures; `Infinity` where there is no limit. */
export interface ActLimits {
  readonly rowsReturnedMax: number;
  readonly bytesReturnedMax: number;
  readonly rowsChangedMax: number;
  readonly rowsChangedPerTransactionMax: number;
  readonly rowsChangedPerTableMax: number;
  /** Per cent of the rows that a table had before. */
  readonly rowsChangedShareMax: number;
  readonly statementMsMax: number;
  /** What it removes goes into the bin. */
  readonly bins: boolean;
  /** Any of the figures that can only be checked after the statement ran. */
  readonly any: boolean;
}

const limitsOf = new WeakMap<readonly Obligation[], ActLimits>();

/** The strictest figure of each kind. */
export function actLimits(obligations: readonly Obligation[]): ActLimits {
  const known = limitsOf.get(obligations);
  if (known !== undefined) return known;
  const figure = (kind: Obligation["kind"]): number => {
    let least = Infinity;
    for (const obligation of obligations) {
      if (obligation.kind !== kind) continue;
      least = Math.min(least, figureIn(obligation));
    }
    return least;
  };
  const made = {
    rowsReturnedMax: figure("rows_returned_max"),
    bytesReturnedMax: figure("bytes_returned_max"),
    rowsChangedMax: figure("rows_changed_max"),
    rowsChangedPerTransactionMax: figure("rows_changed_per_transaction_max"),
    rowsChangedPerTableMax: figure("rows_changed_per_table_max"),
    rowsChangedShareMax: figure("rows_changed_share_max"),
    statementMsMax: figure("statement_ms_max"),
  };
  const any = Math.min(made.rowsReturnedMax, made.bytesReturnedMax) < Infinity || limitsChanges(made);
  const limits = { ...made, any, bins: obligations.some(({ kind }) => kind === "bin") };
  limitsOf.set(obligations, limits);
  return limits;
}

function figureIn(obligation: Obligation): number {
  if ("rows" in obligation) return obligation.rows;
  if ("percent" in obligation) return obligation.percent;
  if (obligation.kind === "bin" || obligation.kind === "recovery_point") return Infinity;
  return "bytes" in obligation ? obligation.bytes : obligation.ms;
}

/** Rows that change are limited, one way or another: the meter reads them. */
export function limitsChanges(limits: Omit<ActLimits, "any" | "bins">): boolean {
  const { rowsChangedMax, rowsChangedPerTransactionMax, rowsChangedPerTableMax, rowsChangedShareMax } = limits;
  return Math.min(rowsChangedMax, rowsChangedPerTransactionMax, rowsChangedPerTableMax, rowsChangedShareMax) < Infinity;
}

/**
 * Every kind of obligation that this adapter keeps; that of the bin, where there is one to give tickets. A recovery point is there
 * before an act is admitted.
 */
const plain: Capabilities = {
  obligations: new Set([
    "rows_returned_max",
    "bytes_returned_max",
    "rows_changed_max",
    "rows_changed_per_transaction_max",
    "rows_changed_per_table_max",
    "rows_changed_share_max",
    "statement_ms_max",
    "recovery_point",
  ] as const),
};
const binning: Capabilities = { obligations: new Set([...plain.obligations, "bin"] as const) };

/** What an approved act is carried out under: elsewhere, and as it was planned. */
export const asking: Capabilities = { ...plain, asks: true };

/** What a session can do: `asks` where what is held is brought before persons, `bins` where there are tickets for the bin. */
export function capabilities({ asks, bins }: { readonly asks: boolean; readonly bins: boolean }): Capabilities {
  if (!bins) return asks ? asking : plain;
  return asks ? { ...binning, asks: true } : binning;
}
