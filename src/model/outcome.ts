/**
 * What happened at the resource after an allowed action was sent.
 * It does not judge; deviations from a plan are found by whoever holds the plan.
 */

export type Outcome =
  | { readonly status: "succeeded"; readonly measured: Measured }
  | { readonly status: "failed"; readonly code: string; readonly measured: Measured }
  /** The connection was lost, or Holdfast died, before the server's answer was seen. */
  | { readonly status: "unknown"; readonly because: string };

export interface Measured {
  /** Rows by the server's command tag; absent where the tag carries none. */
  readonly rowsChanged?: number;
  readonly rowsReturned?: number;
  readonly bytesReturned?: number;
  readonly elapsedMs: number;
  /** What the meter read of the transaction that was this act alone. */
  readonly tables?: readonly TableCount[];
  /** The server's id (`xid8`) of the transaction that was this act alone, where the meter read it. */
  readonly transaction?: string;
  /** Present when a read replica gave the answer, not the server itself. */
  readonly answeredBy?: "replica";
}

/** Rows of one table that a transaction changed, by the server's own counts (attempts: a savepoint's rollback takes nothing off). */
export interface TableCount {
  /** Qualified, as the server writes it. */
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that a TRUNCATE took, as far as the server's statistics knew them. */
  readonly truncated: number;
}

/** How a transaction ended, as the server answered. Acts inside a transaction that rolled back changed nothing. */
export type TransactionEnd = "committed" | "rolled_back" | "unknown";
