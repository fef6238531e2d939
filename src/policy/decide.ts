/**
 * The decision: forbid > require_approval > bin > permit > deny by default, whatever the order of the rules.
 * It does no I/O, keeps no state and never throws: a rule that cannot be evaluated is a deny that names it.
 */
import { type BreakGlassFact, breakGlassRuleId } from "../model/break-glass.ts";
import { removes } from "../model/binnable.ts";
import type { Obligation } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { restsOnGrant } from "../model/grant.ts";
import type { Decide, Policy, Rule } from "./policy.ts";
import { coveringGrant, grantRule, liftedByGrant } from "./grants.ts";
import { matches } from "./match.ts";
import { strictest } from "./obligations.ts";
import { reasonFor, type Ground } from "./reasons.ts";

/** What the rules say about one effect. `failed` are rules whose `when` threw or gave something else than a boolean. */
interface Answers {
  readonly effect: Effect;
  readonly forbid: readonly Rule[];
  readonly requireApproval: readonly Rule[];
  readonly bin: readonly Rule[];
  readonly permit: readonly Rule[];
  readonly failed: readonly Rule[];
}

/** An enforced answer, before the policy's mode is looked at. */
type Ruling =
  | { readonly kind: "allow"; readonly rules: readonly Rule[] }
  | { readonly kind: "deny"; readonly rules: readonly Rule[]; readonly grounds: readonly Ground[] }
  /** `passing` let the rest through, and would have let all through but for `rules`. */
  | { readonly kind: "hold"; readonly rules: readonly Rule[]; readonly grounds: readonly Ground[]; readonly passing: readonly Rule[] };

/**
 * Each effect is answered by the strongest rule that applies to it; the statement is answered by the strictest answer any
 * of its effects got: forbidden or permitted by nothing is a deny, else held is a hold, else it is allowed. So a person
 * is never asked about a statement of which a part was never permitted. No effects at all is an allow.
 */
export const decide: Decide = (effects, facts, policy) => {
  const ruling = ruleOn(
    effects.map((effect) => answersTo(effect, facts, policy)),
    facts.breakGlass,
  );
  const determined = { rules: idsOf(ruling.rules), policyDigest: policy.digest };
  if (policy.mode === "observe") {
    const observed = ruling.kind === "allow" ? {} : { observed: ruling.kind };
    return { kind: "allow", obligations: [], ...determined, ...observed };
  }
  if (ruling.kind === "allow") {
    const owed = [...policyObligations(policy, determined.rules), ...ruling.rules.flatMap((permit) => permit.obligations)];
    const bins = facts.bin === "kept";
    return { kind: "allow", obligations: strictest(bins ? owed : owed.filter(({ kind }) => kind !== "bin")), ...determined };
  }
  const reason = reasonFor(ruling.kind, ruling.grounds, facts);
  if (ruling.kind === "deny") return { kind: "deny", reason, ...determined };
  const all = [...ruling.rules, ...ruling.passing];
  const owed = strictest(all.flatMap(({ obligations }) => obligations.filter(({ kind }) => kind === "recovery_point")));
  return { kind: "hold", reason, ...(owed.length === 0 ? {} : { owed }), ...determined };
};

/** What a policy says of rows that change. */
const ROWS_CHANGED: ReadonlySet<Obligation["kind"]> = new Set([
  "rows_changed_max",
  "rows_changed_per_transaction_max",
  "rows_changed_per_table_max",
  "rows_changed_share_max",
]);

/** Where a grant lets changes through, its own bound on rows takes the place of the policy's, which may be none at all. */
function policyObligations(policy: Policy, rules: readonly string[]): readonly Obligation[] {
  if (!restsOnGrant(rules)) return policy.obligations;
  return policy.obligations.filter(({ kind }) => !ROWS_CHANGED.has(kind));
}

function answersTo(effect: Effect, facts: Facts, policy: Policy): Answers {
  const none = (): Rule[] => [];
  const answers = { effect, forbid: none(), requireApproval: none(), bin: none(), permit: none(), failed: none() };
  const grant = facts.grants === undefined ? undefined : coveringGrant(effect, facts.grants);
  if (grant !== undefined) answers.permit.push(grantRule(grant));
  for (const rule of policy.rules) {
    if (!matches(rule, effect, facts)) continue;
    // Where nothing can go into a bin, a person is asked instead.
    const answer = rule.answer === "bin" && facts.bin !== "kept" ? "require_approval" : rule.answer;
    if (grant !== undefined && liftedByGrant({ answer, code: rule.code })) continue;
    const applies = evaluate(rule, effect, facts);
    if (applies === "failed") answers.failed.push(rule);
    else if (applies) answers[listOf[answer]].push(rule);
  }
  return answers;
}

const listOf = { forbid: "forbid", require_approval: "requireApproval", bin: "bin", permit: "permit" } as const;

function evaluate(rule: Rule, effect: Effect, facts: Facts): boolean | "failed" {
  if (rule.when === undefined) return true;
  try {
    const applies: unknown = rule.when(effect, facts);
    return typeof applies === "boolean" ? applies : "failed";
  } catch {
    return "failed";
  }
}

/** `breakGlass` takes the place of the person who would be asked, where nothing is in the way but that. */
function ruleOn(all: readonly Answers[], breakGlass?: BreakGlassFact): Ruling {
  const forbidding = all.flatMap((a) => a.forbid);
  const failing = all.flatMap((a) => a.failed);
  const unanswered = all.filter((a) => a.requireApproval.length === 0 && a.bin.length === 0 && a.permit.length === 0);
  if (forbidding.length > 0) {
    return { kind: "deny", rules: [...forbidding, ...failing], grounds: all.flatMap((a) => groundsOf(a.effect, a.forbid)) };
  }
  if (failing.length > 0) {
    const grounds = all.filter((a) => a.failed.length > 0).map((a): Ground => ({ effect: a.effect, code: "rule_failed" }));
    return { kind: "deny", rules: failing, grounds };
  }
  if (unanswered.length > 0) {
    const grounds = unanswered.map(
      ({ effect }): Ground => ({ effect, code: effect.operation === "unknown" ? "not_understood" : "not_permitted" }),
    );
    return { kind: "deny", rules: [], grounds };
  }
  const holding = all.flatMap((a) => a.requireApproval);
  const passing = all.flatMap((a) => [...a.bin, ...a.permit]);
  if (holding.length > 0 && breakGlass !== undefined) {
    const loses = all.some(({ effect }) => removes(effect));
    return { kind: "allow", rules: [...holding, breakGlassRule(breakGlass, loses), ...passing] };
  }
  if (holding.length > 0) {
    return { kind: "hold", rules: holding, passing, grounds: all.flatMap((a) => groundsOf(a.effect, a.requireApproval)) };
  }
  return { kind: "allow", rules: passing };
}

/** It stands in the record under its id. What is removed goes into the bin where it fits: nobody has looked at it. */
function breakGlassRule(fact: BreakGlassFact, loses: boolean): Rule {
  return {
    id: breakGlassRuleId(fact),
    title: "break-glass",
    why: "a person said that nobody is to be asked for a while",
    answer: "permit",
    match: {},
    code: "permitted",
    obligations: loses ? [{ kind: "bin" }] : [],
    examples: { matches: [], misses: [] },
  };
}

/** One ground an effect: of several rules the one with the smallest code, so that the order of rules is irrelevant. */
function groundsOf(effect: Effect, rules: readonly Rule[]): readonly Ground[] {
  const code = rules.map((r) => r.code).sort()[0];
  if (code === undefined) return [];
  // With a bin, nobody would have to be asked about this effect.
  return [rules.every(({ answer }) => answer === "bin") ? { effect, code, bin: true } : { effect, code }];
}

function idsOf(rules: readonly Rule[]): readonly string[] {
  return [...new Set(rules.map((r) => r.id))].sort();
}
