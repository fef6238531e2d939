/**
 * Connections that wait for an answer: until there is one, for as long as a connection may be held, or until whoever waits has gone.
 * What nobody waits for any more is abandoned; what somebody was told to come back for stays.
 */
import type { ApprovalId } from "../base/ids.ts";
import type { Approval } from "../model/approval.ts";
import type { DeskRoom } from "./desk-room.ts";
import { demandOf } from "./desk-rules.ts";

interface Queue {
  /** Who waits now. */
  waiting: number;
  /** Who came here at all, and was told to come back. */
  came: number;
  told: number;
}

export class Waiting {
  readonly #room: DeskRoom;
  readonly #queues = new Map<ApprovalId, Queue>();
  readonly #ends = new Set<() => void>();

  constructor(room: DeskRoom) {
    this.#room = room;
    // Whoever still waits holds the queue in its hands.
    room.book.onChange(({ id, state }) => {
      if (state !== "pending") this.#queues.delete(id);
    });
  }

  /** Everybody is told to come back. */
  close(): void {
    for (const end of this.#ends) end();
  }

  /** The approval as it is when the waiting is over. */
  async wait(approval: Approval, gone: AbortSignal): Promise<Approval> {
    const { id } = approval;
    const queue = this.#queues.get(id) ?? { waiting: 0, came: 0, told: 0 };
    this.#queues.set(id, queue);
    queue.waiting += 1;
    queue.came += 1;
    await this.#until(id, gone);
    queue.waiting -= 1;
    if (!gone.aborted) queue.told += 1;
    const now = await this.#room.book.fresh(id);
    // Who joined elsewhere counts: another gateway's connection may be waiting for the same answer.
    const nobody = queue.waiting === 0 && queue.told === 0 && now !== undefined && now.count <= queue.came;
    if (now?.state !== "pending" || !nobody) return now ?? approval;
    this.#queues.delete(id);
    return (await this.#room.close(id, ["pending"], "abandoned", "whoever asked has gone")) ?? this.#room.book.get(id) ?? now;
  }

  #until(id: ApprovalId, gone: AbortSignal): Promise<void> {
    const { parts, book } = this.#room;
    let resolve: () => void = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    let cooling: NodeJS.Timeout | undefined;
    const look = (approval: Approval | undefined): void => {
      if (approval?.state === "pending") return;
      const left = approval?.state === "approved" ? this.#coolsFor(approval) : 0;
      if (left <= 0) return resolve();
      clearTimeout(cooling);
      cooling = setTimeout(resolve, left).unref();
    };
    const hold = setTimeout(resolve, parts.rules().holdMs);
    const endWatch = book.onChange((changed) => {
      if (changed.id === id) look(changed);
    });
    const end = (): void => resolve();
    gone.addEventListener("abort", end);
    this.#ends.add(end);
    if (gone.aborted) resolve();
    look(book.get(id));
    return promise.finally(() => {
      clearTimeout(hold);
      clearTimeout(cooling);
      endWatch();
      gone.removeEventListener("abort", end);
      this.#ends.delete(end);
    });
  }

  #coolsFor(approval: Approval): number {
    const { parts } = this.#room;
    const { coolOffMs } = demandOf(approval.plan, parts.persons(), parts.rules());
    return this.#room.notBeforeMs(approval, coolOffMs) - parts.clock.now();
  }
}
