/**
 * What of a plan binds, as one digest, and what makes two attempts the same act, as another.
 * It leaves out what may differ without the act being another: ids, times of measuring, sizes, samples, prose of whoever asks.
 */
import { digestOf } from "../base/canonical.ts";
import type { Effect } from "../model/effect.ts";
import type { Measurement, Plan, Precondition } from "../model/plan.ts";
import type { Environment } from "../model/principal.ts";

/** A plan before its digest is known. */
export type UndigestedPlan = Omit<Plan, "digest">;

/**
 * SHA-256 over the canonical form (RFC 8785) of what binds. The expiry is among it: an answer to this digest cannot be made to live longer.
 * So the same act planned again has another digest; what tells that it is the same act is {@link actKey}.
 */
export function planDigest(plan: UndigestedPlan): string {
  return digestOf({ form: "holdfast-plan-v1", ...binding(plan) });
}

/**
 * Left out: `id`, `madeAtMs`, `asked.action`, `asked.purpose`, an effect's `because`, `bytes`, `samples`, `elapsedMs`, `heldMs`, and the
 * names of the policy's rules, which its digest binds and which agents are not told. What a person is shown of the act itself
 * (`act.shown`) and of its undoing binds, so that nobody can agree to one text by reading another. A field that is absent is not one
 * that is `null`.
 */
function binding(plan: UndigestedPlan): object {
  const { version, expiresAtMs, target, asked, act, effects, measured, unmeasured, told, reversibility, undo, policy, preconditions } =
    plan;
  const { principal, session, run, actsFor } = asked;
  return {
    version,
    expiresAtMs,
    target,
    asked: { principal, session, run, actsFor },
    act,
    effects: effects.map(bindingEffect),
    measured: measured === null ? null : bindingMeasurement(measured),
    unmeasured,
    ...(told === undefined ? {} : { told }),
    reversibility,
    undo,
    policy: { digest: policy.digest },
    preconditions: inOrder(preconditions),
  };
}

function bindingEffect({ because: _, ...effect }: Effect): object {
  return effect;
}

function bindingMeasurement({ tables, objects, locks, parts, on, bin }: Measurement): object {
  return {
    tables: tables.map(({ table, direct, following, rowsBefore, rowsDigest }) => ({ table, direct, following, rowsBefore, rowsDigest })),
    objects,
    locks: locks.map(({ relation, mode }) => ({ relation, mode })),
    parts,
    on,
    ...(bin === undefined ? {} : { bin }),
  };
}

/** What makes two attempts the same act: known before anything is measured. */
export interface ActIdentity {
  readonly principal: string;
  readonly target: { readonly name: string; readonly environment: Environment; readonly database: string };
  /** Of the exact bytes with their parameters. */
  readonly digest: string;
  readonly policyDigest: string;
  readonly preconditions: readonly Precondition[];
}

/** The same for an act that is presented again and for the plan that was made of it. Neither times nor measurements are part of it. */
export function actKey({ principal, target, digest, policyDigest, preconditions }: ActIdentity): string {
  const { name, environment, database } = target;
  const where = { name, environment, database };
  return digestOf({ form: "holdfast-act-v1", principal, target: where, digest, policyDigest, preconditions: inOrder(preconditions) });
}

/** The identity of the act that a plan is of. */
export function actOf({ asked, target, act, policy, preconditions }: UndigestedPlan): ActIdentity {
  return { principal: asked.principal, target, digest: act.digest, policyDigest: policy.digest, preconditions };
}

function inOrder(preconditions: readonly Precondition[]): readonly Precondition[] {
  return [...preconditions].sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
