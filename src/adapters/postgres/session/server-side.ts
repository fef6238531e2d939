/**
 * Messages of the server: each is matched to what was sent, rows are counted and go on as they came, ends of acts and
 * transactions are taken down.
 * It does not send anything upstream; what is owed there is left for the client side's next message boundary.
 */
import { RowFields } from "../codec/row-fields.ts";
import { FrameScanner, BAD, BODY, MORE } from "../codec/scanner.ts";
import { back, serverShapes } from "../codec/shapes.ts";
import { errorField, rowValues, tagRows } from "../codec/read.ts";
import { commandComplete, parameterDescription, type Status } from "../codec/write.ts";
import type { Act } from "./act.ts";
import { copyInFlight, copyToCome, endSkipped, isOwn, mustWait, readingDecides, readingOf } from "./answers.ts";
import { Retelling } from "./bin-answers.ts";
import { completed } from "./completion.ts";
import { reportedNow } from "./pins.ts";
import { FAILED, IDLE, IN_TRANSACTION, type Core } from "./core.ts";
import { BIND, CALL, CLOSE, DESCRIBE, EXECUTE, PARSE, QUERY, SYNC, type Expect, type ExpectKind } from "./queue.ts";
import type { MeterBounds } from "./meter-sql.ts";
import { readingRefused, shownError, undone } from "./errors.ts";
import { alike, returned } from "./returned.ts";
import { Run } from "./run.ts";

/** A row of ours that is longer is not read: its figures are then not in the record. */
const OWN_ROW_BYTES_MAX = 1024 * 1024;

const LYING_ROW = "the fields of a row do not fill its frame";
export class ServerSide {
  readonly #core: Core;
  readonly #scanner = new FrameScanner(serverShapes);
  readonly #fields = new RowFields();
  readonly #run = new Run();
  #forwarding = false;
  /** The client has had its error for this batch: nothing but messages out of turn goes to it until ReadyForQuery. */
  #muted = false;
  /** SQLSTATE of the batch's error. */
  #error: string | undefined = undefined;
  /** The row of our own query, while its bytes arrive. */
  #row: Buffer[] | undefined = undefined;
  /** What the server says of acts that go into the bin. */
  readonly #retelling = new Retelling();
  /** The row of a reading of the meter. */
  #reading: readonly (string | null)[] | undefined = undefined;
  /** A block that must be ended by us stands open when the next ReadyForQuery says so. */
  #rollback = false;
  /** The server said why it ends the session. */
  fatalSeen: string | undefined = undefined;

  constructor(core: Core) {
    this.#core = core;
    core.beforeClient = () => this.#run.flush(core.clientOut);
    core.insideServerFrame = () => this.#forwarding && !this.#scanner.atBoundary;
  }

  feed(chunk: Buffer): void {
    const core = this.#core;
    const scanner = this.#scanner;
    const out = core.clientOut;
    scanner.load(chunk);
    while (core.closed === undefined) {
      const step = scanner.next();
      if (step === MORE) break;
      if (step === BAD) return void this.#broken(scanner.problem);
      if (step !== BODY) this.#forwarding = this.#frame(scanner.type);
      if (this.#forwarding && scanner.type === back.dataRow && !this.#fields.fit(scanner, step !== BODY))
        return void this.#broken(LYING_ROW);
      if (step !== BODY && this.#forwarding && core.withheld !== undefined) this.#forwarding = !this.#withheld();
      if (this.#forwarding) this.#run.add(scanner.buffer, scanner.from, scanner.to, out);
      else (this.#row ?? this.#retelling).push(scanner.buffer.subarray(scanner.from, scanner.to));
      scanner.take();
      if (this.#forwarding && (scanner.type === back.dataRow || scanner.type === back.copyData) && scanner.atBoundary && !this.#muted) {
        if (!alike(core, scanner, this.#run)) return void this.#broken(LYING_ROW);
      }
      if (this.#row !== undefined && scanner.atBoundary) this.#ownRow(this.#row);
      else if (scanner.atBoundary) this.#retelling.whole(core);
    }
    this.#run.flush(out, scanner.left, scanner.leftAt);
    scanner.letGo();
  }

  /** True when the frame at hand was kept back behind others that were. */
  #withheld(): boolean {
    const { buffer, from, to, size, type } = this.#scanner;
    if (to - from === size && type !== back.ready && type !== back.error) return this.#core.withhold(buffer.subarray(from, to));
    this.#core.release();
    return false;
  }

  /** True when the frame goes to the client. */
  #frame(type: number): boolean {
    switch (type) {
      case back.dataRow:
      case back.copyData:
        return this.#data(type);
      case back.notice:
        return !this.#retelling.takes(this.#core.expect.front?.act, this.#scanner.size);
      case back.notification:
        return true;
      case back.parameterStatus:
        return reportedNow(this.#core, this.#scanner) ?? this.#unexpected(type);
      case back.error: {
        const act = this.#core.expect.front?.act;
        return this.#failed() && !this.#retelling.takes(act, this.#scanner.size);
      }
      case back.ready:
        return this.#ready();
      default:
        return this.#reply(type);
    }
  }

  #unexpected(type: number): false {
    this.#core.fatal("protocol_refused", `the server sent message type ${type} where it does not belong`);
    return false;
  }

  #broken(problem: string): false {
    this.#core.fatal("protocol_refused", `the server broke the protocol: ${problem}`);
    return false;
  }

  /** The hot path: one row. Figures first, so that a row over the limit does not go out. */
  #data(type: number): boolean {
    const entry = this.#core.expect.front;
    if (entry === undefined) return this.#unexpected(type);
    const act = entry.act;
    if (act === undefined || entry.splice?.reading !== undefined) {
      if (isOwn(entry) && type === back.dataRow && this.#scanner.size <= OWN_ROW_BYTES_MAX) this.#row = [];
      else if (entry.audience === "client" && entry.splice === undefined) return this.#unexpected(type);
      return false;
    }
    if (this.#muted) return false;
    if (returned(this.#core, act, this.#scanner.size - 5)) return true;
    this.#muted = true;
    this.#core.cancelRunning();
    return false;
  }

  /** The row of a query of ours is complete. */
  #ownRow(parts: Buffer[]): void {
    this.#row = undefined;
    const core = this.#core;
    const whole = Buffer.concat(parts);
    const values = rowValues(whole, 0, whole.length);
    if (core.expect.front?.audience !== "context") this.#reading = values;
    else if (values === undefined || !core.context.report(values)) core.contextProblem = "the answer was not understood";
  }

  #reply(type: number): boolean {
    const core = this.#core;
    const entry = core.expect.front;
    if (entry === undefined) return this.#unexpected(type);
    const shown = entry.audience === "client" && !this.#muted;
    switch (type) {
      case back.parseComplete:
        if (entry.change?.space === "statement" && entry.change.made !== undefined) entry.change.made.known = true;
        if (entry.keeps === true) core.meter.keptNow();
        return this.#step(entry, PARSE, type, shown);
      case back.bindComplete:
        return this.#step(entry, BIND, type, shown);
      case back.closeComplete:
        return this.#step(entry, CLOSE, type, shown);
      case back.parameterDescription:
        if (entry.kind !== DESCRIBE) return this.#unexpected(type);
        if (shown && entry.parameters !== undefined) core.put(parameterDescription(entry.parameters));
        return shown && entry.parameters === undefined;
      case back.noData:
        return this.#step(entry, DESCRIBE, type, shown);
      case back.rowDescription:
        if (entry.kind === DESCRIBE) core.expect.pop();
        else if (entry.kind !== QUERY) return this.#unexpected(type);
        return shown && entry.splice?.reading === undefined;
      case back.functionResult:
        if (entry.act !== undefined) entry.act.bytesReturned += this.#scanner.size - 5;
        return entry.kind === CALL ? shown : this.#unexpected(type);
      default:
        return this.#executed(entry, type);
    }
  }

  #step(entry: Expect, kind: ExpectKind, type: number, shown: boolean): boolean {
    if (entry.kind !== kind) return this.#unexpected(type);
    this.#core.expect.pop();
    return shown;
  }

  /** Answers of a Query or an Execute. */
  #executed(entry: Expect, type: number): boolean {
    const core = this.#core;
    if (entry.kind !== QUERY && entry.kind !== EXECUTE) return this.#unexpected(type);
    const shown = entry.audience === "client" && !this.#muted;
    switch (type) {
      case back.copyIn:
        // A COPY that was not expected: messages behind it may already have gone the wrong way.
        if (!core.copyAwaited) return this.#unexpected(type);
        core.copyAwaited = false;
        core.copyIn = true;
        return shown;
      case back.copyBoth:
        core.copyIn = true;
        core.copyAwaited = false;
        return shown;
      case back.copyOut:
      case back.copyDone:
        return shown;
      case back.portalSuspended:
        if (entry.kind !== EXECUTE || entry.act === undefined) return this.#unexpected(type);
        core.expect.pop();
        core.transaction.suspended(entry.act);
        core.returned(entry.act);
        return shown;
      case back.emptyQuery:
      case back.commandComplete: {
        const { buffer, from, to } = this.#scanner;
        if (type === back.commandComplete && buffer.indexOf(0, from + 5) !== to - 1) return this.#broken("a tag without its end");
        const told = entry.act === undefined ? undefined : core.bin.completed(entry.act);
        const tag = told ?? (type === back.emptyQuery ? "" : buffer.toString("latin1", from + 5, to - 1));
        core.copyIn = false;
        if (entry.audience !== "client" || entry.splice?.reading !== undefined) return this.#completedOwn(entry);
        const within = entry.act === undefined || completed(core, entry.act, tag, tagRows(tag), readingDecides(core, entry));
        // A text may hold several COPYs, and other statements before them: the client's data wait for each request.
        core.copyAwaited = entry.kind === QUERY && entry.act !== undefined && copyToCome(entry.act);
        if (!within) this.#muted = true;
        else if (shown && mustWait(core, entry)) core.withheld ??= [];
        entry.splice?.next();
        if (entry.kind === EXECUTE) {
          core.expect.pop();
          if (entry.act !== undefined) this.#answered(entry.act);
        }
        if (told !== undefined && shown && within) core.put(commandComplete(told));
        return shown && within && told === undefined;
      }
      default:
        return this.#unexpected(type);
    }
  }

  /** A statement of ours is done; a reading that was not too much lets go what waited for it. */
  #completedOwn(entry: Expect): false {
    const core = this.#core;
    if (entry.kind === EXECUTE) core.expect.pop();
    const read = readingOf(entry);
    const [, lines = null, total = null, transaction = null] = this.#reading ?? [];
    this.#reading = undefined;
    if (read !== undefined && read.guards !== true) {
      core.transaction.tables = core.meter.passed(lines, total);
      core.transaction.transactionId = transaction ?? undefined;
      // Behind the last statement of a block of ours its COMMIT may still fail, and at the end of a batch the record.
      if (entry.audience !== "closing" && !core.batchRead) core.release();
    }
    entry.splice?.next();
    return false;
  }

  #answered(act: Act): void {
    // A block of code may have committed what it defined before it failed.
    if (act.code !== undefined && act.facts.procedural && act.facts.definesObjects) this.#core.context.unclear();
    this.#core.transaction.answered(act);
    this.#core.returned(act);
  }

  #failed(): boolean {
    const core = this.#core;
    const { buffer, from, to } = this.#scanner;
    const severity = errorField(buffer, from, to, "V") ?? errorField(buffer, from, to, "S");
    const code = errorField(buffer, from, to, "C") ?? "XX000";
    if (severity === "FATAL" || severity === "PANIC") {
      this.fatalSeen = code;
      return true;
    }
    const entry = core.expect.front;
    // An error out of turn (the server ends an idle session) stands for itself.
    if (entry === undefined) return true;
    this.#error ??= code;
    core.copyAwaited = false;
    core.copyIn = false;
    if (entry.kind === QUERY || entry.kind === CALL) return this.#queryFailed(entry, code);
    let told = false;
    const { skipped, syncFound } = core.expect.popToSync();
    if (!syncFound) {
      core.skipping = true;
      // What was to fail has failed.
      if (core.wanted === "poison") core.wanted = "none";
    }
    if (entry.keeps === true) return core.meter.notKept();
    // What was to end the block did not run: what the block has changed owes its reading still.
    if (endSkipped(skipped, entry)) core.meter.notEnded();
    if (entry.reading !== undefined) {
      core.meter.leftover = true;
      told = this.#readingFailed(code, entry.reading.bounds, syncFound);
      this.#rollback = told && entry.reading.commits;
    }
    for (const gone of skipped.toReversed()) undone(core, gone);
    for (const gone of skipped) {
      if (gone.act === undefined) continue;
      gone.act.code ??= this.#error ?? code;
      this.#answered(gone.act);
    }
    return told ? false : this.#shownError(entry);
  }

  #queryFailed(entry: Expect, code: string): boolean {
    const core = this.#core;
    const { act, splice } = entry;
    core.translation?.fail();
    if (entry.inside === true) this.#rollback = true;
    if (act === undefined) {
      if (entry.audience === "nobody") core.fatal("internal", "the session's settings could not be pinned again");
      return this.#shownError(entry);
    }
    if (splice?.reading !== undefined) core.meter.notEnded();
    if (splice?.reading !== undefined && this.#readingFailed(code, splice.reading, true, act)) {
      this.#rollback = true;
      return false;
    }
    act.code ??= code;
    if (entry.audience === "closing") {
      core.forgetWithheld();
      return true;
    }
    return this.#shownError(entry);
  }

  /** True when the error was the meter's: the client has been told of it, or of the limit that a command tag showed before. */
  #readingFailed(code: string, bounds: MeterBounds, ends: boolean, act?: Act): boolean {
    const sqlstate = readingRefused(this.#core, { code, message: this.#message(), bounds, ends, told: this.#muted }, act);
    this.#error = sqlstate ?? this.#error;
    return sqlstate !== undefined;
  }

  #shownError(entry: Expect): boolean {
    return !this.#muted && shownError(this.#core, entry, () => this.#message());
  }

  #message(): string {
    const { buffer, from, to } = this.#scanner;
    return errorField(buffer, from, to, "M") ?? "the server refused";
  }

  #ready(): boolean {
    const core = this.#core;
    const entry = core.expect.front;
    const status = this.#scanner.buffer[this.#scanner.from + 5];
    if (entry === undefined || (entry.kind !== SYNC && entry.kind !== QUERY && entry.kind !== CALL)) return this.#unexpected(back.ready);
    if (status !== IDLE && status !== IN_TRANSACTION && status !== FAILED) return this.#unexpected(back.ready);
    core.expect.pop();
    const ours = entry.audience === "nobody";
    core.status = status as Status;
    if (status === IDLE) {
      core.context.idle();
      if (!core.repin) core.lifted.clear();
    }
    // What was sent behind this may be a COPY whose data still wait.
    core.copyAwaited = copyInFlight(core);
    core.copyIn = false;
    core.timedOut = undefined;
    const open = status !== IDLE;
    if (this.#insideBlock(entry, open)) return false;
    const failed = this.#muted || this.#error !== undefined;
    const more = entry.more === true && !failed;
    if (entry.act !== undefined && !more) this.#answered(entry.act);
    if (failed) core.translation?.fail();
    const end = core.transaction.ready(open, this.#error ?? (this.#muted ? "54000" : undefined), more ? entry.act : undefined);
    core.meter.ready(!open, open && end === "committed", core.drained);
    if (core.bin.busy && (end !== undefined || !open)) core.bin.ended(end ?? "unknown", open ? -1 : (entry.batch ?? -1));
    this.#error = undefined;
    if (end !== undefined && !ours) {
      // What was defined behind the last COMMIT or ROLLBACK of a text is committed with the text, or gone.
      if (!open) core.context.ended(end === "unknown" || this.#muted ? "unknown" : failed ? "rolled_back" : "committed");
      core.context.tell();
      if (!open) core.names.endPortals(entry.batch ?? -1);
    }
    if (more) return false;
    core.textGoesOn &&= !failed;
    if (!this.#muted) {
      core.release();
      return !ours && !core.textGoesOn;
    }
    this.#muted = false;
    if (status !== IN_TRANSACTION) return !ours;
    // The client was told of an error inside its transaction: the server's must fail too before the client goes on.
    core.wanted = "poison_and_sync";
    return false;
  }

  /** True when this ReadyForQuery belongs to a block of ours, or to one that we must end: the client's comes later. */
  #insideBlock(entry: Expect, open: boolean): boolean {
    const core = this.#core;
    const inside = entry.inside === true;
    const failed = this.#rollback || (inside && (this.#muted || this.#error !== undefined || entry.kind === SYNC));
    this.#rollback = false;
    if (!open) return false;
    if (!failed) return inside;
    core.translation?.fail();
    core.rollBack(entry.act);
    return true;
  }
}
