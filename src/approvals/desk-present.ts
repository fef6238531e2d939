/**
 * A held act presented: answered from what is known of the same act, or measured, asked about and waited for.
 * It holds no lock and no connection of its own while a person thinks.
 */
import { newApprovalId, randomText } from "../base/ids.ts";
import type { Approval } from "../model/approval.ts";
import type { Reason } from "../model/decision.ts";
import { type HeldAct, type Measured, NotMeasurable, type Presented } from "../pipeline/approvals-port.ts";
import * as reasons from "./desk-reasons.ts";
import type { AskedAgain, RefusedTo } from "./desk-refusals.ts";
import type { DeskRoom } from "./desk-room.ts";
import { demandOf, whoMay } from "./desk-rules.ts";
import { DeskTicket } from "./desk-ticket.ts";
import { Waiting } from "./desk-waiting.ts";
import { makePlan } from "./make-plan.ts";
import { actKey } from "./plan-digest.ts";

/** Questions of one principal that stand open, and of all: more are noise, and nobody answers noise. */
const OPEN_OF_ONE_MAX = 20;
const OPEN_MAX = 500;
const OPEN_CHARACTERS_MAX = 8 * 1024 * 1024;
/** A text that is longer nobody reads, and the store keeps it. */
const SHOWN_CHARACTERS_MAX = 256 * 1024;

/** Asked about, or a reason why not. */
type Asked = Approval | Reason;

export class Presenting {
  readonly #room: DeskRoom;
  readonly #waiting: Waiting;
  /** The same act that comes while it is being measured joins. */
  readonly #making = new Map<string, Promise<Asked>>();

  constructor(room: DeskRoom) {
    this.#room = room;
    this.#waiting = new Waiting(room);
  }

  close(): void {
    this.#waiting.close();
  }

  /** What stands open for the same act, or is asked now; a reason why nobody is. Waits for no answer. */
  async ask(act: HeldAct): Promise<Asked> {
    const { digest, policyDigest, preconditions, session, target } = act;
    const key = actKey({ principal: session.principal.name, target, digest, policyDigest, preconditions });
    return this.#refused(act) ?? (await this.#known(key)) ?? this.#askOnce(key, act);
  }

  async present(act: HeldAct): Promise<Presented> {
    const asked = await this.ask(act);
    if ("code" in asked) return { kind: "denied", reason: asked };
    const open = asked.state === "pending" || asked.state === "approved";
    return this.#presented(open ? await this.#waiting.wait(asked, act.gone) : asked, act);
  }

  /** A person's no, while it is remembered. */
  #refused(act: HeldAct): Reason | undefined {
    const { refusals, book } = this.#room;
    const refusal = refusals.of(whose(act), act.digest, this.#again(act));
    if (refusal === undefined) return undefined;
    return reasons.refusedReason(refusal, book.get(refusal.approval)?.plan, act.reason.next);
  }

  #again({ session, target }: HeldAct): AskedAgain {
    const { parts } = this.#room;
    const { run } = parts.asker(session, target);
    return { run, sinceMs: parts.clock.now() - parts.rules().rememberMs };
  }

  /** What stands open for the same act, counted; as the store has it now. */
  async #known(key: string): Promise<Approval | undefined> {
    const { book, facts } = this.#room;
    for (const { id } of book.ofAct(key, ["running", "unknown", "approved", "pending"])) {
      const now = await book.fresh(id);
      if (now === undefined || !book.whole(now)) continue;
      if (now.state === "running") return now;
      if (this.#room.expired(now)) continue;
      if (now.state === "unknown") return now;
      if ((now.state !== "approved" && now.state !== "pending") || facts.spent(now) !== undefined) continue;
      if (now.state === "approved") return now;
      const more = (current: Approval) => (current.state === "pending" ? { ...current, count: current.count + 1 } : undefined);
      const counted = await book.change(id, more, () => true);
      const joined = counted ?? book.get(id);
      if (joined?.state === "pending" || joined?.state === "approved") return joined;
    }
    return undefined;
  }

  async #askOnce(key: string, act: HeldAct): Promise<Asked> {
    const making = this.#making.get(key);
    if (making !== undefined) {
      const asked = await making;
      return "code" in asked ? asked : ((await this.#known(key)) ?? asked);
    }
    const own = this.#ask(act).finally(() => this.#making.delete(key));
    this.#making.set(key, own);
    return own;
  }

  async #ask(act: HeldAct): Promise<Asked> {
    const { parts, book } = this.#room;
    const { session, target } = act;
    const barred = this.#barred(act);
    if (barred !== undefined) return barred;
    const measured = await measure(act);
    if (measured instanceof NotMeasurable && measured.refuse) return reasons.notAskedReason(measured.message);
    const rules = parts.rules();
    const nowMs = parts.clock.now();
    const plan = makePlan(act, measured, { nowMs, lifeMs: rules.lifeMs, random: parts.random, ...parts.asker(session, target) });
    const refusal = this.#room.refusals.ofEffect(whose(act), plan, this.#again(act));
    if (refusal !== undefined) return reasons.refusedReason(refusal, plan, act.reason.next);
    const persons = parts.persons();
    const { strength, quorum } = demandOf(plan, persons, rules);
    const may = whoMay(plan, persons, rules).length;
    if (may < quorum) return reasons.tooFewReason(may, quorum, target.environment);
    const approval: Approval = {
      id: newApprovalId(parts.random),
      revision: 0,
      plan,
      nonce: randomText(26, parts.random),
      strength,
      quorum,
      answers: [],
      state: "pending",
      askedAtMs: nowMs,
      expiresAtMs: plan.expiresAtMs,
      notBeforeMs: null,
      count: 1,
    };
    await book.put(approval);
    this.#room.recordAsked(approval);
    return approval;
  }

  /** Known before anything is measured: nobody is there to answer, or too much is asked already. */
  #barred({ session, target, shown }: HeldAct): Reason | undefined {
    const { parts, book } = this.#room;
    const may = parts.persons().filter(({ approves }) => approves.includes(target.environment)).length;
    const quorum = parts.rules().quorum[target.environment];
    if (may < quorum) return reasons.tooFewReason(may, quorum, target.environment);
    const open = book.list().filter(({ state }) => state === "pending" || state === "approved");
    const own = open.filter(({ plan }) => plan.asked.principal === session.principal.name).length;
    if (own >= OPEN_OF_ONE_MAX) return reasons.tooManyReason(own);
    const characters = open.reduce((sum, { plan }) => sum + plan.act.shown.length, shown.length);
    if (open.length >= OPEN_MAX || characters > OPEN_CHARACTERS_MAX) return reasons.tooManyReason(open.length);
    return shown.length > SHOWN_CHARACTERS_MAX ? reasons.notAskedReason("its text is too long for a person to read") : undefined;
  }

  #presented(approval: Approval, act: HeldAct): Presented {
    const { parts, refusals } = this.#room;
    switch (approval.state) {
      case "approved": {
        const demand = demandOf(approval.plan, parts.persons(), parts.rules());
        const left = this.#room.notBeforeMs(approval, demand.coolOffMs) - parts.clock.now();
        if (left > 0) return { kind: "waiting", approval: approval.id, reason: reasons.coolingReason(approval, left) };
        return { kind: "approved", ticket: new DeskTicket(this.#room, approval) };
      }
      case "pending":
        return {
          kind: "waiting",
          approval: approval.id,
          reason: reasons.waitingReason(approval, parts.clock.now(), parts.link?.(approval.id)),
        };
      case "running":
      case "unknown":
        return { kind: "waiting", approval: approval.id, reason: reasons.runningReason(approval) };
      case "denied": {
        const refusal = refusals.of(whose(act), act.digest, { ...this.#again(act), sinceMs: 0 });
        const reason =
          refusal === undefined ? reasons.overReason(approval) : reasons.refusedReason(refusal, approval.plan, act.reason.next);
        return { kind: "denied", reason };
      }
      case "expired":
      case "abandoned":
      case "stale":
      case "used":
        return { kind: "denied", reason: reasons.overReason(approval) };
    }
  }
}

function whose({ session, target }: HeldAct): RefusedTo {
  return { principal: session.principal.name, target };
}

async function measure(act: HeldAct): Promise<Measured | NotMeasurable> {
  try {
    return await act.measure();
  } catch (error) {
    if (error instanceof NotMeasurable) return error;
    throw error;
  }
}
