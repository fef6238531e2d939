/**
 * The gate that each act of a run passes between decision and record: suspended or over budget it is refused, and what rests on a grant is
 * counted there. It holds where the policy only observes too: a budget and a grant's bounds are not the policy's.
 */
import type { Action } from "../model/action.ts";
import type { ActionId, RunId, SessionId } from "../base/ids.ts";
import { restsOnApproval } from "../model/approval.ts";
import { breakGlassOf } from "../model/break-glass.ts";
import { grantsOf, restsOnGrant } from "../model/grant.ts";
import type { Outcome, TableCount, TransactionEnd } from "../model/outcome.ts";
import type { Session, Target } from "../model/principal.ts";
import type { LiveGrant } from "./live-grant.ts";
import type { Gated, JudgedAct, SessionGate } from "../pipeline/session-gate.ts";
import { type LiveRun, rowsOf } from "./live-run.ts";
import { breakGlassOver, budgetSpent, cutOff, grantOver, nothingLeft, type Spent, suspended } from "./reasons.ts";
import type { RowPool } from "./row-pool.ts";
import type { SessionPorts } from "./ports.ts";
import type { Runs } from "./runs.ts";

interface Connection {
  readonly run: LiveRun;
  readonly principal: string;
  readonly target: string;
  /** One object a run: an act carries it, and the hot path makes none. */
  readonly reads: Gated;
}

const FREE: Gated = { obligations: [] };

/** Fulfils the guard's port. */
export class RunGate implements SessionGate {
  readonly #runs: Runs;
  readonly #ports: Pick<SessionPorts, "record">;
  readonly #connections = new Map<SessionId, Connection>();

  constructor(runs: Runs, ports: Pick<SessionPorts, "record">) {
    this.#runs = runs;
    this.#ports = ports;
  }

  sessionOpened(session: Session, target: Target): RunId | undefined {
    const principal = session.principal.name;
    const run = this.#runs.of(principal, target.name);
    if (run === undefined) return undefined;
    run.connected(session.id);
    const reads: Gated = run.readsAreCounted ? { obligations: [], reading: { take: (bytes) => run.take(bytes) } } : FREE;
    this.#connections.set(session.id, { run, principal, target: target.name, reads });
    return run.id;
  }

  sessionClosed(session: SessionId): void {
    const connection = this.#connections.get(session);
    if (connection === undefined) return;
    this.idle(session);
    connection.run.disconnected(session);
    for (const grant of this.#runs.grants.of(connection.target, connection.principal)) grant.rows.leave(session);
    this.#connections.delete(session);
  }

  admit(action: Action, judged: JudgedAct, asks = false): Gated {
    const connection = this.#connections.get(action.session.id);
    if (connection === undefined) return FREE;
    const answer = this.#answer(action, judged, connection, asks);
    const { kind } = judged.decision;
    connection.run.statement(answer.refused !== undefined ? "deny" : kind === "hold" && asks ? "asks" : kind);
    return answer;
  }

  question(session: SessionId, digest: string): Gated["refused"] {
    const run = this.#connections.get(session)?.run;
    if (run === undefined) return undefined;
    if (run.state !== "open") return { reason: suspended(run.because ?? "it has ended") };
    return run.question(digest);
  }

  #answer(action: Action, judged: JudgedAct, connection: Connection, asks: boolean): Gated {
    const { run, reads } = connection;
    const { decision } = judged;
    if (run.state !== "open") return refuse({ reason: suspended(run.because ?? "it has ended") });
    if (decision.kind === "deny") return FREE;
    // What ends a transaction is never refused: the way back stays open.
    const ends = endsOnly(judged);
    const spent = ends ? undefined : run.spent();
    if (spent !== undefined) return refuse(spent);
    // A person may have stopped this run, and nobody here would know.
    const { unsure } = this.#runs;
    if (unsure !== undefined && !ends && !judged.readOnly) return refuse({ reason: cutOff(unsure) });
    if (decision.kind === "hold") {
      const held = asks ? undefined : run.heldSpent();
      return held === undefined ? FREE : refuse(held);
    }
    const answer = judged.readOnly && !restsOnGrant(decision.rules) ? reads : this.#change(action, judged, connection);
    return answer.refused === undefined ? this.#unasked(action, judged, answer) : answer;
  }

  /** Where the act passes because of a break-glass, it is counted there. What persons approved needs none. */
  #unasked(action: Action, { decision }: JudgedAct, answer: Gated): Gated {
    const id = restsOnApproval(decision.rules) ? undefined : breakGlassOf(decision.rules);
    if (id === undefined) return answer;
    const holds = this.#runs.breakGlass.use(id, action.id, action.session.id);
    if (holds === undefined) return refuse({ reason: breakGlassOver });
    const { current } = answer;
    return { ...answer, current: () => holds() && (current === undefined || current()) };
  }

  /** An act that may change something, or rests on a grant to read. */
  #change(action: Action, judged: JudgedAct, connection: Connection): Gated {
    const { run, reads } = connection;
    const session = action.session.id;
    // What persons approved runs with rights of its own: no grant opens it, and none is used up by it.
    const grants = restsOnApproval(judged.decision.rules) ? [] : this.#uses(judged, connection);
    const over = grants.filter(({ phase }) => phase !== "open");
    const named = grantsOf(judged.decision.rules);
    if (named.some((id) => !grants.some((grant) => grant.id === id)) || over.length > 0) {
      const because = over[0]?.because ?? "it was taken back";
      return refuse({ reason: grantOver(over.length > 0 ? over.map(({ fact }) => fact) : [], because) });
    }
    const pools = judged.readOnly ? [] : [...(run.rowsChanged === undefined ? [] : [run.rowsChanged]), ...grants.map(({ rows }) => rows)];
    const bounds = pools.map((pool) => ({ pool, rows: pool.allow(session) }));
    const none = bounds.find(({ rows }) => rows === 0);
    if (none !== undefined) {
      for (const { pool, rows } of bounds) if (rows === 0) pool.release(session);
      const lacking = none.pool === run.rowsChanged ? run.portion?.lacking("rowsChanged", "rows changed") : undefined;
      return refuse(lacking ?? noRows(none.pool));
    }
    for (const grant of grants) {
      if (!judged.readOnly || named.includes(grant.id)) {
        grant.use(action.id, session);
        this.#ports.record({ kind: "grant_used", grant: grant.id, action: action.id, uses: grant.uses });
      }
    }
    if (bounds.length === 0 && grants.length === 0) return reads;
    const rows = Math.min(...bounds.map((bound) => bound.rows));
    return {
      ...reads,
      obligations: bounds.length === 0 ? [] : [{ kind: "rows_changed_per_transaction_max", rows }],
      current: () =>
        run.state === "open" &&
        bounds.every((bound) => bound.pool.holds(session, bound.rows)) &&
        grants.every(({ phase }) => phase !== "over"),
    };
  }

  /**
   * The grants that an act counts against: those whose table and operation it names, and all of them where what it does is not known or
   * was let through although the policy would refuse it. What the server lets through because of a grant is counted, whoever permits it.
   */
  #uses({ effects, decision, readOnly }: JudgedAct, { target, principal }: Connection): readonly LiveGrant[] {
    const grants = this.#runs.grants.of(target, principal);
    if (grants.length === 0) return grants;
    const unsure = !readOnly && (effects.length === 0 || (decision.kind === "allow" && decision.observed !== undefined));
    return grants.filter((grant) => unsure || effects.some((effect) => grant.touches(effect)));
  }

  settled(action: ActionId, outcome: Outcome): void {
    const session = action.slice(0, action.lastIndexOf(".")) as SessionId;
    const connection = this.#connections.get(session);
    if (connection === undefined) return;
    connection.run.settled(session, outcome);
    const sent = outcome.status === "unknown" || outcome.measured.elapsedMs > 0;
    for (const grant of this.#runs.grants.of(connection.target, connection.principal)) {
      if (!grant.settled(action, sent)) continue;
      // A statement that was a transaction by itself: no other end of it is told.
      if (outcome.status === "succeeded" && outcome.measured.tables !== undefined)
        grant.charge(session, rowsOf(outcome.measured.tables), outcome.measured.tables);
    }
  }

  transactionEnded(session: SessionId, end: TransactionEnd, rowsChanged: number, tables: readonly TableCount[] | undefined): void {
    const connection = this.#connections.get(session);
    if (connection === undefined) return;
    const rows = end === "rolled_back" ? 0 : tables === undefined ? rowsChanged : rowsOf(tables);
    connection.run.transactionEnded(session, rows);
    for (const grant of this.#runs.grants.of(connection.target, connection.principal))
      grant.charge(session, rows, rows === 0 ? undefined : tables);
  }

  idle(session: SessionId): void {
    const connection = this.#connections.get(session);
    if (connection === undefined) return;
    connection.run.idle(session);
    this.#runs.grants.idle(connection.target, connection.principal, session);
    this.#runs.breakGlass.idle(session);
  }

  inOrder(session: SessionId): boolean {
    const connection = this.#connections.get(session);
    if (connection === undefined) return false;
    return connection.run.rowsChanged !== undefined || this.#runs.grants.of(connection.target, connection.principal).length > 0;
  }
}

function refuse(refused: NonNullable<Gated["refused"]>): Gated {
  return { refused, obligations: [] };
}

function noRows(pool: RowPool): Spent {
  const { used, max } = pool;
  return used >= max ? budgetSpent("rows changed", used, max) : nothingLeft("rows", max - used, used, max);
}

const ENDING: ReadonlySet<string> = new Set(["transaction"]);

function endsOnly({ effects }: JudgedAct): boolean {
  return effects.length > 0 && effects.every(({ operation, detail }) => operation === "execute" && ENDING.has(detail));
}
