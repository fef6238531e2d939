/**
 * A simple query that the policy holds: presented, waited for, and answered in the server's own words, or with a refusal.
 * It sends nothing upstream.
 */
import { IDLE, type Core } from "./core.ts";
import { DROP, HOLD, type Disposition } from "./disposition.ts";
import { misplaced, unfit, withoutWaiting } from "./held-fit.ts";
import { simpleAnswers } from "./held-answers.ts";
import { beginHeld } from "./held-run.ts";
import type { HeldAnswer, HeldText } from "./held.ts";
import { refuseSimple } from "./refuse.ts";
import { ready } from "../codec/write.ts";

/** In place of a Query whose text is held. Everything before it is answered. */
export function heldQuery(core: Core, held: HeldText): Disposition {
  if (core.insideServerFrame()) return HOLD;
  const { waiting } = core;
  const parts = core.parts.held;
  if (waiting === undefined) {
    const { admission, text, context } = held;
    const why = parts === undefined ? withoutWaiting({ reason: admission.reason, action: admission.id, held }) : problem(core, held);
    if (why !== undefined || parts === undefined) {
      refuseSimple(core, why ?? { reason: admission.reason, action: admission.id });
      return DROP;
    }
    core.waiting = beginHeld(core, parts, { held: admission, text, context, parameterTypes: undefined, message: { kind: "simple", text } });
    return HOLD;
  }
  if (waiting.answer === undefined) return HOLD;
  core.waiting = undefined;
  answerSimple(core, waiting.answer);
  return DROP;
}

function problem(core: Core, held: HeldText) {
  return misplaced(core, held, core.batchSent) ?? unfit(held);
}

function answerSimple(core: Core, answer: HeldAnswer): void {
  if (answer.kind === "refused") return refuseSimple(core, answer.refusal);
  // As the server does with every simple query.
  core.dropUnnamed();
  const frames = answer.kind === "failed" ? [answer.error] : simpleAnswers(answer.answers);
  for (const frame of frames) core.toClient(frame);
  core.toClient(ready(IDLE));
  core.batch += 1;
}
