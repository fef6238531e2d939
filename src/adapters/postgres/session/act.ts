/**
 * One allowed act on its way: its admission, what it may still return, and what was measured.
 * It does not settle itself; `transaction.ts` does when the server has said how it ended.
 */
import type { Allowed } from "../../../pipeline/guard.ts";
import type { Reason } from "../../../model/decision.ts";
import type { TableCount } from "../../../model/outcome.ts";
import type { SqlContext } from "../../../model/action.ts";
import type { HeldText } from "./held.ts";
import type { Binned } from "./bin-acts.ts";
import { actLimits, limitsChanges, notUnderstood, textFacts, type ActLimits, type TextFacts } from "./facts.ts";

export class Act {
  readonly admission: Allowed;
  /** Admissions of the prepared statements that its EXECUTEs run: they share its outcome. */
  readonly inner: readonly Act[];
  readonly facts: TextFacts;
  readonly limits: ActLimits;
  readonly text: string;
  readonly context: SqlContext;
  readonly readOnly: boolean;
  readonly fetches: boolean;
  /** Counts up over a session: tells what was registered before it. */
  readonly serial: number;
  startedMs = 0;
  rowsReturned = 0;
  /** Of these, what had been returned when the last statement was completed. */
  rowsReturnedBefore = 0;
  bytesReturned = 0;
  rowsChanged: number | undefined = undefined;
  /** What the meter read, when the act was a transaction by itself. */
  tables: readonly TableCount[] | undefined = undefined;
  /** The server's id of the transaction that was this act alone. */
  transactionId: string | undefined = undefined;
  /** Statements of the text that have changed what names mean for those after them. */
  moves = "";
  /** What stands in the place of statements of it that go into the bin; set before any of it is sent. */
  binned: Binned | undefined = undefined;
  /** Statements of the text that the server has completed. */
  completed = 0;
  /** SQLSTATE, when it failed. */
  code: string | undefined = undefined;
  settled = false;
  /** Sent, or kept with its prepared statement: not only judged. */
  kept = false;
  /** Sent, and the server has not answered. */
  inFlight = false;
  /** Set while, and when, a read replica answers it. */
  answeredBy: "replica" | undefined = undefined;
  /** Counted among the writes that must be durable in the record. */
  counted = false;

  constructor(admission: Allowed, inner: readonly Act[], text: string, context: SqlContext, serial: number) {
    this.admission = admission;
    this.inner = inner;
    this.facts = admission.statements.length === 0 && !admission.readOnly ? notUnderstood : textFacts(admission.statements);
    this.text = text;
    this.context = context;
    this.serial = serial;
    if (inner.length === 0) {
      this.limits = actLimits(admission.obligations);
      this.readOnly = admission.readOnly;
      this.fetches = this.facts.fetches;
      // What a PREPARE in the same text stands for is run by an EXECUTE after it.
      if (this.facts.names && this.facts.executes.length > 0) this.readOnly = false;
    } else {
      this.limits = actLimits([...admission.obligations, ...inner.flatMap((act) => act.admission.obligations)]);
      // What a PREPARE would do shows in its effects; a PREPARE itself changes nothing durable and says so.
      this.readOnly = admission.readOnly && inner.every((act) => act.admission.statements.every(onlyReads));
      this.fetches = this.facts.fetches;
    }
  }

  /** It may change something and the rows that it changes are limited: the meter reads what it did. */
  get metered(): boolean {
    return !this.readOnly && limitsChanges(this.limits);
  }

  /** It reaches tables of other servers, whose rows no meter of this one counts. */
  get foreign(): boolean {
    return this.admission.statements.some(({ effects }) => effects.some(({ resource }) => resource.type === "foreign_table"));
  }

  /** Statements of it that may change something. */
  get writing(): number {
    if (this.readOnly) return 0;
    return Math.max(1, this.admission.statements.filter(({ readOnly, transaction }) => !readOnly && transaction === "none").length);
  }

  /** It changes something and carries a limit that must be checked while it can still be rolled back. */
  get mustBeHeld(): boolean {
    return this.limits.any && !this.readOnly && this.admission.statements.length > 0;
  }
}

function onlyReads(statement: Allowed["statements"][number]): boolean {
  return statement.readOnly && statement.effects.length > 0 && statement.effects.every((effect) => effect.operation === "read");
}

/** An act that may not go: why, and the id under which it is recorded. */
export interface Refusal {
  readonly reason: Reason;
  readonly action: string | null;
  /** Set where the server itself has a code for it (a name that does not exist). */
  readonly sqlstate?: string;
  /** Figures for the DETAIL. */
  readonly figures?: string;
  /** Set where persons could be asked about it, should it come by a way on which the client can wait. */
  readonly held?: HeldText;
}
