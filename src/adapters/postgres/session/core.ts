/**
 * The state that both directions of one session share, and the few moves both may make.
 * It has no socket: bytes leave through the two lists, which the owner empties after each event.
 */
import type { Capabilities, Guard } from "../../../pipeline/guard.ts";
import type { Session, Target } from "../../../model/principal.ts";
import type { Clock } from "../../../base/clock.ts";
import type { CatalogueSource } from "../../../catalogue/source.ts";
import type { ReasonCode } from "../../../model/codes.ts";
import { FLUSH, SYNC as SYNC_FRAME, parse, query, type Status } from "../codec/write.ts";
import { BinActs } from "./bin-acts.ts";
import type { BinPort } from "./bin-port.ts";
import { EXECUTE, ExpectQueue, PARSE, QUERY, SYNC } from "./queue.ts";
import { Meter } from "./meter.ts";
import { ContextKeeper, type ContextPool } from "./context.ts";
import { capabilities } from "./facts.ts";
import type { HeldParts, HeldWait } from "./held.ts";
import { Names, type Portal, type Statement } from "./names.ts";
import type { Translation } from "./translation.ts";
import { Transaction } from "./transaction.ts";
import { fatalFrame, refusalFrame } from "./refusal.ts";
import type { Act, Refusal } from "./act.ts";
import type { Routing } from "./lane.ts";

export const IDLE: Status = 0x49;
export const IN_TRANSACTION: Status = 0x54;
export const FAILED: Status = 0x45;

export interface SessionParts {
  readonly guard: Guard;
  readonly session: Session;
  readonly target: Target;
  readonly clock: Clock;
  readonly catalogue: CatalogueSource;
  readonly contexts: ContextPool;
  readonly role: string;
  readonly sessionRole: string;
  readonly searchPath: readonly string[];
  /** As in {@link SqlContext}. */
  readonly timeLimits?: Readonly<Record<string, number>>;
  /** Puts back what the login pinned, after RESET or DISCARD ALL. Empty: nothing is pinned. */
  readonly pinSql: string;
  /** Asks the server to cancel what runs, and says when it has signalled whatever ran then. */
  readonly cancel: (signalled: () => void) => void;
  /** Where acts can be brought before persons. Absent: what is held is refused. */
  readonly held?: HeldParts;
  /** Tickets for what goes into the target's bin. Absent: nothing can go there, and what must is refused. */
  readonly bin?: BinPort;
  /** Backend process of the session at the server. */
  readonly serverProcess: number;
  /** Called when something changed outside an event (a promise settled): the owner then empties the lists. */
  readonly changed: () => void;
}

/** A batch's answers behind its first change that wait for the meter; more of them go on as they come, and an error may follow. */
const WITHHELD_BYTES_MAX = 64 * 1024;

/** A text that the server's parser refuses: makes a transaction fail without doing anything. */
const POISON = parse("holdfast_refused", "refused by holdfast");

export class Core {
  readonly parts: SessionParts;
  readonly expect = new ExpectQueue();
  readonly names = new Names();
  readonly context: ContextKeeper;
  readonly transaction: Transaction;
  /** As of the last ReadyForQuery. */
  status: Status = IDLE;
  /** Bytes for either side, in order. */
  clientOut: Buffer[] = [];
  serverOut: Buffer[] = [];
  /** Called before bytes of ours are put into a list, so that what was let through before stays before. */
  beforeClient: () => void = () => {};
  beforeServer: () => void = () => {};
  /** True while a server's message has gone to the client in part: nothing of ours may stand inside it. */
  insideServerFrame: () => boolean = () => false;

  /** Present where the target has a read replica. */
  routing: Routing | undefined = undefined;
  /** What is to go out waits until it is known which server gets it. */
  collecting = false;

  /** What the guard is told that this session can do. */
  readonly can: Capabilities;
  /** The message at hand waits for a person. */
  waiting: HeldWait | undefined = undefined;
  /** A held portal whose description is told together with its Execute. */
  describing: Portal | undefined = undefined;
  /** Settings that the server has reported since the session began; kept only where acts can be held. */
  readonly reported: Map<string, string> | undefined;

  /** Cancels on their way: a statement that were sent before they arrive could be the one they hit. */
  cancelling = 0;

  /** Messages up to the next Sync have this number. */
  batch = 0;
  /** Something of this batch was sent upstream. */
  batchSent = false;
  /** Something of this batch was run upstream. */
  batchRan = false;
  /** The batch holds an act that must be checked before its Sync may go. */
  batchHeld = false;
  /** An error was answered (or is on its way): the client's messages up to Sync are dropped, as the server does. */
  skipping = false;
  /** A Flush went out after the last message of the batch. */
  flushed = true;
  /** Acts in flight that may change what names mean. */
  contextInFlight = 0;
  controlInFlight = 0;
  /** Acts in flight in a batch whose rows are limited: in a transaction the next batch waits for them. */
  limitedInFlight = 0;
  /** The server has asked for COPY data. */
  copyIn = false;
  /** A COPY FROM STDIN was sent and the server has not asked for data yet. */
  copyAwaited = false;
  /** A message to be sent upstream at the client's next message boundary. */
  wanted: "none" | "poison" | "poison_and_sync" | "rollback" = "none";
  /** The act whose transaction a wanted ROLLBACK ends. */
  #rolledBack: Act | undefined = undefined;
  readonly meter = new Meter();
  readonly bin = new BinActs(this);
  /** A block of ours was begun in this batch: its COMMIT goes before the Sync. */
  batchWrapped = false;
  /** A reading of the meter stands at the end of this batch. */
  batchRead = false;
  /** The batch begins or ends a transaction block by itself. */
  batchControl = false;
  /** Answers that say a change is done, kept back until the meter has agreed; bounded. */
  withheld: Buffer[] | undefined = undefined;
  /** The client has sent Flush since something was kept back. */
  answersWanted = false;
  #withheldBytes = 0;
  /** A simple query that runs as an extended one, so that it can be checked before it commits. */
  translation: Translation | undefined = undefined;
  /** A simple query is sent in pieces and this is not the last: the client does not see the ReadyForQuery unless something failed. */
  textGoesOn = false;
  /** What the login pinned may have been reset. */
  repin = false;
  /** Time limits that were set to more than the policy's since the last time that no transaction was open: a value of the session's own. */
  readonly lifted = new Set<string>();
  /** It was put back inside a transaction: a ROLLBACK TO may take that back. */
  repinnedInside = false;
  /** A SET of ours that goes to the server between two of the client's transactions. */
  settings: string | undefined = undefined;
  contextProblem: string | undefined = undefined;
  serial = 0;
  actions = 0;
  /** Serial of the last act sent that changes something, and of the last one whose intent is durable. */
  lastWrite = 0;
  sealedTo = 0;
  sealing = false;
  sealFailed = false;
  refreshing = false;
  refreshFailed = false;
  closed: { readonly because: string } | undefined = undefined;
  /** Set when a time limit passed: the server's error is answered as ours. */
  timedOut: Refusal | undefined = undefined;

  constructor(parts: SessionParts) {
    this.parts = parts;
    const { role, sessionRole, searchPath, timeLimits } = parts;
    const limited = timeLimits === undefined ? {} : { timeLimits };
    this.can = capabilities({ asks: parts.held !== undefined, bins: parts.bin !== undefined });
    this.reported = parts.held === undefined ? undefined : new Map();
    this.context = new ContextKeeper(parts.contexts, parts.catalogue, { role, sessionRole, searchPath, temporary: [], ...limited });
    this.transaction = new Transaction(parts.guard, parts.session, parts.clock);
  }

  /** Cancels what the server runs now; the client's next statement waits until that has been signalled. */
  cancelRunning(): void {
    this.cancelling += 1;
    this.parts.cancel(() => {
      this.cancelling -= 1;
      this.parts.changed();
    });
  }

  get drained(): boolean {
    return this.expect.length === 0;
  }

  /** A message that belongs to no answer: it may pass what is kept back. */
  aside(bytes: Buffer): void {
    this.beforeClient();
    this.clientOut.push(bytes);
  }

  /** `later`: with the next message. */
  toClient(bytes: Buffer, later = false): void {
    this.beforeClient();
    this.release();
    if (later) this.withheld = [bytes];
    else this.clientOut.push(bytes);
  }

  /** Keeps one whole message back. False when there is no room: then what was kept has gone, and the message goes behind it. */
  withhold(message: Buffer): boolean {
    if (this.withheld === undefined) return false;
    if (this.#withheldBytes + message.length > WITHHELD_BYTES_MAX) {
      this.release();
      return false;
    }
    // A copy: the chunk that it came in may be large.
    this.withheld.push(Buffer.from(message));
    this.#withheldBytes += message.length;
    return true;
  }

  /** A message in place of one of the server's, behind what is kept back. */
  put(message: Buffer): void {
    if (!this.withhold(message)) this.aside(message);
  }

  /** What was kept back goes to the client. */
  release(): void {
    const { withheld } = this;
    if (withheld === undefined) return;
    this.withheld = undefined;
    this.#withheldBytes = 0;
    this.beforeClient();
    this.clientOut.push(...withheld);
  }

  /** What was kept back is not true any more. */
  forgetWithheld(): void {
    this.withheld = undefined;
    this.#withheldBytes = 0;
  }

  /** The block that is open is ended by a ROLLBACK of ours; the client sees its ReadyForQuery. */
  rollBack(act: Act | undefined): void {
    this.wanted = "rollback";
    this.#rolledBack = act;
  }

  /** The session is lost before the ROLLBACK that was wanted could go. */
  settleRolledBack(): void {
    if (this.#rolledBack !== undefined) this.transaction.settle(this.#rolledBack);
    this.#rolledBack = undefined;
  }

  /** Sends the ROLLBACK that is wanted. */
  sendRollback(): void {
    this.toServer(query("ROLLBACK"));
    const act = this.#rolledBack;
    this.expect.push({ kind: QUERY, audience: "closing", batch: this.batch, ...(act === undefined ? {} : { act }) });
    this.#rolledBack = undefined;
    this.transaction.ended("rolled_back");
    this.meter.ending();
    this.batch += 1;
  }

  toServer(bytes: Buffer): void {
    this.beforeServer();
    if (this.collecting) this.routing?.giveUp();
    this.serverOut.push(bytes);
  }

  /** Asks for the answers to what was sent: inside a batch the server keeps them until it is asked. */
  flush(): void {
    if (this.flushed) return;
    this.flushed = true;
    this.toServer(FLUSH);
  }

  /** Makes the server's transaction (or implicit transaction) fail. `answer` replaces its error; null: nobody sees it. */
  poison(answer: Buffer | null, sync: boolean): void {
    this.toServer(POISON);
    this.expect.push({ kind: PARSE, audience: "client", poison: answer });
    this.batchSent = true;
    this.flushed = false;
    if (sync) this.endBatch(SYNC_FRAME);
    else this.flush();
  }

  /** A Sync goes upstream, the client's own or ours. */
  endBatch(sync: Buffer | null): void {
    if (sync !== null) this.toServer(sync);
    this.expect.push({ kind: SYNC, audience: "client", batch: this.batch, ...(this.batchWrapped ? { inside: true } : {}) });
    this.batchWrapped = false;
    this.batchRead = false;
    this.batchControl = false;
    this.batch += 1;
    this.batchSent = false;
    this.batchRan = false;
    this.batchHeld = false;
    this.skipping = false;
    this.flushed = true;
  }

  /** Counts an act that changes something among those whose intents must be durable. */
  write(act: Act): void {
    if (act.readOnly || act.counted) return;
    act.counted = true;
    this.lastWrite = ++this.serial;
  }

  /** Bookkeeping of an act that goes upstream now. */
  sent(act: Act, whole = true): void {
    if (act.startedMs === 0) {
      act.startedMs = this.parts.clock.monotonic();
      if (whole) this.meter.note(act, act.writing);
      if (whole && act.facts.ends) this.meter.ending();
    }
    if (act.facts.forgetsNames) this.meter.dropped();
    act.kept = true;
    this.write(act);
    this.routing?.sent(act);
    if (act.inFlight) return;
    act.inFlight = true;
    // The record becomes durable while the server works on what is probably the last change before COMMIT.
    if (!act.readOnly && this.status === IN_TRANSACTION && this.transaction.wrote()) this.sealed();
    if (act.facts.changesContext || act.facts.definesObjects) this.contextInFlight += 1;
    if (act.facts.control) this.controlInFlight += 1;
    if (act.limits.any) this.limitedInFlight += 1;
  }

  /** The opposite of `sent`: the server has said what became of it, or never will. */
  returned(act: Act): void {
    if (!act.inFlight) return;
    act.inFlight = false;
    if (act.facts.changesContext || act.facts.definesObjects) {
      this.contextInFlight -= 1;
      if (act.facts.changesContext) this.context.dirty = this.context.changedInTransaction = true;
    }
    if (act.facts.control) this.controlInFlight -= 1;
    if (act.limits.any) this.limitedInFlight -= 1;
  }

  /** The server drops its unnamed statement with a simple query, and with a Parse that fails. */
  dropUnnamed(): void {
    this.forget(this.names.statements.get(""));
    this.names.statements.delete("");
  }

  /** DEALLOCATE by an act: names that were made after it was sent stay. `null` is all; the unnamed one is never meant. */
  deallocate(name: string | null, serial: number): void {
    const { statements } = this.names;
    if (name === null) this.meter.dropped();
    for (const key of name === null ? [...statements.keys()] : [name]) {
      const statement = statements.get(key);
      if (key === "" || statement === undefined || statement.serial >= serial) continue;
      this.forget(statement);
      statements.delete(key);
    }
  }

  /** A statement that was judged and not run is done with all the same. */
  forget(statement: Statement | undefined): void {
    if (statement?.judged === undefined) return;
    this.transaction.settle(statement.judged);
    statement.judged = undefined;
  }

  /** True when the intents of all writes sent or about to be sent are durable; otherwise starts making them so. */
  sealed(): boolean {
    if (this.sealedTo >= this.lastWrite) return true;
    if (this.sealing || this.sealFailed) return false;
    this.sealing = true;
    const upTo = this.lastWrite;
    this.parts.guard.seal().then(
      () => {
        this.sealing = false;
        this.sealedTo = Math.max(this.sealedTo, upTo);
        this.parts.changed();
      },
      () => {
        this.sealing = false;
        this.sealFailed = true;
        this.parts.changed();
      },
    );
    return false;
  }

  /** An act over a limit: the client is told at once; what the server still says of this batch is dropped. */
  overLimit(act: Act, code: ReasonCode, figure: number, allowed: number, what: string, next: string): void {
    const reason = { code, message: `${figure} ${what}, more than the ${allowed} permitted`, next };
    act.code = "54000";
    this.parts.guard.limitReached(this.parts.session, act.admission.id, reason, figure, allowed);
    this.toClient(refusalFrame({ reason, action: act.admission.id }));
    if (this.expect.front?.kind === EXECUTE && !this.expect.hasSync()) {
      this.skipping = true;
      this.wanted = "poison";
    }
  }

  /** Ends the session: the peer broke the protocol, or we cannot go on safely. */
  fatal(code: ReasonCode, message: string, sqlstate?: string): void {
    if (this.closed !== undefined) return;
    if (!this.insideServerFrame()) this.toClient(fatalFrame(code, message, sqlstate));
    this.closed = { because: message };
  }
}
