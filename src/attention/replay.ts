/**
 * A proposed policy held against what really happened: every recorded act decided again, before and after.
 * It applies nothing; what it finds decides whether a proposal is shown at all.
 */
import type { Decide, Policy } from "../policy/policy.ts";
import type { JudgedAct } from "./evidence.ts";

export interface Replay {
  /** Texts and attempts that were decided again. */
  readonly texts: number;
  readonly acts: number;
  /** Approvals that persons gave and would not have been asked for. */
  readonly approvalsSaved: number;
  /** Texts that are held today and would pass: every one of them was approved, and none ever denied. */
  readonly passing: number;
  /** Texts that are held before and after. */
  readonly stillHeld: number;
  /** Judgements of which not all effects are on record: both policies hold or refuse what is known of them. */
  readonly cut: number;
}

export type Replayed =
  | { readonly ok: true; readonly figures: Replay }
  /** It would let pass what nobody approved, or what was refused. */
  | { readonly ok: false; readonly because: string };

/** Decides each act by `before` and by `after`. */
export function replay(acts: readonly JudgedAct[], decide: Decide, before: Policy, after: Policy): Replayed {
  const figures = { texts: 0, acts: 0, approvalsSaved: 0, passing: 0, stillHeld: 0, cut: 0 };
  for (const act of acts) {
    const { effects, facts } = act;
    const was = decide(effects, facts, before).kind;
    const is = decide(effects, facts, after).kind;
    figures.texts += 1;
    figures.acts += act.acts;
    if (act.cut) figures.cut += 1;
    if (was === is) {
      if (is === "hold") figures.stillHeld += 1;
      continue;
    }
    if (was === "hold" && is === "allow") {
      if (act.cut) return { ok: false, because: "it would let an act pass of which not all is on record" };
      if (act.denied > 0) return { ok: false, because: "it would let pass what a person denied" };
      if (act.approved.length === 0) return { ok: false, because: "it would let pass what nobody approved" };
      figures.passing += 1;
      figures.approvalsSaved += act.approved.length;
      continue;
    }
    return { ok: false, because: `it would turn a ${was} into a ${is}` };
  }
  return { ok: true, figures };
}
