/**
 * Messages of the client: what must be judged waits here until it was, the rest goes on as it came.
 * It does not interpret the server's answers.
 */
import { FrameScanner, BAD, BODY, MORE } from "../codec/scanner.ts";
import { clientShapes, front, HELD_WHOLE_MAX } from "../codec/shapes.ts";
import { utf8 } from "../codec/read.ts";
import { query } from "../codec/write.ts";
import { dropDatabase, dropsDatabase } from "./bin-database.ts";
import { IDLE, IN_TRANSACTION, type Core } from "./core.ts";
import { Act, type Refusal } from "./act.ts";
import { Judge } from "./judge.ts";
import { Extended } from "./extended.ts";
import type { Route } from "./route.ts";
import { Pieces } from "./pieces.ts";
import { flushCounts, keepReading, readMeter } from "./readings.ts";
import { Run } from "./run.ts";
import { Translation } from "./translation.ts";
import { CALL, QUERY } from "./queue.ts";
import { recordUnavailable, refuseSimple, unmeasurable, withdraw } from "./refuse.ts";
import { refusal } from "./refusal.ts";
import { heldQuery } from "./held-query.ts";
import { withoutWaiting } from "./held-fit.ts";
import { DROP, FORWARD, HOLD, REST, type Disposition } from "./disposition.ts";

const NUL = Buffer.from([0]);

export class ClientSide {
  readonly #core: Core;
  readonly #judge: Judge;
  readonly #extended: Extended;
  readonly #scanner = new FrameScanner(clientShapes);
  readonly #run = new Run();
  readonly #route: Route | undefined;
  #forwarding = false;
  #running = false;
  #text: string | undefined = undefined;
  #pieces: Pieces | undefined = undefined;
  /** The message at hand waits for something. */
  held = false;
  terminated = false;

  constructor(core: Core, route: Route | undefined) {
    this.#core = core;
    this.#route = route;
    this.#judge = new Judge(core);
    this.#extended = new Extended(core, this.#judge, this.#scanner, route);
    core.beforeServer = () => this.#run.flush(core.serverOut);
  }

  /** Bytes of the client that are kept here. */
  get kept(): number {
    return this.#scanner.kept;
  }

  /** The connection is lost: what was allowed and waits to be sent never is. */
  lost(): void {
    this.#judge.reset();
  }

  load(chunk: Buffer): void {
    this.#scanner.load(chunk);
  }

  /** Goes on as far as it can. Called with each chunk and whenever something that was waited for has come. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.held = false;
    const core = this.#core;
    const scanner = this.#scanner;
    while (core.closed === undefined) {
      if (scanner.atBoundary && !this.#boundary()) {
        this.held = true;
        break;
      }
      const step = scanner.next();
      if (step === MORE) break;
      if (step === BAD) {
        core.fatal("protocol_refused", scanner.problem);
        break;
      }
      if (step !== BODY) {
        const disposition = this.#frame(scanner.type);
        if (disposition === HOLD) {
          this.held = true;
          break;
        }
        if (disposition === REST) break;
        this.#forwarding = disposition === FORWARD;
        this.#judge.reset();
        this.#text = undefined;
        this.#pieces = undefined;
      }
      if (this.#forwarding) this.#run.add(scanner.buffer, scanner.from, scanner.to, core.serverOut);
      scanner.take();
    }
    this.#run.flush(core.serverOut);
    this.#running = false;
  }

  /** What is owed upstream between two messages of the client. False: the next message must wait. */
  #boundary(): boolean {
    const core = this.#core;
    if (this.#route?.boundary() === false) return false;
    if (core.cancelling > 0 && core.drained && !core.batchSent) return false;
    if (core.wanted !== "none") {
      const { wanted } = core;
      core.wanted = "none";
      if (wanted === "rollback") core.sendRollback();
      else core.poison(null, wanted === "poison_and_sync");
    }
    if (core.copyAwaited) {
      core.flush();
      return false;
    }
    if (core.translation !== undefined && !core.copyIn) return core.translation.step();
    if (core.meter.stale && core.status === IDLE && core.drained && !core.batchSent) flushCounts(core);
    if (core.meter.worthKeeping && core.status === IDLE && core.drained && !core.batchSent && !this.terminated) keepReading(core);
    // The client asked for answers in the middle of a batch: what waits for the meter is among them.
    if (core.withheld !== undefined && core.answersWanted && core.drained && !core.skipping) {
      core.answersWanted = false;
      readMeter(core, false);
      core.flush();
    }
    return true;
  }

  #frame(type: number): Disposition {
    const core = this.#core;
    if (core.copyIn && type !== front.copyData) return this.#inCopy(type);
    switch (type) {
      case front.query:
        return this.#whole(() => this.#query());
      case front.functionCall:
        return this.#whole(() => this.#call());
      case front.copyData:
        return core.copyIn ? FORWARD : DROP;
      case front.copyDone:
      case front.copyFail:
        // The server ignores what is left of a COPY that has failed.
        return DROP;
      case front.terminate:
        return this.#terminate();
      default:
        return this.#extended.frame(type);
    }
  }

  #inCopy(type: number): Disposition {
    const core = this.#core;
    switch (type) {
      case front.copyDone:
      case front.copyFail:
        core.copyIn = false;
        return FORWARD;
      case front.sync:
      case front.flush:
        // As the server does in COPY mode.
        return DROP;
      case front.terminate:
        return this.#terminate();
      default:
        core.fatal("protocol_refused", `message type ${type} inside COPY`);
        return HOLD;
    }
  }

  #terminate(): Disposition {
    this.terminated = true;
    this.#route?.giveUp();
    return FORWARD;
  }

  #whole(act: () => Disposition): Disposition {
    const core = this.#core;
    if (core.skipping) return DROP;
    // A text is judged when everything before it was answered: only then is it known which transaction it would join.
    if (!core.drained) {
      core.flush();
      return HOLD;
    }
    if (this.#scanner.size > HELD_WHOLE_MAX) {
      return this.#refuse(
        refusal(
          "too_large",
          `a statement of ${this.#scanner.size} bytes is longer than can be judged`,
          "send it in smaller parts, or use COPY",
        ),
      );
    }
    return act();
  }

  #refuse(because: Refusal): Disposition {
    // A message that the server sends unasked may have gone to the client in part.
    if (this.#core.insideServerFrame()) return HOLD;
    refuseSimple(this.#core, withoutWaiting(because));
    return DROP;
  }

  #query(): Disposition {
    const core = this.#core;
    const { buffer, from, to } = this.#scanner;
    this.#text ??= buffer[to - 1] === 0 ? utf8(buffer, from + 5, to - 1) : undefined;
    if (this.#text === undefined) return this.#refuse(refusal("not_parsed", "the text is not valid UTF-8, or holds a NUL"));
    if (this.#pieces !== undefined) return this.#piece(this.#pieces);
    const judged = this.#judge.text(this.#text, "simple");
    if (judged === undefined) return HOLD;
    if (this.#judge.cutAt !== undefined) {
      this.#pieces = new Pieces(buffer.subarray(from + 5, to - 1));
      core.textGoesOn = true;
      if (this.#pieces.cut(this.#judge.cutAt)) return this.#nextPiece(this.#pieces);
    }
    if (!(judged instanceof Act)) return judged.held === undefined ? this.#refuse(judged) : heldQuery(core, judged.held);
    const problem = unmeasurable(core, judged);
    if (problem !== undefined) return this.#refuse(withdraw(core, judged, problem));
    if (dropsDatabase(judged)) return dropDatabase(core, judged);
    const bytes = buffer.subarray(from + 5, to - 1);
    const waits = this.#binned(judged, bytes);
    if (waits !== undefined) return waits;
    if (this.#stepped(judged)) {
      core.translation = new Translation(core, judged, bytes);
      return DROP;
    }
    this.#route?.query(judged);
    const sent = this.#send(judged, QUERY);
    const calls = judged.binned?.text;
    if (sent !== FORWARD || calls === undefined) return sent;
    core.toServer(query(Buffer.concat([calls.bytes, NUL])));
    return DROP;
  }

  /** Puts tickets into an act that goes into the bin. `undefined` when it may go on; else what becomes of its message. */
  #binned(act: Act, bytes: Buffer): Disposition | undefined {
    const core = this.#core;
    if (!act.limits.bins || act.binned !== undefined) return undefined;
    const binned = core.bin.of(act, bytes);
    if (binned === undefined) return HOLD;
    if ("reason" in binned) return this.#refuse(withdraw(core, act, binned));
    act.binned = binned;
    return undefined;
  }

  #nextPiece(pieces: Pieces): Disposition {
    this.#judge.reset();
    return this.#piece(pieces);
  }

  /** One piece of a text, judged in the context that those before it have left. The message is done with when the last is sent. */
  #piece(pieces: Pieces): Disposition {
    const core = this.#core;
    // What came before has failed, and the client has been told.
    if (!core.textGoesOn) return DROP;
    const { text } = pieces;
    const judged = this.#judge.text(text, "simple");
    if (judged === undefined) return HOLD;
    if (this.#judge.cutAt !== undefined && pieces.cut(this.#judge.cutAt)) return this.#nextPiece(pieces);
    if (!(judged instanceof Act)) return this.#refuse(judged);
    const problem = unmeasurable(core, judged);
    if (problem !== undefined) return this.#refuse(withdraw(core, judged, problem));
    const waits = this.#binned(judged, Buffer.from(text, "utf8"));
    if (waits !== undefined) return waits;
    const { last } = pieces;
    if (this.#stepped(judged)) {
      core.translation = new Translation(core, judged, Buffer.from(text, "utf8"));
      // The message stays at hand, so that nothing else takes the first step.
      if (!last) core.translation.step();
    } else {
      const sent = this.#send(judged, QUERY);
      if (sent !== FORWARD) return sent;
      core.toServer(query(judged.binned?.text === undefined ? text : Buffer.concat([judged.binned.text.bytes, NUL])));
    }
    core.textGoesOn = !last;
    pieces.next();
    this.#judge.reset();
    return last ? DROP : HOLD;
  }

  /** A text that must not run as it came: what it did is to be known before it can commit. */
  #stepped(act: Act): boolean {
    const core = this.#core;
    const { facts } = act;
    // An error in front of a ROLLBACK leaves the block open, and what it has changed owes its reading still.
    if (core.meter.owed && core.status === IN_TRANSACTION && (facts.commits || (facts.ends && act.admission.statements.length > 1)))
      return true;
    if (!act.mustBeHeld || (facts.immediate && act.admission.statements.length === 1)) return false;
    return core.status === IDLE || facts.control;
  }

  #call(): Disposition {
    const { buffer, from } = this.#scanner;
    const judged = this.#judge.call(buffer.readUInt32BE(from + 5));
    if (judged === undefined) return HOLD;
    if (!(judged instanceof Act)) return this.#refuse(judged);
    // A call commits by itself; inside a block the meter is read before COMMIT.
    if (judged.metered && this.#core.status === IDLE) {
      const because = "a function called without SQL cannot be measured outside a transaction";
      return this.#refuse(withdraw(this.#core, judged, refusal("obligation_unfulfilled", because, "send BEGIN first")));
    }
    return this.#send(judged, CALL);
  }

  /** Record, then release: nothing that can become durable by this message goes before its intent is. */
  #send(act: Act, kind: typeof QUERY | typeof CALL): Disposition {
    const core = this.#core;
    const commits = act.facts.commits || (!act.readOnly && (core.status === IDLE || act.facts.control));
    if (commits || act.facts.sealBefore) {
      core.write(act);
      if (!core.sealed()) {
        if (!core.sealFailed) return HOLD;
        return this.#refuse(withdraw(core, act, recordUnavailable()));
      }
    }
    core.sent(act);
    core.expect.push({ kind, audience: "client", act, batch: core.batch });
    if (act.facts.copyIn) core.copyAwaited = true;
    if (kind === QUERY) core.dropUnnamed();
    core.batch += 1;
    core.batchSent = false;
    core.batchRan = false;
    core.batchHeld = false;
    core.flushed = true;
    return FORWARD;
  }
}
