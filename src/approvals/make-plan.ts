/**
 * A plan from a held act and what its trial has shown, with the digest that binds both.
 * It measures nothing itself, and decides nothing.
 */
import { newPlanId, type RandomBytes } from "../base/ids.ts";
import type { RunId } from "../base/ids.ts";
import type { RecoveryFact } from "../model/facts.ts";
import type { Plan, PlanAsker } from "../model/plan.ts";
import { type HeldAct, type Measured, NotMeasurable } from "../pipeline/approvals-port.ts";
import { planDigest } from "./plan-digest.ts";
import { undoProspect } from "./undo-prospect.ts";

export interface PlanParts {
  readonly nowMs: number;
  /** From when it is made until it is of no use. */
  readonly lifeMs: number;
  readonly random: RandomBytes;
  /** What is known of whoever wants it beyond the session's principal. */
  readonly run?: RunId;
  readonly actsFor?: string;
  readonly purpose?: string;
  /** Of the target's backups. */
  readonly recovery?: RecoveryFact;
}

/** Of one held act. What could not be measured is said in `unmeasured`, and never filled in. */
export function makePlan(held: HeldAct, measured: Measured | NotMeasurable, parts: PlanParts): Plan {
  const measurement = measured instanceof NotMeasurable ? null : measured.measurement;
  const { reversibility, sentences } = undoProspect(
    held.effects,
    measurement,
    measured instanceof NotMeasurable ? undefined : measured.kept,
    parts.recovery,
  );
  const told = [...(held.told ?? []), ...(measured instanceof NotMeasurable ? measured.told : [])];
  const { name, environment, database } = held.target;
  const plan = {
    version: 1 as const,
    id: newPlanId(parts.random),
    madeAtMs: parts.nowMs,
    expiresAtMs: parts.nowMs + parts.lifeMs,
    target: { name, environment, database, identity: measured.identity },
    asked: askerOf(held, parts),
    act: { digest: held.digest, shown: held.shown, parts: held.parts },
    effects: held.effects,
    measured: measurement,
    unmeasured: measured instanceof NotMeasurable ? [measured.message] : measured.unmeasured,
    ...(told.length === 0 ? {} : { told }),
    reversibility,
    undo: sentences,
    policy: { digest: held.policyDigest, rules: held.rules },
    preconditions: held.preconditions,
  };
  return { ...plan, digest: planDigest(plan) };
}

/** An empty text is a name that nobody gave: it is left out. */
function askerOf({ session, action, purpose: own }: HeldAct, { run, actsFor, purpose: ofRun }: PlanParts): PlanAsker {
  const purpose = own === undefined || own === "" ? ofRun : own;
  return {
    principal: session.principal.name,
    session: session.id,
    ...(run === undefined ? {} : { run }),
    action,
    ...(actsFor === undefined || actsFor === "" ? {} : { actsFor }),
    ...(purpose === undefined || purpose === "" ? {} : { purpose }),
  };
}
