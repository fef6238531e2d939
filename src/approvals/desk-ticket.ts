/**
 * The right to carry out one plan once: taken in store and log before anything is sent, settled after it.
 * Nothing that stands in the store is believed: answers are held against the keys of this moment, and the log says what was used.
 */
import { messageOf } from "../base/message-of.ts";
import { randomText } from "../base/ids.ts";
import type { Approval, ApprovalUse } from "../model/approval.ts";
import type { ApprovalEvent } from "../model/event.ts";
import type { Plan } from "../model/plan.ts";
import type { Ticket } from "../pipeline/approvals-port.ts";
import type { DeskRoom } from "./desk-room.ts";
import { demandOf, lacking, whoMay } from "./desk-rules.ts";

/** It is not to be had any more; nothing may be sent. */
export class NotToBeHad extends Error {
  override readonly name = "NotToBeHad";
}

/** Its answers do not carry it. */
class Unsupported extends NotToBeHad {}

type How = Extract<ApprovalEvent, { kind: "approval_settled" }>["how"];

/** What an approval becomes by how its use ended; `null` gives it back. */
const becomes = { used: "used", stale: "stale", unknown: "unknown", not_reached: null } as const;

export class DeskTicket implements Ticket {
  readonly approval: Approval["id"];
  readonly plan: Plan;
  readonly toleranceRows: number;
  readonly #room: DeskRoom;
  #state: "fresh" | "begun" | "over" = "fresh";
  #attempt = "";

  constructor(room: DeskRoom, { id, plan }: Approval) {
    this.#room = room;
    this.approval = id;
    this.plan = plan;
    this.toleranceRows = room.parts.rules().toleranceRows;
  }

  async begin(transaction: string | null): Promise<void> {
    if (this.#state !== "fresh") throw new NotToBeHad(`approval \`${this.approval}\` is used once, and this was it`);
    this.#state = "over";
    const { parts, book } = this.#room;
    const attempt = randomText(16, parts.random);
    const use: ApprovalUse = { attempt, gateway: parts.gateway, atMs: parts.clock.now(), transaction };
    const running = await book
      .change(
        this.approval,
        (current) => this.#taken(current, use),
        (seen) => seen.use?.attempt === attempt,
      )
      .catch((error: unknown) => this.#refused(error));
    if (running === undefined) throw new NotToBeHad(`approval \`${this.approval}\` is gone from the store`);
    // Whoever took another one of the same plan in the meantime has it in the facts: nothing waits between here and the record.
    const spent = this.#room.facts.spent(running);
    if (spent !== undefined) throw new NotToBeHad(`approval \`${this.approval}\`: ${spent}`);
    this.#room.recordAsked(running);
    for (const answer of running.answers) this.#room.recordAnswer(running, answer);
    this.#room.record({ kind: "approval_used", approval: this.approval, planDigest: this.plan.digest, attempt, transaction });
    await parts.seal();
    this.#attempt = attempt;
    this.#state = "begun";
  }

  /** Never rejects for a store that fails: the log has it, and the next start reads it there. */
  async end(how: How, because: string): Promise<void> {
    const state = this.#state;
    this.#state = "over";
    if (state === "over") return;
    if (state === "fresh") {
      if (how === "stale") await this.#room.close(this.approval, ["approved"], "stale", because);
      return;
    }
    await settleUse(this.#room, this.approval, this.#attempt, how, because);
  }

  #taken(current: Approval, use: ApprovalUse): Approval {
    const problem = unusable(this.#room, current, this.plan);
    if (problem !== undefined) throw new NotToBeHad(`approval \`${this.approval}\` is not to be used: ${problem}`);
    const lacks = unsupported(this.#room, current);
    if (lacks !== undefined) throw new Unsupported(`approval \`${this.approval}\` is not to be used: ${lacks}`);
    return { ...current, state: "running", use };
  }

  /** What does not hold now will not hold later: it is closed, so that the next try is a question of its own. */
  async #refused(error: unknown): Promise<never> {
    if (error instanceof Unsupported)
      await this.#room
        .close(this.approval, ["approved"], "stale", error.message)
        .catch((failure: unknown) => this.#room.parts.warn(messageOf(failure)));
    throw error;
  }
}

/** Records what became of a use, and sets the approval to it, where the attempt is still the one that is running. */
export async function settleUse(room: DeskRoom, id: Approval["id"], attempt: string, how: How, because: string): Promise<void> {
  room.record({ kind: "approval_settled", approval: id, attempt, how, because });
  await room.parts.seal().catch((error: unknown) => room.parts.warn(messageOf(error)));
  const settled = (current: Approval): Approval | undefined => {
    if (current.use?.attempt !== attempt || (current.state !== "running" && current.state !== "unknown")) return undefined;
    const state = becomes[how];
    if (state === current.state) return undefined;
    if (state !== null) return { ...current, state, because };
    const { use: _, because: __, ...rest } = current;
    return current.state === "unknown" ? { ...current, state: "stale", because } : { ...rest, state: "approved" };
  };
  const ours = (seen: Approval): boolean => seen.state !== "running";
  await room.book.change(id, settled, ours).catch((error: unknown) => room.parts.warn(messageOf(error)));
}

/** Why it may not be used now; `undefined` where it may. Looked at again each time that somebody else changed it meanwhile. */
function unusable(room: DeskRoom, current: Approval, plan: Plan): string | undefined {
  const { parts, facts, book } = room;
  if (current.state !== "approved") return `it is ${current.state}${current.because === undefined ? "" : `: ${current.because}`}`;
  if (!book.whole(current) || current.plan.digest !== plan.digest) return "it does not hold the plan that was approved";
  const spent = facts.spent(current);
  if (spent !== undefined) return spent;
  if (room.expired(current)) return "its time is over";
  if (!room.policyHolds(current)) return "the policy has changed since it was asked";
  const { coolOffMs } = demandOf(current.plan, parts.persons(), parts.rules());
  const left = room.notBeforeMs(current, coolOffMs) - parts.clock.now();
  return left > 0 ? `it waits for another ${Math.ceil(left / 1000)} s` : undefined;
}

function unsupported(room: DeskRoom, current: Approval): string | undefined {
  const { parts } = room;
  const rules = parts.rules();
  return lacking(current, demandOf(current.plan, parts.persons(), rules), rules) ?? unproven(room, current);
}

function unproven({ parts }: DeskRoom, current: Approval): string | undefined {
  const may = new Set(whoMay(current.plan, parts.persons(), parts.rules()).map(({ name }) => name));
  for (const answer of current.answers) {
    if (!may.has(answer.person)) return `\`${answer.person}\` may not answer for it any more`;
    const problem = parts.evidenceProblem(current, answer);
    if (problem !== undefined) return `the answer of \`${answer.person}\` does not hold: ${problem}`;
  }
  return undefined;
}
