/**
 * Which effects a person's grant lets through: the operation and the table by name, nothing that follows from them.
 * It does not know whether a grant is still open or used up; whoever hands the facts in does.
 */
import type { Effect } from "../model/effect.ts";
import { coveredDetail, type GrantFact, grantRuleId } from "../model/grant.ts";
import type { Answer, Rule } from "./policy.ts";

/** The first of the grants that covers the effect, in the order given. A cascade into a table that is not named is not covered. */
export function coveringGrant(effect: Effect, grants: readonly GrantFact[]): GrantFact | undefined {
  return grants.find((grant) => covers(grant, effect));
}

function covers(grant: GrantFact, { operation, resource, detail }: Effect): boolean {
  if (operation === "unknown") return false;
  if (resource.type === "sequence")
    return detail === "sequence" && grant.operations.includes("insert") && grant.sequences.includes(resource.name);
  return (
    resource.type === "table" && grant.tables.includes(resource.name) && grant.operations.some((granted) => coveredDetail(granted, detail))
  );
}

/**
 * Whether a grant takes the place of this rule's answer for an effect that it covers. It lifts what stops changes in general, and answers
 * what a person would have been asked; a forbid with any other reason is somebody's decision about just this, and stands.
 */
export function liftedByGrant({ answer, code }: Pick<Rule, "code"> & { readonly answer: Answer }): boolean {
  return answer === "require_approval" || (answer === "forbid" && code === "change_not_permitted");
}

/** A grant as the rule that permitted: it stands in the record under its id. */
export function grantRule(grant: GrantFact): Rule {
  return {
    id: grantRuleId(grant),
    title: "a person's grant",
    why: "a person opened it for this session",
    answer: "permit",
    match: {},
    code: "permitted",
    obligations: [],
    examples: { matches: [], misses: [] },
  };
}
