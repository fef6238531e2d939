/**
 * Statements and portals of the extended protocol that the policy holds: prepared and described by the server, bound and run nowhere but
 * where persons agreed to it.
 * Only Parse and Describe of the statement reach the session's server, and never under the statement's name.
 */
import { HELD_WHOLE_MAX } from "../codec/shapes.ts";
import { bindValues } from "../codec/read.ts";
import type { FrameScanner } from "../codec/scanner.ts";
import { BIND_COMPLETE, CLOSE_COMPLETE, describeStatement, parse, SYNC as SYNC_FRAME } from "../codec/write.ts";
import { Act, type Refusal } from "./act.ts";
import type { Core } from "./core.ts";
import { DROP, HOLD, REST, type Disposition } from "./disposition.ts";
import { description, portalAnswers, takeRows } from "./held-answers.ts";
import { misplaced, unfit } from "./held-fit.ts";
import { beginHeld } from "./held-run.ts";
import type { HeldAnswer, HeldPortal, HeldStatement, HeldText } from "./held.ts";
import type { Judge } from "./judge.ts";
import type { Portal, Statement } from "./names.ts";
import { DESCRIBE, PARSE, SYNC } from "./queue.ts";
import { refuseExtended } from "./refuse.ts";
import { refusal } from "./refusal.ts";

/** True when the statement may be gone on with; otherwise why not, or `undefined` while it is being found out. */
type Current = true | Refusal | undefined;

export class HeldExtended {
  readonly #core: Core;
  readonly #judge: Judge;
  readonly #scanner: FrameScanner;
  readonly #current: (statement: Statement) => Current;

  constructor(core: Core, judge: Judge, scanner: FrameScanner, current: (statement: Statement) => Current) {
    this.#core = core;
    this.#judge = judge;
    this.#scanner = scanner;
    this.#current = current;
  }

  #refuse(because: Refusal): Disposition {
    if (this.#core.insideServerFrame()) return HOLD;
    this.#core.describing = undefined;
    return refuseExtended(this.#core, because) ? DROP : HOLD;
  }

  /** In place of a Parse: the server gets it without its name. */
  parse(name: string, held: HeldText, parameterTypes: readonly number[] | undefined, types: readonly number[]): Disposition {
    const core = this.#core;
    const problem = unfit(held);
    if (problem !== undefined) return this.#refuse(problem);
    const before = core.names.statements.get(name);
    if (name !== "" && before !== undefined)
      return this.#refuse(refusal("protocol_refused", `prepared statement "${name}" already exists`, undefined, "42P05"));
    const { admission, context, text } = held;
    const made: Statement = {
      text,
      ...(parameterTypes === undefined ? {} : { parameterTypes }),
      batch: core.batch,
      serial: ++core.serial,
      known: false,
      context,
      judged: undefined,
      dead: false,
      held: { admission, types, fresh: true },
    };
    core.dropUnnamed();
    core.names.statements.set(name, made);
    core.routing?.giveUp();
    core.toServer(parse("", text, types));
    core.expect.push({ kind: PARSE, audience: "client", change: { space: "statement", name, before, made } });
    core.batchSent = true;
    core.flushed = false;
    return DROP;
  }

  /** Describe of the statement: what the server has under no name may be another's by now. */
  describeStatement(name: string, { text }: Statement, { types }: HeldStatement): Disposition {
    const core = this.#core;
    core.routing?.giveUp();
    if (name !== "") {
      core.dropUnnamed();
      core.toServer(parse("", text, types));
      core.expect.push({ kind: PARSE, audience: "again" });
    }
    core.toServer(describeStatement(""));
    core.expect.push({ kind: DESCRIBE, audience: "client" });
    core.batchSent = true;
    core.flushed = false;
    return DROP;
  }

  /** In place of a Bind; what stands behind its names begins at `valuesAt`. */
  bind(name: string, statement: Statement, valuesAt: number): Disposition {
    const core = this.#core;
    const { buffer, from, to, size } = this.#scanner;
    if (size > HELD_WHOLE_MAX)
      return this.#refuse(
        refusal("too_large", `values of ${size} bytes are more than a person can be asked about`, "send it in smaller parts"),
      );
    if (to - from < size) return REST;
    if (!this.#answered()) return HOLD;
    const bind = Buffer.from(buffer.subarray(valuesAt, to));
    if (bindValues(bind) === undefined) {
      core.fatal("protocol_refused", "a Bind message that its fields do not fill");
      return HOLD;
    }
    if (name !== "" && core.names.portal(name) !== undefined)
      return this.#refuse(refusal("protocol_refused", `portal "${name}" already exists`, undefined, "42P03"));
    const held: HeldPortal = { bind, rest: undefined };
    core.names.portals.set(name, { statement, batch: core.batch, act: undefined, dead: false, held });
    core.toClient(BIND_COMPLETE);
    return DROP;
  }

  /** Describe of the portal: told together with its Execute, which must be next. */
  describe(portal: Portal): Disposition {
    this.#core.describing = portal;
    return DROP;
  }

  /** Something else than its Execute came behind Describe of a held portal. */
  undescribed(): Disposition {
    const because = "it needs a person's approval, and its portal can be described only together with Execute";
    return this.#refuse(refusal("approval_alone", because, "describe the statement, or send Execute behind Describe in one batch"));
  }

  close(name: string): Disposition {
    if (!this.#answered()) return HOLD;
    this.#core.names.portals.delete(name);
    this.#core.toClient(CLOSE_COMPLETE);
    return DROP;
  }

  execute(portal: Portal, held: HeldPortal, name: string): Disposition {
    const core = this.#core;
    if (!this.#answered()) return HOLD;
    if (held.rest !== undefined) return this.#rest(held.rest, name);
    const { waiting } = core;
    if (waiting === undefined) return this.#begin(portal, held);
    if (waiting.answer === undefined) return HOLD;
    core.waiting = undefined;
    return this.#answer(held, waiting.answer);
  }

  /** Everything that was sent is answered, to its last byte: what we answer comes behind it. */
  #answered(): boolean {
    const core = this.#core;
    if (core.drained) return !core.insideServerFrame();
    core.flush();
    return false;
  }

  #begin({ statement }: Portal, { bind }: HeldPortal): Disposition {
    const core = this.#core;
    const parts = core.parts.held;
    const asked = this.#heldNow(statement);
    if (asked === undefined) return HOLD;
    if ("reason" in asked || parts === undefined) return this.#refuse("reason" in asked ? asked : notPrepared());
    const problem = misplaced(core, asked.text, core.batchRan || this.#othersOpen()) ?? unfit(asked.text);
    if (problem !== undefined) return this.#refuse(problem);
    if (core.batchSent) {
      // Parse has opened a transaction and locked what the statement names: nothing is to be locked while a person thinks.
      core.toServer(SYNC_FRAME);
      core.expect.push({ kind: SYNC, audience: "nobody" });
      core.batchSent = false;
      core.flushed = true;
      return HOLD;
    }
    const { held } = statement;
    if (held !== undefined) held.fresh = false;
    const { admission, text, context } = asked.text;
    core.waiting = beginHeld(core, parts, {
      held: admission,
      text,
      context,
      parameterTypes: statement.parameterTypes,
      message: { kind: "prepared", text, parameterTypes: asked.types, bind },
    });
    return HOLD;
  }

  /** The statement's hold as of now: each Execute has a judgement of its own. */
  #heldNow(statement: Statement): { readonly text: HeldText; readonly types: readonly number[] } | Refusal | undefined {
    const current = this.#current(statement);
    if (current !== true) return current;
    const { held, text, context } = statement;
    if (held === undefined) return notPrepared();
    const { types } = held;
    if (held.fresh) return { text: { admission: held.admission, text, context }, types };
    const judged = this.#judge.text(text, "prepare", statement.parameterTypes);
    if (judged === undefined) return undefined;
    if (judged instanceof Act) return notPrepared();
    return judged.held === undefined ? judged : { text: judged.held, types };
  }

  /** Portals of this batch that the server has would be lost with its transaction. */
  #othersOpen(): boolean {
    const { names, batch } = this.#core;
    for (const portal of names.portals.values()) if (portal.batch === batch && portal.held === undefined && !portal.dead) return true;
    return false;
  }

  #answer(held: HeldPortal, answer: HeldAnswer): Disposition {
    const core = this.#core;
    const described = core.describing !== undefined;
    core.describing = undefined;
    if (answer.kind === "refused") return this.#refuse(answer.refusal);
    if (answer.kind === "failed") {
      core.toClient(answer.error);
      core.skipping = true;
      return DROP;
    }
    if (described) core.toClient(description(answer.answers));
    const rest = portalAnswers(answer.answers);
    held.rest = rest;
    this.#tell(rest);
    return DROP;
  }

  /** An Execute of a portal that was carried out: the rows that are left. */
  #rest(rest: Buffer[], name: string): Disposition {
    if (rest.length === 0 || this.#core.describing !== undefined)
      return this.#refuse(refusal("protocol_refused", `portal "${name}" cannot be run`, undefined, "55000"));
    this.#tell(rest);
    return DROP;
  }

  #tell(rest: Buffer[]): void {
    const { buffer, to } = this.#scanner;
    for (const frame of takeRows(rest, buffer.readInt32BE(to - 4))) this.#core.toClient(frame);
  }
}

/** The policy has changed its mind about a statement that the server has, or has not. */
export function notPrepared(): Refusal {
  // Drivers that keep statements prepare them again when they read this code.
  return refusal("approval_lapsed", "the policy has changed since the statement was prepared: prepare it again", undefined, "26000");
}
