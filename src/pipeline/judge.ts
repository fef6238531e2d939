/**
 * One action judged: its effects, the policy's decision on them, and what the record will say of both.
 * It does not know about rates, suspensions or the log: a judgement can be used again for the same text in the same scope.
 */
import { messageOf } from "../base/message-of.ts";
import { assertNever } from "../base/assert.ts";
import { sha256Hex } from "../base/canonical.ts";
import type { Action } from "../model/action.ts";
import { binnable, removes } from "../model/binnable.ts";
import type { ReasonCode } from "../model/codes.ts";
import type { Decision, Reason, StatementSummary } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { analyse, type Analysis, type SqlAnalyser } from "../effects/analyse.ts";
import { requestKey } from "../effects/http/request-key.ts";
import type { Decide, Policy } from "../policy/policy.ts";
import { crossing } from "./crossing.ts";

export interface Judgement {
  readonly id: string;
  readonly decision: Decision;
  readonly code: ReasonCode;
  readonly statements: readonly StatementSummary[];
  readonly effects: readonly Effect[];
  readonly readOnly: boolean;
  /** The text with its literals replaced: all that may be recorded of it. */
  readonly redactedText: string;
  readonly textDigest: string;
  /** The text that was judged; empty for calls and requests. Another text of the same shape may use this judgement when `numbersFree`. */
  readonly text: string;
  readonly numbersFree: boolean;
  /** A failure of ours (a dead worker) may pass: it is not kept, so that the next try is judged afresh. */
  readonly passing: boolean;
}

export interface JudgeOptions {
  readonly analyser: SqlAnalyser;
  readonly decide: Decide;
  readonly newId: () => string;
}

/** Never rejects: whatever throws inside is a deny that names where. */
export async function judge(action: Action, facts: Facts, policy: Policy, options: JudgeOptions): Promise<Judgement> {
  const { payload } = action;
  const id = options.newId();
  let textDigest: string | undefined;
  let analysis: Analysis;
  try {
    const analysing = analyse(action.payload, options.analyser);
    // While another thread has the text.
    textDigest = sha256Hex(textOf(action));
    analysis = await analysing;
  } catch (error) {
    analysis = { kind: "refused", code: "analysis_unavailable", message: `the analysis failed: ${messageOf(error)}` };
  }
  textDigest ??= sha256Hex(textOf(action));
  const base = { id, textDigest, text: payload.kind === "sql" ? payload.text : "" };
  if (analysis.kind === "refused") return { ...base, ...refusal(analysis, policy) };
  const effects = analysis.statements.flatMap((statement) => statement.effects);
  let decision: Decision;
  try {
    const { statements } = analysis;
    decision = options.decide(effects, { ...facts, ...binFor(statements, facts) }, policy);
    // What the bin cannot take as it stands is decided as if there were none, and the reason says so.
    if (bins(decision) && !statements.every((one) => fitForBin(one, statements.length === 1)))
      decision = options.decide(effects, { ...facts, bin: "unfit" }, policy);
  } catch (error) {
    const reason: Reason = { code: "rule_failed", message: `the policy could not be evaluated: ${messageOf(error)}` };
    decision = { kind: "deny", reason, rules: [], policyDigest: policy.digest };
  }
  // A rule of the session and not of a policy: it holds where the policy only observes, too.
  const crossed = crossing(effects, facts.environment);
  if (crossed !== undefined) decision = { kind: "deny", reason: crossed, rules: [], policyDigest: policy.digest };
  return {
    ...base,
    decision,
    code: codeOf(decision),
    statements: analysis.statements,
    effects,
    readOnly: analysis.statements.every((statement) => statement.readOnly),
    redactedText: analysis.redactedText,
    numbersFree: analysis.numbersFree === true,
    passing: false,
  };
}

function bins(decision: Decision): boolean {
  return decision.kind === "allow" && decision.obligations.some(({ kind }) => kind === "bin");
}

/** A database can rest where nothing in the one that is connected to could. */
function binFor(statements: readonly StatementSummary[], { bin }: Facts): Pick<Facts, "bin"> {
  return bin === "databases" && statements.length === 1 && statements[0]?.tag === "DROP DATABASE" ? { bin: "kept" } : {};
}

/** Whether a statement of an act that goes into the bin removes nothing but what the bin takes, or what only its own session has. */
function fitForBin(statement: StatementSummary, alone: boolean): boolean {
  // The server takes a DROP DATABASE by itself only.
  if (statement.tag === "DROP DATABASE") return alone && binnable(statement);
  return binnable(statement) || !statement.effects.some((effect) => removes(effect) && !effect.resource.name.startsWith("pg_temp."));
}

/**
 * What was not understood is refused even where the policy only observes, when it is we who failed; the server's own syntax errors
 * are let through there.
 */
function refusal(analysis: Extract<Analysis, { kind: "refused" }>, policy: Policy): Omit<Judgement, "id" | "textDigest" | "text"> {
  const observing = policy.mode === "observe" && analysis.code === "not_parsed";
  const determined = { rules: [], policyDigest: policy.digest };
  const decision: Decision = observing
    ? { kind: "allow", obligations: policy.obligations, observed: "deny", ...determined }
    : { kind: "deny", reason: { code: analysis.code, message: analysis.message }, ...determined };
  return {
    decision,
    code: codeOf(decision),
    statements: [],
    effects: [],
    readOnly: false,
    redactedText: "",
    numbersFree: false,
    passing: analysis.code === "analysis_unavailable",
  };
}

function codeOf(decision: Decision): ReasonCode {
  if (decision.kind !== "allow") return decision.reason.code;
  return decision.observed === undefined ? "permitted" : "observed";
}

function textOf(action: Action): string {
  const { payload } = action;
  switch (payload.kind) {
    case "sql":
      return payload.text;
    case "sql_call":
      return `function ${payload.functionOid}`;
    case "http":
      return requestKey(payload.request);
    default:
      return assertNever(payload, "text of an action");
  }
}
