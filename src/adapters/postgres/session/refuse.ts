/**
 * Answers a message that may not go, and leaves the server's transaction in the state that the answer claims.
 * It does not choose the reason.
 */
import { ready } from "../codec/write.ts";
import type { Act, Refusal } from "./act.ts";
import { IN_TRANSACTION, type Core } from "./core.ts";
import { refusal, refusalFrame } from "./refusal.ts";

/** In place of a Query or FunctionCall. Only when nothing is in flight before it but its own batch. */
export function refuseSimple(core: Core, because: Refusal): void {
  const frame = refusalFrame(because);
  core.textGoesOn = false;
  core.dropUnnamed();
  if (core.batchSent || core.status === IN_TRANSACTION) {
    core.poison(frame, true);
    return;
  }
  core.toClient(frame);
  core.toClient(ready(core.status));
  core.batch += 1;
}

/** In place of a message of the extended protocol: everything up to Sync is dropped. False: earlier batches must be answered first. */
export function refuseExtended(core: Core, because: Refusal): boolean {
  if (!core.batchSent && !core.drained) return false;
  const frame = refusalFrame(because);
  if (core.batchSent || core.status === IN_TRANSACTION) core.poison(frame, false);
  else core.toClient(frame);
  core.skipping = true;
  return true;
}

/** An act that was allowed and is refused by the adapter after all. */
export function withdraw(core: Core, act: Act, because: Refusal): Refusal {
  act.code = "42501";
  core.transaction.settle(act);
  return { ...because, action: act.admission.id };
}

export const recordUnavailable = (): Refusal =>
  refusal(
    "record_unavailable",
    "the audit log cannot be written, so nothing that changes data passes",
    "tell the operator of this gateway",
  );

/** Why the limit on rows changed cannot be kept for this act, if it cannot. */
export function unmeasurable(core: Core, act: Act): Refusal | undefined {
  if (act.facts.twoPhase && (act.metered || core.meter.owed))
    return refusal(
      "obligation_unfulfilled",
      "a prepared transaction could change more than is permitted after it was measured",
      "use COMMIT",
    );
  if (act.metered && act.admission.statements.length === 0)
    return refusal("obligation_unfulfilled", "a text that is not understood cannot be measured before it commits");
  return undefined;
}
