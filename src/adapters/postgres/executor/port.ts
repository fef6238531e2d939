/**
 * Carrying out one planned act on a connection of its own, as the executor: tried and rolled back, or run once and held against its plan.
 * It does not know approvals; whoever calls it has the right to.
 */
import type { ActionId } from "../../../base/ids.ts";
import type { Measured } from "../../../pipeline/approvals-port.ts";
import type { Measurement } from "../../../model/plan.ts";
import type { SqlContext } from "../../../model/action.ts";
import type { StatementSummary } from "../../../model/decision.ts";

/** One act as its bytes: what is measured is what is run. */
export interface ExecutorAct {
  /** Under which it is on record. */
  readonly action: ActionId;
  readonly database: string;
  /** Where its names were resolved; the executor's connection gets the same search_path. */
  readonly context: SqlContext;
  /** Settings of the session that change what its text means, as the server reported them: DateStyle, TimeZone, IntervalStyle ... */
  readonly settings: ReadonlyMap<string, string>;
  readonly statements: readonly StatementSummary[];
  readonly message: ExecutorMessage;
  /** The role whose rights bound what the asker is told; absent where a person asks, who may be told all. */
  readonly readsAs?: string;
}

export type ExecutorMessage =
  | { readonly kind: "simple"; readonly text: string }
  /** `bind` is what stands behind the two names in the client's Bind: formats, values, result formats. */
  | { readonly kind: "prepared"; readonly text: string; readonly parameterTypes: readonly number[]; readonly bind: Buffer };

export interface Executor {
  /** Tries it in a transaction that is rolled back. Rejects with `NotMeasurable`. */
  measure(act: ExecutorAct): Promise<Measured>;
  /**
   * Runs it once. `begin` is called with the transaction's id before anything can become durable, and nothing is sent when it rejects. The
   * counts are held against `expected` before COMMIT. Never rejects.
   */
  run(act: ExecutorAct, expected: Expected, begin: (transaction: string | null) => Promise<void>): Promise<Executed>;
  /** What became of a transaction by its id, for an outcome that was not seen. */
  reconcile(database: string, transaction: string): Promise<"committed" | "aborted" | "in progress" | "unknown">;
}

export interface Expected {
  /** `null`: the plan measured nothing, so nothing is compared. */
  readonly measured: Measurement | null;
  /** Of each table and count. */
  readonly toleranceRows: number;
  /** Of the real server: another one is refused before anything is sent. */
  readonly identity: string;
}

export type Executed =
  /** Committed. `answers` are the server's own messages for the act, in order (RowDescription, DataRow, CommandComplete, notices). */
  | { readonly kind: "done"; readonly answers: readonly Buffer[]; readonly measured: Measured | null; readonly elapsedMs: number }
  /** It did other than planned and was rolled back. `because` names table and counts. */
  | { readonly kind: "stale"; readonly because: string }
  /** The server refused it, and rolled it back: its ErrorResponse. */
  | { readonly kind: "failed"; readonly error: Buffer; readonly sqlstate: string; readonly because: string }
  /** Nothing was sent that could change anything. */
  | { readonly kind: "not_reached"; readonly because: string }
  /** The connection was lost after it was sent. */
  | { readonly kind: "unknown"; readonly because: string; readonly transaction: string | null };
