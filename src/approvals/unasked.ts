/**
 * Acts that would be held, presented while a break-glass is open for their session: measured, carried out as planned, and nobody is asked.
 * Without one the desk is asked as ever. What must not be asked about at all stays refused.
 */
import type { ActionId, ApprovalId, BreakGlassId, RandomBytes, SessionId } from "../base/ids.ts";
import type { Clock } from "../base/clock.ts";
import type { BreakGlassFact } from "../model/break-glass.ts";
import type { Plan } from "../model/plan.ts";
import { type Approvals, type HeldAct, type Measured, NotMeasurable, type Presented, type Ticket } from "../pipeline/approvals-port.ts";
import { makePlan, type PlanParts } from "./make-plan.ts";

export interface UnaskedParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** What is open for a principal at a target. */
  readonly open: (target: string, principal: string) => BreakGlassFact | undefined;
  /** Counts and records an act; what it returns is false once it is over, and `undefined` where it is already. */
  readonly use: (id: BreakGlassId, action: ActionId, session: SessionId, transaction: string | null) => (() => boolean) | undefined;
  readonly seal: () => Promise<void>;
  readonly asker: (target: string, principal: string) => Pick<PlanParts, "run" | "actsFor" | "purpose">;
  readonly toleranceRows: () => number;
  readonly warn: (message: string) => void;
}

/** It is over: nothing may be sent. */
class Over extends Error {
  override readonly name = "Over";
}

/** Nobody waits for anything with such a plan. */
const PLAN_MS = 60_000;

export function unasked(desk: Approvals, parts: UnaskedParts): Approvals {
  return {
    async present(act: HeldAct): Promise<Presented> {
      const fact = parts.open(act.target.name, act.session.principal.name);
      const measured = fact === undefined ? undefined : await measure(act);
      if (fact === undefined || measured === undefined) return desk.present(act);
      const asker = parts.asker(act.target.name, act.session.principal.name);
      const plan = makePlan(act, measured, { nowMs: parts.clock.now(), lifeMs: PLAN_MS, random: parts.random, ...asker });
      return { kind: "approved", ticket: new UnaskedTicket(fact.id, plan, act, parts) };
    },
  };
}

/** `undefined`: it must not be asked about, or could not be tried; the desk says so in its own words. */
async function measure(act: HeldAct): Promise<Measured | NotMeasurable | undefined> {
  try {
    return await act.measure();
  } catch (error) {
    return error instanceof NotMeasurable && !error.refuse ? error : undefined;
  }
}

class UnaskedTicket implements Ticket {
  /** The break-glass stands in the approval's place among the rules of what is carried out. */
  readonly approval: ApprovalId;
  readonly plan: Plan;
  readonly toleranceRows: number;
  readonly #id: BreakGlassId;
  readonly #act: HeldAct;
  readonly #parts: UnaskedParts;
  #begun = false;

  constructor(id: BreakGlassId, plan: Plan, act: HeldAct, parts: UnaskedParts) {
    this.approval = id as string as ApprovalId;
    this.plan = plan;
    this.toleranceRows = parts.toleranceRows();
    this.#id = id;
    this.#act = act;
    this.#parts = parts;
  }

  /** Counted and on record, durably, before anything is sent. */
  async begin(transaction: string | null): Promise<void> {
    if (this.#begun) throw new Over("it is used once, and this was it");
    this.#begun = true;
    const { action, session } = this.#act;
    const holds = this.#parts.use(this.#id, action, session.id, transaction);
    if (holds === undefined) throw new Over("the time in which nobody was asked is over");
    await this.#parts.seal();
    if (!holds()) throw new Over("the time in which nobody was asked is over");
  }

  /** The act's own outcome is on record; what nobody saw end is told to the operator. */
  end(how: Parameters<Ticket["end"]>[0], because: string): Promise<void> {
    if (how === "unknown") this.#parts.warn(`break-glass ${this.#id}: what became of act \`${this.#act.action}\` is not known: ${because}`);
    return Promise.resolve();
  }
}
