/**
 * Takes a person's answer: who, to what, with which proof, in time; and what becomes of the approval by it.
 * It uses nothing: what is approved here is looked at once more when it is used.
 */
import { canonicalJson } from "../base/canonical.ts";
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import { type AnsweredBy, AnswerRefused, type DeskParts, type GivenAnswer } from "./desk-ports.ts";
import type { DeskRoom } from "./desk-room.ts";
import { answeredBy, confirmOf, demandOf, mayNot } from "./desk-rules.ts";

/** Resolves when it is durable in store and log. Rejects with {@link AnswerRefused}. */
export async function takeAnswer(room: DeskRoom, given: GivenAnswer, by: AnsweredBy, tookMs: number | null): Promise<Approval> {
  const first = await readable(room, given.approval);
  await demandOpen(room, first);
  const { name } = by.person;
  const atMs = room.parts.clock.now();
  const { channel, evidence } = by;
  const answer: ApprovalAnswer = { person: name, answer: given.answer, atMs, channel, reason: given.reason, tookMs, evidence };
  const make = (current: Approval): Approval => {
    demandAnswerable(room, current);
    demandFitting(room.parts, current, given, by, answer);
    return withAnswer(room, current, answer);
  };
  const mine = canonicalJson(answer);
  const changed = await room.book.change(first.id, make, ({ answers }) => answers.some((each) => canonicalJson(each) === mine));
  if (changed === undefined) throw notFound(given.approval);
  room.recordAsked(changed);
  room.recordAnswer(changed, answer);
  if (changed.state === "denied")
    room.record({ kind: "approval_closed", approval: changed.id, state: "denied", because: changed.because ?? "" });
  await room.parts.seal();
  return changed;
}

async function readable(room: DeskRoom, id: string): Promise<Approval> {
  const approval = /^q_[0-9a-z]{12}$/.test(id) ? await room.book.fresh(id) : undefined;
  if (approval === undefined) throw notFound(id);
  if (!room.book.whole(approval)) throw new AnswerRefused("conflict", `approval \`${id}\` does not hold the plan that its digest names`);
  return approval;
}

function notFound(id: string): AnswerRefused {
  return new AnswerRefused("not_found", `no approval is named \`${id}\``, "see `holdfast approvals list`");
}

/** Whoever answers late closes it, so that nobody is left in doubt. */
async function demandOpen(room: DeskRoom, approval: Approval): Promise<void> {
  const open = approval.state === "pending" || approval.state === "approved";
  if (open && room.expired(approval)) await room.expire(approval.id);
  else if (open && room.policyGone(approval))
    await room.close(approval.id, ["pending", "approved"], "stale", "the policy has changed since it was asked");
}

/** A no is taken until it is used: that is what the wait after an agreement is for. */
function demandAnswerable(room: DeskRoom, current: Approval): void {
  const { id, state, because } = current;
  if (state === "pending" || state === "approved") {
    const spent = room.facts.spent(current) ?? (room.expired(current) ? "its time is over" : undefined);
    if (spent === undefined) return;
    throw new AnswerRefused("conflict", `approval \`${id}\` is over: ${spent}`);
  }
  throw new AnswerRefused("conflict", `approval \`${id}\` is ${state} already${because === undefined ? "" : `: ${because}`}`);
}

function demandFitting(parts: DeskParts, current: Approval, given: GivenAnswer, by: AnsweredBy, answer: ApprovalAnswer): void {
  const { plan } = current;
  const rules = parts.rules();
  const { name } = by.person;
  if (given.planDigest !== plan.digest)
    throw new AnswerRefused("conflict", "the answer is to another plan than the one that is asked about", "look at it again");
  const registered = parts.persons().find((person) => person.name === name);
  if (registered === undefined) throw new AnswerRefused("not_allowed", `\`${name}\` is not registered`);
  const barred = mayNot(plan, registered, given.answer === "approve" ? rules : { ...rules, solo: true });
  if (barred !== undefined) throw new AnswerRefused("not_allowed", barred);
  if (given.answer === "deny") {
    if (given.reason.trim() === "") throw new AnswerRefused("bad_request", "a denial takes a reason: the agent reads it");
  } else demandAgreement(parts, current, given, answer);
  const problem = parts.evidenceProblem(current, answer);
  if (problem !== undefined) throw new AnswerRefused("not_allowed", `the answer is not proven: ${problem}`);
}

function demandAgreement(parts: DeskParts, current: Approval, given: GivenAnswer, { evidence }: ApprovalAnswer): void {
  const { plan, state } = current;
  if (state !== "pending") throw new AnswerRefused("conflict", `approval \`${current.id}\` is approved already`);
  const confirm = confirmOf(plan);
  if (confirm !== undefined && given.confirm.trim() !== confirm.trim())
    throw new AnswerRefused("bad_request", "what was typed is not the name of what would be lost", "type it as it is shown");
  const { strength } = demandOf(plan, parts.persons(), parts.rules());
  if (evidence.kind === "login") throw new AnswerRefused("not_allowed", "an agreement takes a proof of its own");
  if (evidence.kind !== "passkey" && (strength === "passkey" || current.strength === "passkey"))
    throw new AnswerRefused("not_allowed", "it cannot be taken back, so an agreement takes a passkey", "answer it in the console");
}

function withAnswer(room: DeskRoom, current: Approval, answer: ApprovalAnswer): Approval {
  if (answeredBy(current.answers, answer.person) !== undefined && answer.answer === "approve")
    throw new AnswerRefused("conflict", `\`${answer.person}\` has answered already`);
  // Who agreed before and now says no is taken by the no.
  const answers = [...current.answers.filter(({ person }) => person !== answer.person), answer];
  if (answer.answer === "deny") return { ...current, answers, state: "denied", because: `${answer.person} said no: ${answer.reason}` };
  const demand = demandOf(current.plan, room.parts.persons(), room.parts.rules());
  const agreed = answers.filter((each) => each.answer === "approve").length;
  if (agreed < Math.max(demand.quorum, current.quorum)) return { ...current, answers };
  const notBeforeMs = demand.coolOffMs === 0 ? null : answer.atMs + demand.coolOffMs;
  return { ...current, answers, state: "approved", notBeforeMs };
}
