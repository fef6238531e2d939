/**
 * Whether a rule's `match` fits an effect: plain comparison of data, nothing compiled, nothing that can fail.
 * It does not evaluate `when`, and it does not know what a rule answers beyond how `unknown` is matched.
 */
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import type { Rule } from "./policy.ts";

/**
 * Every field of `match` that is present must fit; a list fits when any member does. What was not understood is only
 * let through, or only held for a person, by a rule that names operation `unknown`: a broad rule never means it. A
 * forbid needs no such care.
 */
export function matches(rule: Rule, effect: Effect, facts: Facts): boolean {
  const m = rule.match;
  if (effect.operation === "unknown" && rule.answer !== "forbid" && !(m.operation?.includes("unknown") ?? false)) return false;
  return (
    fits(m.operation, effect.operation) &&
    fits(m.resourceType, effect.resource.type) &&
    fitsGlob(m.resourceName, effect.resource.name) &&
    fits(m.extent, effect.extent.kind) &&
    fits(m.reversibility, effect.reversibility) &&
    fits(m.cause, effect.cause) &&
    fits(m.detail, effect.detail) &&
    fits(m.classification, effect.classification) &&
    fits(m.environment, facts.environment) &&
    fitsGlob(m.principal, facts.principal) &&
    fitsGlob(m.database, facts.database)
  );
}

function fits<T>(wanted: readonly T[] | undefined, value: T | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value));
}

function fitsGlob(patterns: readonly string[] | undefined, value: string): boolean {
  return patterns === undefined || patterns.some((pattern) => globFits(pattern, value));
}

/**
 * `*` stands for any characters, dots included; everything else for itself, letter case included. Linear in practice and
 * never exponential: it goes back to the last `*` only, so a hostile name cannot make it slow.
 */
export function globFits(pattern: string, value: string): boolean {
  let p = 0;
  let v = 0;
  let star = -1;
  let resumeAt = 0;
  while (v < value.length) {
    if (pattern[p] === "*") {
      star = p++;
      resumeAt = v;
    } else if (p < pattern.length && pattern[p] === value[v]) {
      p++;
      v++;
    } else if (star >= 0) {
      p = star + 1;
      v = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
