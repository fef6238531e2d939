/**
 * Action payload in, statements with their effects out: one case a payload kind.
 * It does not decide and does no I/O: parsing of hostile text runs behind the `SqlAnalyser` port in disposable workers.
 */
import type { StatementSummary } from "../model/decision.ts";
import type { ReasonCode } from "../model/codes.ts";
import type { Payload, SqlPayload, SqlCallPayload } from "../model/action.ts";
import { assertNever } from "../base/assert.ts";
import { analyseHttp } from "./http/analyse-http.ts";

/** What the analysis found. A failure is a value: the guard turns it into a deny. */
export type Analysis =
  | {
      readonly kind: "understood";
      readonly statements: readonly StatementSummary[];
      readonly redactedText: string;
      /** The same holds for every text of the same `numberShape`: no whole number of this one matters to what it would do. */
      readonly numbersFree?: boolean;
    }
  | { readonly kind: "refused"; readonly code: ReasonCode; readonly message: string };

export interface SqlAnalyser {
  /** Never rejects; a parser that dies, hangs or runs out of stack is `refused` with `analysis_unavailable`, and is replaced. */
  analyse(payload: SqlPayload | SqlCallPayload): Promise<Analysis>;
}

export function analyse(payload: Payload, sql: SqlAnalyser): Promise<Analysis> {
  switch (payload.kind) {
    case "sql":
    case "sql_call":
      return sql.analyse(payload);
    case "http":
      return analyseHttp(payload.request, payload.context, sql, payload);
    default:
      return assertNever(payload, "analyse");
  }
}
