/**
 * Time limits of a session, as the policy sets them.
 * It does not keep them: the adapter and the server both do.
 */
/** Time limits kept by the adapter and the server; `null` is no limit. Milliseconds. */
export interface SessionLimits {
  readonly statementMsMax: number | null;
  readonly transactionMsMax: number | null;
  readonly idleInTransactionMsMax: number | null;
  readonly sessionMsMax: number | null;
}
