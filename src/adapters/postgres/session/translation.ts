/**
 * A simple query that changes something under a limit, sent so that what it did is known before it can commit.
 * It does not judge, and it changes no byte of the client's statements but for those that the bin takes the place of (`bin-text.ts`).
 *
 * Without transaction control the text runs inside a block of ours: BEGIN, the text, then a reading of the meter with COMMIT in one
 * message. That gives the semantics of the server's own implicit block, and a procedure cannot commit behind our back.
 * With transaction control the text is cut behind each statement that ends a transaction, because the server begins a new implicit
 * block there too, and readings stand between its statements where the implicit block would commit.
 */
import { query } from "../codec/write.ts";
import type { StatementSummary } from "../../../model/decision.ts";
import type { Act } from "./act.ts";
import { FAILED, IDLE, type Core } from "./core.ts";
import { meterSql, type MeterBounds } from "./meter-sql.ts";
import { QUERY } from "./queue.ts";
import { readingText } from "./readings.ts";
import { recordUnavailable, refuseSimple, withdraw } from "./refuse.ts";
import { refusalFrame } from "./refusal.ts";
import { Splice } from "./splice.ts";

const NOTHING: MeterBounds = { total: Infinity, sinceLast: Infinity, carried: 0 };
/** A comment may end the text before it. */
const SEPARATOR = Buffer.from("\n;\n");
const NUL = Buffer.from([0]);

export class Translation {
  readonly #core: Core;
  readonly #act: Act;
  readonly #bytes: Buffer;
  /** Where the statements stand in them. */
  readonly #spans: readonly StatementSummary["span"][];
  readonly #wrapped: boolean;
  /** Statements sent so far. */
  #sent = 0;
  #begun = false;
  #over = false;

  /** `bytes` are the text as it was judged; calls of the bin stand in it where the act owes them. */
  constructor(core: Core, act: Act, bytes: Buffer) {
    this.#core = core;
    this.#act = act;
    const binned = act.binned?.text;
    this.#bytes = binned?.bytes ?? bytes;
    this.#spans = binned?.spans ?? act.admission.statements.map(({ span }) => span);
    this.#wrapped = core.status === IDLE && !act.facts.control && !act.facts.savepoints;
    core.dropUnnamed();
    core.sent(act, false);
    // The record becomes durable while the server works.
    core.sealed();
  }

  /** The server answered with an error, or a limit was passed: nothing more of the text is sent. */
  fail(): void {
    this.#over = true;
  }

  /** True when the client may go on. */
  step(): boolean {
    const core = this.#core;
    if (!core.drained) return false;
    if (this.#over) {
      core.translation = undefined;
      return true;
    }
    if (this.#wrapped && !this.#begun) this.#begin();
    else if (core.sealed()) this.#next();
    else if (core.sealFailed) this.#unrecorded();
    return core.translation === undefined;
  }

  #begin(): void {
    const core = this.#core;
    this.#begun = true;
    core.toServer(query("BEGIN"));
    core.expect.push({ kind: QUERY, audience: "nobody", inside: true });
    core.toServer(query(Buffer.concat([this.#bytes, NUL])));
    core.meter.note(this.#act, Math.max(1, this.#act.writing));
    core.expect.push({ kind: QUERY, audience: "client", act: this.#act, inside: true });
    if (this.#act.facts.copyIn) core.copyAwaited = true;
    this.#sent = this.#act.admission.statements.length;
  }

  #next(): void {
    const core = this.#core;
    if (this.#wrapped) {
      const { sql, plan } = readingText(core);
      this.#send(query(`${sql};COMMIT`), new Splice([...plan, null]), true, true);
      return;
    }
    this.#piece();
  }

  #send(frame: Buffer, splice: Splice, last: boolean, ours: boolean): void {
    const core = this.#core;
    core.toServer(frame);
    const entry = { kind: QUERY, act: this.#act, splice, batch: core.batch } as const;
    core.expect.push({ ...entry, audience: ours ? "closing" : "client", ...(last ? {} : { more: true }) });
    if (ours) core.meter.ending();
    if (!last) return;
    this.#over = true;
    core.batch += 1;
    core.batchSent = false;
    core.batchHeld = false;
    core.flushed = true;
  }

  /** The statements up to the next end of a transaction, with readings where the server would commit. */
  #piece(): void {
    const core = this.#core;
    const act = this.#act;
    const { statements } = act.admission;
    const parts: Buffer[] = [];
    const plan: (MeterBounds | null)[] = [];
    const first = this.#sent;
    let explicit = core.status !== IDLE;
    let ended = false;
    const read = (bounds: MeterBounds): void => {
      parts.push(Buffer.from(meterSql(bounds)), SEPARATOR);
      plan.push(bounds);
    };
    for (let i = first; i < statements.length && !ended; i++) {
      const statement = statements[i];
      if (statement === undefined) break;
      const { transaction } = statement;
      const start = this.#spans[i]?.start ?? 0;
      const end = this.#spans[i + 1]?.start;
      const ends = transaction === "commit" || transaction === "rollback";
      if (ends && explicit && core.meter.owed) {
        // In a block the text can wait here until what stands before is answered: had it failed, the block would still be open.
        if (i > first) break;
        if (transaction === "commit" && core.status !== FAILED) {
          const reading = readingText(core);
          parts.push(Buffer.from(reading.sql), SEPARATOR);
          plan.push(...reading.plan);
        }
      }
      if (parts.length === 0 && start > 0) parts.push(this.#blanks(start));
      parts.push(this.#bytes.subarray(start, end));
      if (end === undefined) parts.push(SEPARATOR);
      plan.push(null);
      this.#sent = i + 1;
      if (transaction === "begin") explicit = true;
      if (ends) {
        core.meter.ending();
        ended = true;
      } else if (transaction === "none" && !statement.readOnly) {
        core.meter.note(act, 1);
        if (!explicit && act.metered) read(core.meter.statementBounds);
      }
    }
    // One statement by itself would not stand in an implicit block, as it does in the client's text.
    if (!ended && !explicit && plan.length === 1 && statements.length > 1) read(NOTHING);
    const last = this.#sent === statements.length;
    if (last && !explicit) core.meter.ending();
    if (statements.slice(first, this.#sent).some(({ copy }) => copy === "in")) core.copyAwaited = true;
    this.#send(query(Buffer.concat([...parts, NUL])), new Splice(plan), last, false);
  }

  /** Positions in the server's errors count characters of the whole text. */
  #blanks(bytes: number): Buffer {
    return Buffer.alloc([...this.#bytes.toString("utf8", 0, bytes)].length, " ");
  }

  #unrecorded(): void {
    const core = this.#core;
    core.returned(this.#act);
    const because = withdraw(core, this.#act, recordUnavailable());
    core.forgetWithheld();
    this.#over = true;
    core.textGoesOn = false;
    if (!this.#wrapped) {
      refuseSimple(core, because);
      return;
    }
    core.toClient(refusalFrame(because));
    core.sendRollback();
  }
}
