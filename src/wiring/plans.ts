/**
 * `holdfast plan` behind the control socket: a text understood, judged, tried and rolled back, and brought before persons where
 * one is needed.
 * It carries nothing out.
 */
import { setTimeout as delay } from "node:timers/promises";
import { capabilities } from "../adapters/postgres/session/facts.ts";
import { makePlan } from "../approvals/make-plan.ts";
import { textDigest, asTold } from "../approvals/plan-file.ts";
import type { AppliedView, PlannedView } from "../control/contract.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { PlanAskedBy, PlanControl, WantedPlan } from "../control/plan-port.ts";
import type { Approval } from "../model/approval.ts";
import type { Reason } from "../model/decision.ts";
import type { Principal, Session } from "../model/principal.ts";
import { type HeldAct, type Measured, NotMeasurable } from "../pipeline/approvals-port.ts";
import type { Allowed, Held } from "../pipeline/guard.ts";
import { shownAct } from "../pipeline/shown-act.ts";
import { applyPlan } from "./apply-plan.ts";
import { asked, assertTriedOn, notAllowed, type PlanPlace, type PlansParts } from "./plan-parts.ts";
import { actionFor, contextOf, executorAct, type Ground, groundOf, preconditionsOf, sessionFor } from "./planned-act.ts";
import { plannedText } from "./planned-text.ts";

/** Trials at a time: each is a connection at the server, and a transaction that holds locks. */
const PLANS_AT_ONCE_MAX = 4;

export class Plans implements PlanControl {
  readonly #parts: PlansParts;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(parts: PlansParts) {
    this.#parts = parts;
  }

  plan(wanted: WantedPlan, by: PlanAskedBy): Promise<PlannedView> {
    return this.#oneOfFew(() => this.#plan(wanted, by));
  }

  apply(file: unknown, by: PlanAskedBy): Promise<AppliedView> {
    return this.#oneOfFew(() => applyPlan(this.#parts, file, by));
  }

  /** Takes no more, and waits for what is under way, but no longer than this. */
  async close(msMax: number): Promise<void> {
    this.#closed = true;
    const late = new AbortController();
    await Promise.race([Promise.allSettled(this.#running), delay(msMax, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
  }

  async #oneOfFew<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ControlRefusal("unavailable", "Holdfast stops");
    if (this.#running.size >= PLANS_AT_ONCE_MAX)
      throw new ControlRefusal("too_many", "too many plans are under way", "try again in a moment");
    const running = act();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #plan(wanted: WantedPlan, by: PlanAskedBy): Promise<PlannedView> {
    const { guard, clock, random, analyser } = this.#parts;
    const { principal, place } = this.#asker(wanted, by);
    assertTriedOn(wanted.on, place);
    const { target, role, agentRole, catalogue } = place;
    const readsAs = by.kind === "person" ? undefined : agentRole;
    const ground = groundOf(wanted.searchPath, wanted.timeZone);
    const context = await contextOf(ground, role, catalogue);
    const { text, notes } = await plannedText(wanted.text, context, analyser);
    const session = sessionFor({ principal, target, client: "holdfast plan", nowMs: clock.now(), random });
    guard.sessionOpened(session, target, undefined);
    try {
      const action = actionFor(session, target, text, context);
      const admission = await guard.admit(action, capabilities({ asks: true, bins: true }));
      if (admission.kind === "deny") throw notAllowed(admission.reason);
      if (admission.kind === "allow") guard.settle(admission, { status: "failed", code: NOT_SENT, measured: { elapsedMs: 0 } });
      const measure = once(() => place.executor.measure(executorAct(action, ground, admission.statements, readsAs)));
      const act = this.#actOf(wanted, { session, place, ground, text, admission, measure });
      return { text, notes, ...(await this.#planned(act, admission, wanted.ask)) };
    } finally {
      guard.sessionClosed(session, "it was planned");
    }
  }

  async #planned(act: HeldAct, admission: Allowed | Held, ask: boolean): Promise<Pick<PlannedView, "decision" | "plan" | "approval">> {
    const { clock, random, lifeMs, desk, guard, link } = this.#parts;
    if (admission.kind === "allow" && !ask) {
      const measured = await act.measure().catch(notMeasured);
      if (measured instanceof NotMeasurable && measured.refuse) throw notAllowed(cannot(measured));
      // What nobody could measure takes a person, whatever the policy says of its text.
      if (!(measured instanceof NotMeasurable)) {
        const recovery = this.#parts.recovery(act.target.name);
        const own = recovery === undefined ? {} : { recovery };
        const plan = makePlan(act, measured, { nowMs: clock.now(), lifeMs: lifeMs(), random, ...own });
        return { decision: "allow", plan: asTold(plan) };
      }
    }
    const tooMany = guard.question?.(act.session, act.digest);
    if (tooMany !== undefined) throw notAllowed(tooMany);
    const found = await desk.ask(act);
    if (!isApproval(found)) throw notAllowed(found);
    return { decision: "hold", plan: asTold(found.plan), approval: asked(found, link) };
  }

  #asker({ target }: WantedPlan, by: PlanAskedBy): { readonly principal: Principal; readonly place: PlanPlace } {
    if (by.kind === "person") return { principal: { kind: "human", name: by.by.person.name }, place: this.#place(target) };
    const run = this.#parts.inside(by.session, by.token);
    if (target !== "" && target !== run.target)
      throw new ControlRefusal("not_allowed", `the session is one of target \`${run.target}\`, and not of \`${target}\``);
    const onBehalfOf = run.actsFor === "" ? {} : { onBehalfOf: [run.actsFor] };
    return { principal: { kind: run.principalKind, name: run.principal, ...onBehalfOf }, place: this.#place(run.target) };
  }

  #place(target: string): PlanPlace {
    const place = this.#parts.place(target);
    if (place !== undefined) return place;
    if (target === "") throw new ControlRefusal("bad_request", "there are several targets, and none is named", "give --target NAME");
    throw new ControlRefusal("not_found", `no target is named \`${target}\``);
  }

  #actOf({ purpose }: WantedPlan, { session, place, ground, text, admission, measure }: Planning): HeldAct {
    const { target, catalogue } = place;
    const { id, statements } = admission;
    const effects = statements.flatMap((statement) => statement.effects);
    const judged = admission.kind === "hold" ? admission : this.#asHeld(target.name, session);
    return {
      action: id,
      session,
      target,
      digest: textDigest(text),
      shown: shownAct(text),
      purpose,
      parts: statements.length,
      reason: judged.reason,
      rules: judged.rules,
      policyDigest: judged.policyDigest,
      effects,
      preconditions: preconditionsOf(ground, catalogue),
      measure,
      gone: new AbortController().signal,
    };
  }

  /** Permitted by the policy, and brought before a person all the same. */
  #asHeld(target: string, session: Session): Pick<Held, "reason" | "rules" | "policyDigest"> {
    const policyDigest = this.#parts.policyDigest(target, session.principal.name) ?? "";
    return { reason: { code: "approval_required", message: "a person was asked for" }, rules: [], policyDigest };
  }
}

interface Planning {
  readonly session: Session;
  readonly place: PlanPlace;
  readonly ground: Ground;
  readonly text: string;
  readonly admission: Allowed | Held;
  readonly measure: () => Promise<Measured>;
}

/** As the server answers for a statement that was cancelled. */
const NOT_SENT = "57014";

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => (begun ??= act());
}

function notMeasured(error: unknown): NotMeasurable {
  if (error instanceof NotMeasurable) return error;
  throw error;
}

function cannot({ message }: NotMeasurable): Reason {
  return { code: "not_permitted", message: `it cannot be planned: ${message}` };
}

function isApproval(found: Approval | Reason): found is Approval {
  return "plan" in found;
}
