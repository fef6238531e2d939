/**
 * Tries a policy's rules on the examples they carry: each rule alone, on each effect that the analysis finds in an example.
 * It does not run anything, and asks only whether a rule applies, not what the whole policy would decide.
 */
import { messageOf } from "../base/message-of.ts";
import { analyse } from "../effects/analyse.ts";
import { requestOfText } from "../effects/http/request-text.ts";
import type { Payload } from "../model/action.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { environments } from "../model/principal.ts";
import type { Policy, Rule } from "../policy/policy.ts";
import type { ExplainParts } from "./explain.ts";

export interface ExampleResult {
  readonly rule: string;
  /** SQL, or a request as `METHOD URL body`. */
  readonly sql: string;
  /** What the example is for: the rule must apply to it, or must not. */
  readonly kind: "matches" | "misses";
  readonly ok: boolean;
  /** Present when it is not ok: what happened instead. */
  readonly problem?: string;
}

/** All examples of all rules, in the policy's order. Never rejects: what cannot be tried is a failed example. */
export async function* tryExamples(parts: ExplainParts): AsyncGenerator<ExampleResult> {
  for (const rule of parts.policy.rules) {
    for (const sql of rule.examples.matches) yield await tryExample(rule, sql, "matches", parts);
    for (const sql of rule.examples.misses) yield await tryExample(rule, sql, "misses", parts);
  }
}

async function tryExample(rule: Rule, sql: string, kind: ExampleResult["kind"], parts: ExplainParts): Promise<ExampleResult> {
  const problem = await problemOf(rule, sql, kind, parts).catch((error: unknown) => `it could not be tried: ${messageOf(error)}`);
  return problem === undefined ? { rule: rule.id, sql, kind, ok: true } : { rule: rule.id, sql, kind, ok: false, problem };
}

async function problemOf(rule: Rule, sql: string, kind: ExampleResult["kind"], parts: ExplainParts): Promise<string | undefined> {
  const request = requestOfText(sql);
  const { context } = parts;
  const payload: Payload = request === undefined ? { kind: "sql", text: sql, door: "simple", context } : { kind: "http", request, context };
  const analysis = await analyse(payload, parts.analyser);
  if (analysis.kind === "refused") return `it was not understood: ${analysis.message}`;
  const effects = analysis.statements.flatMap((statement) => statement.effects);
  const answers = effects.map((effect) => applies(rule, effect, parts));
  if (answers.includes("failed")) return "the rule's condition failed on it";
  const hit = answers.includes("yes");
  if (kind === "matches" && !hit) return `the rule does not apply to it; its effects are ${effects.map(shown).join(", ") || "none"}`;
  if (kind === "misses" && hit)
    return `the rule applies to it, through ${effects
      .filter((_, index) => answers[index] === "yes")
      .map(shown)
      .join(", ")}`;
  return undefined;
}

/** A policy of this one rule decides on this one effect: the rule is named in the decision exactly when it applies. */
function applies(rule: Rule, effect: Effect, parts: ExplainParts): "yes" | "no" | "failed" {
  const alone: Policy = { ...parts.policy, mode: "enforce", rules: [rule], obligations: [] };
  const decision = parts.decide([effect], factsFor(rule, parts.facts), alone);
  if (!decision.rules.includes(rule.id)) return "no";
  return decision.kind === "deny" && decision.reason.code === "rule_failed" ? "failed" : "yes";
}

/** A rule for one environment, principal or database is tried there: its examples are about the SQL. */
function factsFor({ match }: Rule, facts: Facts): Facts {
  const environment = environments.find((name) => match.environment?.includes(name));
  const inside = (patterns: readonly string[] | undefined, otherwise: string): string =>
    patterns?.[0]?.replaceAll("*", "example") ?? otherwise;
  return {
    ...facts,
    environment: environment ?? facts.environment,
    principal: inside(match.principal, facts.principal),
    database: inside(match.database, facts.database),
  };
}

function shown(effect: Effect): string {
  return `${effect.operation}/${effect.detail} ${effect.resource.type}:${effect.resource.name} (${effect.extent.kind}, ${effect.cause})`;
}
