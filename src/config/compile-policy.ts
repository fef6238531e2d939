/**
 * Turns a resolved policy document into the policy that decides: rules as data, conditions compiled, limits of one environment.
 * It does not read files and reports nothing: the document was examined when it was loaded, and what is wrong here is a defect.
 */
import { Defect } from "../base/assert.ts";
import { digestOf } from "../base/canonical.ts";
import type { Obligation } from "../model/decision.ts";
import type { Environment } from "../model/principal.ts";
import type { SessionLimits } from "../model/session-limits.ts";
import type { Match, Policy, Rule } from "../policy/policy.ts";
import { strictest } from "../policy/obligations.ts";
import { compileCondition } from "./condition.ts";
import type { LimitsByEnvironment, LimitsEntry, MatchEntry, RuleEntry } from "./policy-schema.ts";
import { parseBytes, parseDuration, parsePercent } from "./quantities.ts";

/** A policy with all that it extends folded in. `limits` are layers: a later one overrides an earlier one, limit by limit. */
export interface PolicyDocument {
  readonly name: string;
  readonly mode: "enforce" | "observe";
  readonly rules: readonly RuleEntry[];
  readonly limits: readonly LimitsByEnvironment[];
  /** DDL that the rules' examples rest on, the inherited first. */
  readonly examplesSchema: readonly string[];
}

/** Counts up when the meaning of the rule language changes, so that equal digests mean equal decisions. */
const LANGUAGE_VERSION = 1;

/**
 * The policy for one environment. `overrides` are the target's own limits, which are the last word. A policy that only observes has no
 * limits of its own and refuses nothing; of the target's, those of time hold all the same: they are about the session and end it.
 */
export function compilePolicy(document: PolicyDocument, options: { environment: Environment; overrides?: LimitsEntry }): Policy {
  const observing = document.mode === "observe";
  const limits = observing ? {} : limitsFor(document.limits, options.environment, options.overrides);
  const rules = document.rules.map(compileRule);
  const policy = {
    name: document.name,
    version: LANGUAGE_VERSION,
    mode: document.mode,
    // The time of a statement is kept for the whole session, not as a duty of each allow.
    obligations: obligationsOf({ ...limits, statement_time: undefined }),
    statementsPerMinuteMax: countOf(limits.statements_per_minute),
    sessionLimits: sessionLimitsOf(observing ? (options.overrides ?? {}) : limits),
  };
  const decisive = document.rules.map((rule) => ({ ...rule, title: undefined, why: undefined, examples: undefined }));
  decisive.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    ...policy,
    rules,
    examplesSchema: document.examplesSchema,
    digest: digestOf({ ...policy, environment: options.environment, rules: decisive }),
  };
}

function compileRule(entry: RuleEntry): Rule {
  const when = entry.when === undefined ? undefined : compileCondition(entry.when);
  if (when?.ok === false) throw new Defect(`invariant broken: the condition of rule ${entry.id} was examined before: ${when.message}`);
  return {
    id: entry.id,
    title: entry.title,
    why: entry.why,
    answer: entry.answer,
    match: compileMatch(entry.match),
    ...(when === undefined ? {} : { when: when.condition }),
    code: entry.code ?? (entry.answer === "permit" ? "permitted" : "not_permitted"),
    obligations: [
      ...obligationsOf(entry.limits ?? {}),
      ...(entry.answer === "bin" || entry.bin === true ? [{ kind: "bin" } as const] : []),
      ...(entry.recovery_point === true ? [{ kind: "recovery_point" } as const] : []),
    ],
    examples: entry.examples,
  };
}

/** The model's names for the document's, and a list for each single word. */
function compileMatch(entry: MatchEntry): Match {
  const { resource_type, resource_name, ...rest } = entry;
  const renamed = { ...rest, resourceType: resource_type, resourceName: resource_name };
  const lists = Object.entries(renamed).flatMap(([key, value]) => (value === undefined ? [] : [[key, [value].flat()]]));
  return Object.fromEntries(lists) as Match;
}

function limitsFor(layers: readonly LimitsByEnvironment[], environment: Environment, overrides: LimitsEntry | undefined): LimitsEntry {
  const flat = layers.flatMap(({ production, staging, development, ...all }) => [
    all,
    { production, staging, development }[environment] ?? {},
  ]);
  return Object.assign({}, ...flat, overrides) as LimitsEntry;
}

function obligationsOf(limits: LimitsEntry): readonly Obligation[] {
  const owed: (Obligation | undefined)[] = [
    whenCount(limits.rows_returned, (rows) => ({ kind: "rows_returned_max", rows })),
    whenCount(bytesOf(limits.bytes_returned), (bytes) => ({ kind: "bytes_returned_max", bytes })),
    whenCount(limits.rows_changed, (rows) => ({ kind: "rows_changed_max", rows })),
    whenCount(limits.rows_changed_per_transaction, (rows) => ({ kind: "rows_changed_per_transaction_max", rows })),
    whenCount(limits.rows_changed_per_table, (rows) => ({ kind: "rows_changed_per_table_max", rows })),
    whenCount(percentOf(limits.rows_changed_share), (percent) => ({ kind: "rows_changed_share_max", percent })),
    whenCount(timeOf(limits.statement_time) ?? undefined, (ms) => ({ kind: "statement_ms_max", ms })),
  ];
  return strictest(owed.filter((obligation) => obligation !== undefined));
}

function whenCount(value: number | "none" | undefined, make: (figure: number) => Obligation): Obligation | undefined {
  return value === undefined || value === "none" ? undefined : make(value);
}

function countOf(value: number | "none" | undefined): number | null {
  return value === undefined || value === "none" ? null : value;
}

function bytesOf(text: string | undefined): number | undefined {
  return text === undefined || text === "none" ? undefined : parseBytes(text);
}

function percentOf(text: string | undefined): number | undefined {
  return text === undefined || text === "none" ? undefined : parsePercent(text);
}

function timeOf(text: string | undefined): number | null {
  return text === undefined || text === "none" ? null : (parseDuration(text) ?? null);
}

function sessionLimitsOf(limits: LimitsEntry): SessionLimits {
  return {
    statementMsMax: timeOf(limits.statement_time),
    transactionMsMax: timeOf(limits.transaction_time),
    idleInTransactionMsMax: timeOf(limits.idle_in_transaction_time),
    sessionMsMax: timeOf(limits.session_time),
  };
}
