/**
 * The client's messages of the extended query protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync.
 * It does not judge texts itself and does not read parameter values.
 */
import { HELD_WHOLE_MAX, front } from "../codec/shapes.ts";
import type { FrameScanner } from "../codec/scanner.ts";
import { stringEnd, utf8 } from "../codec/read.ts";
import { ready } from "../codec/write.ts";
import { Act, type Refusal } from "./act.ts";
import { BinExtended } from "./bin-extended.ts";
import { FAILED, IDLE, IN_TRANSACTION, type Core } from "./core.ts";
import { allTypes, ownTypes } from "./parse-types.ts";
import { RESERVED } from "./context.ts";
import type { Judge, Judged } from "./judge.ts";
import type { Portal, Statement } from "./names.ts";
import { BIND, CLOSE, DESCRIBE, EXECUTE, PARSE } from "./queue.ts";
import type { Route } from "./route.ts";
import { readMeter, runInBatch } from "./readings.ts";
import { recordUnavailable, refuseExtended, unmeasurable, withdraw } from "./refuse.ts";
import { refusal, refusalFrame } from "./refusal.ts";
import { HeldExtended, notPrepared } from "./held-extended.ts";
import { withoutWaiting } from "./held-fit.ts";
import { DROP, FORWARD, HOLD, type Disposition } from "./disposition.ts";

/** The server cuts names to this many bytes, so that two longer ones could be one. */
const NAME_BYTES_MAX = 63;

export class Extended {
  readonly #core: Core;
  readonly #judge: Judge;
  readonly #scanner: FrameScanner;
  readonly #route: Route | undefined;
  readonly #held: HeldExtended;
  readonly #bin: BinExtended;

  constructor(core: Core, judge: Judge, scanner: FrameScanner, route: Route | undefined) {
    this.#core = core;
    this.#route = route;
    this.#judge = judge;
    this.#scanner = scanner;
    this.#bin = new BinExtended(core, judge);
    this.#held = new HeldExtended(core, judge, scanner, (statement) => this.#current(statement));
  }

  frame(type: number): Disposition {
    const core = this.#core;
    if (core.describing !== undefined && type !== front.execute && !core.skipping) {
      const refused = this.#held.undescribed();
      if (refused === HOLD || type !== front.sync) return refused;
    }
    if (type === front.sync) return this.#sync();
    if (core.skipping) return DROP;
    // In a transaction an act over its limit fails the block: what was pipelined behind it must not have run.
    if (!core.batchSent && core.status !== IDLE && core.limitedInFlight > 0 && !core.drained) return HOLD;
    switch (type) {
      case front.parse:
        return this.#parse();
      case front.bind:
        return this.#bind();
      case front.execute:
        return this.#execute();
      case front.describe:
      case front.close:
        return this.#named(type);
      case front.flush:
        this.#route?.giveUp();
        core.flushed = true;
        core.answersWanted = core.batchHeld;
        return FORWARD;
      default:
        return this.#malformed(`message type ${type} is not expected here`);
    }
  }

  #malformed(problem: string): Disposition {
    this.#core.fatal("protocol_refused", problem);
    return HOLD;
  }

  #refuse(because: Refusal): Disposition {
    if (this.#core.insideServerFrame()) return HOLD;
    return refuseExtended(this.#core, withoutWaiting(because)) ? DROP : HOLD;
  }

  /** A message of ours goes in place of the client's. */
  #instead(bytes: Buffer): Disposition {
    this.#core.toServer(bytes);
    this.#go();
    return DROP;
  }

  #go(): Disposition {
    this.#core.batchSent = true;
    this.#core.flushed = false;
    return FORWARD;
  }

  #parse(): Disposition {
    const core = this.#core;
    const { buffer, from, to, size } = this.#scanner;
    if (size > HELD_WHOLE_MAX)
      return this.#refuse(
        refusal("too_large", `a statement of ${size} bytes is longer than can be judged`, "send it in smaller parts, or use COPY"),
      );
    const nameEnd = stringEnd(buffer, from + 5, to);
    const textEnd = nameEnd < 0 ? -1 : stringEnd(buffer, nameEnd + 1, to);
    if (textEnd < 0 || to - textEnd < 3 || to !== textEnd + 3 + 4 * buffer.readUInt16BE(textEnd + 1))
      return this.#malformed("a Parse message that its fields do not fill");
    const name = buffer.toString("utf8", from + 5, nameEnd);
    if (nameEnd - from - 5 > NAME_BYTES_MAX || name.startsWith(RESERVED)) return this.#refuse(nameRefused(name));
    const text = utf8(buffer, nameEnd + 1, textEnd);
    if (text === undefined) return this.#refuse(refusal("not_parsed", "the text is not valid UTF-8"));
    if (core.names.full) return this.#refuse(refusal("too_large", "too many prepared statements in one session", "close some"));
    const parameterTypes = ownTypes(buffer, textEnd + 3, to);
    const judged = this.#judge.text(text, "prepare", parameterTypes);
    if (judged === undefined) return HOLD;
    if (!(judged instanceof Act)) {
      if (judged.held !== undefined) return this.#held.parse(name, judged.held, parameterTypes, allTypes(buffer, textEnd + 3, to));
      // A Parse that the server refuses drops the unnamed statement.
      const done = this.#refuse(judged);
      if (done === DROP && name === "") core.dropUnnamed();
      return done;
    }
    this.#route?.parse(name, judged, size);
    const binned = judged.limits.bins ? { types: allTypes(buffer, textEnd + 3, to) } : undefined;
    const made: Statement = {
      text,
      ...(binned === undefined ? {} : { binned }),
      ...(this.#route === undefined ? {} : { replicable: judged.facts.replicable, frame: Buffer.from(buffer.subarray(from, to)) }),
      ...(parameterTypes === undefined ? {} : { parameterTypes }),
      batch: core.batch,
      serial: ++core.serial,
      known: false,
      context: judged.context,
      judged,
      dead: false,
    };
    const before = core.names.statements.get(name);
    judged.kept = true;
    core.forget(before);
    core.names.statements.set(name, made);
    this.#route?.made(name, made);
    core.expect.push({ kind: PARSE, audience: "client", change: { space: "statement", name, before, made } });
    return binned === undefined ? this.#go() : this.#instead(this.#bin.parse(name));
  }

  #bind(): Disposition {
    const core = this.#core;
    const { buffer, from, to } = this.#scanner;
    const portalEnd = stringEnd(buffer, from + 5, to);
    const nameEnd = portalEnd < 0 ? -1 : stringEnd(buffer, portalEnd + 1, to);
    if (nameEnd < 0) return this.#malformed("a Bind message whose names do not end");
    const portalName = buffer.toString("utf8", from + 5, portalEnd);
    const name = buffer.toString("utf8", portalEnd + 1, nameEnd);
    if (portalEnd - from - 5 > NAME_BYTES_MAX || portalName.startsWith(RESERVED)) return this.#refuse(nameRefused(portalName));
    const statement = core.names.statements.get(name);
    if (statement === undefined || (!statement.known && statement.batch !== core.batch)) {
      if (!core.drained) {
        core.flush();
        return HOLD;
      }
      if (statement === undefined) {
        const what = name === "" ? "unnamed prepared statement does not exist" : `prepared statement "${name}" does not exist`;
        return this.#refuse(refusal("protocol_refused", what, undefined, "26000"));
      }
    }
    const judged = this.#current(statement);
    if (judged === undefined) return HOLD;
    if (judged !== true) return this.#refuse(judged);
    if (statement.held !== undefined) return this.#held.bind(portalName, statement, nameEnd + 1);
    this.#route?.bind(name, statement, this.#scanner.size);
    const act = statement.binned === undefined ? null : this.#bin.act(statement, buffer.subarray(nameEnd + 1, to));
    if (act === undefined) return HOLD;
    if (act !== null && !(act instanceof Act)) return this.#refuse(act);
    const made: Portal = { statement, batch: core.batch, act: act ?? undefined, dead: false };
    const before = core.names.portal(portalName);
    core.names.portals.set(portalName, made);
    core.expect.push({ kind: BIND, audience: "client", change: { space: "portal", name: portalName, before, made } });
    if (act === null) return this.#go();
    core.bin.bound(act, core.batch);
    return this.#instead(this.#bin.bind(portalName, name, act));
  }

  /** True when the statement was judged under the context of now; judges it again when not. */
  #current(statement: Statement): true | Refusal | undefined {
    const context = this.#judge.contextOf(statement.text);
    if (context === undefined) return undefined;
    if ("reason" in context) return context;
    const { held } = statement;
    if (context === statement.context && (held ?? statement.judged)?.admission.current?.() !== false) return true;
    const judged = this.#judge.text(statement.text, "prepare", statement.parameterTypes);
    if (judged === undefined) return undefined;
    // What is held stands at the server under no name, and what is not does: a change between them takes another Parse.
    if (judged instanceof Act ? held !== undefined : judged.held !== undefined && held === undefined) return notPrepared();
    if (!(judged instanceof Act)) {
      if (judged.held === undefined || held === undefined) return judged;
      const { admission, context: judgedIn } = judged.held;
      statement.held = { ...held, admission, fresh: true };
      statement.context = judgedIn;
      return true;
    }
    if (judged.limits.bins !== (statement.binned !== undefined)) return notPrepared();
    this.#core.forget(statement);
    judged.kept = true;
    statement.judged = judged;
    statement.context = judged.context;
    statement.replicable = judged.facts.replicable;
    return true;
  }

  #execute(): Disposition {
    const core = this.#core;
    const { buffer, from, to } = this.#scanner;
    const end = stringEnd(buffer, from + 5, to);
    if (end < 0 || to !== end + 5) return this.#malformed("an Execute message that its fields do not fill");
    const name = buffer.toString("utf8", from + 5, end);
    const portal = core.names.portal(name);
    if (portal === undefined || portal.batch !== core.batch) {
      if (!core.drained) {
        core.flush();
        return HOLD;
      }
      if (portal === undefined) return this.#refuse(refusal("protocol_refused", `portal "${name}" does not exist`, undefined, "34000"));
    }
    if (core.describing !== undefined && core.describing !== portal) return this.#held.undescribed();
    if (portal.held !== undefined) return this.#held.execute(portal, portal.held, name);
    const executable = this.#bin.executable(portal);
    if (executable !== true) return executable === undefined ? HOLD : this.#refuse(executable);
    const judged = portal.act ?? this.#take(portal.statement);
    if (judged === undefined) return HOLD;
    if (!(judged instanceof Act)) return this.#refuse(judged);
    return this.#send(portal, judged);
  }

  #take(statement: Statement): Judged | undefined {
    const current = this.#current(statement);
    if (current !== true) return current;
    return statement.judged ?? this.#judge.text(statement.text, "prepare", statement.parameterTypes);
  }

  #send(portal: Portal, act: Act): Disposition {
    const core = this.#core;
    this.#route?.execute(act, this.#scanner.size);
    // Limits of what stands before must be known before it can become durable.
    if (act.facts.control && core.limitedInFlight > 0 && !core.drained) {
      core.flush();
      return HOLD;
    }
    const problem = unmeasurable(core, act) ?? (core.batchWrapped && act.facts.control ? wrapped() : undefined);
    if (problem !== undefined) {
      portal.statement.judged = undefined;
      return this.#refuse(withdraw(core, act, problem));
    }
    const reads = act.facts.commits && core.meter.owed;
    const wraps = act.metered && act.facts.procedural && !core.batchControl && !core.batchWrapped;
    // Only when all that runs is answered it is known whether a block is open, and whether it has failed.
    const awaits = wraps ? !core.drained : (reads || (act.facts.ends && core.meter.owed)) && core.expect.running > 0;
    if (awaits) {
      core.flush();
      return HOLD;
    }
    if (act.facts.commits || act.facts.sealBefore) {
      core.write(act);
      if (!core.sealed()) {
        if (!core.sealFailed) return HOLD;
        portal.statement.judged = undefined;
        return this.#refuse(withdraw(core, act, recordUnavailable()));
      }
    }
    if (portal.statement.judged === act) portal.statement.judged = undefined;
    portal.act = act;
    if (act.binned !== undefined) core.bin.sent(act);
    if (reads && core.status !== FAILED) readMeter(core, true);
    if (wraps && core.status === IDLE) {
      // A procedure that stands in a block cannot commit behind our back.
      core.batchWrapped = true;
      runInBatch(core, "BEGIN");
    }
    if (act.facts.calls && this.#scanner.buffer.readInt32BE(this.#scanner.to - 4) !== 0) core.context.delay();
    core.sent(act);
    core.batchRan = true;
    if (act.mustBeHeld) core.batchHeld = true;
    if (act.facts.control) core.batchControl = true;
    // The record becomes durable while the server works.
    if (!act.readOnly && core.status === IDLE) core.sealed();
    if (act.facts.copyIn) core.copyAwaited = true;
    core.expect.push({ kind: EXECUTE, audience: "client", act, portal });
    return this.#go();
  }

  #named(type: number): Disposition {
    const core = this.#core;
    const { buffer, from, to } = this.#scanner;
    const space = buffer[from + 5];
    if ((space !== 0x53 && space !== 0x50) || stringEnd(buffer, from + 6, to) !== to - 1)
      return this.#malformed("a Describe or Close message that its fields do not fill");
    const named = core.parts.held === undefined ? undefined : this.#heldNamed(space, type);
    if (named !== undefined) return named;
    if (type === front.describe) {
      if (this.#route !== undefined && space === 0x53) this.#described(this.#route);
      const binned = space === 0x53 ? core.names.statements.get(buffer.toString("utf8", from + 6, to - 1))?.binned : undefined;
      core.expect.push({ kind: DESCRIBE, audience: "client", ...(binned === undefined ? {} : { parameters: binned.types }) });
      return this.#go();
    }
    this.#route?.giveUp();
    const name = buffer.toString("utf8", from + 6, to - 1);
    if (space === 0x53) {
      const before = core.names.statements.get(name);
      core.forget(before);
      core.names.statements.delete(name);
      core.expect.push({ kind: CLOSE, audience: "client", change: { space: "statement", name, before, made: undefined } });
    } else {
      const before = core.names.portal(name);
      core.names.portals.delete(name);
      core.expect.push({ kind: CLOSE, audience: "client", change: { space: "portal", name, before, made: undefined } });
    }
    return this.#go();
  }

  /** Of what is held: `undefined` when the message is about something else. */
  #heldNamed(space: number, type: number): Disposition | undefined {
    const { names } = this.#core;
    const { buffer, from, to } = this.#scanner;
    const name = buffer.toString("utf8", from + 6, to - 1);
    if (space === 0x50) {
      const portal = names.portal(name);
      if (portal?.held === undefined) return undefined;
      return type === front.describe ? this.#held.describe(portal) : this.#held.close(name);
    }
    const statement = names.statements.get(name);
    return statement?.held === undefined || type !== front.describe
      ? undefined
      : this.#held.describeStatement(name, statement, statement.held);
  }

  #sync(): Disposition {
    const core = this.#core;
    if (core.skipping && !core.batchSent) {
      // Nothing of this batch reached the server: its state is what it was.
      if (core.insideServerFrame()) return HOLD;
      core.toClient(ready(core.status));
      core.skipping = false;
      core.batch += 1;
      return DROP;
    }
    if (!core.skipping) {
      // In a block this Sync commits nothing: a change over its limit fails the block before the next batch may go.
      const inBlock = core.status === IN_TRANSACTION && core.controlInFlight === 0;
      if (core.batchHeld && !inBlock) {
        if (core.meter.owed && !core.batchRead) {
          core.batchRead = true;
          readMeter(core, false);
        }
        if (!core.drained) {
          core.flush();
          return HOLD;
        }
      }
      if (!inBlock && !core.sealed()) {
        if (!core.sealFailed) return HOLD;
        core.forgetWithheld();
        if (core.batchSent) core.poison(refusalFrame(recordUnavailable()), false);
      } else if (core.batchWrapped) {
        runInBatch(core, "COMMIT");
      }
      core.release();
    }
    if (core.status === IDLE && !core.batchControl) core.meter.ending();
    this.#route?.sync();
    core.endBatch(null);
    return FORWARD;
  }

  /** The statement is described by the server that has it. */
  #described(route: Route): void {
    const { buffer, from, to, size } = this.#scanner;
    const name = buffer.toString("utf8", from + 6, to - 1);
    const statement = this.#core.names.statements.get(name);
    if (statement === undefined) route.unknown(name);
    else route.bind(name, statement, size);
  }
}

function wrapped(): Refusal {
  return refusal(
    "obligation_unfulfilled",
    "a block of code under a limit cannot share a batch with BEGIN, COMMIT or ROLLBACK",
    "send BEGIN first, in a batch of its own",
  );
}

function nameRefused(name: string): Refusal {
  return refusal(
    "protocol_refused",
    `the name \`${name.slice(0, 80)}\` is reserved or longer than ${NAME_BYTES_MAX} bytes`,
    "choose another name",
  );
}
