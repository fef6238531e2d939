/**
 * Settles acts when the server has said how they ended, and transactions when it has said how those did.
 * It does not look at bytes.
 */
import type { ActionId } from "../../../base/ids.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Guard } from "../../../pipeline/guard.ts";
import type { Measured, Outcome, TableCount, TransactionEnd } from "../../../model/outcome.ts";
import type { Session } from "../../../model/principal.ts";
import type { Act } from "./act.ts";

export class Transaction {
  readonly #guard: Guard;
  readonly #session: Session;
  readonly #clock: Clock;
  /** Acts that the server has answered since its last ReadyForQuery. */
  #answered: Act[] = [];
  /** Acts of portals that stopped at a row limit and may go on. */
  readonly #suspended = new Set<Act>();
  /** Acts of the open transaction. */
  #actions: ActionId[] = [];
  #rowsChanged = 0;
  /** How the last COMMIT or ROLLBACK since the last ReadyForQuery was answered. */
  #end: TransactionEnd | undefined = undefined;
  /** Rows that FETCH has returned in this transaction: a cursor is one result however often it is asked. */
  fetchedRows = 0;
  fetchedBytes = 0;

  /** Changes sent in this block, and in the block before that had any. */
  #writes = 0;
  #writesBefore = 0;

  /** What the meter read of the open transaction. */
  tables: readonly TableCount[] | undefined = undefined;
  /** Its id at the server, where a reading brought one: it has one when it has changed something. */
  transactionId: string | undefined = undefined;

  /** Transactions that have ended: tells one from the next. */
  count = 0;

  constructor(guard: Guard, session: Session, clock: Clock) {
    this.#guard = guard;
    this.#session = session;
    this.#clock = clock;
  }

  /** Rows changed in the open transaction, by the server's tags. */
  get rowsChanged(): number {
    return this.#rowsChanged;
  }

  changed(rows: number): void {
    this.#rowsChanged += rows;
  }

  /** A change is sent in a block. True when the block before had as many: applications run the same transaction again and again. */
  wrote(): boolean {
    this.#writes += 1;
    return this.#writes === this.#writesBefore;
  }

  /** The act that the server has answered last in the open transaction. */
  get lastAnswered(): ActionId | undefined {
    return this.#answered.at(-1)?.admission.id ?? this.#actions.at(-1);
  }

  answered(act: Act): void {
    this.#suspended.delete(act);
    this.#answered.push(act);
  }

  suspended(act: Act): void {
    this.#suspended.add(act);
  }

  /** The server answered a COMMIT or ROLLBACK. A transaction may begin again in the same text. */
  ended(end: TransactionEnd): void {
    this.#end = end;
  }

  /**
   * ReadyForQuery: `open` when a transaction block is open, `error` the SQLSTATE if the batch failed, `part` an act of which more
   * follows. Returns how a transaction ended, if one did.
   */
  ready(open: boolean, error: string | undefined, part?: Act): TransactionEnd | undefined {
    const answered = this.#answered;
    const end = this.#end;
    const wasOpen = this.#actions.length > 0;
    if (answered.length > 0) {
      this.#answered = [];
      for (const act of answered) {
        // Without a block, an error anywhere takes back what the batch did before it.
        if (error !== undefined && !open) act.code ??= error;
        if (!open && !wasOpen && end === undefined && !act.readOnly) {
          act.tables = this.tables;
          act.transactionId = this.transactionId;
        }
        this.settle(act);
      }
    }
    if (open || wasOpen || end !== undefined) {
      for (const act of answered) this.#actions.push(act.admission.id);
      if (part !== undefined) this.#actions.push(part.admission.id);
    }
    if (end !== undefined || (!open && wasOpen)) {
      this.#guard.settleTransaction(this.#session, this.#actions, end ?? "unknown", this.#rowsChanged, this.tables, this.transactionId);
      this.#actions = [];
    }
    if (end !== undefined || !open) {
      this.tables = undefined;
      this.transactionId = undefined;
    }
    this.#end = undefined;
    if (!open) this.#close();
    else if (end !== undefined) this.#rowsChanged = 0;
    return end ?? (open ? undefined : wasOpen ? "unknown" : error === undefined ? "committed" : "rolled_back");
  }

  #close(): void {
    this.count += 1;
    if (this.#writes > 0) this.#writesBefore = this.#writes;
    this.#writes = 0;
    this.#rowsChanged = 0;
    this.fetchedRows = 0;
    this.fetchedBytes = 0;
    for (const act of this.#suspended) this.settle(act);
    this.#suspended.clear();
    this.#guard.sessionIdle?.(this.#session);
  }

  settle(act: Act): void {
    if (act.settled) return;
    act.settled = true;
    const measured = measuredOf(act, act.startedMs === 0 ? 0 : Math.round((this.#clock.monotonic() - act.startedMs) * 1000) / 1000);
    this.#settleAs(act, act.code === undefined ? { status: "succeeded", measured } : { status: "failed", code: act.code, measured });
  }

  /** The connection is lost: what was in flight is unknown; a transaction without a COMMIT on its way is rolled back by the server. */
  lost(inFlight: Iterable<Act>, because: string, commitInFlight: boolean): void {
    for (const act of [...this.#answered, ...inFlight]) {
      if (act.settled) continue;
      act.settled = true;
      this.#settleAs(act, { status: "unknown", because });
    }
    for (const act of this.#suspended) this.settle(act);
    this.#suspended.clear();
    this.#answered = [];
    if (this.#actions.length > 0) {
      const end = commitInFlight ? "unknown" : "rolled_back";
      this.#guard.settleTransaction(this.#session, this.#actions, end, this.#rowsChanged, undefined, this.transactionId);
      this.#actions = [];
    }
  }

  #settleAs(act: Act, outcome: Outcome): void {
    this.#guard.settle(act.admission, outcome);
    for (const inner of act.inner) {
      inner.settled = true;
      this.#guard.settle(inner.admission, outcome);
    }
  }
}

/** Literals where there are figures alone, as nearly always: a spread costs more than the record. */
function measuredOf(act: Act, elapsedMs: number): Measured {
  const { rowsChanged, rowsReturned, bytesReturned, tables, transactionId, answeredBy } = act;
  const figures =
    rowsChanged === undefined ? { rowsReturned, bytesReturned, elapsedMs } : { rowsChanged, rowsReturned, bytesReturned, elapsedMs };
  if (tables === undefined && transactionId === undefined && answeredBy === undefined) return figures;
  return {
    ...figures,
    ...(tables === undefined ? {} : { tables }),
    ...(transactionId === undefined ? {} : { transaction: transactionId }),
    ...(answeredBy === undefined ? {} : { answeredBy }),
  };
}
