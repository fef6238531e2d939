/**
 * The compiled policy's contract: effects and facts in, one decision out, independent of the order of rules.
 * It does not read files or compile expressions; `config/` does both and hands the predicates in.
 */
import type { Decision, Obligation } from "../model/decision.ts";
import type { Effect, Operation, Extent, Reversibility, ResourceType, Cause } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import type { ReasonCode } from "../model/codes.ts";
import type { SessionLimits } from "../model/session-limits.ts";

/** `bin`: permitted where what is removed goes into the target's bin, and a question to a person where it cannot. */
export type Answer = "permit" | "bin" | "forbid" | "require_approval";

/** One rule as data. Every field of `match` that is present must fit; a list fits when any member does. */
export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly answer: Answer;
  readonly match: Match;
  /** The expression of `when`, compiled: true = the rule applies. A throw makes the decision a deny that names the rule. */
  readonly when?: (effect: Effect, facts: Facts) => boolean;
  /** The reason given for a forbid or a require_approval. */
  readonly code: ReasonCode;
  /** Added to the decision where this permit is one of those that let an effect through; the strictest figure wins. */
  readonly obligations: readonly Obligation[];
  readonly examples: { readonly matches: readonly string[]; readonly misses: readonly string[] };
}

export interface Match {
  readonly operation?: readonly Operation[];
  readonly resourceType?: readonly ResourceType[];
  /** Glob over the resolved name: `public.*`, `*.audit_*`. `*` crosses dots. */
  readonly resourceName?: readonly string[];
  readonly extent?: readonly Extent["kind"][];
  readonly reversibility?: readonly Reversibility[];
  readonly cause?: readonly Cause[];
  readonly detail?: readonly string[];
  readonly classification?: readonly ("public" | "sensitive" | "secret")[];
  readonly environment?: readonly string[];
  readonly principal?: readonly string[];
  readonly database?: readonly string[];
}

export interface Policy {
  readonly name: string;
  readonly version: number;
  /** SHA-256 over the canonical form of everything that can change a decision. */
  readonly digest: string;
  /** `observe` records what it would have decided and refuses nothing. */
  readonly mode: "enforce" | "observe";
  readonly rules: readonly Rule[];
  /** Limits that bind every allow of this policy. */
  readonly obligations: readonly Obligation[];
  readonly statementsPerMinuteMax: number | null;
  readonly sessionLimits: SessionLimits;
  /** DDL of what the rules' examples name, for `policy test` (as pending DDL of its context). Decides nothing. */
  readonly examplesSchema?: readonly string[];
}

/** Decides one statement's effects (or those of several together). No effects at all is a permit. */
export type Decide = (effects: readonly Effect[], facts: Facts, policy: Policy) => Decision;
