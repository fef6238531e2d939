/**
 * Break-glass: for a short time nobody is asked before one session's acts at one target. It answers what a person would have been
 * asked, and nothing else: what is forbidden or permitted by nothing stays refused. It lives in one process and never longer.
 */
import type { BreakGlassId, RunId } from "../base/ids.ts";
import type { Environment } from "./principal.ts";

/** `wanted`: another person has to agree first. */
export type BreakGlassState = "wanted" | "open" | "closed";

export interface BreakGlass {
  readonly id: BreakGlassId;
  /** Counts its changes. */
  readonly revision: number;
  readonly state: BreakGlassState;
  readonly run: RunId;
  readonly principal: string;
  readonly target: string;
  readonly environment: Environment;
  /** In the order in which they signed. */
  readonly persons: readonly string[];
  readonly personsNeeded: number;
  readonly reason: string;
  readonly wantedAtMs: number;
  readonly untilMs: number;
  /** Acts that passed because of it. */
  readonly uses: number;
  /** Why it is over. */
  readonly because?: string;
}

/** What a decision looks at. */
export interface BreakGlassFact {
  readonly id: BreakGlassId;
}

const rulePrefix = "break-glass:";

/** It stands among the rules of a decision under this id. */
export function breakGlassRuleId({ id }: BreakGlassFact): string {
  return `${rulePrefix}${id}`;
}

/** The one that a decision rests on. */
export function breakGlassOf(rules: readonly string[]): string | undefined {
  return rules.find((id) => id.startsWith(rulePrefix))?.slice(rulePrefix.length);
}
