/**
 * A held act from its hold to the client's answer: brought before persons, and carried out once when they agree.
 * It knows no messages of the client, and nothing of it waits inside the server.
 */
import { digestOf } from "../../../base/canonical.ts";
import { actionId } from "../../../base/ids.ts";
import type { Action, SqlContext } from "../../../model/action.ts";
import type { Outcome } from "../../../model/outcome.ts";
import { tableCounts } from "../../../model/plan.ts";
import type { Ticket } from "../../../pipeline/approvals-port.ts";
import type { Admission, Allowed, Held } from "../../../pipeline/guard.ts";
import type { Executed, ExecutorAct } from "../executor/port.ts";
import type { Refusal } from "./act.ts";
import type { Core } from "./core.ts";
import { asking } from "./facts.ts";
import { actDigest, executorAct, heldAct, preconditions } from "./held-act.ts";
import { figuresOf } from "./held-answers.ts";
import { type HeldAnswer, type HeldAsk, type HeldParts, HeldWait, withdrawn } from "./held.ts";
import { overBudget, readTooMuch } from "./held-budget.ts";
import { refusal } from "./refusal.ts";

/** An act whose data keep changing is planned anew so often while its client waits. */
const ROUNDS_MAX = 3;
const GONE: Refusal = refusal("approval_required", "whoever asked has gone", undefined, "57014");

/** Begins. The session is resumed when `answer` is there. */
export function beginHeld(core: Core, parts: HeldParts, ask: HeldAsk): HeldWait {
  const wait = new HeldWait();
  const answered = (answer: HeldAnswer): void => {
    wait.answer ??= answer;
    core.parts.changed();
  };
  wait.over = new Carrying(core, parts, ask, wait).answer().then(answered, () => answered(failed("its answer could not be had")));
  return wait;
}

type Step = HeldAnswer | { readonly kind: "again"; readonly held: Held };

class Carrying {
  readonly #core: Core;
  readonly #parts: HeldParts;
  readonly #ask: HeldAsk;
  readonly #wait: HeldWait;
  #context: SqlContext;

  constructor(core: Core, parts: HeldParts, ask: HeldAsk, wait: HeldWait) {
    this.#core = core;
    this.#parts = parts;
    this.#ask = ask;
    this.#wait = wait;
    this.#context = ask.context;
  }

  async answer(): Promise<HeldAnswer> {
    let { held } = this.#ask;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const judged = await this.#newest(held);
      if (!isHeld(judged)) return refused(judged);
      const step = await this.#present(judged);
      if (step.kind !== "again") return step;
      held = step.held;
    }
    const again = refusal("approval_required", "the data keep changing between plan and execution", "send it again when they have settled");
    return refused({ ...again, action: held.id });
  }

  /** The hold under the policy of now and the catalogue as the server has it this moment, and not as it was seen a little before. */
  async #newest(held: Held): Promise<Held | Refusal> {
    try {
      await this.#core.parts.catalogue.refresh();
    } catch {
      return { ...refusal("analysis_unavailable", "the catalogue could not be read", "try again"), action: held.id };
    }
    const { current } = this.#core.context;
    if (current.catalogueVersion === this.#context.catalogueVersion && held.current()) return held;
    this.#context = current;
    return heldOr(await this.#core.parts.guard.admit(this.#action(), asking));
  }

  async #present(held: Held): Promise<Step> {
    const { approvals, executor } = this.#parts;
    const { guard, session } = this.#core.parts;
    const spent = guard.question?.(session, actDigest(this.#ask.message));
    if (spent !== undefined) return refused({ reason: spent, action: held.id });
    const act = executorAct(this.#core, this.#ask, held, this.#context);
    const asked = heldAct(this.#core, this.#ask, held, this.#context, this.#wait.gone);
    const presented = await approvals.present({ ...asked, measure: () => executor.measure(act) });
    if (presented.kind !== "approved") return refused({ reason: presented.reason, action: held.id });
    const { ticket } = presented;
    // Whoever asked has gone: it never runs later, and the answer stays for who asks again.
    if (this.#wait.ended) return await this.#unused(ticket, "whoever asked has gone");
    this.#wait.running = true;
    try {
      const now = await this.#newest(held);
      if (!isHeld(now)) {
        await this.#unused(ticket, now.reason.message);
        return refused(now);
      }
      if (digestOf(preconditions(this.#core, this.#context)) !== digestOf(asked.preconditions)) {
        await ticket.end("stale", "what its names mean has changed since it was planned").catch(() => undefined);
        return { kind: "again", held: now };
      }
      return await this.#carryOut(executorAct(this.#core, this.#ask, now, this.#context), ticket);
    } finally {
      this.#wait.running = false;
      guard.sessionIdle?.(session);
    }
  }

  async #carryOut(act: ExecutorAct, ticket: Ticket): Promise<Step> {
    const { guard } = this.#core.parts;
    const approved = { approval: ticket.approval, policyDigest: ticket.plan.policy.digest };
    const admission = await guard.admitApproved?.(this.#action(), asking, approved);
    if (admission?.kind !== "allow") {
      await this.#unused(ticket, admission?.reason.message ?? "the guard admits nothing that was approved");
      if (admission?.kind === "hold") return { kind: "again", held: admission };
      return admission === undefined ? failed("it cannot be admitted") : refused({ reason: admission.reason, action: admission.id });
    }
    const over = this.#wait.ended ? GONE : overBudget(admission, ticket);
    if (over !== undefined) {
      this.#settle(admission, { status: "failed", code: over.sqlstate ?? "53400", measured: { elapsedMs: 0 } });
      await this.#unused(ticket, over.reason.message);
      return refused({ ...over, action: admission.id });
    }
    return this.#execute(act, ticket, admission);
  }

  async #execute(act: ExecutorAct, ticket: Ticket, admission: Allowed): Promise<Step> {
    const { measured, target } = ticket.plan;
    const expected = { measured, toleranceRows: ticket.toleranceRows, identity: target.identity };
    let refusedToBegin = false;
    const executed = await this.#parts.executor.run({ ...act, action: admission.id }, expected, async (transaction) => {
      // Record, then release: the act's intent and the approval's use are durable before anything is sent.
      await this.#core.parts.guard.seal();
      refusedToBegin = true;
      await ticket.begin(transaction);
      refusedToBegin = false;
    });
    const step = this.#done(executed, admission, refusedToBegin);
    // What refused to begin has no end. One that cannot be written is settled at the next start.
    const because = "because" in executed ? executed.because : "";
    if (!refusedToBegin) await ticket.end(endOf(executed), because).catch(() => undefined);
    if (step !== undefined) return step;
    const again = heldOr(await this.#core.parts.guard.admit(this.#action(), asking));
    return isHeld(again) ? { kind: "again", held: again } : refused(again);
  }

  /** Records what became of it. `undefined`: it did other than planned, was rolled back, and is to be planned anew. */
  #done(executed: Executed, admission: Allowed, refusedToBegin: boolean): HeldAnswer | undefined {
    const action = admission.id;
    switch (executed.kind) {
      case "done": {
        const { rowsChanged, ...returned } = figuresOf(executed.answers);
        const tables = executed.measured === null ? {} : { tables: tableCounts(executed.measured.measurement) };
        const rows = rowsChanged === undefined ? {} : { rowsChanged };
        this.#settle(admission, { status: "succeeded", measured: { ...rows, ...returned, elapsedMs: executed.elapsedMs, ...tables } });
        this.#took(admission);
        return readTooMuch(executed.answers, admission) ?? { kind: "done", answers: executed.answers };
      }
      case "stale":
        this.#settle(admission, { status: "failed", code: "40001", measured: { elapsedMs: 0 } });
        return undefined;
      case "failed":
        this.#settle(admission, { status: "failed", code: executed.sqlstate, measured: { elapsedMs: 0 } });
        // What cannot run in a transaction may have done a part of it.
        if (admission.statements.some(({ immediate }) => immediate)) this.#took(admission);
        return { kind: "failed", error: executed.error };
      case "not_reached": {
        this.#settle(admission, { status: "failed", code: "58000", measured: { elapsedMs: 0 } });
        if (refusedToBegin)
          return refused({ ...refusal("approval_lapsed", executed.because, "send it again: a person is then asked anew"), action });
        const because = `the approved act was not carried out: ${executed.because}`;
        return refused({ ...refusal("executor_unavailable", because, "send it again: the approval is not used up"), action });
      }
      case "unknown": {
        this.#settle(admission, { status: "unknown", because: executed.because });
        this.#took(admission);
        const because = `whether the approved act took effect is not known: ${executed.because}`;
        return refused({ ...refusal("outcome_unknown", because, "look at the data before sending it again"), action });
      }
    }
  }

  /** It has changed something behind the session's back. */
  #took({ statements }: Allowed): void {
    const { context, routing } = this.#core;
    routing?.changed();
    if (statements.some(({ changesContext }) => changesContext)) context.dirty = true;
    if (!statements.some(({ definesObjects }) => definesObjects)) return;
    context.unclear();
    context.tell();
  }

  #settle(admission: Allowed, outcome: Outcome): void {
    this.#core.parts.guard.settle(admission, outcome);
  }

  async #unused(ticket: Ticket, because: string): Promise<HeldAnswer> {
    await ticket.end("not_reached", because).catch(() => undefined);
    return withdrawn;
  }

  #action(): Action {
    const core = this.#core;
    const { session, target } = core.parts;
    const { text, message, parameterTypes } = this.#ask;
    core.actions += 1;
    const door = message.kind === "simple" ? "simple" : "prepare";
    const types = parameterTypes === undefined ? {} : { parameterTypes };
    const payload = { kind: "sql" as const, text, door, context: this.#context, ...types } as const;
    return { id: actionId(session.id, core.actions), session, target, payload };
  }
}

function isHeld(judged: Held | Refusal): judged is Held {
  return "kind" in judged;
}

/** Judged again: still held, or a reason why it is not brought before anybody now. */
function heldOr(admission: Admission): Held | Refusal {
  if (admission.kind === "hold") return admission;
  if (admission.kind === "deny") return { reason: admission.reason, action: admission.id };
  return { ...refusal("approval_lapsed", "it is permitted by now", "send it again"), action: admission.id };
}

function endOf({ kind }: Executed): "used" | "stale" | "unknown" | "not_reached" {
  switch (kind) {
    case "done":
      return "used";
    case "stale":
    case "failed":
      return "stale";
    case "unknown":
    case "not_reached":
      return kind;
  }
}

function refused(because: Refusal): HeldAnswer {
  return { kind: "refused", refusal: because };
}

function failed(because: string): HeldAnswer {
  return refused(refusal("internal", `a defect of Holdfast kept this from being carried out: ${because}`));
}
