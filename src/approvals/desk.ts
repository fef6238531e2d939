/**
 * The desk: where held acts are presented, persons asked and answered, and an approval is used once. Fulfils the guard's port.
 * It measures nothing and sends nothing itself, and never takes the store's word for a right.
 */
import { messageOf } from "../base/message-of.ts";
import type { ApprovalId } from "../base/ids.ts";
import type { Approval } from "../model/approval.ts";
import type { Reason } from "../model/decision.ts";
import type { ApprovalEvent } from "../model/event.ts";
import type { Approvals, HeldAct, Presented } from "../pipeline/approvals-port.ts";
import { takeAnswer } from "./desk-answer.ts";
import { type AnsweredBy, AnswerRefused, type DeskParts, type GivenAnswer } from "./desk-ports.ts";
import { Presenting } from "./desk-present.ts";
import { DeskRoom } from "./desk-room.ts";
import { DeskTicket, settleUse } from "./desk-ticket.ts";

/** Expiry is looked at when it is due by the clock, and at least this often: a machine may have slept. */
const LOOK_MS_MAX = 30_000;
const LOOK_MS_MIN = 20;
/** Looks that are remembered: a figure for people, and no more. */
const SHOWN_MAX = 10_000;

export class Desk implements Approvals {
  readonly #room: DeskRoom;
  readonly #presenting: Presenting;
  /** When each person was first shown an approval; nobody's name where it is not known who looked. */
  readonly #shown = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * `past` are the log's records of earlier processes, as far back as an approval lives. Rejects when store or log cannot be used: what was
   * used before could then be used again.
   */
  static async open(parts: DeskParts, past: AsyncIterable<ApprovalEvent>): Promise<Desk> {
    const desk = new Desk(parts);
    for await (const event of past) desk.#room.facts.step(event);
    await desk.#adopt();
    return desk;
  }

  constructor(parts: DeskParts) {
    this.#room = new DeskRoom(parts);
    this.#presenting = new Presenting(this.#room);
  }

  async present(act: HeldAct): Promise<Presented> {
    try {
      if (this.#closed) throw new Error("Holdfast stops");
      return await this.#presenting.present(act);
    } catch (error) {
      return { kind: "denied", reason: unavailable(error) };
    }
  }

  /** Asks persons without waiting for an answer; the same act joins what stands open. A reason: nobody is asked. */
  async ask(act: HeldAct): Promise<Approval | Reason> {
    try {
      if (this.#closed) throw new Error("Holdfast stops");
      return await this.#presenting.ask(act);
    } catch (error) {
      return unavailable(error);
    }
  }

  /** Rejects with {@link AnswerRefused}; anything else that goes wrong is `unavailable`. */
  async answer(given: GivenAnswer, by: AnsweredBy): Promise<Approval> {
    const { clock } = this.#room.parts;
    const shown = this.#shown.get(shownKey(given.approval, by.person.name)) ?? this.#shown.get(shownKey(given.approval, ""));
    try {
      return await takeAnswer(this.#room, given, by, shown === undefined ? null : Math.max(0, clock.now() - shown));
    } catch (error) {
      if (error instanceof AnswerRefused) throw error;
      throw new AnswerRefused("unavailable", `the answer was not taken: ${messageOf(error)}`);
    }
  }

  /** As they were asked; of those that are over the newest. */
  list(): readonly Approval[] {
    return this.#room.book.list();
  }

  /** As the store has it now. */
  async one(id: string): Promise<Approval | undefined> {
    return this.#room.book.get(id) ?? (await this.#room.book.fresh(id));
  }

  /** Somebody looks at it: the time until an answer counts from the first look. */
  shownTo(id: string, person = ""): void {
    const key = shownKey(id, person);
    if (this.#room.book.get(id) === undefined || this.#shown.has(key)) return;
    if (this.#shown.size >= SHOWN_MAX) this.#shown.clear();
    this.#shown.set(key, this.#room.parts.clock.now());
  }

  /** Called after each change; returns how to end that. */
  onChange(changed: (approval: Approval) => void): () => void {
    return this.#room.book.onChange(changed);
  }

  /** The right to carry out an approved plan that comes from elsewhere than a connection that waits; `undefined` where there is none. */
  async ticket(id: string): Promise<DeskTicket | undefined> {
    const approval = await this.#room.book.fresh(id);
    return approval?.state === "approved" && this.#room.book.whole(approval) ? new DeskTicket(this.#room, approval) : undefined;
  }

  /** Uses that nobody knows the end of: begun by this gateway in this process or an earlier one, or by those that are dead. */
  running(dead: ReadonlySet<string> = new Set()): readonly Approval[] {
    const { gateway } = this.#room.parts;
    const ours = (use: Approval["use"]): boolean => use !== undefined && (use.gateway === gateway || dead.has(use.gateway));
    return this.#room.book.list().filter(({ state, use }) => (state === "running" || state === "unknown") && ours(use));
  }

  /** What became of a use, as the server said when it was asked; without effect where `attempt` is not the one under way any more. */
  async settle(id: string, how: "used" | "stale" | "unknown" | "not_reached", because: string, attempt?: string): Promise<void> {
    const approval = await this.#room.book.fresh(id);
    if (approval?.use !== undefined && (attempt ?? approval.use.attempt) === approval.use.attempt)
      await settleUse(this.#room, approval.id, approval.use.attempt, how, because);
  }

  /** Another policy is in force: what was asked under the one before is of no use. */
  async policyChanged(): Promise<void> {
    for (const approval of this.#open())
      if (this.#room.policyGone(approval)) await this.#closing(approval.id, "stale", "the policy has changed since it was asked");
  }

  /** Closes what is expired by now. Its own timer calls it when the time has come. */
  async look(): Promise<void> {
    for (const approval of this.#open()) {
      if (!this.#room.expired(approval)) continue;
      await this.#room.expire(approval.id).catch((error: unknown) => this.#room.parts.warn(messageOf(error)));
    }
  }

  /** Everybody who waits is told to come back; what is open stays open. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#presenting.close();
    this.#room.book.close();
  }

  async #adopt(): Promise<void> {
    const { book, refusals } = this.#room;
    book.onChange((approval) => {
      refusals.note(approval);
      this.#room.see(approval);
      this.#schedule();
    });
    await book.open();
    for (const approval of this.running()) await this.#giveBack(approval);
    await this.look();
    await this.policyChanged();
  }

  /** The process ended between store and log: nothing was sent, for that waits for the log. */
  async #giveBack({ id, state, use }: Approval): Promise<void> {
    const { book, facts } = this.#room;
    if (state !== "running" || use === undefined || facts.attempt(id, use.attempt) !== "unknown here") return;
    const back = (current: Approval): Approval | undefined => {
      const { use: _, ...rest } = current;
      return current.state === "running" ? { ...rest, state: "approved" } : undefined;
    };
    await book.change(id, back, ({ state: seen }) => seen === "approved");
  }

  async #closing(id: ApprovalId, state: "stale", because: string): Promise<void> {
    await this.#room.close(id, ["pending", "approved"], state, because).catch((error: unknown) => this.#room.parts.warn(messageOf(error)));
  }

  #open(): readonly Approval[] {
    return this.list().filter(({ state }) => state === "pending" || state === "approved");
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const next = Math.min(...this.#open().map(({ expiresAtMs }) => expiresAtMs));
    if (!Number.isFinite(next)) return;
    const left = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, next - this.#room.parts.clock.now()));
    const act = (): void => void this.look().finally(() => this.#schedule());
    this.#timer = setTimeout(act, left).unref();
  }
}

function unavailable(error: unknown): Reason {
  return { code: "approval_unavailable", message: `it needs a person's approval, and cannot be asked about: ${messageOf(error)}` };
}

function shownKey(id: string, person: string): string {
  return JSON.stringify([id, person]);
}
