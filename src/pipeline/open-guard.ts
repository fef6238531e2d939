/**
 * The guard behind its contract: scope, judgement, acts that change with time, record, answer, in that order.
 * It does not talk to sockets or files; the analyser, the policy and the log come in by the constructor.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { type RandomBytes, randomText, type SessionId } from "../base/ids.ts";
import type { AuditLog } from "../audit/log.ts";
import type { Action } from "../model/action.ts";
import type { Obligation, Reason } from "../model/decision.ts";
import type { Session } from "../model/principal.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import { strictest } from "../policy/obligations.ts";
import type { Decide } from "../policy/policy.ts";
import type { Admission, Approved, Capabilities, Guard } from "./guard.ts";
import { approvedJudgement } from "./approved.ts";
import { judge, type Judgement } from "./judge.ts";
import { createRates } from "./rates.ts";
import { type Counters, createRecord, type OpenSession, type Record } from "./record.ts";
import { createScopes, type Scope, type Situation } from "./scopes.ts";
import type { Gated, SessionGate } from "./session-gate.ts";

export interface GuardOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: AuditLog;
  readonly analyser: SqlAnalyser;
  readonly decide: Decide;
  /** Policy and facts of an action's situation; asked again after `policyChanged`. */
  readonly situation: Situation;
  /** Runs, their budgets and grants. Absent: every connection stands for itself. */
  readonly gate?: SessionGate;
}

const UNBOUNDED: Gated = { obligations: [] };

export interface OpenGuard extends Guard {
  /** Call after the policy that `situation` returns has changed: every cached judgement is dropped. */
  policyChanged(): void;
  readonly counters: Counters;
  readonly sessions: ReadonlyMap<SessionId, OpenSession>;
}

export function openGuard(options: GuardOptions): OpenGuard {
  const { clock, log, analyser, decide, gate } = options;
  const scopes = createScopes(options.situation);
  const rates = createRates();
  const record = createRecord(log);
  const boot = randomText(6, options.random);
  let judgements = 0;
  const newId = () => `j_${boot}.${++judgements}`;

  /** What is admitted under a policy is so for as long as the policy holds: a message sent later, as an Execute is, asks again. */
  let ofPolicy = holding();
  function currentOf({ current }: Gated): () => boolean {
    const { holds } = ofPolicy;
    return current === undefined ? holds : () => holds() && current();
  }

  /** From here on everything is synchronous: what was true when the act was judged is true when its intent is written. */
  function finish(action: Action, scope: Scope, judgement: Judgement, can: Capabilities): Admission {
    const tooMany = rateReached(scope, rates.count(action.session.id, clock.monotonic()));
    const gated = gate === undefined || tooMany !== undefined ? UNBOUNDED : asked(gate, action, judgement, can);
    const obligations = owed(judgement, gated);
    const refused = tooMany ?? gated.refused?.reason ?? unkept(judgement, obligations, can);
    const unrecorded = written(record, action, judgement, refused, gated);
    return answered(action, judgement, unrecorded ?? refused, obligations, { ...gated, current: currentOf(gated) });
  }

  async function admit(action: Action, can: Capabilities, approved?: Approved): Promise<Admission> {
    try {
      const scope = scopes.of(action);
      let judgement = scope.find(action);
      if (judgement === undefined) {
        judgement = await judge(action, scope.facts, scope.policy, { analyser, decide, newId });
        if (!judgement.passing) scope.keep(action, judgement);
      }
      return finish(action, scope, approved === undefined ? judgement : approvedJudgement(judgement, approved, newId), can);
    } catch (error) {
      const message = `a defect of Holdfast kept this from being judged: ${messageOf(error)}`;
      return { kind: "deny", id: action.id, reason: { code: "internal", message }, statements: [] };
    }
  }

  return {
    admit: (action, can) => admit(action, can),
    admitApproved: (action, can, approved) => admit(action, can, approved),
    question: (session, digest) => questioned(record, session, gate?.question(session.id, digest)),
    admitNow(action, can) {
      const scope = scopes.of(action);
      const judgement = scope.find(action);
      return judgement === undefined ? undefined : finish(action, scope, judgement, can);
    },
    seal: () => log.seal(),
    settle(admission, outcome) {
      record.outcome(admission.id, outcome);
      gate?.settled(admission.id, outcome);
    },
    settleTransaction(session, actions, end, rowsChanged, tables, transaction) {
      record.transactionEnded(session, actions, end, rowsChanged, tables, transaction);
      gate?.transactionEnded(session.id, end, rowsChanged, tables);
    },
    sessionOpened: (session, target, serverProcess) =>
      record.sessionOpened(session, target, serverProcess, gate?.sessionOpened(session, target)),
    sessionClosed(session, because) {
      rates.forget(session.id);
      gate?.sessionClosed(session.id);
      record.sessionClosed(session, because);
    },
    loginRefused: (name, peer, because) => record.loginRefused(name, peer, because),
    limitReached: (session, action, reason, figure, allowed) => record.limitReached(session, action, reason, figure, allowed),
    sessionIdle: (session) => gate?.idle(session.id),
    inOrder: (session) => gate?.inOrder(session.id) ?? false,
    policyChanged() {
      ofPolicy.end();
      ofPolicy = holding();
      scopes.clear();
    },
    counters: record.counters,
    sessions: record.sessions,
  };
}

function holding(): { holds(): boolean; end(): void } {
  let over = false;
  return {
    holds: () => !over,
    end: () => {
      over = true;
    },
  };
}

/** A reason why persons are not to be asked; what is used up is on record. */
function questioned(record: Record, session: Session, refused: Gated["refused"]): Reason | undefined {
  const { reason, figure, allowed } = refused ?? {};
  if (reason !== undefined && figure !== undefined && allowed !== undefined) record.limitReached(session, null, reason, figure, allowed);
  return reason;
}

/** A gate that fails has not agreed. */
function asked(gate: SessionGate, action: Action, judgement: Judgement, can: Capabilities): Gated {
  try {
    return gate.admit(action, judgement, can.asks === true);
  } catch (error) {
    const message = `a defect of Holdfast kept the session's limits from being looked at: ${messageOf(error)}`;
    return { refused: { reason: { code: "internal", message } }, obligations: [] };
  }
}

/** A reason when the log does not take it: then nothing is let through. */
function written(record: Record, action: Action, judgement: Judgement, refused: Reason | undefined, gated: Gated): Reason | undefined {
  try {
    record.intent(action, judgement, refused);
    const { reason, figure, allowed } = gated.refused ?? {};
    if (reason !== undefined && figure !== undefined && allowed !== undefined)
      record.limitReached(action.session, action.id, reason, figure, allowed);
    return undefined;
  } catch {
    return {
      code: "record_unavailable",
      message: "the audit log cannot be written, so nothing is let through",
      next: "free the log's disk and restart Holdfast",
    };
  }
}

type Answering = Pick<Gated, "reading"> & { readonly current: () => boolean };

/** `current` is the answer's own and more: what it rested on may be the policy, too. */
function answered(
  action: Action,
  { decision, statements, effects, readOnly }: Judgement,
  refused: Reason | undefined,
  obligations: readonly Obligation[],
  { reading, current }: Answering,
): Admission {
  const { id } = action;
  if (refused !== undefined) return { kind: "deny", id, reason: refused, statements };
  if (decision.kind === "deny") return { kind: "deny", id, reason: decision.reason, statements };
  if (decision.kind === "hold") {
    const { reason, rules, policyDigest } = decision;
    return { kind: "hold", id, reason, statements, effects, rules, policyDigest, current };
  }
  const allowed = {
    kind: "allow" as const,
    id: action.id,
    statements,
    obligations,
    readOnly,
    current,
  };
  return reading === undefined ? allowed : { ...allowed, reading };
}

function rateReached({ policy }: Scope, count: number): Reason | undefined {
  const allowed = policy.statementsPerMinuteMax;
  if (allowed === null || count <= allowed) return undefined;
  const message = `${count} statements in the last minute, ${allowed} are permitted`;
  return { code: "rate_limit", message, next: "wait a minute, or do the work in fewer statements" };
}

/** The decision's own list where nothing is added to it: adapters know it by its identity. */
function owed({ decision }: Judgement, { obligations }: Gated): readonly Obligation[] {
  if (decision.kind !== "allow") return [];
  return obligations.length === 0 ? decision.obligations : strictest([...decision.obligations, ...obligations]);
}

function unkept({ decision }: Judgement, obligations: readonly Obligation[], can: Capabilities): Reason | undefined {
  if (decision.kind !== "allow") return undefined;
  const missing = obligations.find((obligation) => !can.obligations.has(obligation.kind));
  if (missing === undefined) return undefined;
  return { code: "obligation_unfulfilled", message: `the permission asks for \`${missing.kind}\`, which this adapter cannot keep` };
}
