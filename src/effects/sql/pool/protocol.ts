/**
 * What the pool and its workers say to each other: plain data only.
 * It does not carry trees: a worker analyses and sends back the summary.
 */
import type { Definition } from "../../../catalogue/source.ts";
import type { CatalogueData } from "../../../catalogue/types.ts";
import type { SqlCallPayload, SqlContext, SqlPayload } from "../../../model/action.ts";
import type { Analysis } from "../../analyse.ts";

/** `context` is sent once for each worker and referred to by number afterwards. */
export type ToWorker =
  /** What came with a server, for the snapshots that are laid over it. */
  | { readonly kind: "ground"; readonly number: number; readonly data: CatalogueData }
  | { readonly kind: "forget_ground"; readonly number: number }
  | { readonly kind: "publish"; readonly data: CatalogueData; readonly ground?: number }
  | { readonly kind: "define"; readonly base: number; readonly version: number; readonly definitions: readonly Definition[] }
  | { readonly kind: "retire"; readonly version: number }
  | { readonly kind: "context"; readonly context: number; readonly value: SqlContext }
  | { readonly kind: "forget_context"; readonly context: number }
  | {
      readonly kind: "judge";
      readonly id: number;
      readonly context: number;
      readonly payload: Omit<SqlPayload, "context"> | Omit<SqlCallPayload, "context">;
    };

/** Sent as the text of its JSON. */
export type FromWorker =
  | { readonly kind: "ready" }
  /** `broken`: the parser of this worker cannot be trusted any more. */
  | { readonly kind: "answer"; readonly id: number; readonly analysis: Analysis; readonly broken: boolean };

export function unavailable(message: string): Analysis {
  return { kind: "refused", code: "analysis_unavailable", message };
}
