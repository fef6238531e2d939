/**
 * What the guard writes into the audit log, and the promise that each allowed act gets exactly one outcome.
 * It does not make anything durable; `seal` does.
 */
import type { ActionId, RunId, SessionId } from "../base/ids.ts";
import { sha256Hex } from "../base/canonical.ts";
import { limits } from "../base/limits.ts";
import type { AuditLog } from "../audit/log.ts";
import type { Action } from "../model/action.ts";
import type { Decision, Reason } from "../model/decision.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Outcome, TableCount, TransactionEnd } from "../model/outcome.ts";
import type { Session, Target } from "../model/principal.ts";
import type { Judgement } from "./judge.ts";

/** Totals since start, for status. */
export interface Counters {
  allowed: number;
  denied: number;
  held: number;
  observed: number;
  loginsRefused: number;
  sessionsOpened: number;
}

/** A session that runs now, for status. */
export interface OpenSession {
  readonly session: Session;
  readonly target: Target;
  readonly serverProcess: number | undefined;
}

export interface Record {
  readonly counters: Counters;
  readonly sessions: ReadonlyMap<SessionId, OpenSession>;
  /** Throws when the log is broken: the act must then be refused. */
  intent(action: Action, judgement: Judgement, refused: Reason | undefined): void;
  outcome(action: ActionId, outcome: Outcome): void;
  transactionEnded(
    session: Session,
    actions: readonly ActionId[],
    end: TransactionEnd,
    rowsChanged: number,
    tables?: readonly TableCount[],
    transaction?: string,
  ): void;
  sessionOpened(session: Session, target: Target, serverProcess: number | undefined, run?: RunId): void;
  sessionClosed(session: Session, because: string): void;
  loginRefused(name: string, peer: string, because: string): void;
  limitReached(session: Session, action: ActionId | null, reason: Reason, figure: number, allowed: number): void;
}

/** Text beyond this is cut in the record; its digest covers the whole. Half a record, so that effects fit beside it. */
const TEXT_CHARACTERS_MAX = limits.auditRecordBytesMax / 8;

export function createRecord(log: AuditLog): Record {
  const written = new Set<string>();
  const open = new Map<SessionId, Set<ActionId>>();
  const sessions = new Map<SessionId, OpenSession>();
  const counters: Counters = { allowed: 0, denied: 0, held: 0, observed: 0, loginsRefused: 0, sessionsOpened: 0 };

  /** After the effect nothing can be refused any more: a broken log shows in `status` and in the missing outcome, not in a lost reply. */
  function appendAfter(event: AuditEvent): void {
    try {
      log.append(event);
    } catch {
      // The log stays broken until restart and refuses every later intent.
    }
  }

  function unsettled(session: SessionId): Set<ActionId> {
    let set = open.get(session);
    if (set === undefined) {
      set = new Set();
      open.set(session, set);
    }
    return set;
  }

  return {
    counters,
    sessions,
    intent(action, judgement, refused) {
      if (!written.has(judgement.id)) {
        log.append(judgementEvent(action, judgement));
        written.add(judgement.id);
        if (written.size > limits.decisionCacheEntriesMax * 4) written.clear();
      }
      const decision = refused === undefined ? judgement.decision.kind : "deny";
      log.append(intentEvent(action, judgement, decision, refused));
      count(counters, decision, judgement);
      if (decision === "allow") unsettled(action.session.id).add(action.id);
    },
    outcome(action, outcome) {
      const session = action.slice(0, action.lastIndexOf(".")) as SessionId;
      if (open.get(session)?.delete(action) !== true) return;
      appendAfter({ kind: "outcome", action, outcome });
    },
    transactionEnded(session, actions, end, rowsChanged, tables, transaction) {
      const counts = { ...(tables === undefined ? {} : { tables }), ...(transaction === undefined ? {} : { transaction }) };
      appendAfter({ kind: "transaction_ended", session: session.id, end, actions, rowsChanged, ...counts });
    },
    sessionOpened(session, target, serverProcess, run) {
      counters.sessionsOpened += 1;
      sessions.set(session.id, { session, target, serverProcess });
      const opened = openedEvent(session, target, serverProcess);
      appendAfter(run === undefined ? opened : { ...opened, run });
    },
    sessionClosed(session, because) {
      sessions.delete(session.id);
      for (const action of open.get(session.id) ?? []) {
        appendAfter({ kind: "outcome", action, outcome: { status: "unknown", because: `the session ended first: ${because}` } });
      }
      open.delete(session.id);
      appendAfter({ kind: "session_closed", session: session.id, because });
    },
    loginRefused(name, peer, because) {
      counters.loginsRefused += 1;
      appendAfter({ kind: "login_refused", user: name, peer, because });
    },
    limitReached(session, action, reason, figure, allowed) {
      appendAfter({ kind: "limit_reached", session: session.id, action, code: reason.code, figure, allowed });
    },
  };
}

function count(counters: Counters, decision: Decision["kind"], judgement: Judgement): void {
  if (decision === "deny") counters.denied += 1;
  else if (decision === "hold") counters.held += 1;
  else {
    counters.allowed += 1;
    if (judgement.code === "observed") counters.observed += 1;
  }
}

function intentEvent(action: Action, judgement: Judgement, decision: Decision["kind"], refused: Reason | undefined): AuditEvent {
  const { payload } = action;
  const code = refused?.code ?? judgement.code;
  const intent = { kind: "intent" as const, action: action.id, judgement: judgement.id, decision, code };
  return payload.kind === "sql" && payload.text !== judgement.text ? { ...intent, textDigest: sha256Hex(payload.text) } : intent;
}

function openedEvent(session: Session, target: Target, serverProcess: number | undefined): Extract<AuditEvent, { kind: "session_opened" }> {
  const { principal, client, peer } = session;
  const place = { target: target.name, environment: target.environment, database: target.database };
  const process = serverProcess === undefined ? {} : { serverProcess };
  return { kind: "session_opened", session: session.id, principal: principal.name, ...place, client, peer, ...process };
}

function judgementEvent(action: Action, judgement: Judgement): AuditEvent {
  const { decision, redactedText } = judgement;
  const { context } = action.payload;
  const cut = redactedText.length > TEXT_CHARACTERS_MAX;
  return {
    kind: "judgement",
    judgement: judgement.id,
    textDigest: judgement.textDigest,
    text: cut ? redactedText.slice(0, TEXT_CHARACTERS_MAX) : redactedText,
    cut,
    decision: decision.kind,
    ...(decision.kind === "allow" && decision.observed !== undefined ? { observed: decision.observed } : {}),
    code: judgement.code,
    rules: decision.rules,
    policyDigest: decision.policyDigest,
    effects: judgement.effects.slice(0, 64),
    role: context.role,
    searchPath: context.searchPath,
    catalogueVersion: context.catalogueVersion,
  };
}
