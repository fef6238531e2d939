/**
 * Judgements kept by everything they depended on: principal, target, policy and the context that gives names their meaning.
 * It does not judge, and it forgets the least recently used scope and text first.
 */
import { canonicalJson } from "../base/canonical.ts";
import { limits } from "../base/limits.ts";
import { Sightings } from "../base/sightings.ts";
import { requestKey as requestText } from "../effects/http/request-key.ts";
import { numberShape } from "../effects/numbers.ts";
import type { Action, HttpPayload, SqlContext } from "../model/action.ts";
import type { Facts } from "../model/facts.ts";
import type { Policy } from "../policy/policy.ts";
import type { Judgement } from "./judge.ts";

/** One decision context. Two sessions in the same situation share it. */
export interface Scope {
  readonly policy: Policy;
  readonly facts: Facts;
  find(action: Action): Judgement | undefined;
  keep(action: Action, judgement: Judgement): void;
}

export interface Scopes {
  /** The scope of an action: by identity of its context object at first, by content when that object is new. */
  of(action: Action): Scope;
  /** Forgets everything: the policy changed. */
  clear(): void;
}

/** What a scope needs to be made; called once per distinct situation. */
export type Situation = (action: Action) => { readonly policy: Policy; readonly facts: Facts };

const SCOPES_MAX = 512;
/** Principals and databases remembered for one context object; more are found by content. */
const ENTRIES_MAX = 64;

interface Entry {
  readonly principal: string;
  readonly kind: string;
  readonly target: string;
  readonly database: string;
  readonly scope: Scope;
}

export function createScopes(situation: Situation): Scopes {
  let byContent = new Map<string, Scope>();
  // Sessions of one target share context objects, so beside the identity stand who acts and where: never another's scope.
  let byContext = new WeakMap<SqlContext, Entry[]>();

  function known({ session, target, payload }: Action): Scope | undefined {
    const entries = byContext.get(payload.context);
    if (entries === undefined) return undefined;
    const { name, kind } = session.principal;
    for (const entry of entries) {
      const same = entry.principal === name && entry.kind === kind && entry.database === target.database && entry.target === target.name;
      if (same) return entry.scope;
    }
    return undefined;
  }

  function resolve(action: Action): Scope {
    const { policy, facts } = situation(action);
    const key = canonicalJson([action.target.name, facts, policy.digest, action.payload.context]);
    const scope = byContent.get(key) ?? createScope(policy, facts);
    byContent.delete(key);
    byContent.set(key, scope);
    if (byContent.size > SCOPES_MAX) byContent.delete(byContent.keys().next().value as string);
    const entries = byContext.get(action.payload.context) ?? [];
    const { name: principal, kind } = action.session.principal;
    entries.push({ principal, kind, target: action.target.name, database: action.target.database, scope });
    if (entries.length > ENTRIES_MAX) entries.shift();
    byContext.set(action.payload.context, entries);
    return scope;
  }

  return {
    of: (action) => known(action) ?? resolve(action),
    clear() {
      byContent = new Map();
      byContext = new WeakMap();
    },
  };
}

/** Judgements of one door: by exact text, and by shape where the judgement holds for every text of that shape. */
interface Known {
  readonly exact: Map<string, Judgement>;
  readonly shapes: Map<string, Judgement>;
}

function createScope(policy: Policy, facts: Facts): Scope {
  const known = (): Known => ({ exact: new Map(), shapes: new Map() });
  const doors = { simple: known(), prepare: known() };
  const calls = new Map<string, Judgement>();
  const requests = new Map<string, Judgement>();
  const sightings = new Sightings();

  return {
    policy,
    facts,
    find({ payload }) {
      if (payload.kind === "sql_call") return calls.get(String(payload.functionOid));
      if (payload.kind === "http") return requests.size === 0 ? undefined : requests.get(requestKey(payload) ?? "");
      // Rare, and another judgement for the same text: not worth a key.
      if (payload.parameterTypes !== undefined) return undefined;
      const { exact, shapes } = doors[payload.door];
      const found = exact.get(payload.text);
      if (found !== undefined || shapes.size === 0) return found;
      const masked = numberShape(payload.text);
      return masked === undefined ? undefined : shapes.get(masked.shape);
    },
    keep({ payload }, judgement) {
      if (payload.kind === "sql_call") return keepBounded(calls, String(payload.functionOid), judgement);
      if (payload.kind === "http") return keepRead(requests, sightings, payload, judgement);
      if (payload.parameterTypes !== undefined) return;
      const { exact, shapes } = doors[payload.door];
      // Only what was allowed: a refusal's sentence may quote a figure of its own text.
      const masked = judgement.numbersFree && judgement.decision.kind === "allow" ? numberShape(payload.text) : undefined;
      if (masked === undefined) keepBounded(exact, payload.text, judgement);
      else keepBounded(shapes, masked.shape, judgement);
    },
  };
}

/**
 * Programs ask for the same again and again while they wait for something. What changes something, or is refused, is judged each time; what
 * came once is not kept.
 */
function keepRead(requests: Map<string, Judgement>, sightings: Sightings, payload: HttpPayload, judgement: Judgement): void {
  const key = judgement.readOnly && judgement.decision.kind === "allow" ? requestKey(payload) : undefined;
  if (key !== undefined && sightings.again(key)) keepBounded(requests, key, judgement);
}

/** All that a request is judged by but its context, which its scope stands for. */
function requestKey({ request, database }: HttpPayload): string | undefined {
  if (request.body.length + request.url.length > REQUEST_CHARACTERS_MAX) return undefined;
  return database === undefined ? requestText(request) : `${JSON.stringify(database)} ${requestText(request)}`;
}

const REQUEST_CHARACTERS_MAX = 4_096;

function keepBounded(map: Map<string, Judgement>, key: string, judgement: Judgement): void {
  if (key.length > limits.decisionCacheTextBytesMax) return;
  // Insertion order stands in for recency: re-judging after eviction costs a parse, touching on every hit would cost the hot path.
  if (map.size >= limits.decisionCacheEntriesMax) map.delete(map.keys().next().value as string);
  map.set(key, judgement);
}
