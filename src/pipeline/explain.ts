/**
 * Judges one line of `holdfast explain sql`, `http`, `tool` or `command`, with the analysis and the policy of the wire.
 * Nothing is run or recorded.
 * It does no I/O: the analyser, the policy and the context that names are resolved in are handed in.
 */
import { type SessionId, actionId } from "../base/ids.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import { argvOfLine, toolCallOfLine } from "../effects/doors/door-lines.ts";
import { byCommand, type ByDoor, byTool } from "../effects/doors/other-doors.ts";
import { infraEffects, readInfraPlan } from "../effects/infra/infra-effects.ts";
import { requestOfLine } from "../effects/http/request-text.ts";
import type { Action, Payload, SqlContext } from "../model/action.ts";
import { type ReasonCode, reasonCodes } from "../model/codes.ts";
import type { Decision } from "../model/decision.ts";
import { type Effect, unknownEffect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import type { Session } from "../model/principal.ts";
import type { Decide, Policy } from "../policy/policy.ts";
import { judge } from "./judge.ts";

export interface ExplainParts {
  readonly analyser: SqlAnalyser;
  readonly decide: Decide;
  readonly policy: Policy;
  readonly facts: Facts;
  readonly context: SqlContext;
}

/** One result line. `decision` is the policy's answer: a hold stays a hold here, for nobody is asked. */
export interface Explanation {
  readonly decision: "allow" | "hold" | "deny";
  readonly effects: readonly ExplainedEffect[];
  readonly reason: { readonly code: ReasonCode; readonly message: string; readonly next?: string };
  /** Present when it is let through because what it removes goes into the bin. */
  readonly bin?: true;
  /** Present when the policy only observes: what it would have decided. */
  readonly observed?: "deny" | "hold";
}

export interface ExplainedEffect {
  readonly operation: Effect["operation"];
  /** `type:name`, for example `table:public.orders`. */
  readonly resource: string;
  readonly extent: Effect["extent"]["kind"];
  /** Present where the number of rows (or things) is certain. */
  readonly rows?: number;
  readonly reversibility: Effect["reversibility"];
  readonly cause: Effect["cause"];
  readonly detail: string;
  /** Why it is an effect, where a plan of an infrastructure tool is judged. */
  readonly because?: string;
}

/** Explains one JSON line (`{"sql": "..."}`). Never rejects: a line that cannot be read is a deny with `not_parsed`. */
export async function explainLine(line: string, parts: ExplainParts): Promise<Explanation> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refused("not_parsed", 'the line is not JSON: give one object a line, for example {"sql": "SELECT 1"}');
  }
  const text = typeof value === "object" && value !== null && "sql" in value ? value.sql : undefined;
  if (typeof text !== "string") return refused("not_parsed", 'the line holds no SQL: give it as a string, for example {"sql": "SELECT 1"}');
  return explainSql(text, parts);
}

/** Explains one SQL text, which may hold several statements: they are judged together, as one simple query on the wire. */
export async function explainSql(text: string, parts: ExplainParts): Promise<Explanation> {
  // Neither can arrive on the wire: a text there ends at its NUL byte, and must be UTF-8.
  if (text.includes("\0")) return refused("not_parsed", "the text holds a NUL character");
  if (/\p{Surrogate}/u.test(text)) return refused("not_parsed", "the text is not valid Unicode: it holds half of a surrogate pair");
  return explainPayload({ kind: "sql", text, door: "simple", context: parts.context }, parts);
}

/** Explains one JSON line (`{"method", "url", "headers", "body"}`). Never rejects: a line that cannot be read is a deny. */
export async function explainHttpLine(line: string, parts: ExplainParts): Promise<Explanation> {
  const read = requestOfLine(line);
  if ("problem" in read) return refused("not_parsed", read.problem);
  return explainPayload({ kind: "http", request: read.request, context: parts.context }, parts);
}

/** Explains one JSON line (`{"tool", "server", "arguments"}`) by its name and arguments. Never throws. */
export function explainToolLine(line: string, parts: ExplainParts): Explanation {
  const read = toolCallOfLine(line);
  if ("problem" in read) return refused("not_parsed", read.problem);
  return explainDoor(byTool(read.call), parts, `no pack knows a tool \`${read.call.name.slice(0, 80)}\``);
}

/** Explains one JSON line (`{"argv": ["program", "word"]}`): one program's call, not a shell's text. Never rejects. */
export async function explainCommandLine(line: string, parts: ExplainParts): Promise<Explanation> {
  const read = argvOfLine(line);
  if ("problem" in read) return refused("not_parsed", read.problem);
  const door = byCommand(read.argv);
  if (door.kind !== "requests") return explainDoor(door, parts, `no pack knows the program \`${(read.argv[0] ?? "").slice(0, 80)}\``);
  const all = await Promise.all(door.requests.map((request) => explainPayload({ kind: "http", request, context: parts.context }, parts)));
  // Which word is the operation is not certain where options stand before it: the strictest reading holds.
  return (
    all.toSorted((one, other) => strictness[other.decision] - strictness[one.decision])[0] ?? refused("not_understood", "it calls nothing")
  );
}

const strictness = { allow: 0, hold: 1, deny: 2 } as const;

function explainDoor(door: ByDoor, { decide, facts, policy }: ExplainParts, foreign: string): Explanation {
  const effects = door.kind === "effects" ? door.effects : [unknownEffect(foreign, "door")];
  return explained(effects, decide(effects, facts, policy));
}

/** What a plan of Terraform, OpenTofu or Pulumi would come to. */
export interface InfraExplanation extends Explanation {
  /** Absent where the text is no such plan. */
  readonly plan?: { readonly tool: string; readonly version: string; readonly changes: number };
}

/** Explains the JSON that such a tool shows its plan as. Never throws: a text that is none is a deny with `not_parsed`. */
export function explainInfra(text: string, { decide, facts, policy }: ExplainParts): InfraExplanation {
  const read = readInfraPlan(text);
  if (typeof read === "string") return refused("not_parsed", read);
  const effects = infraEffects(read);
  const judged = explained(effects, decide(effects, facts, policy));
  const because = effects.map((effect, index) => ({ ...judged.effects[index], because: effect.because }) as ExplainedEffect);
  return { ...judged, effects: because, plan: { tool: read.tool, version: read.version, changes: read.changes.length } };
}

async function explainPayload(payload: Payload, parts: ExplainParts): Promise<Explanation> {
  const judgement = await judge(actionOf(payload, parts), parts.facts, parts.policy, { ...parts, newId: () => "explain" });
  return explained(judgement.effects, judgement.decision);
}

/** The action that this would be if it were sent, in a session that does not exist. */
function actionOf(payload: Payload, { facts }: ExplainParts): Action {
  const session: Session = {
    id: "s_explain" as SessionId,
    principal: { kind: facts.principalKind, name: facts.principal },
    client: "explain",
    peer: "",
    openedAtMs: 0,
  };
  return {
    id: actionId(session.id, 0),
    session,
    target: { name: facts.target, environment: facts.environment, database: facts.database },
    payload,
  };
}

/** The result of a line that was never analysed. */
export function refused(code: ReasonCode, message: string): Explanation {
  return { decision: "deny", effects: [], reason: { code, message } };
}

function explained(effects: readonly Effect[], decision: Decision): Explanation {
  const list = effects.map(explainedEffect);
  if (decision.kind !== "allow") return { decision: decision.kind, effects: list, reason: decision.reason };
  const code = decision.observed === undefined ? "permitted" : "observed";
  const reason = { code, message: reasonCodes[code].title } as const;
  if (decision.observed === undefined) {
    const bin = decision.obligations.some(({ kind }) => kind === "bin") ? { bin: true as const } : {};
    return { decision: "allow", effects: list, reason, ...bin };
  }
  return { decision: "allow", effects: list, reason, observed: decision.observed };
}

function explainedEffect(effect: Effect): ExplainedEffect {
  const { operation, resource, extent, reversibility, cause, detail } = effect;
  const count = extent.kind === "exact" || extent.kind === "at_most" ? { rows: extent.count } : {};
  return { operation, resource: `${resource.type}:${resource.name}`, extent: extent.kind, ...count, reversibility, cause, detail };
}
